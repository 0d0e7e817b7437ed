"""The sample photo and clip that come with the package."""

from pathlib import Path

import av

import movenet
from movenet.media import read_photo

DATA = Path(movenet.__file__).parent / "data"


def test_the_photo_is_small_and_opens():
    assert (DATA / "astronaut.jpg").stat().st_size < 100_000
    assert read_photo(DATA / "astronaut.jpg").shape == (512, 512, 3)


def test_the_clip_is_small_and_of_the_kind_that_browsers_play():
    data = (DATA / "sample.mp4").read_bytes()
    assert len(data) < 1_000_000
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(DATA / "sample.mp4") as clip:
        (stream,) = clip.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")


def test_every_frame_of_the_clip_decodes_at_its_time():
    with av.open(DATA / "sample.mp4") as clip:
        times = [frame.time for frame in clip.decode(video=0)]
    assert len(times) == 132
    assert all(abs(time - n / 30) < 1e-4 for n, time in enumerate(times))
