"""How others look at the next frame of a video: the rules ours is measured against.

Each is called with a frame and its time, as a `movenet.video.Stream` is, and written with the same public steps. So
they differ from ours in the rule alone: the crop is as exact as ours (theirs round to whole pixels or alias), and
`MODEL_SHIFT_PX` is made good for them too. None of them is meant for use.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import HIPS, SHOULDERS, TORSO_FACTOR, TRACK_SCORE, Crop, look_next
from movenet.estimator import Estimator
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState

CROP_WEIGHT: Final = 0.9
"""How much a new crop counts against the ones before it in tfjs (CROP_FILTER_ALPHA)."""


class WholeFrame:
    """Shows the whole frame, padded to a square, to the model each time."""

    def __init__(self, estimator: Estimator):
        self.estimator = estimator

    def __call__(self, image: NDArray[np.uint8], time_s: float) -> list[Pose]:
        """Return the model's one pose, however unsure."""
        return self.estimator.estimate_crops([image], [_whole(image, self.estimator)])


class GoogleRule:
    """Google's Python example, ml/movenet.py in tensorflow/examples: crops from the last frame's torso.

    Its loop over the body's keypoints re-reads the loop variable of the one over the torso, the right hip, so that
    limbs never widen the crop. It always answers with one pose.
    """

    def __init__(self, estimator: Estimator):
        self.estimator = estimator
        self.crop: Crop | None = None

    def __call__(self, image: NDArray[np.uint8], time_s: float) -> list[Pose]:
        """Return the model's one pose, however unsure."""
        whole = _whole(image, self.estimator)
        (pose,) = self.estimator.estimate_crops([image], [self.crop or whole])
        self.crop = _around_torso(pose, whole)
        return [pose]


class TfjsRule:
    """MoveNet in tfjs's pose-detection 2.1.3: limbs count, and the crop's edges are smoothed.

    At the start, and whenever no keypoint scores above `TRACK_SCORE`, it forgets everything and shows the square in
    the *middle* of the frame next, until something scores there.
    """

    def __init__(self, estimator: Estimator, smoothing: OneEuro | None = None):
        """Take what smooths the keypoints, before they are shown and before they steer the crop, as in tfjs."""
        self.estimator = estimator
        self.smoothing = smoothing
        self.crop: Crop | None = None
        self.edges: NDArray[np.float64] | None = None
        self.smooth: OneEuroState | None = None

    def __call__(self, image: NDArray[np.uint8], time_s: float) -> list[Pose]:
        """Return the model's one pose; an empty list if no keypoint scores above `TRACK_SCORE`."""
        size, side = (image.shape[1], image.shape[0]), self.estimator.engine.card.side
        (pose,) = self.estimator.estimate_crops([image], [self.crop or _centre_square(*size, side)])
        if not (pose.scores > TRACK_SCORE).any():
            self.crop, self.edges, self.smooth = None, None, None
            return []
        pose = self._calm(pose, time_s, size)
        self.crop = self._steady(look_next(pose.keypoints, pose.scores, *size, side))
        return [pose]

    def _calm(self, pose: Pose, time_s: float, size: tuple[int, int]) -> Pose:
        if self.smoothing is None:
            return pose
        self.smooth, points = self.smoothing.step(self.smooth, time_s, pose.keypoints, pose.scores, size)
        return Pose(points, pose.scores, pose.score)

    def _steady(self, crop: Crop) -> Crop:
        edges = np.array([crop.left, crop.top, crop.width, crop.height])
        if self.edges is not None:
            edges = self.edges + CROP_WEIGHT * (edges - self.edges)
        self.edges = edges
        left, top, width, height = edges.tolist()
        return Crop(left, top, width, height, crop.out_width, crop.out_height)


def _whole(image: NDArray[np.uint8], estimator: Estimator) -> Crop:
    height, width = image.shape[:2]
    return Crop.whole(width, height, estimator.engine.card.side)


def _centre_square(width: int, height: int, side: int) -> Crop:
    edge = min(width, height)
    return Crop((width - edge) / 2, (height - edge) / 2, edge, edge, side, side)


def _around_torso(pose: Pose, whole: Crop) -> Crop:
    """Return the square on mid-hip of 1.9 × the torso's reach; the whole frame without a torso, or if that is less."""
    seen = pose.scores > TRACK_SCORE
    if not (seen[HIPS].any() and seen[SHOULDERS].any()):
        return whole
    centre = pose.keypoints[HIPS].mean(axis=0)
    half = TORSO_FACTOR * float(np.abs(pose.keypoints[SHOULDERS + HIPS] - centre).max())
    near = Crop.around(np.stack([centre - half, centre + half]), 1.0, whole.out_width)
    return near if near.width <= whole.width else whole
