"""Pseudo-labels: keypoints of a frame on which two estimates of the larger model agree.

People are detected at several input sizes. The pose of each is estimated in two crops of different size, both also
mirrored. A keypoint that both crops place alike is labelled; the others are not.
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

DETECTOR_SIDES_PX: Final = (256, 512)
"""Longer sides of the detector's input, in pixels: for large and for small people."""


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """Thresholds for a label."""

    second_factor: float = 1.5
    """Side of the second crop, as a multiple of the person's longer side; the first crop is the estimator's."""
    min_keypoint_score: float = 0.35
    """Minimum score of a keypoint, averaged over both crops."""
    min_keypoint_similarity: float = 0.5
    """Least similarity of a keypoint's two positions, 0…1: exp(−d² / (2 · area · (2σ)²)), as in COCO's OKS."""
    min_keypoints: int = 9
    """Minimum number of labelled keypoints of a person; with fewer, only the person's box is kept (a crowd region)."""
    min_score: float = 0.3
    """Minimum mean score of the labelled keypoints."""
    min_length_px: float = 96.0
    """Minimum length of a person's longer side, in pixels of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A person of a frame, in pixels of the frame with the origin at its corner."""

    keypoints: NDArray[np.float32]
    """Shape (17, 2): x, y."""
    labelled: NDArray[np.bool_]
    """Shape (17,)."""
    score: float
    """Mean score of the labelled keypoints."""
    keypoint_similarity: float
    """Similarity of the two estimates, averaged over the labelled keypoints."""
    box: tuple[float, float, float, float]
    """x, y, width, height around the labelled keypoints and the detection."""
    rejection: str | None = None
    """Why the person is not labelled but a crowd region; None if labelled."""


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
            detector_sides_px=DETECTOR_SIDES_PX,
            next_side_below_px=math.inf,
            small_person_px=0,
            flip=True,
            flip_min_score=0.0,
        )
        self.estimator = Estimator(
            engine, people="many", min_score=0.05, settings=how, detector=detector, runtime=runtime
        )

    def __call__(self, image: NDArray[np.uint8]) -> list[Label]:
        """Return every person in a picture (H, W, 3), uint8 RGB, the highest score first."""
        first = self.estimator(image)
        return [self._label(*both) for both in zip(first, self._second(image, first), strict=True)]

    def _second(self, image: NDArray[np.uint8], poses: Sequence[Pose]) -> list[Pose]:
        """Return the poses in the second crops; the decoder is guided by the centre alone."""
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
        alike = keypoint_similarity(first, second)
        labelled = (scores >= s.min_keypoint_score) & (alike >= s.min_keypoint_similarity)
        keypoints = ((first.keypoints + second.keypoints) / 2).astype(np.float32)
        box = _box(keypoints[labelled], first)
        score, agreed = (float(of[labelled].mean()) if labelled.any() else 0.0 for of in (scores, alike))
        return Label(keypoints, labelled, score, agreed, box, self._rejection(labelled, score, box))

    def _rejection(
        self, labelled: NDArray[np.bool_], score: float, box: tuple[float, float, float, float]
    ) -> str | None:
        s = self.settings
        if max(box[2:]) < s.min_length_px:
            return "small"
        if labelled.sum() < s.min_keypoints:
            return "too few keypoints agree"
        return "low score" if score < s.min_score else None


def keypoint_similarity(first: Pose, second: Pose) -> NDArray[np.float64]:
    """Return the similarity of each keypoint's two positions, (17,), 0…1: the terms of COCO's OKS."""
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
