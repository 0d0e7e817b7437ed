import gc
import re
import subprocess
import sys
import threading
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image

import fuzz_videos
from movenet.crop import Crop
from movenet.errors import MediaError
from movenet.media.conversion import QUARTER_TURNS, FrameConverter, oriented, oriented_planes
from movenet.media.frame import Frame
from movenet.media.sources.base import SourceSettings
from movenet.media.sources.clock import RecordingClock
from movenet.media.sources.opening import open_source
from movenet.media.sources.pictures import FolderReader
from movenet.media.sources.recording import prefetch_count
from movenet.media.tone_mapping import hlg_light, pq_light, to_sdr
from movenet.planar import PlanarImage
from video_files import VideoFile, corners, exif_jpeg, level, middle, picture

UPRIGHT = ["red", "green", "blue", "yellow"]


def frames_of(path, settings=None):
    with open_source(path, settings) as source:
        return list(source)


def times_of(path):
    return pytest.approx([frame.time_s for frame in frames_of(path)], abs=1e-6)


def rising(times):
    return all(before < after for before, after in pairwise(times))


def test_a_video_hands_out_every_frame_in_order_at_its_time(tmp_path):
    frames = frames_of(VideoFile(count=10).write(tmp_path / "video.mp4"))
    assert [frame.index for frame in frames] == list(range(10))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 25 for i in range(10)])
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(10)], abs=4)
    assert {frame.source for frame in frames} == {str(tmp_path / "video.mp4")}


def test_a_frame_is_a_picture_in_rgb(tmp_path):
    frame = frames_of(VideoFile(count=1).write(tmp_path / "video.mp4"))[0]
    assert frame.image.dtype == np.uint8
    assert frame.image.shape == (48, 64, 3)
    assert corners(frame.image) == UPRIGHT


def test_a_video_tells_its_size_rate_and_length(tmp_path):
    with open_source(VideoFile(count=10).write(tmp_path / "video.mp4")) as source:
        assert (source.width, source.height) == (64, 48)
        assert source.rate_fps == 25
        assert source.frame_count == 10
        assert source.duration_s == pytest.approx(0.4)
        assert not source.live
        assert source.name == str(tmp_path / "video.mp4")


def test_a_file_may_be_given_as_an_address(tmp_path):
    path = VideoFile(count=3).write(tmp_path / "video.mp4")
    assert len(frames_of(f"file://{path}")) == 3


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ((90, False, False), ["green", "yellow", "red", "blue"]),
        ((-90, False, False), ["blue", "red", "yellow", "green"]),
        ((180, False, False), ["yellow", "blue", "green", "red"]),
        ((0, True, False), ["green", "red", "yellow", "blue"]),
        ((0, False, True), ["blue", "yellow", "red", "green"]),
    ],
)
def test_a_turned_or_mirrored_video_comes_upright(tmp_path, rotation, expected):
    with open_source(VideoFile(count=2, rotation=rotation).write(tmp_path / "video.mp4")) as source:
        frame = next(source)
        assert corners(frame.image) == expected
        assert (source.height, source.width) == frame.image.shape[:2]


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(4, 3), (85, 48)), (Fraction(2, 3), (64, 72)), (Fraction(1000), (64, 48))]
)
def test_pixels_that_are_not_square_become_so(tmp_path, aspect, size):
    with open_source(VideoFile(count=2, aspect=aspect).write(tmp_path / "video.mp4")) as source:
        frame = next(source)
        assert (source.width, source.height) == size == frame.image.shape[1::-1]
        assert corners(frame.image) == UPRIGHT


def test_pixels_of_a_turned_video_become_square_before_it_is_turned(tmp_path):
    path = VideoFile(count=2, rotation=(90, False, False), aspect=Fraction(3, 2)).write(
        tmp_path / "video.mp4"
    )
    frame = frames_of(path)[0]
    assert frame.image.shape == (96, 48, 3)
    assert corners(frame.image) == ["green", "yellow", "red", "blue"]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, UPRIGHT),
        (3, ["yellow", "blue", "green", "red"]),
        (6, ["blue", "red", "yellow", "green"]),
        (8, ["green", "yellow", "red", "blue"]),
    ],
)
def test_motion_jpeg_with_exif_plays_upright(tmp_path, orientation, expected):
    """PyAV has no name for the Exif block that FFmpeg attaches to such frames."""
    path = write(tmp_path / "cam.mjpeg", b"".join(exif_jpeg(i, orientation) for i in range(5)))
    frames = frames_of(path)
    assert [corners(frame.image) for frame in frames] == [expected] * 5
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(5)], abs=5)


