"""Validation: AP and PCK of a network on crops around annotated boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from movenet.annotations import Box, Person
from movenet.crop import Crop
from movenet.decode import Floats, decode_one
from movenet.drawing import draw
from movenet.evaluation.coco_ap import average_precision
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.truth import People
from movenet.media import read_photo
from movenet.pose import Pose
from movenet.training.labels import Labels

TORSO_SHARE, BOX_SHARE = 0.2, 0.1
"""Tolerance of PCK, as a fraction of the torso's longer diagonal, or without a torso of the box's longer edge."""
BATCH_SIZE = 32
SHEET_SIZE = 8
"""Number of squares in a sheet of samples."""


@dataclass(frozen=True, slots=True, eq=False)
class ValidationMetrics:
    """Metrics of a network on a validation dataset."""

    ap: float
    """COCO's average precision, 0…1, with the annotated boxes given."""
    pck: float
    """Percentage of correct keypoints (PCK), as a fraction 0…1: labelled keypoints within the tolerance."""
    sheet: NDArray[np.uint8]
    """(H, W, 3) uint8 RGB: the first squares with the estimated poses."""


def validate(
    network: nn.Module, labels: Labels, side: int, crop_factor: float = 1.1, precision: str = "fp32"
) -> ValidationMetrics:
    """Return the metrics of a network on all labelled people, computed in "fp32" or "bf16".

    Raises:
        MediaError: if an image cannot be read: metrics without it would not be comparable.
        MissingExtraError: if the package that computes AP is not installed.
    """
    people = [(labels.images[i], _person(labels, i, box)) for i, box in labels.people]
    keypoints: list[Floats] = []
    scores: list[Floats] = []
    squares: list[NDArray[np.uint8]] = []
    for start in range(0, len(people), BATCH_SIZE):
        part = people[start : start + BATCH_SIZE]
        crops = [Crop.around_box(person.box, crop_factor, side) for _, person in part]
        cropped = np.stack([crop.cut(read_photo(p.path)) for crop, (p, _) in zip(crops, part, strict=True)])
        for crop, decoded in zip(crops, predict(network, cropped, precision), strict=True):
            points, score = crop.decoded_to_image(decoded)
            keypoints.append(points)
            scores.append(score)
            if len(squares) < SHEET_SIZE:
                square = cropped[len(squares)]
                squares.append(draw(square, [Pose(crop.to_output(points).astype(np.float32), score, 1.0)]))
    truth = [person for _, person in people]
    estimated = np.stack(keypoints)
    ap = compute_ap([i for i, _ in labels.people], truth, estimated, np.stack(scores), labels)
    return ValidationMetrics(ap, compute_pck(truth, estimated, labels.skeleton.torso), tile(squares))


def predict(network: nn.Module, squares: NDArray[np.uint8], precision: str = "fp32") -> Floats:
    """Return the decoded output of a network for squares (N, side, side, 3) uint8 RGB: (N, K, 3) y, x, score."""
    device = next(network.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        heads = network(torch.from_numpy(squares).to(device))
    return decode_one({name: head.float().cpu().numpy() for name, head in heads.items()})


def compute_ap(
    image_ids: Sequence[int], truth: Sequence[Person], estimated: Floats, scores: Floats, labels: Labels
) -> float:
    """Return the AP of estimated keypoints (P, K, 2), in pixels, with scores (P, K): one pose per labelled person."""
    ids = np.array(image_ids, np.int64)
    boxes = np.array([person.box for person in truth], np.float64)
    people = People(
        image_ids=ids,
        keypoints=np.stack([person.keypoints for person in truth]).astype(np.float64),
        labelled=np.stack([person.labelled for person in truth]),
        areas=np.array([person.area for person in truth]),
        boxes=boxes,
        crowds=np.zeros(len(truth), np.bool_),
        ignored=np.zeros(len(truth), np.bool_),
    )
    estimates = Estimates(
        ids,
        estimated.astype(np.float64),
        scores.astype(np.float64),
        scores.mean(axis=1).astype(np.float64),
        boxes,
    )
    return average_precision(people, estimates, labels.skeleton.sigmas)


def compute_pck(truth: Sequence[Person], estimated: Floats, torso: Sequence[tuple[int, int]]) -> float:
    """Return the PCK (0…1) of estimated keypoints (P, K, 2), in pixels, of people with a known tolerance."""
    right = labelled = 0
    for person, points in zip(truth, estimated, strict=True):
        limit = _tolerance(person, torso)
        if limit > 0:
            distances = np.linalg.norm(points - person.keypoints, axis=1)[person.labelled]
            right += int((distances <= limit).sum())
            labelled += len(distances)
    return right / labelled if labelled else math.nan


def tile(squares: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return squares of one size as one image of two rows; with an odd number, the last place is black."""
    columns = -(-len(squares) // 2)
    padded = [*squares, *[np.zeros_like(squares[0])] * (2 * columns - len(squares))]
    return np.vstack([np.hstack(padded[:columns]), np.hstack(padded[columns:])])


def _person(labels: Labels, image: int, box: Box) -> Person:
    return next(person for person in labels.images[image].learnable if person.box == box)


def _tolerance(person: Person, torso: Sequence[tuple[int, int]]) -> float:
    """Return the largest error, in pixels, of a correct keypoint of this person; 0 if unknown."""
    if not torso:
        return BOX_SHARE * max(person.box[2:])
    ends = [
        np.linalg.norm(person.keypoints[a] - person.keypoints[b])
        for a, b in torso
        if person.labelled[[a, b]].all()
    ]
    return TORSO_SHARE * float(max(ends, default=0.0))
