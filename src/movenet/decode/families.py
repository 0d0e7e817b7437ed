"""Which decoder reads the heads of which family of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from movenet.crop import MODEL_SHIFT_PX
from movenet.decode import posenet
from movenet.decode.movenet import Floats, Guides, Heads, ManySettings, People, decode_many, decode_one


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read raw heads; arrays as in `movenet.decode`."""

    one: Callable[[Heads, Guides | None, int], Floats]
    """One person in each picture, with the reach of `movenet.decode_one`: (N, K, 3) y, x, score."""
    many: Callable[[Heads, float], list[People]]
    """Everybody in each picture whose centre (or first keypoint) scores more than the given limit."""
    shift_px: float
    """Added to x and y of what they answer, in pixels of the input: where the points really lie."""


def _one_by_posenet(heads: Heads, guides: Guides | None, reach: int) -> Floats:
    """Read PoseNet's heads, which have no centre and no starts that a guide could move, and finer offsets."""
    return posenet.decode_one(heads)


READERS: Final[Mapping[str, Reader]] = {
    "movenet": Reader(
        decode_one, lambda heads, min_score: decode_many(heads, ManySettings(min_score)), MODEL_SHIFT_PX
    ),
    "posenet": Reader(
        _one_by_posenet,
        lambda heads, min_score: posenet.decode_many(heads, posenet.ManySettings(min_score)),
        posenet.SHIFT_PX,
    ),
}
"""Readers by `ModelCard.family`."""
