"""A picture of each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.media.picture_like import PictureLike, as_rgb, to_picture
from movenet.pose import Pose

MARGIN: Final = 0.15
"""Added around the keypoints, relative to the longer side: hair, hands and feet."""


def crop_people(image: PictureLike, poses: Sequence[Pose], margin: float = MARGIN) -> list[NDArray[np.uint8]]:
    """Return a picture of each person, cut out of `image` around their box and keypoints.

    Args:
        image: a picture as `Estimator` takes it.
        poses: the people.
        margin: what is added on each side, relative to the longer side of the person.

    Returns:
        One copy for each pose, (h, w, 3) uint8 RGB; of shape (0, 0, 3) for a person outside the picture.

    Raises:
        MediaError: `image` is no picture, or cannot be read.
    """
    picture = as_rgb(to_picture(image))
    return [_cut(picture, pose, margin) for pose in poses]


def area_with_margin(
    bounds: tuple[float, float, float, float], margin: float = MARGIN
) -> NDArray[np.float64]:
    """Return left, top, right, bottom of bounds (x, y, width, height), grown by `margin` × the longer side."""
    x, y, width, height = bounds
    more = margin * max(width, height)
    return np.array([x - more, y - more, x + width + more, y + height + more])


def _cut(picture: NDArray[np.uint8], pose: Pose, margin: float) -> NDArray[np.uint8]:
    corners = area_with_margin(pose.bounds() or (0.0, 0.0, 0.0, 0.0), margin).reshape(2, 2)
    (left, top), (right, bottom) = np.clip(np.round(corners), 0, picture.shape[1::-1]).astype(int)
    if left >= right or top >= bottom:
        return np.zeros((0, 0, 3), np.uint8)
    return picture[top:bottom, left:right].copy()
