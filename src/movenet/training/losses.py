"""How wrong each head is: one named part for each. The loop weighs them.

center, heatmap      penalty-reduced focal loss     Zhou et al. 2019, "Objects as Points", equation 1
regress, offset, …   mean distance in cells, where it is labelled
teacher's heads      cross-entropy with its scores; distances where it sees something
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor

from movenet.training.targets import Targets

MAPS: Final = ("center", "heatmap")
"""Heads that score every cell; the others measure ways."""
GUIDES: Final = {"offset": "heatmap", "regress": "center", "box_scale": "center", "box_offset": "center"}
"""Which map says where a way matters."""


def losses(heads: Mapping[str, Tensor], targets: Targets) -> dict[str, Tensor]:
    """Return the parts of the loss, one number for each head, named as the heads."""
    return {
        name: focal(heads[name], *target) if name in MAPS else distance(heads[name], *target)
        for name, target in targets.items()
    }


def focal(logits: Tensor, value: Tensor, weight: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss of maps, per peak: near a peak a high score is forgiven."""
    score = logits.sigmoid()
    found = (1 - score).square() * F.logsigmoid(logits)
    absent = (1 - value).square().square() * score.square() * F.logsigmoid(-logits)
    peak = value == 1
    return -(torch.where(peak, found, absent) * weight).sum() / (peak * weight).sum().clamp(min=1)


def distance(ways: Tensor, value: Tensor, weight: Tensor) -> Tensor:
    """Return the mean distance |way − value| along an axis, in cells, where the weight is not 0."""
    return ((ways - value).abs() * weight).sum() / weight.sum().clamp(min=1)


def lessons(
    heads: Mapping[str, Tensor], taught: Mapping[str, Tensor], targets: Targets, beside: float
) -> dict[str, Tensor]:
    """Return the parts of the loss that a teacher's heads give, named "teacher_…".

    They matter fully where labels say nothing and `beside` times as much (0…1) where they say something. Of a head
    that the teacher does not have it says nothing.
    """
    parts = {}
    for name, target in ((name, targets[name]) for name in targets if name in taught):
        trust = torch.where(target.weight > 0, beside, 1.0)
        part = follow if name in MAPS else approach
        guide = taught[GUIDES.get(name, name)].sigmoid()
        parts[f"teacher_{name}"] = part(heads[name], taught[name], guide, trust)
    return parts


def follow(logits: Tensor, taught: Tensor, guide: Tensor, trust: Tensor) -> Tensor:
    """Return the cross-entropy of maps with the teacher's scores, less what no student could avoid, per peak."""
    extra = F.binary_cross_entropy_with_logits(logits, guide, reduction="none")
    least = F.binary_cross_entropy_with_logits(taught, guide, reduction="none")
    return ((extra - least) * trust).sum() / (guide * trust).sum().clamp(min=1)


def approach(ways: Tensor, taught: Tensor, guide: Tensor, trust: Tensor) -> Tensor:
    """Return the mean distance to the teacher's ways, in cells, where its map sees something."""
    repeats = ways.shape[1] // guide.shape[1]
    sure = guide.square().repeat_interleave(repeats, dim=1) * trust
    return ((ways - taught).abs() * sure).sum() / sure.sum().clamp(min=1)
