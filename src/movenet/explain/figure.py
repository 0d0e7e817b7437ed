"""Composes the figure: the network, then three sections: person, keypoint, pose. Lengths are in inches."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from movenet.decode import Floats
from movenet.explain import captions, panels
from movenet.explain.captions import Caption
from movenet.explain.sheet import ACCENT, FAMILY, GREY, INK, MARGIN, MONO, WIDTH, Sheet, measure
from movenet.explain.steps import Explanation
from movenet.explain.strip import HEIGHT as STRIP
from movenet.explain.strip import draw_strip
from movenet.pose import KEYPOINTS

CONTENT: Final = WIDTH - 2 * MARGIN
GAP: Final = 0.24
HEADER: Final = 1.08
SECTION: Final = 0.64
"""Height of the line and name of a section."""
TITLE: Final = 0.44
"""Height of the two lines of text above a panel."""
CAPTION: Final = 0.88
"""Height of the formula and the text below a panel."""
RESULT_WIDTH: Final = 7.2
"""Largest width of the last panel; narrow photos get a higher one instead."""
RESULT_HEIGHTS: Final = (3.8, 6.0)
"""Least and largest height of the panels in the last section."""
COLUMNS: Final = 9
"""Columns of small panels: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles."""
SMALL_GAP: Final = 0.12
SMALL_TITLE: Final = 0.22


def compose(explanation: Explanation, keypoint: int | None) -> Figure:
    """Return the figure with one keypoint in detail, or for None all 17 in small panels."""
    person, keypoint_height, result = (
        _panel_width(5),
        _keypoint_section_height(keypoint),
        _result_size(explanation)[1],
    )
    sections = (TITLE + person + CAPTION, keypoint_height, TITLE + result)
    sheet = Sheet(HEADER + STRIP + 3 * SECTION + sum(sections) + 0.85)
    sheet.write(MARGIN, 0.42, captions.title(explanation), 19, weight="bold")
    sheet.write(MARGIN, 0.80, captions.summary(explanation), 8.6, color=GREY)
    draw_strip(sheet, HEADER, explanation)
    y = _begin_section(
        sheet, HEADER + STRIP, "The person", "Which person is it, and roughly where are the keypoints?"
    )
    _draw_person_section(sheet, y, explanation)
    one = "Where exactly is it? Here is one of the 17; the others are computed in the same way."
    y = _begin_section(
        sheet, y + sections[0], "The keypoint", "Where exactly is it?" if keypoint is None else one
    )
    if keypoint is None:
        _draw_all_keypoints_section(sheet, y, explanation)
    else:
        _draw_keypoint_section(sheet, y, explanation, keypoint)
    y = _begin_section(sheet, y + sections[1], "The pose", "All 17 keypoints and the score of each.")
    _draw_pose_section(sheet, y, explanation, keypoint)
    return sheet.figure


def _panel_width(count: int) -> float:
    """Return the width of one of `count` panels in a row."""
    return (CONTENT - (count - 1) * GAP) / count


def _small_width() -> float:
    return (CONTENT - (COLUMNS - 1) * SMALL_GAP) / COLUMNS


def _slot_height() -> float:
    """Return the height of one keypoint's name and its three small panels."""
    return SMALL_TITLE + 3 * _small_width() + 2 * SMALL_GAP / 2


def _keypoint_section_height(keypoint: int | None) -> float:
    return 2 * _slot_height() + 0.55 if keypoint is None else TITLE + _panel_width(4) + CAPTION


def _result_size(explanation: Explanation) -> tuple[float, float]:
    """Return width and height of the last panel, with the photo's aspect ratio within the limits."""
    height, width = explanation.image.shape[:2]
    least, most = RESULT_HEIGHTS
    high = min(max(RESULT_WIDTH * height / width, least), most)
    return min(max(high * width / height, 1.0), RESULT_WIDTH), high


def _begin_section(sheet: Sheet, y: float, name: str, question: str) -> float:
    """Draw a line, a section's name and its question, and return the y of its panels."""
    sheet.rule(y + 0.08)
    sheet.write(MARGIN, y + 0.22, name, 12.5, weight="bold")
    indent = measure(name, FontProperties(family=FAMILY, size=12.5, weight="bold")) + 0.2
    sheet.write(MARGIN + indent, y + 0.263, question, 8.6, color=GREY)
    return y + SECTION


def _draw_person_section(sheet: Sheet, y: float, e: Explanation) -> None:
    of_panels = (
        captions.of_photo,
        captions.of_square,
        captions.of_center,
        captions.of_center_weighted,
        captions.of_starts,
    )
    axes = _row(sheet, y, [caption(e) for caption in of_panels], _panel_width(5))
    panels.draw_photo(axes[0], e)
    panels.draw_square(axes[1], e)
    panels.draw_map(axes[2], e, e.center_scores, 1.0)
    panels.draw_scale(axes[2], 1.0)
    _draw_center(axes[3], e)
    panels.draw_starts(axes[4], e)


def _draw_center(axes: Axes, e: Explanation) -> None:
    top = _top(e.center_weighted)
    panels.draw_map(axes, e, e.center_weighted, top)
    panels.mark_focus(axes, e.focus)
    panels.mark_cell(axes, e.center)
    panels.draw_scale(axes, top)


def _top(scores: Floats) -> float:
    """Return the upper end of a map's colour scale: its highest score, or 1 if that is 0."""
    return float(scores.max()) or 1.0


