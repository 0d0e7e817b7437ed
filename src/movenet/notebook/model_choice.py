"""The model of a widget: one of several that it offers, opened when they are first chosen, or a given estimator."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, cast

from movenet.engine import Engine, Runtime, open_engine
from movenet.errors import ModelError
from movenet.estimator import Estimator, People
from movenet.machine import threads_for_video
from movenet.models import MODELS, ModelCard
from movenet.video import VideoEstimator
from movenet.video.callbacks import Model

OFFERED: Final = ("lightning", "thunder")
"""The models that a widget offers beside its own."""
_DETECTOR: Final = "multipose"


class ModelChoice:
    """The models that a widget can choose from; may be used from several threads."""

    def __init__(self, model: Model, people: People) -> None:
        """Take the first model; it is opened by `open`.

        Args:
            model: the name of a model, an ONNX file, or an estimator, which is then the only choice.
            people: whom to track first; "one" for an estimator.

        Raises:
            ModelError: if `people` is given for an estimator.
        """
        self._given: Estimator | VideoEstimator | None = None
        if isinstance(model, str | Path):
            self.name, self.people = str(model), people
            self.names = tuple(dict.fromkeys((self.name, *OFFERED)))
            """Names of the models, the first one first; empty for an estimator."""
            return
        if people != "one":
            raise ModelError(
                f"expected people to be given to the estimator, not to Camera, got people='{people}'"
            )
        self._given, self.names = model, ()
        self.name, self.people = card_of(model).name, _estimator_of(model).people

    def open(self, name: str, people: str) -> Estimator | VideoEstimator:
        """Return the estimator of a model for one person or many; each model is loaded once.

        Raises:
            ModelError: if there is no such model, `people` is unknown, or they are not those of the given estimator.
            EngineError: if the model cannot be run.
        """
        if self._given is not None:
            if (name, people) != (self.name, self.people):
                raise ModelError("the camera was given an estimator: its model and people cannot be changed")
            return self._given
        engine, detector = (_engines.open(each) for each in (name, _DETECTOR))
        return VideoEstimator(Estimator(engine, people=cast("People", people), detector=detector))


class _Engines:
    """Engines of the process: the official models once for all widgets, a file again after it has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[float, Engine]] = {}

    def open(self, name: str) -> Engine:
        """Return the engine of a model by its name or the path of its file."""
        with self._lock:
            changed_s = 0.0 if name in MODELS else _changed_s(Path(name))
            known = self._opened.get(name)
            if known is None or known[0] != changed_s:
                engine = open_engine(name, Runtime(threads=threads_for_video()))
                known = self._opened[name] = (changed_s, engine)
            return known[1]


_engines: Final = _Engines()


def card_of(model: Estimator | VideoEstimator) -> ModelCard:
    """Return the card of an estimator's single-person model."""
    return _estimator_of(model).engine.card


def _estimator_of(model: Estimator | VideoEstimator) -> Estimator:
    return model.estimator if isinstance(model, VideoEstimator) else model


def _changed_s(path: Path) -> float:
    """Return the time of a file's last change, 0 if there is none, which opening it reports."""
    return path.stat().st_mtime if path.is_file() else 0.0
