"""Drawing: skeletons in a `Style`, on pictures, on black or on nothing; faces and people blurred; people cut out."""

from movenet.drawing.blur import blur
from movenet.drawing.people import crop_people
from movenet.drawing.picture import blank, draw, draw_on, on_transparent
from movenet.drawing.steady import SteadyKeypoints
from movenet.drawing.style import BACKGROUNDS, LABELS, PALETTES, PERSON_COLOURS, Palette, Style

__all__ = [
    "BACKGROUNDS",
    "LABELS",
    "PALETTES",
    "PERSON_COLOURS",
    "Palette",
    "SteadyKeypoints",
    "Style",
    "blank",
    "blur",
    "crop_people",
    "draw",
    "draw_on",
    "on_transparent",
]
