"""The list of models that the page can run in the browser, `models.json`, with every setting of their estimators.

The page's JavaScript has no numbers of its own: it reads the settings that Python uses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from movenet._version import __version__
from movenet.analysis import EXERCISES, Exercise, find_exercise
from movenet.analysis.definitions import joint_table
from movenet.calibration import CALIBRATION_CURVES, curve_of
from movenet.errors import ModelError
from movenet.estimator.settings import MIN_SCORE, EstimatorSettings, People, default_settings
from movenet.models import MODELS, ModelCard
from movenet.video import ONE_EURO, FollowSettings, TrackSettings

TABLE: Final = "models.json"
"""Name of the file, beside the models."""
MANY: Final = "many"
"""Name, among the models, of the tracking of many people."""


@dataclass(frozen=True, slots=True)
class WebModel:
    """A model that the page offers."""

    name: str
    """Name on the page."""
    card: ModelCard
    """The single-person model."""
    people: People = "one"
    """Which people it tracks."""

    def __post_init__(self) -> None:
        if self.card.family != "movenet" or self.card.is_multi_person:
            raise ModelError(f"expected a single-person MoveNet model for the browser, got {self.card.name}")

    def describe(self, file: str) -> dict[str, Any]:
        """Return the entry of the table; `file` is the name of the model's file."""
        return {
            "name": self.name,
            "people": self.people,
            "file": file,
            "side": self.card.side,
            "keypoint_names": list(self.card.keypoint_names),
            "min_score": MIN_SCORE,
            "settings": _settings(default_settings(self.card, self.people)),
            "calibration": _calibration(self.card),
        }


@dataclass(frozen=True, slots=True)
class WebModels:
    """What the page can run in the browser.

    Raises:
        ModelError: There is no model, or no calibration for one of them if probabilities are wanted.
        DataError: The exercise is unknown.
    """

    models: tuple[WebModel, ...]
    """What visitors can choose, the first one first."""
    detector: ModelCard = MODELS["multipose"]
    """The multi-person model."""
    exercise: str | None = None
    """Exercise that the page counts from the start: its name, or a TOML file."""
    probabilities: bool = False
    """Whether the scores of keypoints are probabilities (`movenet.calibration`)."""

    def __post_init__(self) -> None:
        if not self.models:
            raise ModelError("expected a model that runs in the browser, got none")
        self._exercises()
        if self.probabilities:
            for model in self.models:
                curve_of(model.card)

    def files(self) -> dict[str, Path]:
        """Return the model files by the names that the table gives them: their own, or numbered where two have one."""
        files: dict[str, Path] = {}
        for path in dict.fromkeys((self.detector.path, *(model.card.path for model in self.models))):
            number = sum(other.name == path.name for other in files.values())
            files[f"{path.stem}-{number + 1}{path.suffix}" if number else path.name] = path
        return files

    def table(self, backends: Sequence[str] = ("wasm",)) -> dict[str, Any]:
        """Return the table: models, the detector's file, and the settings of tracking, smoothing and counting.

        Args:
            backends: the builds of the runtime that the page has, "wasm" and perhaps "webgpu".
        """
        names = {path: name for name, path in self.files().items()}
        return {
            "version": __version__,
            "backends": list(backends),
            "detector": names[self.detector.path],
            "models": [model.describe(names[model.card.path]) for model in self.models],
            "follow": asdict(FollowSettings()),
            "tracks": asdict(TrackSettings()),
            "smoothing": asdict(ONE_EURO),
            "joints": joint_table(),
            "exercises": [_exercise(one) for one in self._exercises().values()],
            "probabilities": self.probabilities,
            "exercise": None if self.exercise is None else find_exercise(self.exercise).name,
        }

    def _exercises(self) -> dict[str, Exercise]:
        own = [] if self.exercise is None else [find_exercise(self.exercise)]
        return {**EXERCISES, **{one.name: one for one in own}}


def web_models(
    card: ModelCard, people: People, exercise: str | None = None, *, probabilities: bool = False
) -> WebModels:
    """Return what a page with one model's file offers: tracking of one person and of many; `people` comes first.

    Raises:
        ModelError: The model is not a single-person MoveNet, `people` is "auto", or there is no calibration for the
            model if probabilities are wanted.
        DataError: The exercise is unknown.
    """
    choices = {"one": WebModel(card.name, card), "many": WebModel(MANY, card, "many")}
    if people not in choices:
        raise ModelError(f"expected people one or many for the browser, got {people}")
    models = (choices.pop(people), *choices.values())
    return WebModels(models, exercise=exercise, probabilities=probabilities)


def _settings(settings: EstimatorSettings) -> dict[str, Any]:
    """Return settings as JSON can hold them: None for infinity."""
    return {name: _plain(value) for name, value in asdict(settings).items()}


def _calibration(card: ModelCard) -> dict[str, float] | None:
    curve = CALIBRATION_CURVES.get(card.base or "")
    return None if curve is None else asdict(curve)


def _exercise(exercise: Exercise) -> dict[str, Any]:
    """Return an exercise as JSON can hold it: None for a range without a limit on one side."""
    plain = {field.name: getattr(exercise, field.name) for field in fields(exercise)}
    for name in ("at_rest", "at_peak", "travel"):
        plain[name] = {signal: [_plain(limit) for limit in limits] for signal, limits in plain[name].items()}
    return plain


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isinf(value) else value