def test_motion_jpeg_with_exif_in_avi_keeps_its_times(shared):
    frames = frames_of(shared / "cases" / "mjpeg_exif.avi")
    assert [frame.image.shape for frame in frames] == [(256, 256, 3)] * 5
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("name", ["hdr_pq.mov", "hdr_hlg.mov"])
def test_hdr_equals_the_same_video_in_sdr(shared, name):
    hdr, sdr = (
        np.stack([frame.image for frame in frames_of(shared / "cases" / file)]).astype(np.float32)
        for file in (name, "hdr_reference_sdr.mp4")
    )
    assert hdr.mean() == pytest.approx(sdr.mean(), abs=2)
    assert hdr.std() == pytest.approx(sdr.std(), abs=2)
    assert np.abs(hdr - sdr).mean() < 4


def test_hdr_curves_have_their_published_reference_white_and_peak():
    """ITU-R BT.2408, table 1: 58 % of PQ and 75 % of HLG are 203 cd/m²."""
    assert pq_light(np.array([0.0, 0.58, 1.0])) == pytest.approx([0, 203, 10_000], abs=2)
    assert hlg_light(np.full((1, 3), 0.75)) == pytest.approx(203, abs=1)
    assert hlg_light(np.ones((1, 3))) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.58), (18, 0.75)], ids=["PQ", "HLG"])
def test_hdr_greys_stay_grey_and_in_order_up_to_white(transfer, white):
    greys = np.linspace(0, 1, 101)[:, None].repeat(3, axis=1)
    sdr = to_sdr(greys, transfer)
    assert np.ptp(sdr, axis=1).max() < 1e-3
    assert (np.diff(sdr[:, 0]) >= 0).all()
    assert sdr[[0, -1], 0] == pytest.approx([0, 1], abs=1e-3)
    assert 0.9 < sdr[round(white * 100), 0] < 1


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_hdr_frames_may_change_their_size_and_lack_times(transfer):
    paint, grey = FrameConverter(None), np.full((48, 64, 3), 128, np.uint8)
    for height in (48, 24):
        frame = av.VideoFrame.from_ndarray(grey[:height], "rgb24").reformat(format="yuv420p10le")
        frame.color_trc, frame.colorspace = transfer, 9
        image = paint(frame)
        assert image.shape == (height, 64, 3)
        assert np.ptp(image) <= 3


def test_frames_of_a_variable_rate_have_their_own_times(tmp_path):
    times = [0, 0.04, 0.05, 0.3, 0.31, 1.0]
    assert times_of(VideoFile(times_s=times).write(tmp_path / "video.mp4")) == times


def test_times_start_at_zero_whatever_the_stream_says(tmp_path):
    assert times_of(VideoFile(times_s=[5, 5.04, 5.5]).write(tmp_path / "video.mkv")) == [0, 0.04, 0.5]


def test_a_missing_time_stamp_is_a_usual_step_after_the_frame_before():
    clock = RecordingClock(step_s=0.04)
    assert [clock(stamp) for stamp in (None, None, 7.0)] == pytest.approx([0, 0.04, 0.08])


def test_equal_and_stray_time_stamps_still_rise():
    clock = RecordingClock(step_s=0.04)
    times = [clock(stamp) for stamp in (0.0, 0.5, 0.5, 0.46, 0.54)]
    assert rising(times)
    assert times[-1] == pytest.approx(0.54)


def test_a_recording_joined_to_another_goes_on_where_that_ended():
    clock = RecordingClock(step_s=0.04)
    assert [clock(stamp) for stamp in (90.0, 95.0, 0.0, 0.1)] == pytest.approx([0, 5, 5.04, 5.14])


def test_a_leap_of_hours_is_no_more_than_a_step():
    clock = RecordingClock(step_s=0.04)
    assert [clock(stamp) for stamp in (0.0, 5.0, 90_000.0, 90_000.1)] == pytest.approx([0, 5, 5.04, 5.14])


