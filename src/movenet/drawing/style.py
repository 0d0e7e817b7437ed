"""Colours and settings of drawn skeletons."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from movenet.errors import DataError
from movenet.surface import Colour


class Palette(NamedTuple):
    """Colours of the three parts of a body; left and right are the person's own."""

    left: Colour
    middle: Colour
    right: Colour


PALETTES: Final = MappingProxyType(
    {
        # Okabe and Ito's orange and sky blue (Color Universal Design, 2008), different for every kind of colour
        # vision; the orange is slightly brighter, for contrast with skin and wood.
        "clear": Palette(left=(255, 159, 28), middle=(245, 245, 245), right=(86, 180, 233)),
        # Magenta, yellow and cyan, as Google's tutorial draws them.
        "classic": Palette(left=(255, 0, 255), middle=(255, 255, 0), right=(0, 255, 255)),
    }
)
"""Palettes by name. `Style.palette` can also be "person": a colour per person."""

PERSON_COLOURS: Final[tuple[Colour, ...]] = (
    (0, 158, 115),
    (230, 159, 0),
    (86, 180, 233),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (153, 221, 255),
    (170, 68, 153),
    (153, 153, 51),
)
"""The person of id n has colour n modulo 10: Okabe and Ito's seven, then three of Paul Tol's."""

LABELS: Final = ("id", "score")
"""What can be written above a person."""
BACKGROUNDS: Final = ("picture", "black", "transparent")
"""What can be behind the skeletons."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of drawn skeletons.

    Raises:
        DataError: The palette is unknown or a number is out of its range.
    """

    palette: str = "clear"
    """"clear" and "classic" colour left and right; "person" colours people by id, with a darker right side."""
    min_score: float = 0.3
    """Keypoints of a lower score, 0…1, and their bones are not drawn."""
    line_width_px: float | None = None
    """Width of the bones in pixels of the picture; None derives it from the size of each person."""
    labels: tuple[str, ...] = ("id",)
    """What is written above a person: "id", where there is one, and "score"; () for nothing."""
    boxes: bool = False
    """Whether a box is drawn around each person."""
    background: str = "picture"
    """Behind the skeletons: the "picture", "black", or "transparent" for an RGBA array."""

    def __post_init__(self) -> None:
        if self.palette not in (*PALETTES, "person"):
            names = ", ".join((*PALETTES, "person"))
            raise DataError(f"expected one of the palettes {names}, got {self.palette!r}")
        if not 0 <= self.min_score <= 1:
            raise DataError(f"expected a min_score from 0 to 1, got {self.min_score}")
        if self.line_width_px is not None and not 0 < self.line_width_px < np.inf:
            raise DataError(f"expected a line width above 0 pixels, got {self.line_width_px}")
        if isinstance(self.labels, str) or not set(self.labels) <= set(LABELS):
            raise DataError(f"expected labels out of {LABELS}, got {self.labels!r}")
        if self.background not in BACKGROUNDS:
            raise DataError(f"expected a background out of {BACKGROUNDS}, got {self.background!r}")
