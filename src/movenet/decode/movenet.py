"""Raw heads → keypoints, for one person in each picture or for everybody in it.

The network draws its answer on a grid of cells, one for every 4 × 4 pixels of the picture it was shown:

* "center" (N, 1, h, w): is this the middle of a person?
* "regress" (N, 2K, h, w): from a person's middle, how far is it, roughly, to each of the K keypoints?
* "heatmap" (N, K, h, w): is this keypoint k, whoever it belongs to?
* "offset" (N, 2K, h, w): from this cell, how far is it to the very place of keypoint k?
* "box_scale", "box_offset" (N, 2, h, w), many people only: how large is the person's box, how far its middle?

"center" and "heatmap" are logits. The others count cells; channel 2k is the y of keypoint k, 2k + 1 its x.
A place is (y, x) in cells. Divided by (h, w) it is the answer, 0…1 of the picture; no half-cell is added.

Holes do no harm: a logit that is NaN scores 0, a distance that is not finite is 0, and none is longer than a million
cells. Of equals, the first wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from movenet.errors import EngineError

Floats: TypeAlias = NDArray[np.float32]
Cells: TypeAlias = NDArray[np.intp]
Heads: TypeAlias = Mapping[str, Floats]
Guides: TypeAlias = "Sequence[Guide | None]"

FARTHEST_CELLS: Final = np.float32(1e6)
"""Longest distance that is read from a head, in cells: its square and sums of it stay finite."""
NEAREST_CELLS: Final = 1.8
"""Added to a distance before it divides a score, so that the nearest counts finitely (Google's: add_5/y)."""


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """The person asked for: what is already known of them in this picture. NaN stands for "not known"."""

    center: Floats
    """Shape (2,): y, x of the person's centre, 0…1 of the square. The person is looked for around it."""
    keypoints: Floats
    """Shape (K, 2): y, x of the keypoints, 0…1 of the square. The starts lean towards them."""
    share: float = 0.3
    """How far they lean, 0…1: 0 trusts the regression alone, 1 the guide alone (.3: measured on COCO)."""


def decode_one(heads: Heads, guides: Guides | None = None, reach: int = 0) -> Floats:
    """Find one person in each of N pictures: the one nearest the middle, or the one its guide asks for.

    It takes "center", "regress", "heatmap" and "offset", float32, and a guide or None for each picture. With a reach
    the cells around a keypoint's, so far in y and in x, say as well where it is; 0 is what Google's graph does.

    Returns:
        Shape (N, K, 3), float32: y, x, 0…1 of the square (a little outside is possible), and score, 0…1.

    Raises:
        EngineError: if heads are missing or do not fit together, or guides do not fit the heads.
    """
    check_heads(heads, "center", "regress", "offset")
    guides = _check_guides(guides, heads)
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    centers = find_centers(heads["center"], focus_on(guides, grid))
    starts = lean(read_starts(heads["regress"], centers), guides, grid)
    cells = find_cells(heads["heatmap"], starts)
    points = read_places(heads, cells, reach)
    scores = read_scores(heads["heatmap"], cells)
    return np.concatenate((points / grid, scores[..., None]), axis=-1)


def find_centers(center: Floats, focus: Floats) -> Cells:
    """Step 1: find the middle cell (N, 2), where center (N, 1, h, w) is high and the focus (N, 2) is near."""
    return highest(weighted(center, focus[:, None]))[:, 0]


def read_starts(regress: Floats, centers: Cells) -> Floats:
    """Step 2: read at the middle cells (P, 2) where each keypoint should roughly be: (P, K, 2), in cells."""
    return centers[:, None].astype(np.float32) + read_pairs(regress, centers[:, None])


def find_cells(heatmap: Floats, starts: Floats) -> Cells:
    """Step 3: find each keypoint's cell (N, K, 2), where its heatmap is high and its start (N, K, 2) near."""
    return highest(weighted(heatmap, starts))


def add_offsets(offset: Floats, cells: Cells) -> Floats:
    """Step 4: step from each keypoint's cell (…, P, K, 2) to its very place: (…, P, K, 2), in cells."""
    return cells.astype(np.float32) + read_pairs(offset, cells)


def read_places(heads: Heads, cells: Cells, reach: int) -> Floats:
    """Step 4 with a reach: the mean of where the cells around each cell (N, K, 2) hold the keypoint to be: (N, K, 2).

    Each counts as much as it scores. Beyond the edge the cell at the edge is asked again.
    """
    if not reach:
        return add_offsets(heads["offset"], cells)
    axis = np.arange(-reach, reach + 1)
    steps = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 1, 1, 2)
    around = np.clip(cells + steps, 0, np.array(heads["heatmap"].shape[2:]) - 1)
    weights = read_scores(heads["heatmap"], around)[..., None] + np.float32(1e-6)
    places = add_offsets(heads["offset"], around)
    return np.asarray((weights * places).sum(axis=0) / weights.sum(axis=0), np.float32)