@pytest.mark.parametrize(
    "video",
    [
        VideoFile(size=(63, 47), pix_fmt="yuv444p"),
        VideoFile(size=(61, 45), codec="ffv1", pix_fmt="yuv420p"),
        VideoFile(pix_fmt="yuv420p10le"),
        VideoFile(codec="ffv1", pix_fmt="bgr0"),
        VideoFile(codec="png", pix_fmt="rgb24", format="mov"),
        VideoFile(codec="libvpx-vp9", pix_fmt="yuv420p", options={"deadline": "realtime"}),
        VideoFile(codec="mjpeg", pix_fmt="yuvj420p"),
    ],
    ids=["odd 4:4:4", "odd 4:2:0", "10 bit", "rgb with padding", "rgb", "vp9", "full range"],
)
def test_pixels_of_every_kind_become_rgb(tmp_path, video):
    frames = frames_of(video.write(tmp_path / "video.mkv"))  # told by its content, not by its name
    assert len(frames) == 10
    assert frames[3].image.shape == (video.size[1], video.size[0], 3)
    assert corners(frames[3].image) == UPRIGHT
    assert middle(frames[3].image) == pytest.approx(level(3), abs=5)


@pytest.mark.parametrize(
    ("video", "is_planar"),
    [
        (VideoFile(), True),
        (VideoFile(codec="mjpeg", pix_fmt="yuvj420p"), True),
        (VideoFile(pix_fmt="yuv420p10le"), True),
        (VideoFile(size=(61, 45), codec="ffv1", pix_fmt="yuv420p"), True),
        (VideoFile(pix_fmt="yuv422p"), False),
        (VideoFile(pix_fmt="yuv444p"), False),
        (VideoFile(codec="ffv1", pix_fmt="bgra"), False),
    ],
    ids=["4:2:0", "full range", "10 bit", "odd", "4:2:2", "4:4:4", "alpha"],
)
def test_frames_of_4_2_0_stay_in_planes_until_their_image_is_asked_for(tmp_path, video, is_planar):
    frame = frames_of(video.write(tmp_path / "video.mkv"))[0]
    assert isinstance(frame.native, PlanarImage) == is_planar
    size = (frame.width, frame.height)
    assert corners(Crop(0, 0, *size, *size).cut(frame.native)) == UPRIGHT
    assert size == video.size == frame.native.shape[1::-1]
    image = frame.image
    image[:] = 7
    assert frame.native is frame.image is image


