"""The list of models that the page can run in the browser, `models.json`, with every setting of their estimators.

The page's JavaScript has no numbers of its own: it reads the settings that Python uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from movenet._version import __version__
from movenet.errors import ModelError
from movenet.estimator.settings import MIN_SCORE, EstimatorSettings, People, default_settings
from movenet.live.shared_models import MANY
from movenet.models import ModelCard
from movenet.video import ONE_EURO, FollowSettings, TrackSettings

TABLE: Final = "models.json"
"""Name of the file, beside the models."""


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

    def describe(self) -> dict[str, Any]:
        """Return the entry of the table."""
        return {
            "name": self.name,
            "people": self.people,
            "file": self.card.path.name,
            "side": self.card.side,
            "keypoint_names": list(self.card.keypoint_names),
            "min_score": MIN_SCORE,
            "settings": _settings(default_settings(self.card, self.people)),
        }


def web_models(card: ModelCard, people: People) -> tuple[WebModel, ...]:
    """Return what a page with one model's file offers: tracking of one person and of many; `people` comes first.

    Raises:
        ModelError: The model is not a single-person MoveNet, or `people` is "auto".
    """
    choices = {"one": WebModel(card.name, card), "many": WebModel(MANY, card, "many")}
    if people not in choices:
        raise ModelError(f"expected people one or many for the browser, got {people}")
    return (choices.pop(people), *choices.values())


def models_table(models: tuple[WebModel, ...], detector: ModelCard) -> dict[str, Any]:
    """Return the table: models, the detector's file, and the settings of tracking and smoothing."""
    return {
        "version": __version__,
        "detector": detector.path.name,
        "models": [model.describe() for model in models],
        "follow": asdict(FollowSettings()),
        "tracks": asdict(TrackSettings()),
        "smoothing": asdict(ONE_EURO),
    }


def model_files(models: tuple[WebModel, ...], detector: ModelCard) -> Mapping[str, Path]:
    """Return the model files of the table by name.

    Raises:
        ModelError: Two different files have the same name.
    """
    files: dict[str, Path] = {}
    for path in (*(model.card.path for model in models), detector.path):
        if files.setdefault(path.name, path) != path:
            raise ModelError(f"expected models of different file names, got two called {path.name}")
    return files


def _settings(settings: EstimatorSettings) -> dict[str, Any]:
    """Return settings as JSON can hold them: None for infinity."""
    plain = asdict(settings)
    return {name: None if value == math.inf else value for name, value in plain.items()}
