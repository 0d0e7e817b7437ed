"""Pictures and sound of an annotated video count from one zero, whatever the file they come from."""

from fractions import Fraction

import av
import numpy as np
import pytest

from movenet.media.sources.clock import RecordingClock
from movenet.media.sources.opening import open_source
from movenet.media.writers.writer import open_writer
from video_files import VideoFile

FLASH_S = 0.8
TOLERANCE_S = 0.02


def copied(path, out):
    """Write every picture of a video, with the sound of the same file, as `movenet run` does."""
    with open_source(path) as source, open_writer(out, like=source, audio_from=path) as writer:
        for frame in source:
            writer.write(frame.image, frame.time_s)
    return out


def flashes(path):
    """When the picture turns bright, in seconds."""
    times, bright = [], False
    with av.open(str(path)) as video:
        for frame in video.decode(video=0):
            before, bright = bright, frame.to_ndarray(format="gray").mean() > 128
            if bright and not before:
                times.append(frame.time)
    return times


def beeps(path, pause_s=0.3):
    """When sound begins after a pause, in seconds."""
    times, last_s = [], -pause_s
    with av.open(str(path)) as video:
        for frame in video.decode(audio=0):
            samples = np.abs(np.atleast_2d(frame.to_ndarray())).max(axis=0)
            for index in np.flatnonzero(samples > 0.1):
                at_s = frame.time + index / frame.sample_rate
                if at_s - last_s >= pause_s:
                    times.append(at_s)
                last_s = at_s
    return times


@pytest.mark.parametrize(
    ("name", "seen", "heard"),
    [
        ("sync_reference.mp4", [1.0, 2.0], [1.0, 2.0]),
        ("sync_ts_starts_mid_gop.ts", [0.04, 1.04], [0.04, 1.04]),
        ("sync_cover_picture_video_starts_late.mp4", [1.0, 2.0], [0.6, 1.6]),
    ],
)
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_flashes_and_beeps_are_where_they_were(shared, tmp_path, name, seen, heard, kind):
    video = copied(shared / "cases" / name, tmp_path / f"video.{kind}")
    assert flashes(video) == pytest.approx(seen, abs=TOLERANCE_S)
    assert beeps(video) == pytest.approx(heard, abs=TOLERANCE_S)


def flash(index, width, height):
    return np.full((height, width, 3), 250 if index == round(FLASH_S * 25) else 20, np.uint8)


def clip(path, codec="libx264", sound_codec="aac", **wishes):
    """A flash and, at the same moment, the beginning of a tone."""
    options = {"g": "10"} if codec == "libx264" else {}
    return VideoFile(
        count=40,
        codec=codec,
        draw=flash,
        sound_s=0.5,
        sound_at_s=FLASH_S,
        sound_codec=sound_codec,
        options=options,
        **wishes,
    ).write(path)


def joined(path, parts, **wishes):
    """Copy streams, each (file, "video" or "audio", shift in seconds), into one file."""
    with av.open(str(path), "w", **wishes) as out:
        packets = []
        for name, kind, shift_s in parts:
            with av.open(str(name)) as file:
                stream = out.add_stream_from_template(file.streams.get({kind: 0})[0])
                for packet in file.demux({kind: 0}):
                    if packet.dts is not None:
                        shift = round(Fraction(shift_s) / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        packets.append(packet)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return path


def plain(folder):
    return clip(folder / "in.mp4")


def starts_at_five(folder):
    made = clip(folder / "made.mp4")
    return joined(folder / "in.mkv", [(made, "video", 5), (made, "audio", 5)])


def starts_mid_gop(folder):
    data = clip(folder / "made.ts", format="mpegts").read_bytes()
    path = folder / "in.ts"
    path.write_bytes(data[188 * 8 :])
    return path


def second_video_starts_elsewhere(folder):
    made, other = clip(folder / "made.mp4"), clip(folder / "other.mp4", size=(32, 32))
    return joined(
        folder / "in.mkv",
        [(made, "video", 0), (made, "audio", 0), (other, "video", 0.44)],
    )


def first_pictures_cut_by_an_edit_list(folder):
    made = clip(folder / "made.mp4", "mjpeg", pix_fmt="yuvj420p")
    return joined(folder / "in.mp4", [(made, "video", -0.2), (made, "audio", -0.2)])


def negative_stamps(folder):
    made = clip(folder / "made.mp4")
    wishes = {"options": {"avoid_negative_ts": "disabled"}}
    return joined(folder / "in.mkv", [(made, "video", -0.3), (made, "audio", -0.3)], **wishes)


@pytest.mark.parametrize(
    "make",
    [
        plain,
        starts_at_five,
        starts_mid_gop,
        second_video_starts_elsewhere,
        first_pictures_cut_by_an_edit_list,
        negative_stamps,
    ],
)
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_tone_that_begins_with_a_flash_does_so_in_the_annotated_video(tmp_path, make, kind):
    video = copied(make(tmp_path), tmp_path / f"video.{kind}")
    assert beeps(video) == pytest.approx(flashes(video), abs=TOLERANCE_S)


def test_pictures_that_start_late_are_not_moved_to_the_sound(tmp_path):
    made = clip(tmp_path / "made.mp4")
    path = joined(tmp_path / "in.mkv", [(made, "video", 0.4), (made, "audio", 0)])
    video = copied(path, tmp_path / "video.mp4")
    assert flashes(video) == pytest.approx([FLASH_S], abs=TOLERANCE_S)
    assert beeps(video) == pytest.approx([FLASH_S - 0.4], abs=TOLERANCE_S)


def test_sound_without_pictures_begins_with_the_video(tmp_path):
    made = clip(tmp_path / "made.mkv", sound_codec="pcm_s16le")
    song = joined(tmp_path / "song.mka", [(made, "audio", 3 - FLASH_S)])
    with open_writer(tmp_path / "video.mp4", audio_from=song) as writer:
        for index in range(10):
            writer.write(flash(index, 64, 48), index / 25)
    assert beeps(tmp_path / "video.mp4") == pytest.approx([0], abs=TOLERANCE_S)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize("codec", ["aac", "libmp3lame"])
def test_sound_ends_with_the_first_of_two_joined_recordings(tmp_path, kind, codec):
    wishes = {"format": "mpegts", "sound_codec": codec, "options": {"g": "10"}}
    first = VideoFile(count=75, sound_s=3.0, **wishes).write(tmp_path / "a.ts").read_bytes()
    second = VideoFile(count=150, sound_s=6.0, **wishes).write(tmp_path / "b.ts").read_bytes()
    (tmp_path / "in.ts").write_bytes(first + second)
    video = copied(tmp_path / "in.ts", tmp_path / f"video.{kind}")
    with av.open(str(video)) as file:
        assert max(frame.time for frame in file.decode(video=0)) == pytest.approx(9, abs=0.1)
    with av.open(str(video)) as file:
        assert max(frame.time for frame in file.decode(audio=0)) == pytest.approx(3, abs=0.1)


def test_a_clock_whose_first_stamps_are_missing_knows_its_zero():
    clock = RecordingClock(step_s=0.04)
    for stamp in (None, None, 7.0):
        clock(stamp)
    assert clock.origin_s == pytest.approx(6.92)
