import random
import subprocess
import sys
import threading
from fractions import Fraction

import av
import numpy as np
import pytest

from movenet.errors import MediaError
from movenet.media.photo import read_photo
from movenet.media.sources.opening import open_source
from movenet.media.writers.base import WriterSettings
from movenet.media.writers.writer import open_writer
from movenet.planar import Colours, PlanarImage
from video_files import VideoFile, corners, level, middle, picture

KINDS = ["mp4", "mov", "webm", "gif"]
TIMES = [0, 0.04, 0.1, 0.3, 0.34, 1.0, 1.2]
UPRIGHT = ["red", "green", "blue", "yellow"]


def write(path, times=TIMES, size=(64, 48), **wishes):
    with open_writer(path, **wishes) as writer:
        for index, time_s in enumerate(times):
            writer.write(picture(index, *size), time_s)
    return path


def frames_of(path):
    with open_source(path) as source:
        return list(source)


def tracks(path):
    with av.open(str(path)) as video:
        return [(stream.type, stream.codec_context.codec.canonical_name) for stream in video.streams]


def end_s(path, kind="video"):
    """When the last packet of a stream ends."""
    with av.open(str(path)) as video:
        packets = [packet for packet in video.demux(video.streams.get({kind: 0})) if packet.pts is not None]
        return float(max((packet.pts + packet.duration) * packet.time_base for packet in packets))


def heard(path):
    """From when to when there is sound, in seconds."""
    loud, at = [], 0.0
    with av.open(str(path)) as video:
        for frame in video.decode(audio=0):
            at = frame.time
            samples = np.abs(np.atleast_2d(frame.to_ndarray()).astype(float)).max(axis=0)
            samples /= 1 if frame.format.name.startswith("flt") else 32768
            loud += [at + i / frame.sample_rate for i in np.flatnonzero(samples > 0.1)]
    return loud[0], loud[-1]


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_keeps_pictures_and_times(tmp_path, kind):
    frames = frames_of(write(tmp_path / f"video.{kind}"))
    assert [frame.time_s for frame in frames] == pytest.approx(TIMES, abs=1e-6)
    assert [corners(frame.image) for frame in frames] == [UPRIGHT] * len(TIMES)
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(7)], abs=5)
    assert frames[0].image.shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_the_last_picture_is_shown_as_long_as_the_one_before(tmp_path, kind):
    assert end_s(write(tmp_path / f"video.{kind}")) == pytest.approx(1.4, abs=0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_picture_is_a_video(tmp_path, kind):
    frames = frames_of(write(tmp_path / f"video.{kind}", [0.0], rate_fps=10))
    assert len(frames) == 1
    assert end_s(tmp_path / f"video.{kind}") == pytest.approx(0.1, abs=0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_begins_with_its_first_picture(tmp_path, kind):
    frames = frames_of(write(tmp_path / f"video.{kind}", [5, 5.1, 5.5]))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.5])


def test_mp4_is_what_every_browser_plays(tmp_path):
    path = write(tmp_path / "video.mp4")
    with av.open(str(path)) as video:
        context = video.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_range) == (6, 1)  # as OpenCV converts
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it loads


def test_webm_is_vp9(tmp_path):
    assert tracks(write(tmp_path / "video.webm")) == [("video", "vp9")]


@pytest.mark.parametrize(("size", "expected"), [((63, 48), (64, 48)), ((64, 47), (64, 48)), ((1, 1), (2, 2))])
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_an_odd_side_grows_by_a_pixel_at_the_right_or_bottom(tmp_path, kind, size, expected):
    image = np.full((size[1], size[0], 3), (200, 60, 60), np.uint8)
    with open_writer(tmp_path / f"video.{kind}") as writer:
        writer.write(image, 0)
    frame = frames_of(tmp_path / f"video.{kind}")[0]
    assert frame.image.shape == (expected[1], expected[0], 3)
    assert np.abs(frame.image.astype(int) - (200, 60, 60)).max() <= 6


@pytest.mark.parametrize("height", [46, 48, 50, 52])
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_and_column_stays_in_its_place(tmp_path, kind, height):
    image = np.full((height, 64, 3), 30, np.uint8)
    image[::8, :] = image[:, ::8] = 220
    with open_writer(tmp_path / f"video.{kind}", settings=WriterSettings(crf=4, webm_crf=4)) as writer:
        writer.write(image, 0)
    got = frames_of(tmp_path / f"video.{kind}")[0].image
    assert np.abs(got.astype(int) - image).max() < 40


