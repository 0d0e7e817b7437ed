"""What a network is worth so far: AP and PCK of its answers to the squares around annotated boxes."""

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
"""PCK's tolerance: of the torso's longer diagonal, or without a torso of the box's longer edge."""
AT_ONCE = 32
"""Squares in a batch."""
SHEET = 8
"""Squares of a sheet are in two rows of half as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What was measured on a list."""

    ap: float
    """COCO's average precision, squares around the annotated boxes given."""
    pck: float
    """Share of labelled keypoints within the tolerance."""
    sheet: NDArray[np.uint8]
    """(H, W, 3) RGB: the first squares, with what was answered."""


def validate(
    network: nn.Module, labels: Labels, side: int, factor: float = 1.1, precision: str = "fp32"
) -> Figures:
    """Show a network every labelled person and compare, computing in "fp32" or "bf16".

    Raises:
        MediaError: if a picture cannot be read: a score without it would not be the list's.
        DataError: if the evaluation's package is missing.
    """
    people = [(labels.images[i], _person(labels, i, box)) for i, box in labels.shown]
    keypoints: list[Floats] = []
    scores: list[Floats] = []
    squares: list[NDArray[np.uint8]] = []
    for start in range(0, len(people), AT_ONCE):
        part = people[start : start + AT_ONCE]
        crops = [Crop.around_box(person.box, factor, side) for _, person in part]
        shown = np.stack([crop.cut(read_photo(p.path)) for crop, (p, _) in zip(crops, part, strict=True)])
        for crop, answer in zip(crops, answers(network, shown, precision), strict=True):
            points, score = crop.decoded_to_image(answer)
            keypoints.append(points)
            scores.append(score)
            if len(squares) < SHEET:
                square = shown[len(squares)]
                squares.append(draw(square, [Pose(crop.to_output(points).astype(np.float32), score, 1.0)]))
    truth = [person for _, person in people]
    found = np.stack(keypoints)
    ap = score_answers([i for i, _ in labels.shown], truth, found, np.stack(scores), labels)
    return Figures(ap, correct(truth, found, labels.skeleton.torso), sheet(squares))


def answers(network: nn.Module, squares: NDArray[np.uint8], precision: str = "fp32") -> Floats:
    """Return what a network in torch answers to squares (N, side, side, 3) uint8: (N, K, 3) y, x, score."""
    device = next(network.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        heads = network(torch.from_numpy(squares).to(device))
    return decode_one({name: head.float().cpu().numpy() for name, head in heads.items()})


def score_answers(
    image_ids: Sequence[int], truth: Sequence[Person], found: Floats, scores: Floats, labels: Labels
) -> float:
    """Return the AP of answers (P, K, 2), pixels, with scores (P, K), one for each of the people."""
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
        found.astype(np.float64),
        scores.astype(np.float64),
        scores.mean(axis=1).astype(np.float64),
        boxes,
    )
    return average_precision(people, estimates, labels.skeleton.sigmas)


def correct(truth: Sequence[Person], found: Floats, torso: Sequence[tuple[int, int]]) -> float:
    """Return PCK of answers (P, K, 2) in pixels; people whose tolerance is not known are left out."""
    right = labelled = 0
    for person, points in zip(truth, found, strict=True):
        limit = _tolerance(person, torso)
        if limit > 0:
            distances = np.linalg.norm(points - person.keypoints, axis=1)[person.labelled]
            right += int((distances <= limit).sum())
            labelled += len(distances)
    return right / labelled if labelled else math.nan


def sheet(squares: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return squares of one size in two rows; an odd number leaves the last place black."""
    columns = -(-len(squares) // 2)
    padded = [*squares, *[np.zeros_like(squares[0])] * (2 * columns - len(squares))]
    return np.vstack([np.hstack(padded[:columns]), np.hstack(padded[columns:])])


def _person(labels: Labels, image: int, box: Box) -> Person:
    return next(person for person in labels.images[image].learnable if person.box == box)


def _tolerance(person: Person, torso: Sequence[tuple[int, int]]) -> float:
    """Return how far a keypoint of this person may be off, in pixels; 0 if nobody can say."""
    if not torso:
        return BOX_SHARE * max(person.box[2:])
    ends = [
        np.linalg.norm(person.keypoints[a] - person.keypoints[b])
        for a, b in torso
        if person.labelled[[a, b]].all()
    ]
    return TORSO_SHARE * float(max(ends, default=0.0))