def read_scores(heatmap: Floats, cells: Cells) -> Floats:
    """Read the scores (…, N, K), 0…1, of the keypoints at their cells (…, N, K, 2). Distance plays no part."""
    picture, keypoint = np.arange(heatmap.shape[0])[:, None], np.arange(heatmap.shape[1])
    return sigmoid(heatmap[picture, keypoint, cells[..., 0], cells[..., 1]])


def focus_on(guides: Guides, grid: Floats) -> Floats:
    """Return the place (N, 2), in cells, around which to look: the guide's centre, else the middle."""
    focus = np.tile(grid * np.float32(0.5), (len(guides), 1))
    for place, guide in zip(focus, guides, strict=True):
        if guide is not None and np.isfinite(guide.center).all():
            place[:] = guide.center * grid
    return focus


def lean(starts: Floats, guides: Guides, grid: Floats) -> Floats:
    """Return the starts (N, K, 2), in cells, moved towards the keypoints that the guides know."""
    leaning = starts.copy()
    for start, guide in zip(leaning, guides, strict=True):
        if guide is not None:
            way = guide.share * (guide.keypoints * grid - start)
            start += np.where(np.isfinite(way), way, 0)
    return leaning


@dataclass(frozen=True, slots=True)
class ManySettings:
    """Whom `decode_many` takes for a person: what Google's graph does, but for the first two."""

    min_score: float = 0.1
    """A peak of the centre map must score more than this, 0…1. Google's graph asks for nothing …"""
    most: int | None = None
    """… but takes the 6 highest. None takes all."""
    reach: int = 2
    """A peak is the highest of the cells that are so near in y and in x (Google's: a 5 × 5 max-pool)."""
    spread: float = 0.3
    """Denominator of the gaussian around a start, in shorter sides of the grid (Google's: mul_6/y)."""
    min_keypoint_score: float = 0.127
    """Keypoints that score more count in the person's score (Google's: Greater_1/y)."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The P people of one picture, highest centre score first: float32, places in 0…1 of the picture."""

    keypoints: Floats
    """Shape (P, K, 3): y, x (a little outside is possible), score (less, the farther from all starts)."""
    boxes: Floats
    """Shape (P, 4): ymin, xmin, ymax, xmax, clipped to the picture."""
    scores: Floats
    """Shape (P,), 0…1: the centre's score × the mean of those keypoint scores that count."""
    centers: Floats
    """Shape (P, 2): y, x of the peak in the centre map, as a `Guide` wants it."""
    center_scores: Floats
    """Shape (P,), 0…1: the score of that peak."""

    def __len__(self) -> int:
        return len(self.scores)


def decode_many(heads: Heads, settings: ManySettings = ManySettings()) -> list[People]:
    """Find everybody in each of N pictures, square or not; if there is nobody, arrays have length 0.

    Raises:
        EngineError: if heads are missing or do not fit together.
    """
    check_heads(heads, "center", "regress", "offset", "box_scale", "box_offset")
    alone = ({name: head[i : i + 1] for name, head in heads.items()} for i in range(len(heads["center"])))
    return [_decode_people(picture, settings) for picture in alone]