def test_a_gif_keeps_an_odd_size(tmp_path):
    assert frames_of(write(tmp_path / "video.gif", size=(63, 47)))[0].image.shape == (47, 63, 3)


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_a_picture_of_another_size_is_fitted_on_black(tmp_path, kind):
    with open_writer(tmp_path / f"video.{kind}") as writer:
        writer.write(picture(0, 64, 48), 0)
        writer.write(np.full((100, 50, 3), 200, np.uint8), 0.1)
    image = frames_of(tmp_path / f"video.{kind}")[1].image
    assert image.shape == (48, 64, 3)
    assert image[:, :16].max() < 40
    assert image[:, 26:38].min() > 180


def test_the_usual_rate_comes_from_the_source(tmp_path):
    with open_source(VideoFile(rate=10).write(tmp_path / "in.mp4")) as source:
        write(tmp_path / "video.mp4", [0.0], like=source)
    with open_source(tmp_path / "video.mp4") as video:
        assert video.duration_s == pytest.approx(0.1)


def test_a_video_has_square_pixels_whatever_its_source_has(tmp_path):
    source = VideoFile(aspect=Fraction(3, 2)).write(tmp_path / "in.mp4")
    with open_source(source) as frames, open_writer(tmp_path / "video.mp4", like=frames) as writer:
        for frame in frames:
            writer.write(frame.image, frame.time_s)
    with av.open(str(tmp_path / "video.mp4")) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height, stream.sample_aspect_ratio or 1) == (96, 48, 1)


def test_settings_reach_the_encoder(tmp_path):
    fine = write(tmp_path / "fine.mp4", settings=WriterSettings(crf=1, preset="ultrafast"))
    coarse = write(tmp_path / "coarse.mp4", settings=WriterSettings(crf=50, preset="ultrafast"))
    assert coarse.stat().st_size < fine.stat().st_size


def test_a_picture_may_be_changed_once_it_is_written(tmp_path):
    image = np.empty((48, 64, 3), np.uint8)
    for kind in ("mp4", "gif"):
        with open_writer(tmp_path / f"video.{kind}") as writer:
            for index in range(20):
                image[:] = picture(index, 64, 48)
                writer.write(image, index / 25)
                image[:] = 0
        frames = frames_of(tmp_path / f"video.{kind}")
        assert [middle(frame.image) for frame in frames] == pytest.approx(
            [level(i) for i in range(20)], abs=6
        )


def test_pictures_may_be_views_of_larger_or_read_only_arrays(tmp_path):
    wide = np.zeros((48, 128, 3), np.uint8)
    wide[:, :64] = picture(3, 64, 48)
    views = [wide[:, :64], np.ascontiguousarray(picture(3, 64, 48)[:, ::-1])[:, ::-1]]
    views[0].flags.writeable = False
    for kind in ("mp4", "gif", ""):
        with open_writer(tmp_path / f"video{kind and '.'}{kind}") as writer:
            for index, view in enumerate(views):
                writer.write(view, index / 10)
        for frame in frames_of(tmp_path / f"video{kind and '.'}{kind}"):
            assert corners(frame.image) == UPRIGHT


def test_a_gif_times_its_pictures_without_drift(tmp_path):
    times = [i / 30 for i in range(60)]
    got = [frame.time_s for frame in frames_of(write(tmp_path / "video.gif", times))]
    assert got == pytest.approx(times, abs=0.0051)


def test_a_gif_leaves_out_pictures_that_players_would_hold_up(tmp_path):
    times = [frame.time_s for frame in frames_of(write(tmp_path / "video.gif", [i / 100 for i in range(20)]))]
    assert times == pytest.approx([i / 50 for i in range(10)])


def test_a_gif_has_the_colours_of_the_whole_video(tmp_path):
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (128, 64, 32)]
    with open_writer(tmp_path / "video.gif") as writer:
        for index, colour in enumerate(colours):
            writer.write(np.full((48, 64, 3), colour, np.uint8), index / 10)
    for frame, colour in zip(frames_of(tmp_path / "video.gif"), colours, strict=True):
        assert np.abs(frame.image.astype(int) - colour).max() <= 8


def test_a_gif_repeats_for_ever(tmp_path):
    data = write(tmp_path / "video.gif").read_bytes()
    assert data[data.index(b"NETSCAPE2.0") + 11 :][:5] == b"\3\1\0\0\0"


def test_a_gif_of_a_still_camera_is_small(tmp_path):
    scene = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    with open_writer(tmp_path / "video.gif") as writer:
        for index in range(30):
            image = scene.copy()
            image[50:60, index : index + 10] = 255
            writer.write(image, index / 10)
    assert (tmp_path / "video.gif").stat().st_size < 3 * 120 * 160


