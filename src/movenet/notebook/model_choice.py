"""The model of a widget: one of several that it offers, opened when they are first chosen, or a given estimator."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, cast

from movenet.engine import Engine, Runtime, loading, open_engine
from movenet.errors import ModelError
from movenet.estimator import Estimator, People
from movenet.machine import threads_for_video
from movenet.models import MODELS, ModelCard, find_model
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
        self._given = None if isinstance(model, str | Path) else model
        if isinstance(model, str | Path):
            self.name, self.people = name_of(model), people
        elif people != "one":
            raise ModelError(
                f"expected people to be given to the estimator, not to Camera, got people='{people}'"
            )
        else:
            self.name, self.people = card_of(model).name, _estimator_of(model).people

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, the first one first; empty for an estimator."""
        return () if self._given is not None else tuple(dict.fromkeys((self.name, *OFFERED)))

    def open(self, name: str, people: str) -> Estimator | VideoEstimator:
        """Return the estimator of a model for one person or many; each model is loaded once.

        Args:
            name: as `name_of` returns it.
            people: "one", "many" or "auto".

        Raises:
            ModelError: if there is no such model, `people` is unknown, or they are not those of the given estimator.
            EngineError: if the model cannot be run.
        """
        if self._given is not None:
            if (name, people) != (self.name, self.people):
                raise ModelError("the camera was given an estimator: its model and people cannot be changed")
            return self._given
        engine, detector = (_engines.open(each) for each in (name, _DETECTOR))
        with loading(engine), loading(detector):  # side by side
            return VideoEstimator(Estimator(engine, people=cast("People", people), detector=detector))


class _Engines:
    """Engines of the process: the official models once for all widgets, a file again after it has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[float, Engine]] = {}

    def open(self, name: str) -> Engine:
        """Return the engine of an official model or of a file."""
        with self._lock:
            changed_s = 0.0 if name in MODELS else _changed_s(Path(name))
            known = self._opened.get(name)
            if known is None or known[0] != changed_s:
                engine = open_engine(name, Runtime(threads=threads_for_video()))
                known = self._opened[name] = (changed_s, engine)
            return known[1]


_engines: Final = _Engines()


def name_of(model: str | Path) -> str:
    """Return the name of an official model, or the absolute path of a file.

    Raises:
        ModelError: if there is neither.
    """
    found = find_model(model)
    return found.name if isinstance(found, ModelCard) else str(found.absolute())


def card_of(model: Estimator | VideoEstimator) -> ModelCard:
    """Return the card of an estimator's single-person model."""
    return _estimator_of(model).engine.card


def _estimator_of(model: Estimator | VideoEstimator) -> Estimator:
    return model.estimator if isinstance(model, VideoEstimator) else model


def _changed_s(path: Path) -> float:
    """Return the time of a file's last change; 0 if it is gone, which opening it reports."""
    return path.stat().st_mtime if path.is_file() else 0.0
