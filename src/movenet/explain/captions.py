"""Captions of the panels: for each step its title, the head, the formula and the result."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from movenet.decode import DISTANCE_OFFSET_CELLS
from movenet.explain.steps import Explanation
from movenet.pose import KEYPOINTS


class Caption(NamedTuple):
    """Texts of one panel."""

    number: str
    title: str
    head: str
    """The head shown and its shape."""
    formula: str
    """Formula; empty if nothing is computed."""
    caption: str


LEGEND: Final = (
    Caption("6", "any person's", "", "h = σ(heatmap)", "Score of each cell for this keypoint."),
    Caption(
        "7",
        "this person's",
        "",
        f"h / (d + {DISTANCE_OFFSET_CELLS})",
        "d: cells to +, the start from step 5. The highest wins.",
    ),
    Caption(
        "8",
        "exact place",
        "",
        "cell + offset",
        "Cells point there from their top left corners; those framed count.",
    ),
)
"""Panels 6 to 8, of any keypoint."""


def title(explanation: Explanation) -> str:
    """Return the headline."""
    return f"How MoveNet {explanation.card.name.capitalize()} reads this photo"


def summary(explanation: Explanation) -> str:
    """Return the line below the headline: size, method and result."""
    height, width = explanation.image.shape[:2]
    method = (
        "whole photo, no detection" if explanation.detector is None else "detection, then pose in the crop"
    )
    pose = explanation.pose
    found = "no person found" if pose is None else f"person found, score {pose.score:.2f}"
    return f"{width} × {height} px   ·   {method}   ·   {found}"


def no_person(explanation: Explanation) -> str:
    """Return the text shown in place of a skeleton."""
    score, chosen, least = explanation.scores.mean(), explanation.chosen, explanation.min_score
    if explanation.detector is None:
        why = f"the joints score {score:.2f} on average,\nbelow {least:g}"
    elif chosen is None:
        why = "the detector found no person"
    else:
        why = f"detection {chosen.pose.score:.2f} and pose {score:.2f}\ntogether score below {least:g}"
    return f"No person: {why}."


def of_photo(explanation: Explanation) -> Caption:
    """Panel 1."""
    crop, settings, detector = explanation.crop, explanation.settings, explanation.detector
    head = f"a square of {crop.width:.0f} px"
    if detector is None:
        caption = "Method whole: the whole photo, padded with black to a square."
    elif explanation.chosen is None:
        caption = "No person was detected, so this is the whole photo, padded with black to a square."
    else:
        count = len(explanation.people)
        seen = "one person" if count == 1 else f"{count} people; the most prominent is chosen"
        caption = (
            f"Detector ({detector.name}): {seen}. "
            f"The square is {settings.crop_factor:g} × that person's longer side."
        )
    return Caption("1", "Detection and crop", head, "", caption)


def of_square(explanation: Explanation) -> Caption:
    """Panel 2."""
    side = explanation.card.side
    caption = f"All that the network ever gets. Its answers come on a grid of {_grid(explanation)} cells."
    return Caption("2", "What the model sees", f"input {side} × {side} × 3", "", caption)


def of_center(explanation: Explanation) -> Caption:
    """Panel 3."""
    head = f"center {_grid(explanation)} × 1"
    caption = "Score of each cell for being the centre of a person, any person."
    return Caption("3", "Anybody's middle", head, "σ(center)", caption)


def of_center_weighted(explanation: Explanation) -> Caption:
    """Panel 4."""
    y, x = explanation.center.tolist()
    score = explanation.center_scores[y, x]
    expected = "the middle of the square" if explanation.guide is None else "the detection's centre"
    caption = f"d: cells to +, {expected}. Highest: y, x = {y}, {x}, with a score of {score:.2f}."
    return Caption(
        "4", "This person's middle", "center, weighted", f"σ(center) / (d + {DISTANCE_OFFSET_CELLS})", caption
    )


def of_starts(explanation: Explanation) -> Caption:
    """Panel 5."""
    head, formula = f"regress {_grid(explanation)} × 34", "middle + regress[middle]"
    caption = "Read at the middle only: roughly where each joint is, its start."
    if explanation.guide is not None:
        caption += f" White: the regression alone; the guide has a weight of {explanation.guide.weight:.0%}."
    return Caption("5", "From middle to joints", head, formula, caption)


def of_heatmap(explanation: Explanation, k: int) -> Caption:
    """Panel 6."""
    name = name_of(k)
    head = f"heatmap {_grid(explanation)} × 17 → {name}"
    caption = f"Score of each cell for a {name}: of any person, sometimes also of the other side."
    return Caption("6", f"Anybody's {name}", head, f"h = σ(heatmap[{k}])", caption)


def of_heatmap_weighted(explanation: Explanation, k: int) -> Caption:
    """Panel 7."""
    y, x = explanation.cells[k].tolist()
    caption = f"d: cells to +, the start from step 5. The highest wins: y, x = {y}, {x}."
    head, formula = "heatmap, weighted", f"h / (d + {DISTANCE_OFFSET_CELLS})"
    return Caption("7", f"This person's {name_of(k)}", head, formula, caption)


def of_offsets(explanation: Explanation, k: int) -> Caption:
    """Panel 8."""
    head = f"offset {_grid(explanation)} × 34 → {name_of(k)}"
    counts = (
        "mean of those framed, by their scores, counts"
        if explanation.settings.vote_radius
        else "framed one counts"
    )
    caption = f"From its top left corner each cell points to the exact place. The {counts}."
    return Caption("8", "The exact place", head, "place = cell + offset[cell]", caption)


def of_result(explanation: Explanation) -> Caption:
    """Panel 9."""
    caption = (
        f"A place ÷ {explanation.center_scores.shape[0]} is 0…1 of the square, and × {explanation.card.side} its "
        "pixels; the map that cut the square out of the photo leads back into it."
    )
    return Caption("9", "The skeleton", "17 × (x, y, score), in pixels of the photo", "", caption)


def in_numbers(explanation: Explanation, k: int) -> list[tuple[str, str]]:
    """Return the steps of keypoint k in numbers: a name and its y, x each."""
    e, side = explanation, explanation.center_scores.shape[0]
    way, offset = e.regressed[k] - e.center, e.points[k] - e.cells[k]
    x, y = e.crop.points_to_image(e.points[k] / e.center_scores.shape)
    guided = [("guided by the detection", _pair(e.starts[k]))] if e.guide is not None else []
    return [
        ("middle, y x", _pair(e.center, 0)),
        ("+ regress", _pair(way, 2, "+")),
        ("= start", _pair(e.regressed[k])),
        *guided,
        ("highest weighted cell", _pair(e.cells[k], 0)),
        ("+ mean offset" if e.settings.vote_radius else "+ offset", _pair(offset, 2, "+")),
        ("= place", _pair(e.points[k])),
        (f"÷ {side}", _pair(e.points[k] / side, 3)),
        ("in the photo, x y", f"{x:8.1f} {y:8.1f}"),
        ("score h[cell]", f"{e.scores[k]:8.2f}"),
    ]


def _pair(values: NDArray[Any], digits: int = 2, sign: str = "") -> str:
    y, x = values
    return f"{y:{sign}8.{digits}f} {x:{sign}8.{digits}f}"


def _grid(explanation: Explanation) -> str:
    height, width = explanation.center_scores.shape
    return f"{height} × {width}"


def name_of(k: int) -> str:
    """Return the display name of a keypoint."""
    return KEYPOINTS[k].replace("_", " ")
