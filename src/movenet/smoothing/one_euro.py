"""Causal smoothing of keypoints, frame by frame: the One Euro filter, and the settings that tfjs publishes for it.

Coordinates are pixels of the picture (x, y), times seconds, scores 0…1. A keypoint is *valid* in a frame if its point
and score are finite, and *confident* if it is valid and its score is at least `min_score`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SoftLimit:
    """Limits the step from the smoothed to the new position: a step d becomes L·asinh(d / L).

    Steps much smaller than L are unchanged; much larger ones grow like a logarithm (as in tfjs pose-detection's
    LowPassFilter). L = base + gap_factor · (seconds since the keypoint was last valid) + speed_factor · |speed|, in the
    filter's unit of length.

    Raises:
        DataError: when it is made, if L would be 0 at rest or a term is negative.
    """

    base: float = 0.0
    """In units of length."""
    gap_factor: float = 0.0
    """In units of length per second."""
    speed_factor: float = 0.0
    """In seconds: units of length for each unit per second of speed."""

    def __post_init__(self) -> None:
        if not (min(self.base, self.gap_factor, self.speed_factor) >= 0 and self.base + self.gap_factor > 0):
            raise DataError(f"expected no negative number, and `base` or `gap_factor` above zero, got {self}")

    def apply(self, steps: Floats, gap_s: Floats, velocity: Floats) -> Floats:
        """Return the limited `steps` (K, 2), in units of length; `gap_s` is (K, 1), `velocity` (K, 2) in units/s."""
        limit = self.base + self.gap_factor * gap_s + self.speed_factor * np.abs(velocity)
        return np.asarray(limit * np.arcsinh(steps / limit))


@dataclass(frozen=True, slots=True, eq=False)
class OneEuroState:
    """State of the filter for one person between two frames; `OneEuro.step` returns the next one."""

    time_s: float
    """Time of the last frame."""
    last_valid_s: Floats
    """Shape (K,): time when each keypoint was last valid; NaN if never."""
    last_confident_s: Floats
    """Shape (K,): time when each keypoint was last confident; NaN if never."""
    raw: Floats
    """Shape (K, 2): last unsmoothed position in pixels; unconfident positions count in part (see `OneEuro`)."""
    smoothed: Floats
    """Shape (K, 2): last smoothed position in pixels."""
    velocity: Floats
    """Shape (K, 2): low-pass filtered velocity, in the filter's units of length per second."""