def _decode_people(heads: Heads, settings: ManySettings) -> People:
    """Find everybody in the only picture of these heads."""
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    centers, center_scores = find_peaks(heads["center"][0, 0], settings)
    starts = read_starts(heads["regress"], centers)
    boxes = read_boxes(heads, centers, grid)
    variance = settings.spread * float(grid.min())
    cells = search_boxes(heads["heatmap"][0], starts, boxes, variance)
    points = add_offsets(heads["offset"], cells)
    scores = read_scores(heads["heatmap"], cells) * near_anyone(cells, starts, boxes, variance)
    return People(
        keypoints=np.concatenate((points / grid, scores[..., None]), axis=-1),
        boxes=(boxes / grid).reshape(-1, 4),
        scores=center_scores * mean_above(scores, settings.min_keypoint_score),
        centers=centers.astype(np.float32) / grid,
        center_scores=center_scores,
    )


def find_peaks(center: Floats, settings: ManySettings) -> tuple[Cells, Floats]:
    """Find the cells (P, 2) where center (h, w) has a peak, and their scores (P,), highest first."""
    scores, side = sigmoid(center), 2 * settings.reach + 1
    windows = sliding_window_view(np.pad(scores, settings.reach, constant_values=-1), (side, side))
    cells = np.argwhere(scores > settings.min_score)
    around = windows[cells[:, 0], cells[:, 1]].reshape(len(cells), side * side)
    # argmax is the first of equals. Google's graph takes all of a plateau: one person, many times over.
    peaks = cells[around.argmax(axis=1) == side * side // 2]
    peak_scores = scores[peaks[:, 0], peaks[:, 1]]
    order = np.argsort(-peak_scores, kind="stable")[: settings.most]
    return peaks[order], peak_scores[order]


def read_boxes(heads: Heads, centers: Cells, grid: Floats) -> Floats:
    """Read at the middle cells (P, 2) the first and last corner of each box: (P, 2, 2), y, x in cells."""
    half = np.maximum(read_pairs(heads["box_scale"], centers[:, None]), 0) / 2
    middle = add_offsets(heads["box_offset"], centers[:, None])
    return np.clip(np.concatenate((middle - half, middle + half), axis=1), 0, grid)


def search_boxes(heatmap: Floats, starts: Floats, boxes: Floats, variance: float) -> Cells:
    """Find each keypoint's cell (P, K, 2), where the heatmap (K, h, w) is high, near the start, in the box.

    The score is weighted by exp(−distance² / variance), in cells². In a box without a cell, (0, 0) is found.
    """
    near_y = np.exp(_squares(heatmap.shape[1], starts[..., 0]) / -variance)
    near_x = np.exp(_squares(heatmap.shape[2], starts[..., 1]) / -variance)
    cells = np.zeros(starts.shape, np.intp)
    # One person at a time: a box is a small part of the grid, and each has its own size.
    for person, ((top, left), (bottom, right)) in enumerate(np.ceil(boxes).astype(np.intp)):
        inside = sigmoid(heatmap[:, top:bottom, left:right])
        if inside.size:
            inside *= near_y[person, :, top:bottom, None]
            inside *= near_x[person, :, None, left:right]
            cells[person] = highest(inside) + np.array((top, left))
    return cells


def near_anyone(cells: Cells, starts: Floats, boxes: Floats, variance: float) -> Floats:
    """Return exp(−distance² / variance), (P, K), of each cell to the nearest start in whose box it lies."""
    # It may be another person's: in Google's graph, too, two peaks on one body lift each other's scores.
    places = cells[:, None].astype(np.float32)
    inside = ((places >= boxes[:, None, 0]) & (places < boxes[:, None, 1])).all(axis=-1)
    near = np.exp(np.square(places - starts).sum(axis=-1) / -variance)
    return np.asarray(near.max(axis=1, where=inside, initial=0), np.float32)


def mean_above(scores: Floats, least: float) -> Floats:
    """Return each person's mean (P,) of those scores (P, K) that are above the least; 0 if none is."""
    counted = scores > least
    return np.asarray((scores * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1), np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Turn an array of logits into scores, 0…1; NaN scores 0."""
    with np.errstate(over="ignore"):  # of a hopeless logit: 1 / (1 + infinity) is the 0 it should be
        scores: Floats = np.reciprocal(1 + np.exp(-logits))
    scores[np.isnan(scores)] = 0
    return scores


def weighted(logits: Floats, places: Floats) -> Floats:
    """Return the scores of maps (N, K, h, w), each divided by 1.8 + its distance to a place (N, K, 2)."""
    y2, x2 = _squares(logits.shape[2], places[..., 0]), _squares(logits.shape[3], places[..., 1])
    distances: Floats = np.sqrt(y2[..., :, None] + x2[..., None, :])
    distances += NEAREST_CELLS
    return sigmoid(logits) / distances


def _squares(length: int, place: Floats) -> Floats:
    """Return how far each cell in a row of so many is from a place, squared: (…) → (…, length)."""
    return (np.arange(length, dtype=np.float32) - place[..., None]) ** 2


def highest(maps: Floats) -> Cells:
    """Return the (y, x) of the highest cell of each map: (…, h, w) → (…, 2)."""
    *batch, height, width = maps.shape
    flat = maps.reshape(*batch, height * width).argmax(axis=-1)
    return np.stack(np.divmod(flat, width), axis=-1)


def read_pairs(head: Floats, cells: Cells) -> Floats:
    """Read the (y, x) that a head (N, 2K, h, w) holds for keypoint k of person p at cells[…, p, k]: (…, P, K, 2).

    N pictures show one person each (P = N), or one picture all P. A cell (P, 1, 2) serves all keypoints.
    """
    picture = np.arange(len(head))[:, None, None]
    channel = np.arange(head.shape[1]).reshape(-1, 2)
    pairs = head[picture, channel, cells[..., :1], cells[..., 1:]]
    return np.where(np.isfinite(pairs), pairs, np.float32(0)).clip(-FARTHEST_CELLS, FARTHEST_CELLS)


def check_heads(heads: Heads, *names: str) -> None:
    """Raise EngineError unless the heatmap and the heads of these names are there and fit each other."""
    if missing := {"heatmap", *names} - heads.keys():
        raise EngineError(f"expected a head called '{min(missing)}', got {', '.join(heads) or 'none at all'}")
    for name in ("heatmap", *names):
        kind, shape = heads[name].dtype, heads[name].shape
        if kind != np.float32 or len(shape) != 4 or 0 in shape[1:]:
            raise EngineError(
                f"expected the head '{name}' as float32 (N, channels, h, w), got {kind} {shape}"
            )
    pictures, keypoints, *grid = heads["heatmap"].shape
    bones = 2 * (keypoints - 1)
    channels = {"center": 1, "box_scale": 2, "box_offset": 2, "outward": bones, "inward": bones}
    for name in names:
        expected = (pictures, channels.get(name, 2 * keypoints), *grid)
        if heads[name].shape != expected:
            raise EngineError(f"expected the head '{name}' of shape {expected}, got {heads[name].shape}")


def _check_guides(guides: Guides | None, heads: Heads) -> Guides:
    """Return a guide or None for each picture; raise EngineError if those given do not fit the heads."""
    pictures, keypoints = heads["heatmap"].shape[:2]
    guides = guides if guides is not None else [None] * pictures
    shapes = [guide and (np.shape(guide.center), np.shape(guide.keypoints)) for guide in guides]
    if len(guides) != pictures or {*shapes} - {None, ((2,), (keypoints, 2))}:
        fitting = f"None or a guide's center (2,) and keypoints ({keypoints}, 2)"
        raise EngineError(f"expected for each of {pictures} pictures {fitting}, got {shapes}")
    return guides
