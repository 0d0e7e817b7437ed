"""How `movenet run` draws: the options of the skeletons' style, and what is drawn besides."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from movenet.drawing import Style
from movenet.drawing.blur import BlurPart
from movenet.errors import MoveNetError

PROBABILITY_MIN_SCORE: Final = 0.5
"""`Style.min_score` where scores are probabilities."""


@dataclass(frozen=True, slots=True)
class Overlays:
    """What is measured and drawn besides the skeletons."""

    angles: bool = False
    """Whether joint angles are drawn and recorded."""
    trails: bool = False
    """Whether the trails of wrists and ankles are drawn, in videos."""
    exercise: str | None = None
    """Exercise whose repetitions are counted and drawn, in videos."""
    heat_map: bool = False
    """Whether it is drawn where people have been so far, in videos."""
    blur: BlurPart | None = None
    """What is made unrecognizable."""

    def given(self) -> dict[str, bool]:
        """Return the options, and whether each was given."""
        return {"--angles": self.angles, "--blur": self.blur is not None} | self.of_videos()

    def of_videos(self) -> dict[str, bool]:
        """Return the options that are for videos alone, and whether each was given."""
        return {
            "--trails": self.trails,
            "--exercise": self.exercise is not None,
            "--heat-map": self.heat_map,
        }


@dataclass(frozen=True, slots=True)
class StyleOptions:
    """The options of the style; None where an option was not given. The names are those of the options."""

    palette: str | None = None
    labels: str | None = None
    boxes: bool | None = None
    background: str | None = None
    line_width: float | None = None
    keypoint_threshold: float | None = None

    def given(self) -> dict[str, bool]:
        """Return the options, and whether each was given."""
        names = (field.name for field in fields(self))
        return {f"--{name.replace('_', '-')}": getattr(self, name) is not None for name in names}

    def style(self, palette: str, labels: tuple[str, ...], *, probabilities: bool) -> Style:
        """Return the style; what was not given is as the arguments say, or the default.

        Raises:
            DataError: A value is unknown or out of its range.
            MoveNetError: The labels are unknown.
        """
        values: dict[str, Any] = {
            "background": self.background,
            "boxes": self.boxes,
            "line_width_px": self.line_width,
            "min_score": self.keypoint_threshold,
        }
        if probabilities and self.keypoint_threshold is None:
            values["min_score"] = PROBABILITY_MIN_SCORE
        chosen = {name: value for name, value in values.items() if value is not None}
        return Style(self.palette or palette, labels=self._labels(labels), **chosen)

    def _labels(self, default: tuple[str, ...]) -> tuple[str, ...]:
        if self.labels is None:
            return default
        named = () if self.labels == "none" else tuple(part.strip() for part in self.labels.split(","))
        if not set(named) <= {"id", "score"}:
            raise MoveNetError(f"expected --labels none, id, score or id,score, got {self.labels!r}")
        return named