@pytest.mark.parametrize(
    "matrix", [*QUARTER_TURNS, (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]
)
@pytest.mark.parametrize("size", [(64, 48), (61, 45)])
def test_chroma_of_a_turned_picture_stays_in_its_place(matrix, size):
    """Turned planes as RGB are the RGB turned: a shift by half a pixel would show at the borders of the colours."""
    frame = av.VideoFrame.from_ndarray(picture(3, 64, 48)[: size[1], : size[0]], "rgb24")
    planar = FrameConverter(None)(frame.reformat(format="yuv420p"))
    turned = oriented_planes(planar, matrix)
    cut = Crop(0, 0, *turned.shape[1::-1], *turned.shape[1::-1]).cut(turned).astype(int)
    same = oriented(Crop(0, 0, *size, *size).cut(planar), matrix)
    assert np.abs(cut - same)[2:-2, 2:-2].max() <= 1


@pytest.mark.parametrize("matrix", [1, 2, 5, 6, 7, 9])
@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize("height", [48, 720])
def test_the_image_of_planes_has_the_colours_that_ffmpeg_computes(matrix, color_range, height):
    source = av.VideoFrame.from_ndarray(picture(3, 64, height), "rgb24").reformat(format="yuv420p")
    source.colorspace, source.color_range = matrix, color_range
    named = Colorspace.ITU709 if matrix == 2 and height > 576 else None
    expected = source.reformat(format="rgb24", src_colorspace=named, interpolation="BILINEAR").to_ndarray()
    planar = FrameConverter(None)(source)
    assert (Frame(planar, 0.0, 0, "frame").image == expected).all()
    cut = Crop(2, 2, 8, 8, 8, 8).cut(planar).astype(int)
    assert np.abs(cut - expected[2:10, 2:10]).max() <= 3


@pytest.mark.parametrize("color_range", [1, 2])
def test_10_bits_become_8_without_another_change_of_colour(color_range):
    plain = np.full((48, 64, 3), (200, 60, 90), np.uint8)
    source = av.VideoFrame.from_ndarray(plain, "rgb24").reformat(
        format="yuv420p10le", dst_colorspace="ITU709", dst_color_range=color_range
    )
    source.colorspace, source.color_range = 1, color_range
    planar = FrameConverter(None)(source)
    assert planar.colours.full_range == (color_range == 2)
    assert np.abs(Crop(4, 4, 50, 40, 50, 40).cut(planar).astype(int) - plain[:40, :50]).max() <= 3


def test_high_definition_without_a_named_matrix_is_bt_709(tmp_path):
    blank = np.full((720, 1280, 3), (200, 60, 60), np.uint8)
    video = VideoFile(count=1, size=(1280, 720), colorspace="ITU709", draw=lambda *_: blank)
    frame = frames_of(video.write(tmp_path / "video.mp4"))[0]
    assert frame.native.colours.matrix == 1
    assert np.abs(frame.image.astype(int) - blank).max() <= 3


def test_a_frame_that_was_converted_is_freed_without_the_garbage_collector(tmp_path):
    with av.open(str(VideoFile(count=1).write(tmp_path / "video.mp4"))) as file:
        frame = next(file.decode(video=0))
    references = sys.getrefcount(frame)
    FrameConverter(None)(frame)
    assert sys.getrefcount(frame) == references


def test_large_frames_are_made_ahead_only_as_far_as_memory_allows():
    full_hd, twice_8k = 1920 * 1080 * 3, 67_108_864 * 3
    assert [prefetch_count(3, size) for size in (full_hd, twice_8k // 2, twice_8k, 2**40)] == [3, 2, 1, 1]


def test_a_frame_keeps_its_pixels_while_the_next_ones_are_decoded(tmp_path):
    frames = frames_of(VideoFile(codec="png", pix_fmt="rgb24").write(tmp_path / "video.mov"))
    frames[0].image[:] = 0
    assert [middle(frame.image) for frame in frames[1:]] == [level(i) for i in range(1, 10)]


def comb(index, width, height):
    """A bar that is elsewhere in the odd rows: an object that moved between two fields."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[::2, 10:30] = image[1::2, 30:50] = 220
    return image


def test_interlaced_video_is_deinterlaced(tmp_path):
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "1"}
    frames = frames_of(VideoFile(options=options, draw=comb).write(tmp_path / "video.mp4"))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 25 for i in range(10)])
    rows = frames[5].image[8:-8, 16:24, 1].mean(axis=1)
    assert np.abs(np.diff(rows)).max() < 60  # 200 in the raw frames


def test_frames_change_their_size_with_the_stream(tmp_path):
    small, large = VideoFile(count=5, format="mpegts"), VideoFile(count=5, size=(96, 80), format="mpegts")
    path = tmp_path / "video.ts"
    path.write_bytes(
        small.write(tmp_path / "a.ts").read_bytes() + large.write(tmp_path / "b.ts").read_bytes()
    )
    frames = frames_of(path)
    assert Counter(frame.image.shape for frame in frames) == {(48, 64, 3): 5, (80, 96, 3): 5}
    assert rising([frame.time_s for frame in frames])


def test_a_video_of_one_frame_is_a_video(tmp_path):
    assert len(frames_of(VideoFile(count=1).write(tmp_path / "video.mp4"))) == 1


def animate(path, durations_ms, pictures):
    animation = cv2.Animation()
    animation.frames, animation.durations = pictures, np.array(durations_ms, np.int32)
    assert cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, 101])


def drawn(count):
    return [cv2.cvtColor(picture(i, 64, 48), cv2.COLOR_RGB2BGRA) for i in range(count)]


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_shows_each_picture_for_its_own_time(tmp_path, kind):
    path = tmp_path / f"video.{kind}"
    animate(path, [100, 50, 200, 30, 30], drawn(5))
    frames = frames_of(path)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.15, 0.35, 0.38])
    assert [corners(frame.image) for frame in frames] == [UPRIGHT] * 5
    assert [middle(frame.image) for frame in frames] == pytest.approx([level(i) for i in range(5)], abs=4)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_pictures_without_a_time_take_a_tenth_of_a_second_as_in_browsers(tmp_path, kind):
    path = tmp_path / f"video.{kind}"
    animate(path, [40, 0, 100], drawn(3))
    assert times_of(path) == [0, 0.04, 0.14]


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_transparent_pixels_of_an_animation_lie_on_white(tmp_path, kind):
    pictures = drawn(3)
    for image in pictures:
        image[:24, :32, 3] = 0
    path = tmp_path / f"video.{kind}"
    animate(path, [100] * 3, pictures)
    for frame in frames_of(path):
        assert (frame.image[3, 3] == 255).all()
        assert corners(frame.image[:, 32:])[1::2] == ["green", "yellow"]


def half_transparent(index):
    """Invisible at the top left, half visible at the bottom left."""
    alpha = np.full((48, 64, 1), 255, np.uint8)
    alpha[:24, :32], alpha[24:, :32] = 0, 128
    return np.dstack([picture(index, 64, 48), alpha])


def on_white(image):
    red, _, blue, _ = (image[y, x].astype(int) for y in (3, -4) for x in (3, -4))
    assert np.abs(red - 255).max() <= 3
    assert np.abs(blue - (147, 147, 237)).max() <= 6
    assert corners(image[:, 32:])[1::2] == ["green", "yellow"]
    return True


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_transparent_pixels_of_webm_lie_on_white(tmp_path, codec):
    with av.open(str(tmp_path / "video.webm"), "w") as out:
        options = {"auto-alt-ref": "0", "deadline": "realtime", "crf": "4"}
        stream = out.add_stream(codec, rate=10, options=options, time_base=Fraction(1, 10))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(half_transparent(index), "rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    frames = frames_of(tmp_path / "video.webm")
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert all(on_white(frame.image) for frame in frames)


@pytest.mark.parametrize("disposal", [0, 1], ids=["kept", "cleared"])
def test_transparent_pixels_of_an_animated_png_lie_on_white(tmp_path, disposal):
    first, *rest = (Image.fromarray(half_transparent(index)) for index in range(4))
    path = tmp_path / "video.apng"
    first.save(path, "PNG", save_all=True, append_images=rest, duration=100, disposal=disposal)
    frames = frames_of(path)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert all(on_white(frame.image) for frame in frames)


def test_an_animation_of_too_many_pixels_is_refused_before_any_is_decoded(tmp_path):
    path = tmp_path / "video.webp"
    animate(path, [40] * 2, drawn(2))
    data = bytearray(path.read_bytes())
    size = data.index(b"VP8X") + 12
    data[size : size + 6] = (9000 - 1).to_bytes(3, "little") * 2
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"video\.webp of at most \d+ pixels, got 9000 x 9000"):
        open_source(path)


def test_an_animation_cut_short_is_an_error(tmp_path):
    path = tmp_path / "video.webp"
    animate(path, [40] * 7, drawn(7))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MediaError, match="cut short"):
        open_source(path)


def number(folder, names):
    folder.mkdir()
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(index, 64, 48)[..., ::-1])
    return folder


def test_a_folder_plays_its_pictures_in_counting_order_at_30_a_second(tmp_path):
    folder = number(tmp_path / "shots", ["img1.png", "img2.png", "img10.png"])
    frames = frames_of(folder)
    assert [middle(frame.image) for frame in frames] == [level(0), level(1), level(2)]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 1 / 30, 2 / 30])


def test_a_folder_plays_at_the_rate_asked_for(tmp_path):
    folder = number(tmp_path / "shots", ["1.png", "2.png"])
    with open_source(folder, SourceSettings(folder_rate_fps=5)) as source:
        assert source.rate_fps == 5
        assert source.frame_count == 2
        assert [frame.time_s for frame in source] == pytest.approx([0, 0.2])


def test_a_pattern_takes_the_pictures_that_match(tmp_path):
    folder = number(tmp_path / "shots", ["a8.png", "a10.png", "a9.png", "b1.png", "a1.txt.png"])
    assert [middle(f.image) for f in frames_of(folder / "a%d.png")] == [level(0), level(2), level(1)]


def test_a_bad_picture_in_a_folder_leaves_its_time_empty(tmp_path):
    folder = number(tmp_path / "shots", ["1.png", "2.png", "3.png"])
    (folder / "2.png").write_text("no picture")
    with open_source(folder, SourceSettings(folder_rate_fps=10)) as source:
        frames = list(source)
        assert source.damage == 1
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0), (1, pytest.approx(0.2))]


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_folder_must_move(tmp_path, rate):
    with pytest.raises(MediaError, match="above 0"):
        FolderReader(number(tmp_path / "shots", ["1.png"]), rate)


def test_a_photo_is_a_source_of_one_frame(tmp_path):
    path = number(tmp_path / "shots", ["1.png"]) / "1.png"
    with open_source(path) as source:
        assert source.frame_count == 1
        assert [frame.time_s for frame in source] == [0]


def write(path, data):
    path.write_bytes(data)
    return path


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MediaError, match=r"nothing\.mp4.*No such file"):
        open_source(tmp_path / "nothing.mp4")


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="is empty"):
        open_source(write(tmp_path / "video.mp4", b""))


@pytest.mark.parametrize("name", ["video.mp4", "notes.txt", "video.gif", "video.webp"])
def test_text_is_an_error(tmp_path, name):
    with pytest.raises(MediaError, match=re.escape(name)):
        open_source(write(tmp_path / name, b"Dear diary, today I saw a video.\n" * 50))


def test_a_video_and_its_folder_may_have_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = number(tmp_path / "2023", ["1.png"])
    VideoFile(count=3).write(tmp_path / "cam1:take2.mp4")
    assert len(frames_of(Path("./2023"))) == len(frames_of("2023")) == len(frames_of(folder)) == 1
    for name in ("cam1:take2.mp4", "./cam1:take2.mp4", Path("cam1:take2.mp4")):
        assert len(frames_of(name)) == 3


def test_sound_alone_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="holds only audio"):
        open_source(VideoFile(count=0, sound_s=0.2).write(tmp_path / "song.mp4"))


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="no pictures in"):
        open_source(tmp_path)


def test_a_pattern_without_a_match_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="no pictures match"):
        open_source(tmp_path / "%03d.png")


def test_a_folder_of_bad_pictures_is_an_error(tmp_path):
    write(tmp_path / "1.png", b"no picture")
    with pytest.raises(MediaError, match="not one picture"):
        open_source(tmp_path)


def test_a_video_cut_short_plays_up_to_the_cut(tmp_path):
    video = VideoFile(count=50, container_options={"movflags": "+faststart"}, options={"g": "10"})
    data = video.write(tmp_path / "video.mp4").read_bytes()
    with open_source(write(tmp_path / "cut.mp4", data[: len(data) * 2 // 3])) as source:
        frames = list(source)
        assert 10 < len(frames) < 45
        assert source.damage > 0
    assert [middle(f.image) for f in frames[:8]] == pytest.approx([level(i) for i in range(8)], abs=4)


def test_a_video_goes_on_behind_a_damaged_place(tmp_path):
    data = bytearray(
        VideoFile(count=50, options={"g": "5"}, format="mpegts").write(tmp_path / "video.ts").read_bytes()
    )
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    frames = frames_of(write(tmp_path / "cut.ts", data))
    assert 20 < len(frames) < 50
    assert middle(frames[-1].image) == pytest.approx(level(49), abs=4)
    assert frames[-1].time_s == pytest.approx(49 / 25)


@pytest.mark.parametrize("kind", fuzz_videos.CLIPS)
def test_damaged_videos_give_frames_or_an_error_and_leave_nothing_behind(kind, capfd):
    first, step = list(fuzz_videos.CLIPS).index(kind), len(fuzz_videos.CLIPS)
    endings = Counter(fuzz_videos.case(first + turn * step) for turn in range(20))
    assert endings["read"]
    assert capfd.readouterr() == ("", "")


def test_a_codec_that_this_ffmpeg_does_not_know_is_an_error(tmp_path):
    path = VideoFile().write(tmp_path / "in.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/AVC"))
    with pytest.raises(MediaError, match=r"in\.mkv has a video codec that this FFmpeg does not know"):
        open_source(path)


def test_a_title_that_is_not_unicode_does_not_matter(tmp_path):
    path = VideoFile(title="Caf@!").write(tmp_path / "in.mkv")
    path.write_bytes(path.read_bytes().replace(b"Caf@!", b"Caf\xe9!"))
    assert len(frames_of(path)) == 10


def test_a_closed_source_has_no_more_frames(tmp_path):
    source = open_source(VideoFile(count=50).write(tmp_path / "video.mp4"))
    next(source)
    source.close()
    source.close()
    assert list(source) == []


def test_an_ended_source_stays_ended(tmp_path):
    with open_source(VideoFile(count=2).write(tmp_path / "video.mp4")) as source:
        assert len(list(source)) == 2
        assert list(source) == []


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def reading():
    return [thread.name for thread in threading.enumerate() if thread.name == "movenet-prefetch"]


def test_closing_ends_the_thread_and_frees_the_file(tmp_path):
    path = VideoFile(count=50).write(tmp_path / "video.mp4")
    files = open_files()
    for _ in range(20):
        with open_source(path) as source:
            next(source)
    assert (reading(), open_files()) == ([], files)


def test_a_forgotten_source_ends_its_thread(tmp_path):
    next(open_source(VideoFile(count=50).write(tmp_path / "video.mp4")))
    gc.collect()
    assert reading() == []


def test_a_refused_file_leaves_no_thread_and_no_open_file(tmp_path):
    path = VideoFile(count=0, sound_s=0.2).write(tmp_path / "song.mp4")
    files = open_files()
    for _ in range(5):
        with pytest.raises(MediaError):
            open_source(path)
    assert (reading(), open_files()) == ([], files)


@pytest.mark.parametrize(
    ("name", "count", "size"),
    [
        ("tfjs_pose_squats.mp4", 65, (720, 1280)),
        ("tfjs_pose_1.mp4", 120, (576, 576)),
        ("tfjs_combined_squat_dance.gif", 42, (600, 244)),
        ("intel_one-by-one-person.mp4", 1394, (768, 432)),
        ("pose2sim_Demo_SinglePerson_cam01.mp4", 100, (1080, 1920)),
        ("pose2sim_Demo_MultiPerson_cam01.mp4", 100, (1088, 1920)),
        ("sports2d_demo.mp4", 230, (1768, 994)),
        ("mmpose_demo.mp4", 5, (960, 540)),
    ],
)
def test_real_clips_play_to_their_end(shared, name, count, size):
    with open_source(shared / "media" / name) as source:
        assert (source.width, source.height) == size
        times = [frame.time_s for frame in source]
        assert source.damage == 0
    assert len(times) == source.frame_count == count
    assert rising(times)
    assert times[-1] == pytest.approx((count - 1) / source.rate_fps, abs=0.05)


def test_decoding_keeps_the_terminal_clean(tmp_path, capfd):
    data = bytearray(VideoFile(count=20, format="mpegts").write(tmp_path / "video.ts").read_bytes())
    for at in range(2000, len(data), 97):
        data[at] ^= 0xFF
    frames_of(write(tmp_path / "cut.ts", data))
    assert capfd.readouterr() == ("", "")
    assert av.logging.get_level() is None


GROWTH = """
import os, sys
from pathlib import Path
from movenet.media import open_source

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

seen, early = 0, 0.0
for _ in range(10):
    with open_source(sys.argv[1]) as source:
        for _ in source:
            seen += 1
            if seen == 500:
                early = resident_mib()
print(seen, resident_mib() - early)
"""


def test_memory_stays_flat_over_twenty_thousand_frames(tmp_path):
    """In a process of its own: in this one, other tests' threads come and go."""
    path = VideoFile(count=2000, options={"preset": "ultrafast", "g": "50"}).write(tmp_path / "video.mp4")
    told = subprocess.run(
        [sys.executable, "-c", GROWTH, str(path)], capture_output=True, text=True, check=True
    ).stdout
    seen, growth_mib = map(float, told.split())
    assert seen == 20_000
    assert growth_mib <= 20