@pytest.mark.parametrize("name", ["shots", "shots/%06d.png", "shots/%06d.jpg"])
def test_a_folder_or_pattern_gets_numbered_pictures(tmp_path, name):
    write(tmp_path / name)
    suffix = "jpg" if name.endswith("jpg") else "png"
    names = sorted(path.name for path in (tmp_path / "shots").iterdir())
    assert names == [f"{i:06d}.{suffix}" for i in range(7)]
    assert middle(read_photo(tmp_path / "shots" / names[4])) == pytest.approx(level(4), abs=3)
    assert hidden(tmp_path) == []


def test_pictures_join_the_others_in_their_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("keep")
    (tmp_path / "000001.png").write_text("old")
    write(tmp_path, [0, 1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.png", "000001.png", "notes.txt"]
    assert corners(read_photo(tmp_path / "000001.png")) == UPRIGHT


def with_sound(tmp_path, codec="aac", suffix="mkv", **wishes):
    video = VideoFile(count=20, sound_s=1.2, sound_codec=codec, **wishes)
    return video.write(tmp_path / f"in.{suffix}")


@pytest.mark.parametrize(
    ("kind", "codec", "expected"),
    [
        ("mp4", "aac", "aac"),
        ("mp4", "libmp3lame", "mp3"),
        ("mp4", "libopus", "aac"),
        ("mp4", "pcm_s16le", "aac"),
        ("webm", "libopus", "opus"),
        ("webm", "aac", "opus"),
        ("mov", "aac", "aac"),
    ],
)
def test_the_sound_goes_along(tmp_path, kind, codec, expected):
    source = with_sound(tmp_path, codec)
    path = write(tmp_path / f"video.{kind}", [i / 25 for i in range(20)], audio_from=source)
    assert tracks(path)[1] == ("audio", expected)
    assert heard(path) == pytest.approx((0, 0.8), abs=0.06)
    assert [frame.time_s for frame in frames_of(path)] == pytest.approx(
        [i / 25 for i in range(20)], abs=0.001
    )


def test_sound_that_every_player_knows_is_copied(tmp_path):
    source = with_sound(tmp_path, suffix="mp4")
    path = write(tmp_path / "video.mp4", [i / 25 for i in range(50)], audio_from=source)
    packets = []
    for name in (source, path):
        with av.open(str(name)) as video:
            packets.append([bytes(packet) for packet in video.demux(audio=0)])
    assert packets[0] == packets[1]


def test_sound_from_a_transport_stream_fits_into_mp4(tmp_path):
    source = with_sound(tmp_path, suffix="ts", format="mpegts")
    path = write(tmp_path / "video.mp4", [i / 25 for i in range(20)], audio_from=source)
    assert heard(path) == pytest.approx((0, 0.8), abs=0.06)


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "aac"), ("mp4", "libopus"), ("webm", "aac")])
def test_late_sound_stays_late(tmp_path, kind, codec):
    source = with_sound(tmp_path, codec, sound_at_s=0.4)
    path = write(tmp_path / f"video.{kind}", [i / 25 for i in range(20)], audio_from=source)
    assert heard(path)[0] == pytest.approx(0.4, abs=0.04)


@pytest.mark.parametrize("codec", ["aac", "libopus"])
def test_sound_before_the_first_picture_is_left_out(tmp_path, codec):
    source = with_sound(tmp_path, codec, times_s=[0.5 + i / 25 for i in range(20)])
    path = write(tmp_path / "video.mp4", [i / 25 for i in range(20)], audio_from=source)
    assert heard(path) == pytest.approx((0, 0.7), abs=0.06)


def test_a_part_of_a_video_takes_its_part_of_the_sound(tmp_path):
    source = with_sound(tmp_path, sound_at_s=0.4)
    path = write(tmp_path / "video.mp4", [0.3 + i / 25 for i in range(10)], audio_from=source)
    assert heard(path) == pytest.approx((0.1, 0.4), abs=0.04)


@pytest.mark.parametrize("kind", ["mp4", "gif", "webm"])
def test_a_video_without_sound_stays_silent(tmp_path, kind):
    path = write(tmp_path / f"video.{kind}", audio_from=VideoFile().write(tmp_path / "in.mp4"))
    assert [kind for kind, _ in tracks(path)] == ["video"]


def test_a_missing_file_of_sound_is_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(MediaError, match=r"cannot open .*song"):
        open_writer(tmp_path / "video.mp4", audio_from=tmp_path / "song.m4a")
    assert list(tmp_path.iterdir()) == []


