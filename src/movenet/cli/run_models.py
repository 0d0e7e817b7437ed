"""The models of `movenet run`, as its options name them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from movenet.engine import Runtime
from movenet.estimator import Estimator
from movenet.estimator.settings import Method, People, Preset, default_model
from movenet.models import MODELS


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the estimator of a run is made of."""

    model: str | None
    """None: the default for the number of people, and "lightning" for videos."""
    people: People
    method: Method
    preset: Preset
    min_score: float
    runtime: Runtime
    """With the threads of --threads; None for the default."""

    def open(self, threads: int | None, *, for_videos: bool = False) -> Estimator:
        """Open an estimator.

        Args:
            threads: threads of one inference unless --threads or a GPU or NPU is given; None for the default.
            for_videos: whether the default model is the fastest.

        Raises:
            MoveNetError: A model cannot be opened.
        """
        share = None if self.runtime.device in ("gpu", "npu") else threads
        return Estimator(
            "lightning" if for_videos and self.model is None else self.model,
            people=self.people,
            method=self.method,
            min_score=self.min_score,
            settings=self.preset,
            runtime=replace(self.runtime, threads=self.runtime.threads or share),
        )

    def keypoints(self) -> tuple[str, ...]:
        """Return the names of the model's keypoints; opens the model if it is a file."""
        name = self.model or default_model(self.people)
        return MODELS[name].keypoint_names if name in MODELS else self.open(1).engine.card.keypoint_names

    def for_json(self) -> dict[str, Any]:
        """Return what the poses depend on, ready for JSON."""
        return {
            "model": self.model or default_model(self.people),
            "people": self.people,
            "method": self.method,
            "preset": self.preset,
            "min_score": self.min_score,
            "engine": self.runtime.engine,
            "precision": self.runtime.precision,
        }
