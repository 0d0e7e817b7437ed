"""The models of a live server, opened once and shared by all clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movenet.calibration import curve_of, with_probabilities
from movenet.engine import Runtime, open_engine
from movenet.errors import DataError, ModelError
from movenet.estimator import Estimator
from movenet.live.models_table import MANY, WebModel, WebModels
from movenet.live.wire import StreamSettings
from movenet.models import MODELS, ModelCard, find_model
from movenet.planar import Picture
from movenet.pose import Pose
from movenet.smoothing import OneEuro
from movenet.video import ONE_EURO, PoseFunction, VideoEstimator
from movenet.video.estimator import State


@dataclass(frozen=True, slots=True)
class SharedModels:
    """The models that clients can choose; safe to share between threads."""

    estimators: Mapping[str, Estimator]
    """Estimators by name, the default first."""
    probabilities: bool = False
    """Whether the scores of keypoints are probabilities in every answer (`movenet.calibration`)."""

    def __post_init__(self) -> None:
        if not self.estimators:
            raise DataError("expected at least one model, got none")
        if self.probabilities:
            for name in self.estimators:
                curve_of(self.card(name))  # raises ModelError for a model without a calibration

    def card(self, name: str) -> ModelCard:
        """Return the card of the single-person network of a model."""
        return self.estimators[name].engine.card

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, the default first."""
        return tuple(self.estimators)

    def for_browsers(self, exercise: str | None = None) -> WebModels | None:
        """Return those of the models that browsers can run; None if there is none.

        Args:
            exercise: as in `WebModels`.
        """
        models = tuple(
            WebModel(name, one.engine.card, one.people)
            for name, one in self.estimators.items()
            if one.people != "auto"
            and one.engine.card.family == "movenet"
            and not one.engine.card.is_multi_person
        )
        return WebModels(models, exercise=exercise, probabilities=self.probabilities) if models else None

    def open_stream(self, settings: StreamSettings) -> PoseFunction:
        """Return a new stream for one camera.

        Raises:
            ModelError: A person is to be followed, and the model tracks many.
        """
        estimator, smoothing = self.estimators[settings.model], ONE_EURO if settings.smoothing else None
        if settings.lock is None:
            return VideoEstimator(estimator, smoothing=smoothing).stream()
        return _LockedStream(estimator, smoothing, settings.lock)

    def estimate(self, image: NDArray[np.uint8], model: str) -> list[Pose]:
        """Return the poses in one picture, as `Estimator` does.

        Raises:
            DataError: There is no such model.
        """
        if model not in self.estimators:
            raise DataError(f"expected a model out of {', '.join(self.names)}, got {model[:40]!r}")
        return self.estimators[model](image)

    def scored(self, poses: Sequence[Pose], model: str) -> tuple[Pose, ...]:
        """Return the poses of a model as they are sent: with probabilities in place of scores if these are wanted."""
        if not self.probabilities:
            return tuple(poses)
        return tuple(with_probabilities(pose, self.card(model)) for pose in poses)


class _LockedStream:
    """A stream that follows the person at a place given as shares of the picture, whatever its size."""

    def __init__(self, estimator: Estimator, smoothing: OneEuro | None, place: tuple[float, float]) -> None:
        if estimator.people != "one":
            raise ModelError("expected a model that tracks one person to follow the one at a place")
        self._estimator = estimator
        self._smoothing = smoothing
        self._place = place
        self._state: State | None = None

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        lock = (self._place[0] * image.shape[1], self._place[1] * image.shape[0])
        video = VideoEstimator(self._estimator, lock=lock, smoothing=self._smoothing)
        self._state, poses = video.step(self._state, image, time_s)
        return poses


def open_models(
    default: str | Path = "lightning", runtime: Runtime | None = None, *, probabilities: bool = False
) -> SharedModels:
    """Open "lightning", "thunder", "many" (Lightning for many people), and `default` if it is another model.

    Args:
        default: the model that is chosen first: one of these names, another model's name or an ONNX file.
        runtime: the inference engine; None is the default.
        probabilities: whether the scores of keypoints are probabilities in every answer.

    Raises:
        ModelError: `default` is unknown, damaged or no single-person model, or there is no calibration for it and
            probabilities are wanted.
        EngineError: The runtime cannot run a model.
    """
    detector = open_engine("multipose", runtime)
    singles = {name: open_engine(name, runtime) for name in ("lightning", "thunder")}
    estimators = {name: Estimator(engine, detector=detector) for name, engine in singles.items()}
    estimators[MANY] = Estimator(singles["lightning"], people="many", detector=detector)
    # A file keeps its suffix, so that a user's lightning.onnx is not confused with Lightning.
    name = Path(default).name
    if name not in estimators:
        estimators[name] = Estimator(default, detector=detector, runtime=runtime)
    return SharedModels({name: estimators.pop(name), **estimators}, probabilities)


def browser_models(
    default: str | Path = "lightning", exercise: str | None = None, *, probabilities: bool = False
) -> WebModels:
    """Return the same choice for a page that runs the models in the browser; no engine is opened but for a file.

    Args:
        default: as in `open_models`.
        exercise: exercise that the page counts from the start: its name, or a TOML file.
        probabilities: whether the scores of keypoints are probabilities.

    Raises:
        ModelError: `default` is unknown, damaged or no single-person MoveNet.
        DataError: the exercise is unknown.
    """
    models = {name: WebModel(name, MODELS[name]) for name in ("lightning", "thunder")}
    models[MANY] = WebModel(MANY, MODELS["lightning"], "many")
    name = Path(default).name
    if name not in models:
        found = find_model(default)
        models[name] = WebModel(name, open_engine(found).card if isinstance(found, Path) else found)
    chosen = (models.pop(name), *models.values())
    return WebModels(chosen, exercise=exercise, probabilities=probabilities)
