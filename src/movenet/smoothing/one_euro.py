"""Calm keypoints as they come, frame by frame: the One Euro filter, and the settings tfjs publishes for it.

Coordinates are pixels of the picture (x, y), times seconds, scores 0…1. A joint is *seen* in a frame where
its point and score are finite, and *sure* where its score also reaches the settings' `min_score`.
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
    """How far one frame may pull a joint: a step d becomes L·asinh(d / L), in the filter's unit of length.

    Steps well under L pass as they are, steps of many L grow like a logarithm (as in tfjs pose-detection's
    LowPassFilter). L = at + per_s · (seconds since the joint was last seen) + per_speed_s · |speed|.

    Raises:
        DataError: On making one that would hold a resting joint where it is.
    """

    at: float = 0.0
    per_s: float = 0.0
    per_speed_s: float = 0.0

    def __post_init__(self) -> None:
        if not (min(self.at, self.per_s, self.per_speed_s) >= 0 and self.at + self.per_s > 0):
            raise DataError(f"expected no term under zero, and `at` or `per_s` above it, got {self}")

    def apply(self, pull: Floats, gap_s: Floats, velocity: Floats) -> Floats:
        """Return the limited `pull` (K, 2), in units; `gap_s` is (K, 1), `velocity` (K, 2) in units/s."""
        limit = self.at + self.per_s * gap_s + self.per_speed_s * np.abs(velocity)
        return np.asarray(limit * np.arcsinh(pull / limit))


@dataclass(frozen=True, slots=True, eq=False)
class OneEuroState:
    """What a stream remembers of one person between frames; each step answers with the next one."""

    time_s: float
    """When the last frame was."""
    seen_s: Floats
    """Shape (K,): when each joint was last seen; NaN if never."""
    sure_s: Floats
    """Shape (K,): when each joint was last sure; NaN if never."""
    raw: Floats
    """Shape (K, 2): where it was last, in pixels, as far as its scores were trusted."""
    smoothed: Floats
    """Shape (K, 2): the same, smoothed."""
    velocity: Floats
    """Shape (K, 2): its low-passed velocity, in the filter's units per second."""


