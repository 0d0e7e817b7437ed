"""Make the pictures of docs/cookbook.md: run each program on the sample clip, and shrink what it writes or draws.

python tools/cookbook_pictures.py [HEADING]
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import movenet
from doc_blocks import blocks_of
from movenet.models import DATA

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "img" / "cookbook"
WIDTH_PX = 560
QUALITY = 62
MAN, STREET = (190, 0, 320, 250), (200, 20, 580, 500)
"""Parts of the sample clip, x, y, width, height in pixels: the man on the roof, and both people."""
PICTURES = {
    "Draw everybody in a photo": ("draw", "drawn.jpg", 0.0),
    "Count squats, with the number in the picture": ("count", "counted.mp4", 4.5),
    "An alarm when somebody falls": ("fall", "hall.mp4", 0.8),
    "Compare my pose with the teacher's": ("teacher", "me.jpg teacher.jpg", 0.0),
    "A video as a table, and a plot": ("table", "wrist.png", 0.0),
    "Joint angles in the picture": ("angles", "angles.png", 0.0),
    "Raise a hand to control something": ("hand", "dance.mp4", 0.2),
    "Blur faces": ("blur", "private.mp4", 0.8),
    "Count the people who pass by": ("people", "street.mp4", 2.0),
    "The skeleton alone": ("skeleton", "skeleton.mp4", 0.6),
    "Cut people out": ("cut", "person0.jpg person1.jpg", 0.0),
    "Trails of hands and feet": ("trails", "trails.mp4", 0.7),
}
"""Heading → name of the picture, the files it shows (an input is drawn on), and the time in a video in seconds."""


def frame_at(path: Path, time_s: float) -> np.ndarray:
    """Return the frame of a video at a time."""
    with movenet.open_source(path) as source:
        return next(frame.image.copy() for frame in source if frame.time_s >= time_s)


def prepare(folder: Path) -> None:
    """Put the inputs of the programs into a folder: parts of the sample clip, enlarged."""
    with movenet.open_source(DATA / "sample.mp4") as source:
        frames = [(frame.time_s, frame.image.copy()) for frame in source]
    man = [(time_s, part(image, MAN)) for time_s, image in frames if time_s < 3.4]
    street = [(time_s, part(image, STREET)) for time_s, image in frames]
    jump = [image for time_s, image in man if time_s < 0.85]
    jumps = [(k / 30, image) for k, image in enumerate((jump[::-1] + jump) * 3)]
    for name, clip in (("squats", jumps), ("hall", street), ("street", street), ("dance", man)):
        with movenet.open_writer(folder / f"{name}.mp4", rate_fps=30) as video:
            for time_s, image in clip:
                video.write(image, time_s)
    for name, image in (("photo", street[24][1]), ("me", man[12][1]), ("teacher", man[2][1])):
        movenet.write_photo(folder / f"{name}.jpg", image)


def part(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return a part of a picture, twice as large."""
    x, y, width, height = box
    return cv2.resize(image[y : y + height, x : x + width], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def shown(folder: Path, name: str, time_s: float, inputs: set[str]) -> np.ndarray:
    """Return a file of a program as a picture; skeletons are drawn on inputs."""
    path = folder / name
    if path.suffix != ".mp4":
        image = movenet.read_photo(path)
        return movenet.draw(image, movenet.estimate(image)) if name in inputs else image
    if name not in inputs:
        return frame_at(path, time_s)
    for frame, poses in movenet.watch(path, people="many"):
        if frame.time_s >= time_s:
            return movenet.draw(frame.image, poses, movenet.Style("person"))
    raise ValueError(f"{name} ends before {time_s} s")


def with_text(image: np.ndarray, text: str) -> np.ndarray:
    """Return the picture with the last printed lines below it, as in a terminal."""
    lines = text.strip().splitlines()[-3:]
    if not lines:
        return image
    plate = np.full((24 * len(lines) + 16, image.shape[1], 3), 24, np.uint8)
    for row, line in enumerate(lines):
        place = (12, 26 + 24 * row)
        cv2.putText(plate, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    return np.vstack([image, plate])


def resized(image: np.ndarray, width: int, height: int | None = None) -> np.ndarray:
    """Return the picture shrunk to a width, or into width × height."""
    scale = min(width / image.shape[1], (height or 10**6) / image.shape[0], 1.0)
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def main(wanted: str = "") -> None:
    """Write the pictures, or those whose heading contains a text."""
    OUT.mkdir(exist_ok=True)
    for block in blocks_of(ROOT / "docs" / "cookbook.md"):
        if wanted.lower() not in block.heading.lower():
            continue
        name, files, time_s = PICTURES[block.heading]
        with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
            folder, printed = Path(made), io.StringIO()
            prepare(folder)
            inputs = {path.name for path in folder.iterdir()}
            with contextlib.redirect_stdout(printed):
                code = block.code.replace('"squat"', '"jumping-jack"').replace('"squats")', '"jumps")')
                exec(compile(code, block.heading, "exec"), {})
            parts = [shown(folder, file, time_s, inputs) for file in files.split()]
            side = [resized(part, WIDTH_PX // len(parts), 460) for part in parts]
            side = [image[: min(map(len, side))] for image in side]
            picture = with_text(np.hstack(side), printed.getvalue())
        Image.fromarray(picture).save(OUT / f"{name}.webp", quality=QUALITY, method=6)
        print(f"{name}.webp: {(OUT / f'{name}.webp').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
