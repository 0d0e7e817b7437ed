"""Pseudo-labels: what the larger model says of a frame, as far as its own looks agree.

People are found in first looks at several sizes. Each is then looked at in two squares of different size, and each
square mirrored as well. Where both squares see a keypoint in the same place it is a label; elsewhere nothing is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode import Guide
from movenet.engine import Engine, Runtime, open_engine
from movenet.estimator import Estimator, default_settings
from movenet.oks import area, similarity
from movenet.pose import SIGMAS, Pose

FIRST_SIDES_PX: Final = (256, 512)
"""Longer sides of the first looks: large and small people."""


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """What counts as a label."""

    second_factor: float = 1.5
    """Side of the second square, as a multiple of the person's longer side (the first's is the estimator's)."""
    min_keypoint_score: float = 0.35
    """Least mean score of a keypoint."""
    min_keypoint_likeness: float = 0.5
    """Least likeness of its two places, 0…1: exp(−d² / (2 · area · (2σ)²)), as in COCO's OKS."""
    min_keypoints: int = 9
    """Least labelled keypoints of a person; fewer, and the person is only marked as there."""
    min_score: float = 0.3
    """Least mean score of the labelled keypoints."""
    min_long_px: float = 96.0
    """Least length of a person's longer side, in pixels of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A person of a frame, in pixels of the frame with the origin at its corner."""

    keypoints: NDArray[np.float32]
    """Shape (17, 2): x, y."""
    labelled: NDArray[np.bool_]
    """Shape (17,)."""
    score: float
    """Mean score of the labelled keypoints."""
    likeness: float
    """Mean likeness of the two looks, over the labelled keypoints."""
    box: tuple[float, float, float, float]
    """x, y, width, height around the labelled keypoints and the first look's box."""
    doubt: str | None = None
    """Why the person is only marked as there, not labelled; None if they are."""


class Labeller:
    """Labels frames. The same frame gives the same labels."""

    def __init__(
        self,
        settings: LabelSettings = LabelSettings(),
        model: str | Path | Engine = "thunder",
        detector: str | Path | Engine = "multipose",
        runtime: Runtime | None = None,
    ):
        """Load the models; see `Estimator`."""
        self.settings = settings
        engine = model if isinstance(model, Engine) else open_engine(model, runtime)
        how = replace(
            default_settings(engine.card, "many"),
            detector_sides_px=FIRST_SIDES_PX,
            next_side_below_px=math.inf,
            small_person_px=0,
            flip=True,
        )
        self.estimator = Estimator(
            engine, people="many", min_score=0.05, settings=how, detector=detector, runtime=runtime
        )

    def __call__(self, image: NDArray[np.uint8]) -> list[Label]:
        """Return everybody in a picture (H, W, 3), uint8 RGB, the surest first."""
        first = self.estimator(image)
        return [self._label(*looks) for looks in zip(first, self._again(image, first), strict=True)]

    def _again(self, image: NDArray[np.uint8], poses: Sequence[Pose]) -> list[Pose]:
        """Look at each person in the second square, and only tell the decoder whose middle it is."""
        side, shift_px = self.estimator.engine.card.side, self.estimator.shift_px
        crops, guides = [], []
        for pose in poses:
            box = pose.bounds() or (0.0, 0.0, 1.0, 1.0)
            crop = Crop.around_box(box, self.settings.second_factor, side)
            middle = crop.to_decoded(np.array([box[0] + box[2] / 2, box[1] + box[3] / 2]), shift_px)
            crops.append(crop)
            guides.append(Guide(middle, crop.to_decoded(pose.keypoints, shift_px), weight=0.0))
        return self.estimator.estimate_crops([image] * len(poses), crops, guides)

    def _label(self, first: Pose, second: Pose) -> Label:
        s = self.settings
        scores = (first.scores + second.scores) / 2
        alike = likeness(first, second)
        labelled = (scores >= s.min_keypoint_score) & (alike >= s.min_keypoint_likeness)
        keypoints = ((first.keypoints + second.keypoints) / 2).astype(np.float32)
        box = _box(keypoints[labelled], first)
        score, agreed = (float(of[labelled].mean()) if labelled.any() else 0.0 for of in (scores, alike))
        return Label(keypoints, labelled, score, agreed, box, self._doubt(labelled, score, box))

    def _doubt(
        self, labelled: NDArray[np.bool_], score: float, box: tuple[float, float, float, float]
    ) -> str | None:
        s = self.settings
        if max(box[2:]) < s.min_long_px:
            return "small"
        if labelled.sum() < s.min_keypoints:
            return "few keypoints agreed on"
        return "unsure" if score < s.min_score else None


def likeness(first: Pose, second: Pose) -> NDArray[np.float64]:
    """Return how alike two looks place each keypoint, (17,), 0…1: the terms of COCO's OKS."""
    size = max(area(first), 1.0)
    return np.array(
        [
            similarity(a[None, None], b[None, None], [size], [sigma])[0, 0]
            for a, b, sigma in zip(first.keypoints, second.keypoints, SIGMAS, strict=True)
        ]
    )


def _box(points: NDArray[np.float32], pose: Pose) -> tuple[float, float, float, float]:
    around = replace(pose, keypoints=points, scores=np.ones(len(points), np.float32), box=None).bounds()
    return around or pose.bounds() or (0.0, 0.0, 1.0, 1.0)
