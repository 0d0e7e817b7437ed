"""The network with its decoder inside, as Google published it: pictures in, keypoints out.

The steps are those of `movenet.decode`, which explains them, in torch so that every converter can follow. Constants are
exact; the published fp16 graphs hold them rounded. In the shapes below N is pictures or people, K keypoints.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor, nn

from movenet.decode import DISTANCE_OFFSET_CELLS, MultiPoseSettings
from movenet.networks.movenet import Network

PEOPLE: Final = 6
"""Number of people that the published many-person graph always returns."""


class OnePerson(nn.Module):
    """A single-person MoveNet with Google's own input and output."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Map pictures (N, H, W, 3), RGB, 0…255, any number type, to (N, 1, K, 3): y, x, 0…1, and score."""
        heads = self.network(images)
        scores = heads["heatmap"].sigmoid()
        height, width = scores.shape[2:]
        ys, xs = _grid(scores)
        away = ((ys - height / 2).square() + (xs - width / 2).square()).sqrt()
        center = _highest(heads["center"].sigmoid() / (away + DISTANCE_OFFSET_CELLS))
        starts = _places(center, width) + _read(heads["regress"], center.expand(-1, scores.shape[1]))
        cells = _highest(scores / (_squares(scores, starts).sqrt() + DISTANCE_OFFSET_CELLS))
        points = _places(cells, width) + _read(heads["offset"], cells)
        answer = torch.cat((_shares(points, height, width), _at(scores, cells)[..., None]), dim=2)
        return answer[:, None]


