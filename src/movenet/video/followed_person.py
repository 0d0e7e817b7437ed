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

MAX_DISTANCE: Final = 0.45
"""Appearances that are farther apart (Hellinger distance, 0…1) are those of different people (docs/video.md)."""
MAX_DISTANCE_ELSEWHERE: Final = 0.3
"""The same for somebody who is not near the place where the person was last seen."""
RADIUS: Final = 1.0
"""Near is within this distance of that place, in sizes of the person."""
DOUBT_S: Final = 0.1
"""A tracked pose is another person's once its appearance has been so far away for this long."""
TIME_S: Final = 1.0
"""Time constant of the exponential moving averages."""
LONGEST_STEP_S: Final = 0.1
"""One frame after a longer gap changes the averages no more than after this."""


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
    first_s: float
    """Time when first seen."""
    seen_s: float
    """Time when last seen."""
    detected_s: float
    """Time when the detector last found them."""
    alike_s: float
    """Time when the tracked pose last had their appearance, or none that can be compared."""
    score: float
    """Exponential moving average of the score of their poses; low if it is doubtful that there is a person."""

    @classmethod
    def start(cls, id: int, pose: Pose, appearance: Appearance, time_s: float) -> FollowedPerson:  # noqa: A002
        """Return a person who was just detected."""
        return cls(id, center_of(pose), _size(pose), appearance, time_s, time_s, time_s, time_s, pose.score)

    def update(self, pose: Pose, appearance: Appearance, time_s: float, *, detected: bool) -> FollowedPerson:
        """Return the same person in a later frame, in which the detector found them or not."""
        weight = -math.expm1(-min(time_s - self.seen_s, LONGEST_STEP_S) / TIME_S)
        alike = not self._differs(appearance)
        return replace(
            self,
            center=center_of(pose),
            size_px=_size(pose),
            appearance=self.appearance.blend(appearance, weight) if alike else self.appearance,
            seen_s=time_s,
            detected_s=time_s if detected else self.detected_s,
            alike_s=time_s if alike else self.alike_s,
            score=self.score + weight * (pose.score - self.score),
        )

    @property
    def known_s(self) -> float:
        """Time for which they have been followed."""
        return self.seen_s - self.first_s

    def is_other(self, appearance: Appearance, time_s: float) -> bool:
        """Tell whether the tracked pose of this appearance is another person's by now."""
        return self._differs(appearance) and time_s - self.alike_s > DOUBT_S

    def _differs(self, appearance: Appearance) -> bool:
        """Tell whether an appearance is another person's; False if no part of the body can be compared."""
        return self.appearance.distance(appearance) > MAX_DISTANCE

    def is_in(self, pose: Pose, image: Picture) -> bool:
        """Tell whether a pose estimated where the person was detected is theirs."""
        return self.find([Detection(pose, center_of(pose))], image) is not None

    def find(self, detections: Sequence[Detection], image: Picture) -> Detection | None:
        """Return the detection that is this person, by the clothes and the place; None if none can be."""
        costs = [self._cost(detection, image) for detection in detections]
        best = min(range(len(costs)), key=costs.__getitem__, default=None)
        return None if best is None or math.isinf(costs[best]) else detections[best]

    def _cost(self, detection: Detection, image: Picture) -> float:
        """Return 0 for the same clothes at the same place, more for others; infinity for another person.

        Where no part of the body can be compared, the place decides.
        """
        distance = self.appearance.distance(measure_appearance(image, detection.pose))
        offset = float(np.hypot(*(detection.center - self.center))) / (RADIUS * self.size_px)
        if math.isnan(distance):
            return 1 + offset if offset <= 1 else math.inf
        limit = MAX_DISTANCE if offset <= 1 else MAX_DISTANCE_ELSEWHERE
        return distance / limit + min(offset, 1) if distance <= limit else math.inf


def _size(pose: Pose) -> float:
    bounds = pose.bounds()
    return 1.0 if bounds is None else max(1.0, *bounds[2:])
