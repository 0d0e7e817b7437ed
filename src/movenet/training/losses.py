"""Losses, one for each head.

center, heatmap      penalty-reduced focal loss, Zhou et al. 2019, "Objects as Points", equation 1
regress, offset, …   mean distance in cells where there is a label
distillation         cross-entropy with the teacher's scores; distances weighted by them
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 (the usual name for it)
from torch import Tensor

from movenet.training.targets import Targets

HEAT_MAPS: Final = ("center", "heatmap")
"""Heads that give a score for every cell; the others give displacements."""
HEAT_MAP_OF: Final = {
    "offset": "heatmap",
    "regress": "center",
    "box_scale": "center",
    "box_offset": "center",
}
"""For each head of displacements the heat map that weights its distillation."""


def label_losses(heads: Mapping[str, Tensor], targets: Targets) -> dict[str, Tensor]:
    """Return the loss of each head, a scalar, by the name of the head."""
    return {
        name: focal_loss(heads[name], *target) if name in HEAT_MAPS else distance(heads[name], *target)
        for name, target in targets.items()
    }


def focal_loss(logits: Tensor, value: Tensor, weight: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss of heat maps, per peak: near a peak a high score costs less."""
    score = logits.sigmoid()
    positive = (1 - score).square() * F.logsigmoid(logits)
    negative = (1 - value).square().square() * score.square() * F.logsigmoid(-logits)
    peak = value == 1
    return -(torch.where(peak, positive, negative) * weight).sum() / (peak * weight).sum().clamp(min=1)


def distance(displacements: Tensor, value: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean of |displacement − value|, per axis, in cells."""
    return ((displacements - value).abs() * weight).sum() / weight.sum().clamp(min=1)


def distillation_losses(
    heads: Mapping[str, Tensor], teacher_heads: Mapping[str, Tensor], targets: Targets, labelled_weight: float
) -> dict[str, Tensor]:
    """Return the loss against the teacher of each head that it has, named "teacher_" + the head's name.

    Cells without a label have weight 1, cells with one `labelled_weight` (0…1).
    """
    losses = {}
    for name, target in ((name, targets[name]) for name in targets if name in teacher_heads):
        weight = torch.where(target.weight > 0, labelled_weight, 1.0)
        loss = heat_map_distillation if name in HEAT_MAPS else displacement_distillation
        scores = teacher_heads[HEAT_MAP_OF.get(name, name)].sigmoid()
        losses[f"teacher_{name}"] = loss(heads[name], teacher_heads[name], scores, weight)
    return losses


def heat_map_distillation(logits: Tensor, teacher_logits: Tensor, scores: Tensor, weight: Tensor) -> Tensor:
    """Return the cross-entropy with the teacher's scores, minus their own entropy, per peak."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, scores, reduction="none")
    entropy = F.binary_cross_entropy_with_logits(teacher_logits, scores, reduction="none")
    return ((cross_entropy - entropy) * weight).sum() / (scores * weight).sum().clamp(min=1)


def displacement_distillation(
    displacements: Tensor, teacher_displacements: Tensor, scores: Tensor, weight: Tensor
) -> Tensor:
    """Return the mean distance to the teacher's displacements, in cells, weighted by its squared scores."""
    repeats = displacements.shape[1] // scores.shape[1]
    weights = scores.square().repeat_interleave(repeats, dim=1) * weight
    return ((displacements - teacher_displacements).abs() * weights).sum() / weights.sum().clamp(min=1)
