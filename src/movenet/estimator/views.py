"""Views of a person, the squares that the single-person model runs on, and the pose that their votes agree on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop, mirror_decoded
from movenet.decode import Guide, Heads
from movenet.decode.families import DECODERS
from movenet.decode.votes import BANDWIDTH_WIDTHS, MIN_BANDWIDTH_CELLS, Votes, find_modes
from movenet.engine import Engine
from movenet.estimator.detection import Detection, fuse
from movenet.estimator.settings import EstimatorSettings
from movenet.models import STRIDE, ModelCard
from movenet.planar import Picture
from movenet.pose import MIRROR, Pose
from movenet.skeleton import oks_widths

MAX_BATCH: Final = 4
"""Most squares in one call of an engine: larger batches are not faster and need more memory."""

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A square of a picture, or its mirror image, and what is known of the person to decode in it."""

    image: Picture
    """The picture."""
    crop: Crop
    """The square, as it lies in the picture."""
    guide: Guide | None = None
    """The person to decode, in 0…1 of the square as it lies in the picture; None for the one in the middle."""
    mirrored: bool = False
    """Whether the model runs on the square's mirror image."""

    def square(self) -> Image:
        """Return the square that the model runs on, (side, side, 3) uint8 RGB."""
        square = self.crop.cut(self.image)
        return square[:, ::-1] if self.mirrored else square


def estimate_people(
    engine: Engine,
    settings: EstimatorSettings,
    people: Sequence[Sequence[View]],
    detections: Sequence[Detection] | None = None,
) -> list[Pose]:
    """Return the pose of each person, given by their views; fused with their detections, if given.

    With `EstimatorSettings.flip` the mirrored views of people of a high score run as well.
    """

    def fused() -> list[Pose]:
        poses = [to_pose(own, views[0], names) for own, views in zip(votes, people, strict=True)]
        if detections is None:
            return poses
        return [fuse(*pair, settings.blend) for pair in zip(detections, poses, strict=True)]

    names, offset_cells = engine.card.keypoint_names, settings.distance_offset_cells
    votes = _run_people(engine, people, offset_cells)
    poses = fused()
    if not settings.flip:
        return poses
    chosen = [i for i, pose in enumerate(poses) if pose.score >= settings.flip_min_score]
    mirrored = [[replace(view, mirrored=True) for view in people[i]] for i in chosen]
    for i, more in zip(chosen, _run_people(engine, mirrored, offset_cells), strict=True):
        votes[i] += more
    return fused()


def _run_people(
    engine: Engine, people: Sequence[Sequence[View]], offset_cells: float | None
) -> list[list[Votes]]:
    """Return the votes of each view of each person; the squares of all people run in batches together."""
    votes = iter(run_views(engine, [view for views in people for view in views], offset_cells))
    return [[next(votes) for _ in views] for views in people]


def run_views(engine: Engine, views: Sequence[View], offset_cells: float | None) -> list[Votes]:
    """Return the votes of each view, x, y in pixels of its picture. Squares of one size run in batches.

    `offset_cells` as in `movenet.decode.votes.cast_votes`.
    """
    found: dict[int, Votes] = {}
    for part in _batches([view.crop for view in views]):
        heads = engine(np.stack([views[i].square() for i in part]))
        batch = decode_views(heads, [views[i] for i in part], engine.card, offset_cells)
        found |= dict(zip(part, batch, strict=True))
    return [found[i] for i in range(len(views))]


def decode_views(
    heads: Heads, views: Sequence[View], card: ModelCard, offset_cells: float | None
) -> list[Votes]:
    """Return the votes of each view, as `run_views`, from the model's heads for a batch of their squares."""
    decoder = DECODERS[card.family]
    votes = decoder.cast_votes(heads, [_guide(view, decoder.shift_px) for view in views], offset_cells)
    return [_to_image(view, votes[n], decoder.shift_px) for n, view in enumerate(views)]


def to_pose(votes: Sequence[Votes], view: View, names: tuple[str, ...]) -> Pose:
    """Return the pose that the votes of all views of a person agree on; `view` is the first of them.

    Its score is the mean of the keypoint scores, its box the extent of the visible keypoints; None if that is no area.
    """
    keypoints, scores = find_modes(votes, bandwidths(view, votes[0].scores.shape[-1]))
    pose = Pose(keypoints.astype(np.float32), scores.astype(np.float32), float(scores.mean()), names=names)
    bounds = pose.bounds()
    return replace(pose, box=bounds if bounds and min(bounds[2:]) > 0 else None)


def bandwidths(view: View, keypoints: int) -> NDArray[np.float64]:
    """Return the bandwidth of the mean shift for each of K keypoints, (K,), in pixels of the picture.

    `view` is the first of the person.
    """
    scale_px = view.guide.scale * view.crop.width if view.guide is not None else np.nan
    least_px = MIN_BANDWIDTH_CELLS * STRIDE * view.crop.width / view.crop.out_width
    return np.fmax(BANDWIDTH_WIDTHS * oks_widths(scale_px, keypoints), least_px)


def _batches(crops: Sequence[Crop]) -> Iterator[list[int]]:
    """Yield the indices of crops that run together: of one size, at most `MAX_BATCH`."""
    sizes = [(crop.out_width, crop.out_height) for crop in crops]
    for size in dict.fromkeys(sizes):
        same_size = [i for i in range(len(crops)) if sizes[i] == size]
        for start in range(0, len(same_size), MAX_BATCH):
            yield same_size[start : start + MAX_BATCH]


def _guide(view: View, shift_px: float) -> Guide | None:
    """Return the guide of the square that the model runs on."""
    if view.guide is None or not view.mirrored:
        return view.guide
    side = view.crop.out_width
    keypoints = mirror_decoded(view.guide.keypoints[list(MIRROR)], side, shift_px)
    return replace(view.guide, center=mirror_decoded(view.guide.center, side, shift_px), keypoints=keypoints)


def _to_image(view: View, votes: Votes, shift_px: float) -> Votes:
    """Return the votes in a view's square in pixels of the picture, with left and right as in the picture."""
    keypoints, points, scores, weights = votes.keypoints, votes.points, votes.scores, votes.weights
    if view.mirrored:
        swap, side = list(MIRROR), view.crop.out_width
        keypoints, points = (mirror_decoded(array[swap], side, shift_px) for array in (keypoints, points))
        scores, weights = scores[swap], weights[swap]
    keypoints, points = (
        view.crop.points_to_image(array, shift_px).astype(np.float32) for array in (keypoints, points)
    )
    return Votes(keypoints, scores, points, weights)
