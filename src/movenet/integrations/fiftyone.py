"""Poses as labels of FiftyOne."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from movenet.errors import DataError, MissingExtraError
from movenet.pose import MIN_KEYPOINT_SCORE, Pose

if TYPE_CHECKING:
    from fiftyone import Keypoints


def to_fiftyone(
    poses: Sequence[Pose], width: int, height: int, min_score: float = MIN_KEYPOINT_SCORE
) -> Keypoints:
    """Return poses as `fiftyone.Keypoints`, one "person" each, in the same order. Needs the extra `fiftyone`.

    Points are relative to the picture, 0…1, with NaN for keypoints below `min_score`; `confidence` holds the scores of
    the keypoints, `score` that of the person, and `index` the id. Set the skeleton of the dataset to draw the bones:
    `dataset.default_skeleton = fiftyone.KeypointSkeleton(labels=list(movenet.KEYPOINTS), edges=movenet.BONES)`.

    Args:
        poses: the people of one picture.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        min_score: keypoints of a lower score are not shown.

    Raises:
        MissingExtraError: if FiftyOne is not installed.
        DataError: if the size is not above 0.
    """
    if not (width > 0 and height > 0):
        raise DataError(f"expected the width and height of the picture in pixels, got {width} × {height}")
    try:
        from fiftyone import Keypoint, Keypoints
    except ImportError:
        raise MissingExtraError("fiftyone", "fiftyone", "fiftyone.Keypoints") from None

    def keypoint(pose: Pose) -> Keypoint:
        points = [
            (x / width, y / height) if score >= min_score else (float("nan"), float("nan"))
            for (x, y), score in zip(pose.keypoints.tolist(), pose.scores.tolist(), strict=True)
        ]
        confidence = pose.scores.tolist()
        return Keypoint(
            label="person", points=points, confidence=confidence, index=pose.id, score=float(pose.score)
        )

    return Keypoints(keypoints=[keypoint(pose) for pose in poses])