def test_a_turned_video_is_written_upright(tmp_path):
    source = VideoFile(rotation=(90, False, False)).write(tmp_path / "in.mp4")
    with open_source(source) as frames, open_writer(tmp_path / "video.mp4", like=frames) as writer:
        for frame in frames:
            writer.write(frame.image, frame.time_s)
    frame = frames_of(tmp_path / "video.mp4")[0]
    assert frame.image.shape == (64, 48, 3)
    assert corners(frame.image) == ["green", "yellow", "red", "blue"]


@pytest.mark.parametrize("kind", [*KINDS, ""])
def test_a_video_appears_only_when_it_is_complete(tmp_path, kind):
    path = tmp_path / (f"video.{kind}" if kind else "video")
    with open_writer(path) as writer:
        writer.write(picture(0, 64, 48), 0)
        assert not path.exists()
    assert path.exists()
    assert hidden(tmp_path) == []


def start_and_raise(path, problem):
    with open_writer(path) as writer:
        for index in range(10):
            writer.write(picture(index, 64, 48), index / 25)
        raise problem


@pytest.mark.parametrize("kind", [*KINDS, ""])
def test_a_video_that_fails_leaves_nothing(tmp_path, kind):
    with pytest.raises(ZeroDivisionError):
        start_and_raise(tmp_path / (f"video.{kind}" if kind else "video"), ZeroDivisionError)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_the_new_video_is_complete(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        start_and_raise(path, ZeroDivisionError)
    assert path.read_text() == "old"
    assert len(frames_of(write(path))) == 7


@pytest.mark.parametrize("kind", [*KINDS, ""])
def test_ctrl_c_completes_the_video_so_far(tmp_path, kind):
    path = tmp_path / (f"video.{kind}" if kind else "video")
    with pytest.raises(KeyboardInterrupt):
        start_and_raise(path, KeyboardInterrupt)
    assert len(frames_of(path)) == 10
    assert hidden(tmp_path) == []


def test_ctrl_c_before_the_first_picture_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_writer(tmp_path / "video.mp4"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [*KINDS, ""])
def test_no_pictures_are_an_error(tmp_path, kind):
    path = tmp_path / (f"video.{kind}" if kind else "video")
    with pytest.raises(MediaError, match="there were no pictures"), open_writer(path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("time_s", [0.5, 0.4, float("nan"), float("inf")])
def test_time_must_rise(tmp_path, time_s):
    with open_writer(tmp_path / "video.mp4") as writer:
        writer.write(picture(0, 64, 48), 0.5)
        with pytest.raises(MediaError, match="times that rise"):
            writer.write(picture(1, 64, 48), time_s)


@pytest.mark.parametrize(
    "image",
    [
        None,
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["none", "grey", "alpha", "float", "empty"],
)
def test_what_is_no_picture_is_an_error(tmp_path, image):
    with pytest.raises(MediaError, match="expected a picture"), open_writer(tmp_path / "video.mp4") as writer:
        writer.write(image, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_video_takes_no_pictures(tmp_path):
    with open_writer(tmp_path / "video.mp4") as writer:
        writer.write(picture(0, 64, 48), 0)
    writer.close()
    with pytest.raises(MediaError, match="is closed"):
        writer.write(picture(1, 64, 48), 1)


@pytest.mark.parametrize("name", ["video.xyz", "video.avi", "video.jpg"])
def test_an_unknown_kind_is_an_error(tmp_path, name):
    with pytest.raises(MediaError, match=r"expected a name ending in \.mp4"):
        open_writer(tmp_path / name)


@pytest.mark.parametrize("name", ["video.mp4", "video.gif", "video/%d.png"])
def test_a_missing_folder_is_an_error(tmp_path, name):
    with pytest.raises(MediaError, match="cannot write"):
        open_writer(tmp_path / "nowhere" / name)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_must_be_one(tmp_path, rate):
    with pytest.raises(MediaError, match="above 0"):
        open_writer(tmp_path / "video.mp4", rate_fps=rate)


def test_an_encoder_that_refuses_is_an_error(tmp_path):
    wrong = WriterSettings(preset="fastest of all")
    with pytest.raises(MediaError, match=r"cannot write .*video\.mp4"):
        write(tmp_path / "video.mp4", settings=wrong)
    assert list(tmp_path.iterdir()) == []


FILL_UP = """
import resource, signal, sys
import numpy as np
from movenet.errors import MediaError
from movenet.media.writers.writer import open_writer

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
chance = np.random.default_rng(0)
try:
    with open_writer(sys.argv[1]) as writer:
        for index in range(400):
            writer.write(chance.integers(0, 255, (240, 320, 3), np.uint8), index / 25)
except MediaError as problem:
    print(problem)
"""


@pytest.mark.parametrize("name", ["video.mp4", "video.webm", "video.gif", "video"])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, name):
    done = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(tmp_path / name)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert f"cannot write {tmp_path}" in done.stdout
    assert (
        "large" in done.stdout
    )  # what the system says of this limit; of a full disk it says "no space left"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def encoding():
    return [thread.name for thread in threading.enumerate() if thread.name == "movenet-encode"]


def test_a_closed_or_forgotten_writer_leaves_no_thread_and_no_file(tmp_path):
    write(tmp_path / "video.mp4")
    open_writer(tmp_path / "other.mp4").write(picture(0, 64, 48), 0)
    assert encoding() == []
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize("kind", KINDS)
def test_writing_keeps_the_terminal_clean(tmp_path, kind, capfd):
    write(tmp_path / f"video.{kind}", audio_from=with_sound(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_sound_of_an_unknown_codec_costs_no_video(tmp_path):
    source = with_sound(tmp_path)
    source.write_bytes(source.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    path = write(tmp_path / "video.mp4", audio_from=source)
    assert [kind for kind, _ in tracks(path)] == ["video"]


def test_damaged_sound_costs_no_video(tmp_path):
    good = with_sound(tmp_path, suffix="ts", format="mpegts").read_bytes()
    chance, damaged = random.Random(3), tmp_path / "damaged.ts"
    for turn in range(30):
        data = bytearray(good)
        for _ in range(100):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(data)
        path = write(tmp_path / f"{turn}.mp4", audio_from=damaged)
        assert len(frames_of(path)) == len(TIMES)


# Planes of YUV


def planar(index, colours, size=(64, 48)):
    """The picture of an index in planes of these colours."""
    yuv = colours.from_rgb(picture(index, *size))
    even = np.pad(yuv, ((0, size[1] % 2), (0, size[0] % 2), (0, 0)), mode="edge")
    return PlanarImage(yuv[..., 0], even[::2, ::2, 1], even[::2, ::2, 2], colours)


COLOURS = [
    Colours(1),
    Colours(6),
    Colours(5, full_range=True, primaries=5, transfer=6),
    Colours(9, False, 9, 14),
]


@pytest.mark.parametrize("colours", COLOURS, ids=["BT.709", "BT.601", "full range", "BT.2020"])
def test_planes_reach_a_lossless_video_unchanged(tmp_path, colours):
    path = tmp_path / "video.mp4"
    images = [planar(index, colours) for index in range(3)]
    with open_writer(path, rate_fps=25, settings=WriterSettings(crf=0)) as writer:
        for index, image in enumerate(images):
            writer.write(image, index / 25)
    for frame, image in zip(frames_of(path), images, strict=True):
        assert frame.native.colours == colours
        assert all((a == b).all() for a, b in zip(frame.native.planes, image.planes, strict=True))


@pytest.mark.parametrize("kind", [*KINDS, "folder"])
@pytest.mark.parametrize("size", [(64, 48), (61, 45)])
def test_planes_can_be_written_in_every_format(tmp_path, kind, size):
    path = tmp_path / ("video" if kind == "folder" else f"video.{kind}")
    with open_writer(path, rate_fps=25) as writer:
        for index in range(4):
            writer.write(planar(index, Colours(5, full_range=True), size), index / 25)
    frames = frames_of(path)
    assert [corners(frame.image) for frame in frames] == [UPRIGHT] * 4
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(4)], abs=6)


@pytest.mark.parametrize("first_is_planar", [True, False])
def test_planes_and_rgb_may_alternate_in_any_colours_and_size(tmp_path, first_is_planar):
    with open_writer(tmp_path / "video.mp4", rate_fps=25) as writer:
        for index in range(6):
            image = picture(index, 64, 48)
            if (index % 2 == 0) == first_is_planar:
                image = planar(index, COLOURS[index // 2], (64 + 16 * index, 48 + 12 * index))
            writer.write(image, index / 25)
    frames = frames_of(tmp_path / "video.mp4")
    assert [corners(frame.image) for frame in frames] == [UPRIGHT] * 6
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(6)], abs=6)


def test_what_is_painted_on_the_image_of_a_frame_is_written(tmp_path):
    frames = frames_of(write(tmp_path / "video.mp4"))
    frames[2].image[:] = (40, 40, 220)
    with open_writer(tmp_path / "copy.mp4", rate_fps=25) as writer:
        for frame in frames:
            writer.write(frame.native, frame.time_s)
    copied = frames_of(tmp_path / "copy.mp4")
    assert corners(copied[2].image) == ["blue"] * 4
    assert corners(copied[3].image) == UPRIGHT
