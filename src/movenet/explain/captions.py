"""Texts of the figure: for each panel its title, the head it shows, the formula, and the result."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from movenet.decode import DISTANCE_OFFSET_CELLS
from movenet.explain.steps import Explanation
from movenet.pose import KEYPOINTS


class Caption(NamedTuple):
    """The texts around one panel."""

    number: str
    """Number of the step."""
    title: str
    head: str
    """The head that is shown, and its shape."""
    formula: str
    """Empty if nothing is computed."""
    text: str


LEGEND: Final = (
    Caption("6", "any person", "", "h = σ(heatmap)", "Score of each cell for this keypoint."),
    Caption(
        "7",
        "this person",
        "",
        "h / (d + b)",
        "d: cells to +, the start from step 5; b: the keypoint's width. The highest wins.",
    ),
    Caption(
        "8",
        "exact position",
        "",
        "cell + offset",
        "Cells vote from their top-left corners; they agree in the circle.",
    ),
)
"""Captions of panels 6 to 8 for any keypoint."""


def title(explanation: Explanation) -> str:
    """Return the headline."""
    return f"How MoveNet {explanation.card.name.capitalize()} estimates the pose in this photo"


def summary(explanation: Explanation) -> str:
    """Return the line below the headline: size of the photo, method and result."""
    height, width = explanation.image.shape[:2]
    detected = "person detection, then pose estimation in the crop"
    method = "pose estimation in the whole photo" if explanation.detector is None else detected
    pose = explanation.pose
    result = "no person found" if pose is None else f"one person found, score {pose.score:.2f}"
    return f"{width} × {height} px   ·   {method}   ·   {result}"


def no_person(explanation: Explanation) -> str:
    """Return the text shown instead of a pose."""
    score, chosen, least = explanation.scores.mean(), explanation.chosen, explanation.min_score
    if explanation.detector is None:
        why = f"the keypoints score {score:.2f} on average,\nbelow {least:g}"
    elif chosen is None:
        why = "the detector found no person"
    else:
        why = f"detection and pose score {chosen.pose.score:.2f} and {score:.2f},\ntogether below {least:g}"
    return f"No person: {why}."


def of_photo(explanation: Explanation) -> Caption:
    """Panel 1."""
    crop, settings, detector = explanation.crop, explanation.settings, explanation.detector
    head = f"a square of {crop.width:.0f} px"
    if detector is None:
        text = "The whole photo, padded with black to a square."
    elif explanation.chosen is None:
        text = "The detector found no person, so the crop is the whole photo, padded with black to a square."
    else:
        count = len(explanation.people)
        people = "one person" if count == 1 else f"{count} people; the most prominent is chosen"
        text = (
            f"Detector ({detector.name}): {people}. "
            f"The square is {settings.crop_factor:g} × that person's longer side."
        )
    return Caption("1", "The crop", head, "", text)


def of_square(explanation: Explanation) -> Caption:
    """Panel 2."""
    side = explanation.card.side
    text = f"All that the network gets. Its heads have {_grid(explanation)} cells."
    return Caption("2", "The network's input", f"input {side} × {side} × 3", "", text)


def of_center(explanation: Explanation) -> Caption:
    """Panel 3."""
    head = f"center {_grid(explanation)} × 1"
    text = "Score of each cell for being the center of a person, whichever person it is."
    return Caption("3", "Any person's center", head, "σ(center)", text)


def of_center_weighted(explanation: Explanation) -> Caption:
    """Panel 4."""
    y, x = explanation.center.tolist()
    score = explanation.center_scores[y, x]
    focus = "the middle of the square" if explanation.guide is None else "the detected person's center"
    text = f"d: cells to +, {focus}. The highest wins: y, x = {y}, {x}, with a score of {score:.2f}."
    return Caption(
        "4", "This person's center", "center, weighted", f"σ(center) / (d + {DISTANCE_OFFSET_CELLS})", text
    )


def of_starts(explanation: Explanation) -> Caption:
    """Panel 5."""
    head, formula = f"regress {_grid(explanation)} × 34", "center + regress[center]"
    text = "Read at the center only: the start, a rough position of each keypoint."
    if explanation.guide is not None:
        text += f" White: before it is moved {explanation.guide.weight:.0%} to the detected keypoint."
    return Caption("5", "From center to keypoints", head, formula, text)


def of_heatmap(explanation: Explanation, k: int) -> Caption:
    """Panel 6."""
    name = name_of(k)
    head = f"heatmap {_grid(explanation)} × 17 → {name}"
    text = f"Score of each cell for a {name} of any person. Sometimes the other side scores high, too."
    return Caption("6", f"Any person's {name}", head, f"h = σ(heatmap[{k}])", text)


def of_heatmap_weighted(explanation: Explanation, k: int) -> Caption:
    """Panel 7."""
    y, x = explanation.cells[k].tolist()
    text = f"d: cells to +, the start from step 5. The highest wins: y, x = {y}, {x}."
    head, formula = "heatmap, weighted", f"h / (d + {explanation.distance_offsets[k]:.1f})"
    return Caption("7", f"This person's {name_of(k)}", head, formula, text)


def of_offsets(explanation: Explanation, k: int) -> Caption:
    """Panel 8."""
    head = f"offset {_grid(explanation)} × 34 → {name_of(k)}"
    text = (
        "From its top-left corner each cell votes for a position, with its weight from step 7. The circle is where "
        "they agree (mean shift)."
    )
    return Caption("8", "The exact position", head, "vote = cell + offset[cell]", text)


def of_result(explanation: Explanation) -> Caption:
    """Panel 9."""
    text = (
        f"A position ÷ {explanation.center_scores.shape[0]} is 0…1 of the square, and × {explanation.card.side} its "
        "pixels; the inverse of the crop gives pixels of the photo."
    )
    return Caption("9", "The pose", "17 × (x, y, score), in pixels of the photo", "", text)


def calculation(explanation: Explanation, k: int) -> list[tuple[str, str]]:
    """Return the calculation of keypoint k as rows (label, numbers); pairs are y, x in cells unless labelled."""
    e, side = explanation, explanation.center_scores.shape[0]
    regress, offset = e.regressed[k] - e.center, e.points[k] - e.cells[k]
    x, y = e.crop.points_to_image(e.points[k] / e.center_scores.shape)
    guided = [("moved to detection", _pair(e.starts[k]))] if e.guide is not None else []
    return [
        ("center, y x", _pair(e.center, 0)),
        ("+ regress", _pair(regress, 2, "+")),
        ("= start", _pair(e.regressed[k])),
        *guided,
        ("highest weighted cell", _pair(e.cells[k], 0)),
        ("+ mean shift of its votes", _pair(offset, 2, "+")),
        ("= position", _pair(e.points[k])),
        (f"÷ {side}", _pair(e.points[k] / side, 3)),
        ("in the photo, x y", f"{x:8.1f} {y:8.1f}"),
        *_result(e, k),
    ]


def _result(e: Explanation, k: int) -> list[tuple[str, str]]:
    """Return the rows that lead from the first square to the estimator's result, x, y in pixels of the photo."""
    if e.pose is None:
        return [("score h[cell]", f"{e.scores[k]:8.2f}")]
    name, rows = KEYPOINTS[k], []
    if e.chosen is not None and e.settings.blend is not None:
        x, y, _ = e.chosen.pose[name]
        rows.append(("blended with detected", f"{x:8.1f} {y:8.1f}"))
    x, y, score = e.pose[name]
    squares = f" of {e.squares} squares" if e.squares > 1 else ""
    return [*rows, (f"= result{squares}", f"{x:8.1f} {y:8.1f}"), ("score", f"{score:8.2f}")]


def _pair(values: NDArray[Any], digits: int = 2, sign: str = "") -> str:
    y, x = values
    return f"{y:{sign}8.{digits}f} {x:{sign}8.{digits}f}"


def _grid(explanation: Explanation) -> str:
    height, width = explanation.center_scores.shape
    return f"{height} × {width}"


def name_of(k: int) -> str:
    """Return the name of keypoint k with spaces."""
    return KEYPOINTS[k].replace("_", " ")
