"""Make the two sample media of the package from the wheels that carry their originals.

    pip download --no-deps --dest build/originals sports2d==0.8.34 scikit-image==0.26.0
    python tools/make_samples.py build/originals

The originals are checked by their SHA-256; the same versions of OpenCV and PyAV give the same bytes again.
Sources and licences stand in NOTICE.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tempfile
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

DATA = Path(__file__).parents[1] / "src" / "movenet" / "data"


class Original(NamedTuple):
    """A file inside a wheel, and the SHA-256 of its bytes."""

    wheels: str
    member: str
    sha256: str


PHOTO = Original(
    "scikit_image-*.whl",
    "skimage/data/astronaut.png",
    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
)
CLIP = Original(
    "sports2d-*.whl",
    "Sports2D/Demo/demo.mp4",
    "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
)

CLIP_FROM_S, CLIP_TO_S = 1.8, 6.2
"""While the walking woman is in full view; behind her a man does jumping jacks and a back flip."""
CLIP_WIDTH, CLIP_HEIGHT = 960, 540
CLIP_RATE = 30


def read(original: Original, folder: Path) -> bytes:
    """Return the bytes of an original out of the wheel in `folder`."""
    wheels = sorted(folder.glob(original.wheels))
    if len(wheels) != 1:
        raise SystemExit(f"expected one {original.wheels} in {folder}, got {len(wheels)}: see --help")
    data = zipfile.ZipFile(wheels[0]).read(original.member)
    found = hashlib.sha256(data).hexdigest()
    if found != original.sha256:
        raise SystemExit(f"{original.member} in {wheels[0]}: expected SHA-256 {original.sha256}, got {found}")
    return data


def make_photo(png: bytes) -> bytes:
    """Return the picture as a JPEG of quality 92."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_OPTIMIZE, 1))[
        1
    ].tobytes()


def make_clip(mp4: bytes, folder: Path) -> bytes:
    """Return the chosen seconds, made smaller, as H.264 that every browser and phone plays; works in `folder`."""
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    # A real file: to put the index first, it is read again at the end.
    out = folder / "clip.mp4"
    with av.open(io.BytesIO(mp4)) as source, av.open(out, "w", options=options) as target:
        stream = target.add_stream("libx264", rate=CLIP_RATE)
        stream.width, stream.height, stream.pix_fmt = CLIP_WIDTH, CLIP_HEIGHT, "yuv420p"
        # One thread: with more, x264's decisions depend on their number.
        stream.options = {"crf": "26", "preset": "veryslow", "threads": "1"}
        for index, frame in enumerate(chosen_frames(source)):
            frame.pts, frame.time_base = index, Fraction(1, CLIP_RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return out.read_bytes()


def chosen_frames(source: av.container.InputContainer) -> list[VideoFrame]:
    """Return the frames of the chosen seconds in the chosen size."""
    scale = VideoReformatter()
    return [
        scale.reformat(frame, CLIP_WIDTH, CLIP_HEIGHT, "yuv420p", interpolation=Interpolation.LANCZOS)
        for frame in source.decode(video=0)
        if CLIP_FROM_S <= (frame.time or 0.0) < CLIP_TO_S
    ]


def main() -> None:
    """Make both files and print their sizes and SHA-256."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("originals", type=Path, help="folder with the two wheels")
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = {
            "astronaut.jpg": make_photo(read(PHOTO, options.originals)),
            "sample.mp4": make_clip(read(CLIP, options.originals), Path(folder)),
        }
    for name, data in samples.items():
        (options.out / name).write_bytes(data)
        print(f"{hashlib.sha256(data).hexdigest()}  {name}  {len(data)} bytes")


if __name__ == "__main__":
    main()
