"""Removal of duplicates: a pose must differ from those kept of its clip, a picture from all kept before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.oks import similarity

HASH_SIZE: Final = (9, 8)
"""Width and height of the grey thumbnail whose 8 × 8 horizontal differences give the 64 bits of the hash."""
UNIT_AREA: Final = 0.27
"""Area of a person in a box of 1 × ½, of which a body fills 0.53 (`movenet.oks.BOX_AREA_FRACTION`)."""


@dataclass(frozen=True, slots=True)
class NoveltySettings:
    """Thresholds of the duplicate filter."""

    max_pose_similarity: float = 0.88
    """A pose with a higher OKS to a kept pose of the same clip is a duplicate; position and size are normalized."""
    min_hash_distance: int = 6
    """Pictures whose hashes differ in fewer of the 64 bits are near-duplicates if their poses are similar too."""
    max_similarity_same_hash: float = 0.75
    """OKS above which such pictures are near-duplicates: in front of a bare wall, different poses share a hash."""


@dataclass(eq=False)
class NoveltyFilter:
    """Duplicate filter. Holds a hash and a pose of each kept picture, under 200 bytes."""

    settings: NoveltySettings
    _hashes: list[int] = field(default_factory=list)
    _poses: list[NDArray[np.float32]] = field(default_factory=list)
    _clip: int = 0
    """Index of the first pose of the current clip."""

    def begin_clip(self) -> None:
        """Start a clip: poses of earlier clips are not duplicates, since other people may do the same."""
        self._clip = len(self._poses)

    def rejection(self, keypoints: NDArray[np.floating], picture_hash: int) -> str | None:
        """Return why this is a duplicate; None if it is new, in which case it is kept.

        `keypoints` is (17, 2): x, y in pixels of all keypoints, labelled or not.
        """
        pose = _normalised(keypoints)
        if self._most_alike(pose, self._poses[self._clip :]) > self.settings.max_pose_similarity:
            return "pose seen in this clip"
        near = [
            other
            for other, seen in zip(self._poses, self._hashes, strict=True)
            if (picture_hash ^ seen).bit_count() < self.settings.min_hash_distance
        ]
        if self._most_alike(pose, near) > self.settings.max_similarity_same_hash:
            return "near-duplicate picture"
        self._poses.append(pose)
        self._hashes.append(picture_hash)
        return None

    @staticmethod
    def _most_alike(pose: NDArray[np.float32], others: Sequence[NDArray[np.float32]]) -> float:
        if not others:
            return 0.0
        return float(similarity(pose[None], np.stack(others), [UNIT_AREA]).max())


def hash_picture(image: NDArray[np.uint8]) -> int:
    """Return a 64-bit perceptual hash (dHash): the signs of horizontal differences, stable under resizing."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, HASH_SIZE, interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    return int.from_bytes(bits.tobytes(), "big")


def _normalised(keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the pose centred at 0 with a longer side of 1: (17, 2)."""
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    return np.asarray((keypoints - (low + high) / 2) / max(float((high - low).max()), 1e-6), np.float32)