def _draw_keypoint_section(sheet: Sheet, y: float, e: Explanation, k: int) -> None:
    """Draw the steps of one keypoint in three panels and in numbers."""
    of_panels = (captions.of_heatmap, captions.of_heatmap_weighted, captions.of_offsets)
    size = _panel_width(4)
    axes = _row(sheet, y, [caption(e, k) for caption in of_panels], size)
    _draw_keypoint_panels(axes, e, k)
    panels.draw_scale(axes[0], 1.0)
    panels.draw_scale(axes[1], _top(e.heatmaps_weighted[k]))
    x = MARGIN + 3 * (size + GAP)
    sheet.write(x, y + 0.04, "The same in numbers", 8.6, weight="bold")
    sheet.write(x, y + 0.21, f"{captions.name_of(k)}, in cells", 7.4, color=ACCENT)
    line = y + TITLE + 0.04
    for label, numbers in captions.calculation(e, k):
        sheet.write(x, line, label, 7.4, color=GREY)
        sheet.write(x + size, line, numbers, 7.4, family=MONO, ha="right")
        line += 0.25


def _draw_all_keypoints_section(sheet: Sheet, y: float, e: Explanation) -> None:
    """Draw the steps of all keypoints, left ones above, right ones below, three small panels each."""
    size = _small_width()
    step = size + SMALL_GAP / 2
    for k in range(len(KEYPOINTS)):
        column, row = (k + 1) // 2, (k + 1) % 2 if k else 0
        x, top = MARGIN + column * (size + SMALL_GAP), y + row * (_slot_height() + 0.2)
        sheet.write(x, top, captions.name_of(k), 6.8, weight="bold")
        sheet.write(x + size, top, f"{e.scores[k]:.2f}", 6.8, color=GREY, ha="right")
        _draw_keypoint_panels(
            [sheet.axes(x, top + SMALL_TITLE + i * step, size, size) for i in range(3)], e, k
        )
    top = y + _slot_height() + 0.2 + SMALL_TITLE
    for i, caption in enumerate(captions.LEGEND):
        _write_legend(sheet, top + i * step, size, caption)


def _write_legend(sheet: Sheet, y: float, width: float, caption: Caption) -> None:
    """Write what a row of small panels shows, below the nose, where no second keypoint is."""
    sheet.badge(MARGIN + 0.125, y + 0.125, caption.number)
    sheet.write(MARGIN + 0.32, y + 0.07, caption.title, 6.8, weight="bold")
    below = sheet.write_lines(MARGIN, y + 0.32, caption.formula, width, size=6, family=MONO, color=ACCENT)
    sheet.write_lines(MARGIN, below + 0.02, caption.text, width, size=6, color=GREY)


def _draw_keypoint_panels(axes: list[Axes], e: Explanation, k: int) -> None:
    """Draw a keypoint's heatmap, the weighted heatmap and the offsets around its cell."""
    panels.draw_map(axes[0], e, e.heatmaps[k], 1.0)
    panels.draw_map(axes[1], e, e.heatmaps_weighted[k], _top(e.heatmaps_weighted[k]))
    panels.mark_focus(axes[1], e.starts[k])
    panels.mark_cell(axes[1], e.cells[k])
    panels.draw_offsets(axes[2], e, k)


def _draw_pose_section(sheet: Sheet, y: float, e: Explanation, k: int | None) -> None:
    width, height = _result_size(e)
    caption = captions.of_result(e)
    _write_title(sheet, MARGIN, y, caption)
    axes = sheet.axes(MARGIN, y + TITLE, width, height)
    axes.set_anchor("NW")
    panels.draw_result(axes, e)
    if e.pose is None:
        style: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "weight": "bold",
            "linespacing": 1.6,
            "color": "white",
        }
        background = {
            "facecolor": panels.DARK,
            "edgecolor": "none",
            "alpha": 0.8,
            "boxstyle": "round,pad=0.8",
        }
        middle = (MARGIN + max(width, 4) / 2, y + TITLE + height / 2)
        sheet.write(*middle, captions.no_person(e), 10.5, bbox=background, **style)
    below = y + TITLE + height + 0.1
    sheet.write_lines(MARGIN, below, caption.text, max(width, 2.6), size=7.4, color=GREY)
    x = MARGIN + width + GAP
    sheet.write(x + 0.1, y + 0.04, "The scores", 8.6, weight="bold")
    sheet.write(x + 0.1, y + 0.21, "the heatmap at the chosen cell, unweighted", 7.4, color=ACCENT)
    bars = min(WIDTH - MARGIN - 0.4 - x - 1.15, 4.0)
    panels.draw_scores(sheet.axes(x + 1.15, y + TITLE, bars, height), e, k)


def _row(sheet: Sheet, y: float, row: list[Caption], size: float) -> list[Axes]:
    """Write the captions of a row of square panels and return their axes."""
    return [_panel(sheet, MARGIN + i * (size + GAP), y, size, caption) for i, caption in enumerate(row)]


def _panel(sheet: Sheet, x: float, y: float, size: float, caption: Caption) -> Axes:
    _write_title(sheet, x, y, caption)
    below = y + TITLE + size + 0.1
    if caption.formula:
        sheet.write(x, below, caption.formula, 7.4, family=MONO, color=ACCENT)
        below += 0.18
    sheet.write_lines(x, below, caption.text, size, size=7.4, color=GREY)
    return sheet.axes(x, y + TITLE, size, size)


def _write_title(sheet: Sheet, x: float, y: float, caption: Caption) -> None:
    sheet.badge(x + 0.125, y + 0.17, caption.number)
    sheet.write(x + 0.34, y + 0.04, caption.title, 8.6, weight="bold", color=INK)
    sheet.write(x + 0.34, y + 0.21, caption.head, 7.4, color=ACCENT)
