"""The one person who is followed: where they were and what they wear, to tell them from others when they are lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import Detection
from movenet.planar import Picture
from movenet.pose import Pose
from movenet.video.appearance import Appearance, measure_appearance
from movenet.video.association import center_of

MAX_DISTANCE: Final = 0.3
"""Two appearances that are farther apart (Hellinger distance, 0…1) are those of different people (docs/tracking.md)."""
RADIUS: Final = 1.0
"""A person whose clothes cannot be compared is expected within this distance of their last place, in their sizes."""
TIME_S: Final = 1.0
"""Time constant of the exponential moving average of the appearance."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowedPerson:
    """The person, as last seen."""

    id: int
    center: NDArray[np.float64]
    """Shape (2,): x, y of the center in pixels."""
    size_px: float
    """Longer side."""
    appearance: Appearance
    """Exponential moving average."""
    seen_s: float
    """Time when last seen."""
    detected_s: float
    """Time when the detector last found them."""

    @classmethod
    def start(cls, id: int, pose: Pose, appearance: Appearance, time_s: float) -> FollowedPerson:  # noqa: A002
        """Return a person who was just detected."""
        return cls(id, center_of(pose), _size(pose), appearance, time_s, time_s)

    def update(
        self, pose: Pose, appearance: Appearance, time_s: float, *, detected: bool
    ) -> FollowedPerson:
        """Return the same person in a later frame, in which the detector found them or not."""
        weight = -math.expm1(-(time_s - self.seen_s) / TIME_S)
        return replace(
            self,
            center=center_of(pose),
            size_px=_size(pose),
            appearance=self.appearance.blend(appearance, weight),
            seen_s=time_s,
            detected_s=time_s if detected else self.detected_s,
        )

    def differs(self, appearance: Appearance) -> bool:
        """Tell whether an appearance is another person's; False if no part of the body can be compared."""
        return self.appearance.distance(appearance) > MAX_DISTANCE

    def find(self, detections: Sequence[Detection], image: Picture) -> Detection | None:
        """Return the detection that is this person, by the clothes and the place; None if none can be."""
        costs = [self._cost(detection, image) for detection in detections]
        best = min(range(len(costs)), key=costs.__getitem__, default=None)
        return None if best is None or math.isinf(costs[best]) else detections[best]

    def _cost(self, detection: Detection, image: Picture) -> float:
        """Return 0 for the same clothes at the same place, more for others; infinity for another person."""
        distance = self.appearance.distance(measure_appearance(image, detection.pose)) / MAX_DISTANCE
        offset = float(np.hypot(*(detection.center - self.center))) / (RADIUS * self.size_px)
        if math.isnan(distance):
            return 1 + offset if offset <= 1 else math.inf
        return distance + min(offset, 1) if distance <= 1 else math.inf


def _size(pose: Pose) -> float:
    bounds = pose.bounds()
    return 1.0 if bounds is None else max(1.0, *bounds[2:])
