"""Baselines: published rules for the crop of the next frame, and the whole frame.

Each is called with a frame and its time, as a `movenet.video.Stream` is. They use the same crops as ours (the
originals round to whole pixels or alias) and the same correction `MODEL_SHIFT_PX`, so they differ in the rule alone.
For comparison only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import MIN_SIDE_PX, Crop
from movenet.estimator import Estimator
from movenet.planar import Picture
from movenet.pose import KEYPOINTS, Pose
from movenet.smoothing import OneEuro, OneEuroState

MIN_SCORE: Final = 0.2
"""Keypoints above this score are visible (Google's MoveNet tutorial and examples)."""
TORSO_FACTOR: Final = 1.9
"""Half side of the next crop, relative to the torso's largest distance from mid-hip (Google's MoveNet tutorial)."""
BODY_FACTOR: Final = 1.2
"""Half side of the next crop, relative to the body's largest distance from mid-hip (Google's MoveNet tutorial)."""
CROP_WEIGHT: Final = 0.9
"""Weight of a new crop against the ones before it in tfjs (CROP_FILTER_ALPHA)."""
SHOULDERS: Final = [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_shoulder")]
HIPS: Final = [KEYPOINTS.index("left_hip"), KEYPOINTS.index("right_hip")]


class WholeFrame:
    """Pose estimation in the whole frame, padded to a square."""

    def __init__(self, estimator: Estimator):
        self.estimator = estimator

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        """Return the model's one pose, of any score."""
        return self.estimator.estimate_crops([image], [_whole(image, self.estimator)])


class GoogleRule:
    """Google's Python example, ml/movenet.py in tensorflow/examples: crops from the last frame's torso.

    The loop over the body's keypoints uses the loop variable of the one over the torso (the right hip), so that limbs
    never widen the crop. There is always one pose.
    """

    def __init__(self, estimator: Estimator):
        self.estimator = estimator
        self.crop: Crop | None = None

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        """Return the model's one pose, of any score."""
        whole = _whole(image, self.estimator)
        (pose,) = self.estimator.estimate_crops([image], [self.crop or whole])
        self.crop = _around_torso(pose, whole)
        return [pose]


class TfjsRule:
    """MoveNet in tfjs's pose-detection 2.1.3: limbs widen the crop, and its edges are smoothed.

    In the first frame, and after a frame in which no keypoint scores above `MIN_SCORE`, the crop is the square in the
    middle of the frame.
    """

    def __init__(self, estimator: Estimator, smoothing: OneEuro | None = None):
        """Take the filter of the keypoints, which also steers the crop, as in tfjs."""
        self.estimator = estimator
        self.smoothing = smoothing
        self.crop: Crop | None = None
        self.edges: NDArray[np.float64] | None = None
        self.smooth: OneEuroState | None = None

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        """Return the model's one pose; an empty list if no keypoint scores above `MIN_SCORE`."""
        size, side = (image.shape[1], image.shape[0]), self.estimator.engine.card.side
        (pose,) = self.estimator.estimate_crops([image], [self.crop or _centre_square(*size, side)])
        if not (pose.scores > MIN_SCORE).any():
            self.crop, self.edges, self.smooth = None, None, None
            return []
        pose = self._smooth_pose(pose, time_s, size)
        self.crop = self._smooth_crop(next_crop(pose.keypoints, pose.scores, *size, side))
        return [pose]

    def _smooth_pose(self, pose: Pose, time_s: float, size: tuple[int, int]) -> Pose:
        if self.smoothing is None:
            return pose
        self.smooth, points = self.smoothing.step(self.smooth, time_s, pose.keypoints, pose.scores, size)
        return Pose(points, pose.scores, pose.score)

    def _smooth_crop(self, crop: Crop) -> Crop:
        edges = np.array([crop.left, crop.top, crop.width, crop.height])
        if self.edges is not None:
            edges = self.edges + CROP_WEIGHT * (edges - self.edges)
        self.edges = edges
        left, top, width, height = edges.tolist()
        return Crop(left, top, width, height, crop.out_width, crop.out_height)


def next_crop(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    image_width: int,
    image_height: int,
    side: int,
) -> Crop:
    """Return the crop of the next frame by the rule of Google's tutorial, limbs included.

    With a visible shoulder and a visible hip: the square around mid-hip whose half side is the larger one of
    `TORSO_FACTOR` × the largest distance of a shoulder or hip and `BODY_FACTOR` × that of any visible keypoint. Without
    them, or if that square is larger than the picture: the whole picture. (Google also limits the half side to the
    largest distance to a border, which is never less than half the longer edge and so changes nothing.)

    Args:
        keypoints: Shape (17, 2): x, y in pixels of the picture.
        scores: Shape (17,), 0…1.
        image_width: Width of the picture in pixels.
        image_height: Height of the picture in pixels.
        side: Side of the output in pixels.
    """
    whole = Crop.whole(image_width, image_height, side)
    visible = scores > MIN_SCORE
    if not (visible[SHOULDERS].any() and visible[HIPS].any()):
        return whole
    centre = keypoints[HIPS].mean(axis=0)
    distances = np.abs(keypoints - centre).max(axis=1)
    half = max(TORSO_FACTOR * distances[SHOULDERS + HIPS].max(), BODY_FACTOR * distances[visible].max())
    edge = max(2 * float(half), MIN_SIDE_PX)
    near = Crop(float(centre[0]) - edge / 2, float(centre[1]) - edge / 2, edge, edge, side, side)
    return near if near.width <= whole.width else whole


def _whole(image: Picture, estimator: Estimator) -> Crop:
    height, width = image.shape[:2]
    return Crop.whole(width, height, estimator.engine.card.side)


def _centre_square(width: int, height: int, side: int) -> Crop:
    edge = min(width, height)
    return Crop((width - edge) / 2, (height - edge) / 2, edge, edge, side, side)


def _around_torso(pose: Pose, whole: Crop) -> Crop:
    """Return the square around mid-hip by the torso alone; the whole frame without a torso, or if it is smaller."""
    visible = pose.scores > MIN_SCORE
    if not (visible[HIPS].any() and visible[SHOULDERS].any()):
        return whole
    centre = pose.keypoints[HIPS].mean(axis=0)
    half = TORSO_FACTOR * float(np.abs(pose.keypoints[SHOULDERS + HIPS] - centre).max())
    near = Crop.around(np.stack([centre - half, centre + half]), 1.0, whole.out_width)
    return near if near.width <= whole.width else whole
