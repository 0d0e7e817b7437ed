"""Poses in the types of other libraries. `movenet.open_records("poses.json")` writes COCO results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from movenet.errors import DataError, MissingExtraError
from movenet.pose import Pose

if TYPE_CHECKING:
    from supervision import KeyPoints

VISIBLE_SCORE: Final = 0.2
"""Keypoints of a lower score are marked as not visible, so that annotators do not draw them."""


def to_supervision(poses: Sequence[Pose], min_score: float = VISIBLE_SCORE) -> KeyPoints:
    """Return poses as `supervision.KeyPoints`, in the same order. Needs the extra `supervision`.

    `xy` (n, K, 2) float32 is in pixels of the picture; `keypoint_confidence` (n, K) and `detection_confidence` (n,) are
    the scores; `visible` (n, K) tells whether a keypoint is finite and scores at least `min_score`; `class_id` (n,) is
    0. `data` has "class_name", and "tracker_id" (n,) if every pose has an id.

    Raises:
        MissingExtraError: if supervision is not installed.
        DataError: if the poses differ in their number of keypoints.
    """
    try:
        from supervision import KeyPoints
    except ImportError:
        raise MissingExtraError("supervision", "supervision", "supervision.KeyPoints") from None
    if not poses:
        return KeyPoints.empty()
    sizes = {len(pose.keypoints) for pose in poses}
    if len(sizes) > 1:
        raise DataError(
            f"expected poses of one skeleton, got {' and '.join(map(str, sorted(sizes)))} keypoints"
        )
    keypoints = np.stack([pose.keypoints for pose in poses])
    scores = np.stack([pose.scores for pose in poses])
    data: dict[str, Any] = {"class_name": np.array(["person"] * len(poses))}
    ids = [pose.id for pose in poses if pose.id is not None]
    if len(ids) == len(poses):
        data["tracker_id"] = np.array(ids)
    return KeyPoints(
        xy=keypoints,
        class_id=np.zeros(len(poses), int),
        keypoint_confidence=scores,
        detection_confidence=np.array([pose.score for pose in poses], np.float32),
        visible=(scores >= min_score) & np.isfinite(keypoints).all(axis=2),
        data=data,
    )
