"""The decoder of each family of networks (`ModelCard.family`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from movenet.crop import MODEL_SHIFT_PX
from movenet.decode import posenet
from movenet.decode.movenet import (
    DecodedPeople,
    Floats,
    Guides,
    Heads,
    MultiPoseSettings,
    decode_many,
    decode_one,
)
from movenet.decode.votes import Votes, cast_votes


@dataclass(frozen=True, slots=True)
class Decoder:
    """How the raw heads of a family are decoded; arrays as in `movenet.decode`."""

    decode_one: Callable[[Heads, Guides | None], Floats]
    """Heads and guides as in `movenet.decode_one` → one person in each picture, (N, K, 3) y, x, score."""
    cast_votes: Callable[[Heads, Guides | None, float | None], Votes]
    """Arguments as in `movenet.decode.votes.cast_votes` → votes for one person in each picture."""
    decode_many: Callable[[Heads, float], list[DecodedPeople]]
    """Heads and the minimum score of a center (PoseNet: of a root) → every person in each picture."""
    shift_px: float
    """Added to x and y of the decoded points, in pixels of the input, to correct the model's systematic error."""


def _decode_one_posenet(heads: Heads, guides: Guides | None) -> Floats:
    """Decode PoseNet's heads. Guides do not apply: there is no center and no regression."""
    return posenet.decode_one(heads)


def _cast_votes_posenet(heads: Heads, guides: Guides | None, offset_cells: float | None) -> Votes:
    """Return one vote for each keypoint, its decoded position, weighted by its score."""
    points, scores = np.split(posenet.decode_one(heads), [2], axis=-1)
    return Votes(points, scores[..., 0], points[:, :, None], scores)


DECODERS: Final[Mapping[str, Decoder]] = {
    "movenet": Decoder(
        decode_one,
        cast_votes,
        lambda heads, min_score: decode_many(heads, MultiPoseSettings(min_score)),
        MODEL_SHIFT_PX,
    ),
    "posenet": Decoder(
        _decode_one_posenet,
        _cast_votes_posenet,
        lambda heads, min_score: posenet.decode_many(heads, posenet.MultiPoseSettings(min_score)),
        posenet.SHIFT_PX,
    ),
}
"""Decoders by `ModelCard.family`."""
