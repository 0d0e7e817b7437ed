"""Targets of the heads: the exact inverse of `movenet.decode`.

A keypoint at p (y, x in cells) belongs to the cell ⌊p⌋ and has the offset p − ⌊p⌋, 0…1, as in Google's models (median
offset measured: 0.44). A person's centre is the mean of their labelled keypoints inside the square. This was measured,
too: the centres of Google's models are 4 to 6 cells from the centre of the box or of the hips; of people partly outside
the square, 9 cells from the mean of all keypoints and 3 from the mean of those inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from movenet.training.dataset import Sample


class Target(NamedTuple):
    """Target of one head, and its weight in each cell."""

    value: Tensor
    """(N, C, S, S), as the head; of "center" and "heatmap" after the sigmoid: 0…1, exactly 1 at a peak."""
    weight: Tensor
    """Broadcasts to (N, C, S, S): 0 where the target is unknown."""


Targets: TypeAlias = dict[str, Target]


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """Table [targets]: the extent of the targets around a keypoint or a centre."""

    sigma_cells: float = 1.0
    """Standard deviation of the Gaussians in "center" and "heatmap", in cells; measured on Google's models."""
    radius_cells: int = 2
    """Offsets and displacements are trained in this many cells around the true one, in y and x: the decoded peak may be
    in a neighbouring cell."""


def max_people(labelled: Tensor) -> int:
    """Return the largest number of labelled people in a sample of a batch, at least 1; `labelled` is (N, P, K)."""
    return max(int(labelled.any(dim=-1).sum(dim=-1).max()), 1)


def make_targets(
    sample: Sample, heads: Sequence[str], settings: TargetSettings, people: int | None = None
) -> Targets:
    """Return the targets of a batch for the heads of these names.

    Only the first `people` of each sample are used (see `max_people`), which saves time; None uses all. No operation
    here synchronises with the GPU.
    """
    sample = sample._replace(
        keypoints=sample.keypoints[:, :people],
        labelled=sample.labelled[:, :people],
        person_masks=sample.person_masks[:, :people],
    )
    grid = sample.ignored.shape[-1]
    points = sample.keypoints * grid
    known = sample.labelled
    inside = known & ((points >= 0) & (points < grid)).all(dim=-1)
    centers = centroid(points, inside)[:, :, None]
    present = inside.any(dim=-1, keepdim=True)
    makers = {
        "center": lambda: _center(sample, centers, present, settings),
        "heatmap": lambda: _heatmap(sample, points, settings),
        "regress": lambda: displacements(centers, points, known & present, grid, settings.radius_cells),
        "offset": lambda: displacements(points, points, known, grid, settings.radius_cells),
        "box_scale": lambda: _box(sample, centers, present, grid, settings.radius_cells)[0],
        "box_offset": lambda: _box(sample, centers, present, grid, settings.radius_cells)[1],
    }
    return {name: makers[name]() for name in heads}


def centroid(points: Tensor, known: Tensor) -> Tensor:
    """Return the mean (N, P, 2) of those points (N, P, K, 2) that are known (N, P, K)."""
    weight = known[..., None].to(points.dtype)
    return (points * weight).sum(dim=2) / weight.sum(dim=2).clamp(min=1)


def gaussians(points: Tensor, known: Tensor, grid: int, sigma: float) -> Tensor:
    """Return heat maps (N, K, S, S) with a Gaussian of height 1 at the cell of each known point (N, P, K, 2).

    Where Gaussians overlap, the maximum counts.
    """
    rows = torch.arange(grid, device=points.device, dtype=points.dtype)
    curves = torch.exp((rows - points.floor()[..., None]).square() / (-2 * sigma**2)) * known[..., None, None]
    highest = torch.zeros(points.shape[0], points.shape[2], grid, grid, device=points.device)
    for one in curves.unbind(1):
        highest = torch.maximum(highest, one[:, :, 0, :, None] * one[:, :, 1, None, :])
    return highest


def displacements(starts: Tensor, ends: Tensor, known: Tensor, grid: int, radius: int) -> Target:
    """Return the displacements from the cells around `starts` (N, P, K or 1, 2) to `ends` (N, P, K, 2): (N, 2K, S, S).

    A cell near two people belongs to the first of them, who is nearer to the centre of the square.
    """
    axis = torch.arange(-radius, radius + 1, device=ends.device)
    around = torch.cartesian_prod(axis, axis)
    cells = (starts.floor()[..., None, :] + around).expand(*ends.shape[:3], len(around), 2).long()
    valid = known[..., None] & ((cells >= 0) & (cells < grid)).all(dim=-1)
    # Invalid values go to one extra cell: indexing with a mask would make the CPU wait for the GPU.
    index = torch.where(valid, cells[..., 0] * grid + cells[..., 1], grid * grid)
    vectors = (ends[..., None, :] - cells).transpose(-1, -2)
    value = torch.zeros(len(ends), ends.shape[2], 2, grid * grid + 1, device=ends.device)
    weight = torch.zeros_like(value)
    for p in reversed(range(ends.shape[1])):
        cell = index[:, p, :, None].expand_as(vectors[:, p])
        value.scatter_(-1, cell, vectors[:, p])
        weight.scatter_(-1, cell, 1.0)
    return Target(*(maps[..., :-1].reshape(len(ends), -1, grid, grid) for maps in (value, weight)))


def _center(sample: Sample, centers: Tensor, present: Tensor, settings: TargetSettings) -> Target:
    value = gaussians(centers, present, sample.ignored.shape[-1], settings.sigma_cells)
    return Target(value, (~sample.ignored[:, None] | (value == 1)).to(value.dtype))


def _heatmap(sample: Sample, points: Tensor, settings: TargetSettings) -> Target:
    """Ignore cells where an unlabelled keypoint may be, unless they are the peak of another person's."""
    value = gaussians(points, sample.labelled, sample.ignored.shape[-1], settings.sigma_cells)
    missing = ~sample.labelled & sample.labelled.any(dim=-1, keepdim=True)
    hidden = torch.einsum("npk,npyx->nkyx", missing.to(value.dtype), sample.person_masks.to(value.dtype)) > 0
    weight = ~(hidden | sample.ignored[:, None]) | (value == 1)
    return Target(value, weight.to(value.dtype))


def _box(sample: Sample, centers: Tensor, present: Tensor, grid: int, radius: int) -> tuple[Target, Target]:
    """Return the size and the offset of the box around each person's labelled keypoints, (N, 2, S, S) each."""
    known = sample.labelled[..., None]
    low = torch.where(known, sample.keypoints, torch.inf).amin(dim=2, keepdim=True)
    high = torch.where(known, sample.keypoints, -torch.inf).amax(dim=2, keepdim=True)
    low, high = (torch.nan_to_num(edge, 0.0, 0.0, 0.0) * grid for edge in (low, high))
    offset = displacements(centers, (low + high) / 2, present, grid, radius)
    # displacements() subtracts the cell, which is added again below.
    size = displacements(centers, high - low, present, grid, radius)
    axis = torch.arange(grid, device=low.device, dtype=low.dtype)
    cells = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))
    return Target(size.value + cells, size.weight), offset
