"""Skeletons: the keypoints of a model, COCO's 17 of the body or custom ones of a hand, an animal or a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError
from movenet.pose import BONES, KEYPOINTS, MIRROR, SIGMAS

DEFAULT_SIGMA: Final = 0.05
"""Sigma of keypoints without a measured one: about the middle of COCO's, from 0.025 (eyes) to 0.107 (hips)."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """K keypoints, in the order of labels and models.

    Raises:
        DataError: if names are missing or repeated, or the other fields do not fit them.
    """

    names: tuple[str, ...]
    """K different names."""
    mirror: tuple[int, ...]
    """Keypoint k of a mirrored picture is keypoint mirror[k] of the original picture."""
    sigmas: tuple[float, ...]
    """Standard deviation of each keypoint's annotations, relative to the square root of the object's area (OKS)."""
    bones: tuple[tuple[int, int], ...] = ()
    """Pairs of keypoint indices that a bone joins."""

    def __post_init__(self) -> None:
        count = len(self.names)
        if not count or len(set(self.names)) != count:
            raise DataError(f"expected keypoints with different names, got {', '.join(self.names) or 'none'}")
        if sorted(self.mirror) != list(range(count)) or any(
            self.mirror[m] != k for k, m in enumerate(self.mirror)
        ):
            raise DataError(f"expected a mirror that swaps pairs of {count} keypoints, got {self.mirror}")
        if len(self.sigmas) != count or not all(0 < sigma < 1 for sigma in self.sigmas):
            raise DataError(f"expected {count} sigmas between 0 and 1, got {self.sigmas}")
        if any(not 0 <= end < count for bone in self.bones for end in bone):
            raise DataError(f"expected bones between keypoints 0 to {count - 1}, got {self.bones}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def torso(self) -> tuple[tuple[int, int], ...]:
        """The diagonals from a shoulder to the other side's hip, as pairs of indices; none without those names."""
        ends = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))
        return tuple((self.names.index(a), self.names.index(b)) for a, b in ends if {a, b} <= set(self.names))


BODY: Final = Skeleton(KEYPOINTS, MIRROR, SIGMAS, BONES)
"""COCO's 17 keypoints, those of the official models."""


def make_skeleton(
    names: Sequence[str],
    pairs: Sequence[Sequence[str]] = (),
    sigmas: Sequence[float] = (),
    bones: Sequence[Sequence[str]] = (),
) -> Skeleton:
    """Return a skeleton, given by the names of its keypoints.

    Args:
        names: K different names.
        pairs: pairs of names (left, right) that swap in a mirrored picture.
        sigmas: K standard deviations for OKS; `DEFAULT_SIGMA` for all if empty.
        bones: pairs of names that a bone joins.

    Raises:
        DataError: if a pair or a bone has an unknown name, or the numbers do not fit.
    """
    names = tuple(names)
    mirror = list(range(len(names)))
    for left, right in (_indices(names, pair) for pair in pairs):
        mirror[left], mirror[right] = right, left
    joined = tuple(_indices(names, bone) for bone in bones)
    return Skeleton(names, tuple(mirror), tuple(sigmas) or (DEFAULT_SIGMA,) * len(names), joined)


def _indices(names: tuple[str, ...], pair: Sequence[str]) -> tuple[int, int]:
    if len(pair) != 2 or not set(pair) <= set(names):
        raise DataError(f"expected two of the keypoints {', '.join(names)}, got {', '.join(pair)}")
    return names.index(pair[0]), names.index(pair[1])


def oks_widths(scales: ArrayLike, keypoints: int) -> NDArray[np.float64]:
    """Return the distance at which a keypoint's OKS term falls to e^-½: 2σ · scale.

    Args:
        scales: any shape: √area of the people.
        keypoints: the number K of keypoints: `SIGMAS` for COCO's 17, `DEFAULT_SIGMA` for those of others.

    Returns:
        Shape (…, K), in the unit of the scales.
    """
    sigmas = SIGMAS if keypoints == len(SIGMAS) else (DEFAULT_SIGMA,) * keypoints
    return np.asarray(2 * np.asarray(scales, np.float64)[..., None] * np.asarray(sigmas), np.float64)
