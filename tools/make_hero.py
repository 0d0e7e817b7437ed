"""Make the animation at the head of the README: the bundled clip with everybody's skeleton and id.

    python tools/make_hero.py docs/img/hero.webp

The seconds are chosen so that both people are found in every frame; a frame without one of them is an error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import movenet

CLIP = Path(movenet.__file__).parent / "data" / "sample.mp4"
FROM_S, TO_S = 0.2, 2.75
PART = (200, 0, 620, 510)
"""Where the people are, x, y, width, height in pixels of the clip."""
EVERY = 2
"""One frame in so many is shown."""
PEOPLE = 2


def draw_frames() -> list[NDArray[np.uint8]]:
    """Return the frames of the chosen seconds with skeletons, (H, W, 3) RGB."""
    style = movenet.Style("person", min_score=0.2)
    x, y, width, height = PART
    drawn = []
    for index, (frame, poses) in enumerate(movenet.watch(CLIP, people="many")):
        if not FROM_S <= frame.time_s < TO_S or index % EVERY:
            continue
        if len(poses) != PEOPLE:
            raise SystemExit(f"expected {PEOPLE} people at {frame.time_s:.2f} s, got {len(poses)}")
        picture = movenet.draw(frame.image, poses, style)
        drawn.append(picture[y : y + height, x : x + width])
    return drawn


def main() -> None:
    """Write the animation and print its size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="the animation: .webp")
    out = parser.parse_args().out
    first, *rest = map(Image.fromarray, draw_frames())
    first.save(
        out, save_all=True, append_images=rest, duration=1000 * EVERY // 30, loop=0, quality=28, method=6
    )
    print(f"{out}: {len(rest) + 1} frames, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
