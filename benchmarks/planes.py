"""What it saves to leave video in planes of YUV between the decoder and the encoder.

    python benchmarks/planes.py [--media FOLDER] [--turns 5] [--seconds 3] [--cores 2]

Core time of a frame from the file to the crop for the network: cut from planes, or from the whole frame converted to
RGB. "annotated" is the same, with a skeleton drawn and the planes for the encoder made, but not encoded.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

import footage
import laps
from movenet import Crop, Pose, draw, open_source
from movenet.bench import Table
from movenet.media.planes import RGB_COLOURS, from_rgb

SIDE = 192
SIZES = {"720p": (1280, 720, 5.0), "1080p": (1920, 1080, 8.0), "2160p": (3840, 2160, 40.0)}
STANDING = np.array(
    [
        *((0.5, 0.1), (0.53, 0.08), (0.47, 0.08), (0.55, 0.1), (0.45, 0.1)),
        *((0.65, 0.25), (0.35, 0.25), (0.72, 0.4), (0.28, 0.4), (0.75, 0.55), (0.25, 0.55)),
        *((0.6, 0.55), (0.4, 0.55), (0.62, 0.75), (0.38, 0.75), (0.63, 0.95), (0.37, 0.95)),
    ]
)
"""Keypoints (17, 2) of a person, x, y in parts of the square."""


def decode(path: Path) -> None:
    """Decode with FFmpeg, nothing else."""
    with av.open(str(path)) as video:
        video.streams.video[0].thread_type = "AUTO"
        for _ in video.decode(video=0):
            pass


def squares(path: Path, *, planes: bool) -> None:
    """Decode, and cut a square of three quarters of the height from every frame."""
    with open_source(path) as source:
        for frame in source:
            _middle(frame.width, frame.height).cut(frame.native if planes else frame.image)


def films(path: Path, *, planes: bool) -> None:
    """As `squares`; then draw a person and make the planes for the encoder, without encoding."""
    with open_source(path) as source:
        for frame in source:
            crop = _middle(frame.width, frame.height)
            picture = frame.native if planes else frame.image
            crop.cut(picture)
            points = crop.to_image(STANDING * SIDE).astype(np.float32)
            drawn = draw(picture, [Pose(points, np.ones(17, np.float32), 1.0)])
            if isinstance(drawn, np.ndarray):
                from_rgb(drawn, RGB_COLOURS)


def _middle(width: int, height: int) -> Crop:
    edge = 0.75 * min(width, height)
    return Crop((width - edge) / 2, (height - edge) / 2, edge, edge, SIDE, SIDE)


def row(name: str, path: Path, frames: int, turns: int) -> tuple[str, ...]:
    """Let all take turns on a clip; return a line of the table."""
    jobs = {
        "decode": partial(decode, path),
        "square of RGB": partial(squares, path, planes=False),
        "square of planes": partial(squares, path, planes=True),
        "film of RGB": partial(films, path, planes=False),
        "film of planes": partial(films, path, planes=True),
    }
    found = laps.take_turns(jobs, frames, turns)
    cores = [f"{np.median([lap.core_ms for lap in found[job]]):.2f}" for job in jobs]
    return (name, *cores)


def main() -> None:
    """Measure and print."""
    found = laps.arguments(__doc__, turns=5)
    cv2.setNumThreads(1)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (width, height, rate) in SIZES.items():
            size = {"width": width, "height": height, "mbit_per_s": rate}
            clip = replace(footage.WALKER_720, **size, seconds=min(found.seconds, 3.0))
            lines.append(row(name, clip.make(found.media, Path(folder)), clip.frames, found.turns))
    heads = ("clip", "decode only", "crop, RGB", "crop, planes", "annotated, RGB", "annotated, planes")
    note = f"Core time in ms per frame, {found.cores} cores; medians of {found.turns} turns."
    laps.show(Table(heads, tuple(lines), 1, (note,)))


if __name__ == "__main__":
    main()