class ManyPeople(nn.Module):
    """A many-person MoveNet with Google's own input and output."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.spread = MultiPoseSettings().gaussian_variance
        self.reach = MultiPoseSettings().nms_radius
        self.least = MultiPoseSettings().min_keypoint_score

    def forward(self, images: Tensor) -> Tensor:
        """Map one picture (1, H, W, 3), RGB, 0…255, any number type, to (1, 6, 3K + 5), the highest score first.

        For each person: y, x, 0…1, and score of every keypoint, then ymin, xmin, ymax, xmax, and their score.
        """
        heads = self.network(images)
        height, width = heads["heatmap"].shape[2:]
        centers, center_scores = self._peaks(heads["center"].sigmoid())
        alike = {name: head.expand(PEOPLE, -1, -1, -1) for name, head in heads.items()}
        middle = _places(centers, width)
        starts = middle + _read(alike["regress"], centers.expand(-1, heads["heatmap"].shape[1]))
        low, high = _boxes(alike, centers, middle)
        points, scores = self._keypoints(alike, starts, low, high)
        keypoints = torch.cat((_shares(points, height, width), scores[..., None]), dim=2).flatten(1)
        boxes = torch.cat((_shares(low, height, width), _shares(high, height, width)), dim=2).flatten(1)
        person = center_scores * self._mean(scores)
        return torch.cat((keypoints, boxes, person), dim=1)[None]

    def _peaks(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return the cells (6, 1) of the highest peaks of (1, 1, h, w), and their scores (6, 1)."""
        highest = F.max_pool2d(scores, 2 * self.reach + 1, stride=1, padding=self.reach)
        peaks = torch.where(scores == highest, scores, torch.zeros_like(scores))
        best, cells = peaks.flatten().topk(PEOPLE)
        return cells[:, None], best[:, None]

    def _keypoints(
        self, heads: dict[str, Tensor], starts: Tensor, low: Tensor, high: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return each person's keypoints (6, K, 2), y, x in cells, and their scores (6, K)."""
        scores = heads["heatmap"].sigmoid()
        height, width = scores.shape[2:]
        variance = self.spread * torch.sym_min(height, width)  # type: ignore[no-untyped-call]
        near = torch.exp(_squares(scores, starts) / -variance)
        cells = _highest(scores * near * _inside(_grid(scores), low, high))
        places = _places(cells, width)
        points = places + _read(heads["offset"], cells)
        # A keypoint may be near another person's start: of person p's keypoints to person q, (p, q, K).
        away = (places[:, None] - starts[None]).square().sum(dim=3)
        there = _inside((places[:, None, :, 0], places[:, None, :, 1]), low[None, :, 0], high[None, :, 0])
        nearest = (torch.exp(away / -variance) * there).amax(dim=1)
        return points, _at(scores, cells) * nearest

    def _mean(self, scores: Tensor) -> Tensor:
        """Return each person's mean score (6, 1) of those of their keypoints (6, K) that count."""
        counted = (scores > self.least).to(scores.dtype)
        return (scores * counted).sum(dim=1, keepdim=True) / counted.sum(dim=1, keepdim=True).clamp(min=1)


def _boxes(heads: dict[str, Tensor], centers: Tensor, middle: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the last corner of each person's box, (6, 1, 2) each: y, x in cells."""
    half = F.relu(_read(heads["box_scale"], centers)) / 2
    at = middle + _read(heads["box_offset"], centers)
    return _clipped(at - half, heads["center"]), _clipped(at + half, heads["center"])


def _clipped(points: Tensor, maps: Tensor) -> Tensor:
    """Return points (N, K, 2), y, x in cells, moved into maps (…, h, w)."""
    height, width = maps.shape[-2:]
    return torch.stack((points[..., 0].clamp(0, height), points[..., 1].clamp(0, width)), dim=2)


def _grid(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return y (h, 1) and x (1, w) of every cell of maps (…, h, w)."""
    height, width = maps.shape[-2:]
    return torch.arange(height, dtype=torch.float32)[:, None], torch.arange(width, dtype=torch.float32)[None]


def _squares(maps: Tensor, places: Tensor) -> Tensor:
    """Return how far each cell of maps (N, …, h, w) is from places (N, K, 2), squared: (N, K, h, w)."""
    ys, xs = _grid(maps)
    return (ys - places[..., 0, None, None]).square() + (xs - places[..., 1, None, None]).square()


def _inside(points: tuple[Tensor, Tensor], low: Tensor, high: Tensor) -> Tensor:
    """Return 1 where y and x are in the box from `low` (N, 1, 2) or (1, N, 2) to before `high`, else 0."""
    (ys, xs), ends = points, (..., None, None) if points[0].ndim == 2 else (..., None)
    y_in = torch.logical_and(ys >= low[..., 0][ends], ys < high[..., 0][ends])
    x_in = torch.logical_and(xs >= low[..., 1][ends], xs < high[..., 1][ends])
    return torch.logical_and(y_in, x_in).to(torch.float32)


def _highest(maps: Tensor) -> Tensor:
    """Return the number (N, K) of the highest cell of maps (N, K, h, w), counted row by row."""
    return maps.flatten(2).argmax(dim=2)


def _places(cells: Tensor, width: int) -> Tensor:
    """Return where numbered cells (N, K) lie: (N, K, 2), y, x in cells."""
    row = torch.div(cells, width, rounding_mode="floor")
    return torch.stack((row, cells - row * width), dim=2).to(torch.float32)


def _read(head: Tensor, cells: Tensor) -> Tensor:
    """Read the (y, x) that a head (N, 2K, h, w) holds at numbered cells (N, K): (N, K, 2)."""
    pairs = head.reshape(head.shape[0], -1, 2, head.shape[2] * head.shape[3])
    return pairs.gather(3, cells[..., None, None].expand(-1, -1, 2, 1))[..., 0]


def _at(maps: Tensor, cells: Tensor) -> Tensor:
    """Read maps (N, K, h, w) at numbered cells (N, K)."""
    return maps.flatten(2).gather(2, cells[..., None])[..., 0]


def _shares(points: Tensor, height: int, width: int) -> Tensor:
    """Return points (N, K, 2), y, x in cells, in 0…1 of the picture."""
    return torch.stack((points[..., 0] / height, points[..., 1] / width), dim=2)
