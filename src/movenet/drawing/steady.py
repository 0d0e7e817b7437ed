"""Hysteresis at the drawing threshold, so that keypoints do not blink in videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.drawing.style import Style
from movenet.pose import Pose

BAND: Final = 0.1
"""A keypoint appears from `Style.min_score` on and disappears under this much less."""


@dataclass(slots=True)
class SteadyKeypoints:
    """Which keypoints of each person are drawn, from frame to frame of one video."""

    style: Style = field(default_factory=Style)
    band: float = BAND
    """A keypoint that is drawn stays until its score falls under `style.min_score - band`."""
    _shown: dict[int | None, NDArray[np.bool_]] = field(default_factory=dict)

    def __call__(self, poses: Sequence[Pose]) -> list[Pose]:
        """Return the poses of the next frame for drawing: keypoints that stay have at least `style.min_score`.

        People are told apart by id. Who is not in a frame starts anew.
        """
        limit, before, steady = self.style.min_score, self._shown, []
        self._shown = {}
        for pose in poses:
            was_shown = before.get(pose.id)
            stays = was_shown is not None and was_shown.shape == pose.scores.shape and was_shown
            stays &= pose.scores >= limit - self.band
            scores = np.where(stays, np.maximum(pose.scores, np.float32(limit)), pose.scores)
            self._shown[pose.id] = scores >= limit
            steady.append(replace(pose, scores=scores))
        return steady