@dataclass(frozen=True, slots=True)
class OneEuro:
    """The One Euro filter: a low-pass whose cutoff rises with speed: little jitter at rest, little lag in motion.

    Casiez, Roussel, Vogel: "1€ Filter", CHI 2012. Each coordinate of each joint is filtered by itself, with
    the cutoff min_cutoff_hz + beta · |speed|; the speed comes from unsmoothed points. A joint scoring under
    `min_score` is trusted less: its filter goes only (score / min_score)² of the way. The defaults were
    chosen on clips of a moving camera over COCO train photos (`movenet.synthetic.one_person`).

    Raises:
        DataError: On making one whose cutoffs are not above zero, or whose other numbers are negative.
    """

    min_cutoff_hz: float = 2.5
    """Cutoff at rest in hertz: lower gives less jitter and more lag."""
    beta: float = 15.0
    """How many Hz the cutoff gains for each unit per second of speed: higher lags less in motion."""
    derivative_cutoff_hz: float = 2.0
    """The cutoff of the speed itself."""
    min_score: float = 0.2
    """The score from which a joint is sure, and trusted fully."""
    max_gap_s: float = 0.5
    """A joint that was not sure, or not seen, for longer starts afresh where it is next."""
    unit: Literal["person", "picture"] = "person"
    """The unit of length: the longer edge around the person's seen joints, or the picture's two sides."""
    soft_limit: SoftLimit | None = SoftLimit(per_s=4.0)
    """How to tame jumps; None lets each frame pull as far as the cutoff says."""

    def __post_init__(self) -> None:
        above = min(self.min_cutoff_hz, self.derivative_cutoff_hz)
        if not (above > 0 and min(self.beta, self.min_score, self.max_gap_s) >= 0):
            raise DataError(f"expected cutoffs above zero and nothing negative, got {self}")

    def step(
        self,
        state: OneEuroState | None,
        time_s: float,
        keypoints: ArrayLike,
        scores: ArrayLike,
        picture: tuple[float, float] | None = None,
    ) -> tuple[OneEuroState, NDArray[np.float32]]:
        """Take in one frame of one person.

        Args:
            state: What the frame before answered; None where a person appears.
            time_s: When the frame was, in seconds; later than the frame before.
            keypoints: Shape (K, 2), x and y in pixels; NaN where a joint is unknown.
            scores: Shape (K,), 0…1.
            picture: Width and height of the picture in pixels; needed where `unit` is "picture".

        Returns:
            The next state, and the keypoints (K, 2) float32: seen joints smoothed, others as they came.

        Raises:
            DataError: If the time is not after the last, shapes do not fit, or the picture's size is missing.
        """
        came, score = _one_frame(keypoints, scores)
        before = _nothing_seen(len(came)) if state is None else state
        _check_next(before, time_s, came)
        seen = np.isfinite(came).all(axis=1) & np.isfinite(score)
        sure = seen & (score >= self.min_score)
        # Comparisons with NaN, which stands for never, are false.
        known = seen & (time_s - before.seen_s <= self.max_gap_s)
        known &= ~sure | (time_s - before.sure_s <= self.max_gap_s)
        point = _choose(seen, came, np.zeros_like(came))
        gap_s = np.where(known, time_s - before.seen_s, 1.0)[:, None]
        trust = np.where(sure | ~seen, 1.0, (np.maximum(score, 0.0) / (self.min_score or 1.0)) ** 2)[:, None]
        raw, smoothed, velocity = self._follow(
            before, point, gap_s, trust, self._unit_px(came[seen], picture)
        )
        after = OneEuroState(
            time_s=float(time_s),
            seen_s=np.where(seen, time_s, before.seen_s),
            sure_s=np.where(sure, time_s, before.sure_s),
            raw=_choose(known, raw, _choose(seen, point, before.raw)),
            smoothed=_choose(known, smoothed, _choose(seen, point, before.smoothed)),
            velocity=_choose(known, velocity, _choose(seen, np.zeros_like(point), before.velocity)),
        )
        return after, _choose(seen, after.smoothed, came).astype(np.float32)

    def _follow(
        self, before: OneEuroState, point: Floats, gap_s: Floats, trust: Floats, unit_px: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return the next raw and smoothed point and velocity, each (K, 2), right for joints still known."""
        speed = (point - before.raw) / unit_px / gap_s
        weight = trust * _weight(self.derivative_cutoff_hz, gap_s)
        velocity = before.velocity + weight * (speed - before.velocity)
        pull = (point - before.smoothed) / unit_px
        if self.soft_limit is not None:
            pull = self.soft_limit.apply(pull, gap_s, velocity)
        weight = trust * _weight(self.min_cutoff_hz + self.beta * np.abs(velocity), gap_s)
        return before.raw + trust * (point - before.raw), before.smoothed + weight * pull * unit_px, velocity

    def _unit_px(self, points: Floats, picture: tuple[float, float] | None) -> Floats:
        """Return how many pixels one unit has along x and y, shape (2,)."""
        if self.unit == "picture":
            if picture is None or not min(picture) > 0:
                raise DataError(
                    f"expected the picture's width and height to measure lengths in, got {picture}"
                )
            return np.asarray(picture, np.float64)
        longer_px = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
        # A lone joint has no size: one pixel makes its speed so large that it passes almost unsmoothed.
        return np.full(2, max(longer_px, 1.0))


TFJS: Final = OneEuro(
    min_cutoff_hz=2.5,
    beta=300.0,
    derivative_cutoff_hz=2.5,
    min_score=0.0,
    max_gap_s=np.inf,
    unit="picture",
    soft_limit=SoftLimit(at=0.5, per_speed_s=5.0),
)
"""MoveNet's smoothing in tfjs pose-detection 2.1.3 (KEYPOINT_FILTER_CONFIG), exactly, at whole microseconds.

Its published "frequency 30" has no effect: every step after the first measures its own. Two of its ways are
left out: a frame at time zero is forgotten there, and one whose time does not advance is answered unsmoothed.
"""


def _one_frame(keypoints: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    came, score = np.asarray(keypoints, np.float64), np.asarray(scores, np.float64)
    if came.ndim != 2 or came.shape != (*score.shape, 2):
        raise DataError(f"expected keypoints (K, 2) and scores (K,), got {came.shape} and {score.shape}")
    return came, score


def _nothing_seen(joints: int) -> OneEuroState:
    never, nowhere = np.full(joints, np.nan), np.full((joints, 2), np.nan)
    return OneEuroState(-np.inf, never, never, nowhere, nowhere, np.zeros((joints, 2)))


def _check_next(before: OneEuroState, time_s: float, came: Floats) -> None:
    if not before.time_s < time_s < np.inf:
        raise DataError(
            f"expected a time after {before.time_s} s, got {time_s} s: feed frames once, in order"
        )
    if before.raw.shape != came.shape:
        raise DataError(f"expected {len(before.raw)} keypoints as in the frame before, got {len(came)}")


def _choose(joints: Mask, yes: Floats, no: Floats) -> Floats:
    """Return (K, 2): `yes` at the joints marked in (K,), `no` elsewhere."""
    return np.where(joints[:, None], yes, no)


def _weight(cutoff_hz: Floats | float, gap_s: Floats) -> Floats:
    """Return how much a new value counts in a first-order low-pass, 0…1 (Casiez et al. 2012)."""
    return 1.0 / (1.0 + 1.0 / (2.0 * np.pi * cutoff_hz * gap_s))
