"""The models of a live server, opened once and shared by everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.engine import Runtime, open_engine
from movenet.errors import DataError
from movenet.estimator import Estimator
from movenet.live.wire import Choice
from movenet.pose import Pose
from movenet.video import ONE_EURO, VideoEstimator

Watcher = Callable[[NDArray[np.uint8], float], list[Pose]]
"""Called with each picture of one stream, (H, W, 3) uint8 RGB, and its time in seconds."""

MANY: Final = "many"
"""What following everybody is called among the models."""


@dataclass(frozen=True, slots=True)
class SharedModels:
    """What pages can choose from; safe to share between threads."""

    estimators: Mapping[str, Estimator]
    """By name, the one that is chosen without a word first."""

    def __post_init__(self) -> None:
        if not self.estimators:
            raise DataError("expected at least one model, got none")

    @property
    def names(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(self.estimators)

    def watcher(self, choice: Choice) -> Watcher:
        """Return a new stream of one camera."""
        smoothing = ONE_EURO if choice.smoothing else None
        return VideoEstimator(self.estimators[choice.model], smoothing=smoothing).stream()

    def estimate(self, image: NDArray[np.uint8], model: str) -> list[Pose]:
        """Return who is in one picture, as `Estimator` does.

        Raises:
            DataError: If there is no such model.
        """
        if model not in self.estimators:
            raise DataError(f"expected a model out of {', '.join(self.names)}, got {model[:40]!r}")
        return self.estimators[model](image)


def open_models(first: str | Path = "lightning", runtime: Runtime | None = None) -> SharedModels:
    """Open Lightning, Thunder, everybody's and, if it is none of these, one's own model; `first` comes first.

    Raises:
        ModelError: If `first` is unknown, damaged or no single-person model.
        EngineError: If the runtime cannot run them.
    """
    detector = open_engine("multipose", runtime)
    singles = {name: open_engine(name, runtime) for name in ("lightning", "thunder")}
    estimators = {name: Estimator(engine, detector=detector) for name, engine in singles.items()}
    estimators[MANY] = Estimator(singles["lightning"], people="many", detector=detector)
    # A file keeps its suffix, so that one's own lightning.onnx is not taken for the official Lightning.
    name = Path(first).name
    if name not in estimators:
        estimators[name] = Estimator(first, detector=detector, runtime=runtime)
    return SharedModels({name: estimators.pop(name), **estimators})