@dataclass(frozen=True, slots=True)
class OneEuro:
    """The One Euro filter: a low-pass whose cutoff rises with speed: little jitter at rest, little lag in motion.

    Casiez, Roussel, Vogel: "1€ Filter", CHI 2012. Each coordinate of each keypoint is filtered by itself, with the
    cutoff min_cutoff_hz + beta · |speed|; the speed is that of the unsmoothed points. If the score is below
    `min_score`, the update is multiplied by (score / min_score)². The defaults were chosen on clips of a moving camera
    over COCO train photos (`movenet.synthetic.one_person`).

    Raises:
        DataError: when it is made, if a cutoff is not above zero or another number is negative.
    """

    min_cutoff_hz: float = 2.5
    """Cutoff at rest; lower means less jitter and more lag."""
    beta: float = 15.0
    """Increase of the cutoff in Hz per unit of length per second; higher means less lag in motion."""
    derivative_cutoff_hz: float = 2.0
    """Cutoff of the low-pass on the velocity."""
    min_score: float = 0.2
    """Minimum score of a confident keypoint, which counts fully."""
    max_gap_s: float = 0.5
    """A keypoint that was not valid or not confident for longer restarts unsmoothed at its next position."""
    unit: Literal["person", "picture"] = "person"
    """Unit of length: the longer side of the box around the valid keypoints, or width and height of the picture."""
    soft_limit: SoftLimit | None = SoftLimit(gap_factor=4.0)
    """Limits jumps; None: no limit."""

    def __post_init__(self) -> None:
        above = min(self.min_cutoff_hz, self.derivative_cutoff_hz)
        if not (above > 0 and min(self.beta, self.min_score, self.max_gap_s) >= 0):
            raise DataError(f"expected cutoffs above zero and no negative number, got {self}")

    def step(
        self,
        state: OneEuroState | None,
        time_s: float,
        keypoints: ArrayLike,
        scores: ArrayLike,
        picture: tuple[float, float] | None = None,
    ) -> tuple[OneEuroState, NDArray[np.float32]]:
        """Smooth one frame of one person.

        Args:
            state: the state after the previous frame; None in a person's first frame.
            time_s: time of the frame in seconds, after that of the previous frame.
            keypoints: shape (K, 2), x and y in pixels; NaN where a keypoint is unknown.
            scores: shape (K,), 0…1.
            picture: width and height of the picture in pixels; required if `unit` is "picture".

        Returns:
            The next state, and the keypoints (K, 2) float32: valid ones smoothed, others unchanged.

        Raises:
            DataError: if the time is not after that of the previous frame, shapes do not fit, or the picture's size is
                missing.
        """
        points, score = _check_frame(keypoints, scores)
        previous = _initial_state(len(points)) if state is None else state
        _check_next(previous, time_s, points)
        valid = np.isfinite(points).all(axis=1) & np.isfinite(score)
        confident = valid & (score >= self.min_score)
        # NaN stands for never: comparisons with it are false.
        known = valid & (time_s - previous.last_valid_s <= self.max_gap_s)
        known &= ~confident | (time_s - previous.last_confident_s <= self.max_gap_s)
        position = _choose(valid, points, np.zeros_like(points))
        gap_s = np.where(known, time_s - previous.last_valid_s, 1.0)[:, None]
        score_weight = np.where(
            confident | ~valid, 1.0, (np.maximum(score, 0.0) / (self.min_score or 1.0)) ** 2
        )[:, None]
        raw, smoothed, velocity = self._update(
            previous, position, gap_s, score_weight, self._unit_px(points[valid], picture)
        )
        next_state = OneEuroState(
            time_s=float(time_s),
            last_valid_s=np.where(valid, time_s, previous.last_valid_s),
            last_confident_s=np.where(confident, time_s, previous.last_confident_s),
            raw=_choose(known, raw, _choose(valid, position, previous.raw)),
            smoothed=_choose(known, smoothed, _choose(valid, position, previous.smoothed)),
            velocity=_choose(known, velocity, _choose(valid, np.zeros_like(position), previous.velocity)),
        )
        return next_state, _choose(valid, next_state.smoothed, points).astype(np.float32)

    def _update(
        self, previous: OneEuroState, position: Floats, gap_s: Floats, score_weight: Floats, unit_px: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return the next raw and smoothed positions and velocity, each (K, 2); only those of known keypoints count."""
        speed = (position - previous.raw) / unit_px / gap_s
        weight = score_weight * _weight(self.derivative_cutoff_hz, gap_s)
        velocity = previous.velocity + weight * (speed - previous.velocity)
        step = (position - previous.smoothed) / unit_px
        if self.soft_limit is not None:
            step = self.soft_limit.apply(step, gap_s, velocity)
        weight = score_weight * _weight(self.min_cutoff_hz + self.beta * np.abs(velocity), gap_s)
        return (
            previous.raw + score_weight * (position - previous.raw),
            previous.smoothed + weight * step * unit_px,
            velocity,
        )

    def _unit_px(self, points: Floats, picture: tuple[float, float] | None) -> Floats:
        """Return the unit of length in pixels along x and y, shape (2,)."""
        if self.unit == "picture":
            if picture is None or not min(picture) > 0:
                raise DataError(
                    f"expected the picture's width and height as the unit of length, got {picture}"
                )
            return np.asarray(picture, np.float64)
        longer_px = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
        # A single keypoint has no size: a unit of one pixel makes its speed so large that it is hardly smoothed.
        return np.full(2, max(longer_px, 1.0))


TFJS: Final = OneEuro(
    min_cutoff_hz=2.5,
    beta=300.0,
    derivative_cutoff_hz=2.5,
    min_score=0.0,
    max_gap_s=np.inf,
    unit="picture",
    soft_limit=SoftLimit(base=0.5, speed_factor=5.0),
)
"""MoveNet's smoothing in tfjs pose-detection 2.1.3 (KEYPOINT_FILTER_CONFIG), exactly, for times in whole microseconds.

Its published frequency of 30 Hz has no effect, because each step after the first measures the frequency. Two special
cases of tfjs are not reproduced: it ignores a frame at time 0, and returns a frame unsmoothed if its
time does not increase.
"""


def _check_frame(keypoints: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    points, score = np.asarray(keypoints, np.float64), np.asarray(scores, np.float64)
    if points.ndim != 2 or points.shape != (*score.shape, 2):
        raise DataError(f"expected keypoints (K, 2) and scores (K,), got {points.shape} and {score.shape}")
    return points, score


def _initial_state(count: int) -> OneEuroState:
    never, unknown = np.full(count, np.nan), np.full((count, 2), np.nan)
    return OneEuroState(-np.inf, never, never, unknown, unknown, np.zeros((count, 2)))


def _check_next(previous: OneEuroState, time_s: float, points: Floats) -> None:
    if not previous.time_s < time_s < np.inf:
        raise DataError(
            f"expected a time after {previous.time_s} s, got {time_s} s: pass each frame once, in order"
        )
    if previous.raw.shape != points.shape:
        raise DataError(f"expected {len(previous.raw)} keypoints as in the frame before, got {len(points)}")


def _choose(mask: Mask, yes: Floats, no: Floats) -> Floats:
    """Return (K, 2): `yes` at the keypoints marked in `mask` (K,), `no` elsewhere."""
    return np.where(mask[:, None], yes, no)


def _weight(cutoff_hz: Floats | float, gap_s: Floats) -> Floats:
    """Return the weight of a new value in a first-order low-pass, 0…1 (Casiez et al. 2012)."""
    return 1.0 / (1.0 + 1.0 / (2.0 * np.pi * cutoff_hz * gap_s))
