"""A span of a recording has the same frames, with the same times, as that part of the whole recording."""

import math
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from movenet.errors import MediaError
from movenet.media import SourceSettings, open_source

RATE_FPS = 25
FRAMES = 150


def write_video(path, *, container="mp4", codec="libx264", keyframe_every=30, jump_s=0.0):
    """Write a video whose frame k has a grey level of its own; `jump_s` moves the timestamps of the second half."""
    with av.open(str(path), "w", format=container) as out:
        options = {"g": str(keyframe_every), "bf": "2"} if codec == "libx264" else {"g": str(keyframe_every)}
        stream = out.add_stream(codec, rate=RATE_FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + k, np.uint8), "rgb24")
            shift = round(jump_s * RATE_FPS) if k >= FRAMES // 2 else 0
            frame.pts, frame.time_base = k + shift, Fraction(1, RATE_FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def read(path, **span):
    with open_source(path, replace(SourceSettings(), **span)) as source:
        return [(frame.index, round(frame.time_s, 6), float(frame.image.mean())) for frame in source]


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("clip.mp4", "mp4", "libx264"),
        ("clip.mkv", "matroska", "libx264"),
        ("clip.ts", "mpegts", "libx264"),
        ("clip.avi", "avi", "mpeg4"),
        ("clip.webm", "webm", "libvpx"),
    ],
)
@pytest.mark.parametrize("span", [(0.0, 1.0), (1.21, 3.0), (2.4, math.inf), (5.9, 6.5), (4.0, 4.05)])
def test_a_span_equals_that_part_of_the_whole(name, container, codec, span, tmp_path):
    path = write_video(tmp_path / name, container=container, codec=codec)
    start_s, end_s = span
    expected = [row for row in read(path) if start_s <= row[1] < end_s]
    found = read(path, start_s=start_s, end_s=end_s)
    assert [row[0] for row in found] == list(range(len(expected)))
    assert [row[1] for row in found] == [row[1] for row in expected]
    np.testing.assert_allclose([row[2] for row in found], [row[2] for row in expected], atol=0.01)


def test_a_span_after_a_long_pause_in_the_timestamps_keeps_its_times(tmp_path):
    path = write_video(tmp_path / "clip.mp4", jump_s=1000.0)
    assert read(path, start_s=1001.0)[0][1] == pytest.approx(1003.0)


def test_a_span_without_a_frame_is_an_error_that_names_it(tmp_path):
    path = write_video(tmp_path / "clip.mp4")
    with pytest.raises(MediaError, match=r"clip\.mp4 has no picture from 60 s on"):
        read(path, start_s=60.0)


def test_a_span_does_not_count_the_rest_of_the_file_as_damaged(tmp_path):
    path = write_video(tmp_path / "clip.mp4")
    with open_source(path, SourceSettings(start_s=3.0)) as source:
        assert len(list(source)) == FRAMES - 3 * RATE_FPS
        assert source.damage == 0


def test_a_span_of_numbered_pictures_and_of_an_animation(tmp_path):
    for k in range(10):
        cv2.imwrite(str(tmp_path / f"{k:03}.png"), np.full((32, 32, 3), 10 * k, np.uint8))
    found = read(tmp_path, folder_rate_fps=10.0, start_s=0.35, end_s=0.75)
    assert [row[1] for row in found] == [0.4, 0.5, 0.6, 0.7]
    assert [row[2] for row in found] == [40, 50, 60, 70]
