"""What the heads should have answered: the exact inverse of `movenet.decode`.

A keypoint at place p (y, x in cells) belongs to the cell ⌊p⌋, of which it is p − ⌊p⌋ away: 0…1, which is what
Google's models answer (measured: a median of .44). A person's centre is the mean of their labelled keypoints in the
square (measured, too: the middle of the box or of the hips lies 4 to 6 cells off; where the square shows a part of
somebody, the mean of all their keypoints lies 9 cells off and that of those inside 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from movenet.training.dataset import Sample


class Target(NamedTuple):
    """What one head should say, and how much it matters where."""

    value: Tensor
    """(N, C, S, S), as the head, but for "center" and "heatmap" after the sigmoid: 0…1, exactly 1 at a peak."""
    weight: Tensor
    """(N, C, S, S) or less that broadcasts: 0 where nothing is known."""


Targets: TypeAlias = dict[str, Target]


@dataclass(frozen=True, slots=True)
class TargetRule:
    """How wide a label reaches, in cells."""

    spread: float = 1.0
    """Standard deviation of the peaks in "center" and "heatmap": what Google's models show, at either size."""
    reach: int = 2
    """Cells around the right one, in y and x, in which offsets and regression are taught as well: decoding may
    stop at a neighbour."""


def count_people(labelled: Tensor) -> int:
    """Return the largest number of people with a label (N, P, K) that a sample of a batch has, at least 1."""
    return max(int(labelled.any(dim=-1).sum(dim=-1).max()), 1)


def make_targets(
    sample: Sample, heads: Sequence[str], rule: TargetRule, people: int | None = None
) -> Targets:
    """Return the targets of a batch for the heads of these names.

    Only the first `people` of each sample are looked at (see `count_people`), which saves time; None is all. Nothing
    here waits for a GPU.
    """
    sample = sample._replace(
        places=sample.places[:, :people],
        labelled=sample.labelled[:, :people],
        bodies=sample.bodies[:, :people],
    )
    grid = sample.unknown.shape[-1]
    places = sample.places * grid
    known = sample.labelled
    inside = known & ((places >= 0) & (places < grid)).all(dim=-1)
    centers = middle_of(places, inside)[:, :, None]
    present = inside.any(dim=-1, keepdim=True)
    makers = {
        "center": lambda: _center(sample, centers, present, rule),
        "heatmap": lambda: _heatmap(sample, places, rule),
        "regress": lambda: ways(centers, places, known & present, grid, rule.reach),
        "offset": lambda: ways(places, places, known, grid, rule.reach),
        "box_scale": lambda: _box(sample, centers, present, grid, rule.reach)[0],
        "box_offset": lambda: _box(sample, centers, present, grid, rule.reach)[1],
    }
    return {name: makers[name]() for name in heads}


def middle_of(places: Tensor, known: Tensor) -> Tensor:
    """Return the mean (N, P, 2) of those places (N, P, K, 2) that are known (N, P, K)."""
    weight = known[..., None].to(places.dtype)
    return (places * weight).sum(dim=2) / weight.sum(dim=2).clamp(min=1)


def peaks(places: Tensor, known: Tensor, grid: int, spread: float) -> Tensor:
    """Return maps (N, K, S, S) with a gaussian on the cell of each known place (N, P, K, 2): 1 at its top.

    Where people come near each other the higher one counts.
    """
    rows = torch.arange(grid, device=places.device, dtype=places.dtype)
    bells = torch.exp((rows - places.floor()[..., None]).square() / (-2 * spread**2)) * known[..., None, None]
    highest = torch.zeros(places.shape[0], places.shape[2], grid, grid, device=places.device)
    for one in bells.unbind(1):
        highest = torch.maximum(highest, one[:, :, 0, :, None] * one[:, :, 1, None, :])
    return highest


def ways(starts: Tensor, ends: Tensor, known: Tensor, grid: int, reach: int) -> Target:
    """Return the ways from the cells around `starts` (N, P, K or 1, 2) to `ends` (N, P, K, 2): (N, 2K, S, S).

    Where two people claim a cell it belongs to the first, who is nearest to the middle.
    """
    axis = torch.arange(-reach, reach + 1, device=ends.device)
    around = torch.cartesian_prod(axis, axis)
    cells = (starts.floor()[..., None, :] + around).expand(*ends.shape[:3], len(around), 2).long()
    valid = known[..., None] & ((cells >= 0) & (cells < grid)).all(dim=-1)
    # One cell more than there are takes what is not valid: a mask would make the CPU wait for the GPU.
    index = torch.where(valid, cells[..., 0] * grid + cells[..., 1], grid * grid)
    way = (ends[..., None, :] - cells).transpose(-1, -2)
    value = torch.zeros(len(ends), ends.shape[2], 2, grid * grid + 1, device=ends.device)
    weight = torch.zeros_like(value)
    for p in reversed(range(ends.shape[1])):
        place = index[:, p, :, None].expand_as(way[:, p])
        value.scatter_(-1, place, way[:, p])
        weight.scatter_(-1, place, 1.0)
    whole = (maps[..., :-1].reshape(len(ends), -1, grid, grid) for maps in (value, weight))
    return Target(*whole)


def _center(sample: Sample, centers: Tensor, present: Tensor, rule: TargetRule) -> Target:
    value = peaks(centers, present, sample.unknown.shape[-1], rule.spread)
    return Target(value, (~sample.unknown[:, None] | (value == 1)).to(value.dtype))


def _heatmap(sample: Sample, places: Tensor, rule: TargetRule) -> Target:
    """Say nothing where an unlabelled keypoint may be, unless the same one of somebody else is there."""
    value = peaks(places, sample.labelled, sample.unknown.shape[-1], rule.spread)
    missing = ~sample.labelled & sample.labelled.any(dim=-1, keepdim=True)
    hidden = torch.einsum("npk,npyx->nkyx", missing.to(value.dtype), sample.bodies.to(value.dtype)) > 0
    weight = ~(hidden | sample.unknown[:, None]) | (value == 1)
    return Target(value, weight.to(value.dtype))


def _box(sample: Sample, centers: Tensor, present: Tensor, grid: int, reach: int) -> tuple[Target, Target]:
    """Return size and place of the box around each person's labelled keypoints, (N, 2, S, S) each."""
    known = sample.labelled[..., None]
    low = torch.where(known, sample.places, torch.inf).amin(dim=2, keepdim=True)
    high = torch.where(known, sample.places, -torch.inf).amax(dim=2, keepdim=True)
    low, high = (torch.nan_to_num(edge, 0.0, 0.0, 0.0) * grid for edge in (low, high))
    rows = ways(centers, (low + high) / 2, present, grid, reach)
    # The way from a cell to cell + size is the size, whatever the cell.
    size = ways(centers, high - low, present, grid, reach)
    axis = torch.arange(grid, device=low.device, dtype=low.dtype)
    cells = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))
    return Target(size.value + cells, size.weight), rows
