"""What is new: a pose unlike those of its clip so far, in a picture unlike all before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.oks import similarity

HASH_SIZE: Final = (9, 8)
"""Width and height of the small grey picture whose 8 × 8 horizontal steps are the 64 bits of its hash."""
UNIT_AREA: Final = 0.27
"""Area of a person in a box of 1 × ½, in which they fill .53 (as `movenet.oks.BOX_AREA_FRACTION`)."""


@dataclass(frozen=True, slots=True)
class NoveltySettings:
    """What counts as new."""

    most_alike: float = 0.88
    """A pose that is more like one of the same clip is no news: OKS, place and size made equal."""
    least_bits: int = 6
    """A picture is the same as one of any clip before if their hashes differ in fewer of the 64 bits …"""
    same_pose: float = 0.75
    """… and their poses are more alike than this: before a bare wall, different pictures have one hash."""


@dataclass(eq=False)
class Memory:
    """What was kept so far: a hash and a pose of each picture, under 200 bytes."""

    settings: NoveltySettings
    _hashes: list[int] = field(default_factory=list)
    _poses: list[NDArray[np.float32]] = field(default_factory=list)
    _clip: int = 0
    """Where the clip at hand begins."""

    def begin_clip(self) -> None:
        """Let a pose be new once more: other people may well do the same."""
        self._clip = len(self._poses)

    def refuse(self, keypoints: NDArray[np.floating], picture_hash: int) -> str | None:
        """Return why this is nothing new; None if it is, and then it is remembered.

        `keypoints` is (17, 2): x, y in pixels, all of them, labelled or not.
        """
        pose = _normalised(keypoints)
        if self._most_alike(pose, self._poses[self._clip :]) > self.settings.most_alike:
            return "pose seen in this clip"
        near = [
            other
            for other, seen in zip(self._poses, self._hashes, strict=True)
            if (picture_hash ^ seen).bit_count() < self.settings.least_bits
        ]
        if self._most_alike(pose, near) > self.settings.same_pose:
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
    """Return 64 bits that hardly change with size and compression: the signs of horizontal steps (dHash)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, HASH_SIZE, interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    return int.from_bytes(bits.tobytes(), "big")


def _normalised(keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the pose with its middle at 0 and a longer side of 1: (17, 2)."""
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    return np.asarray((keypoints - (low + high) / 2) / max(float((high - low).max()), 1e-6), np.float32)
