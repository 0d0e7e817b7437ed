"""Left and right in video: limbs whose sides a model has exchanged in some frames are found and put right.

A limb is a chain of three pairs of keypoints: shoulders, elbows, wrists, or hips, knees, ankles. Each pair is either
as the model labelled it or exchanged, so a limb has 2³ labellings. The cheapest sequence of labellings over time is
found by dynamic programming (Viterbi): keypoints should move little from frame to frame, the bones between the pairs
should keep their lengths, and an exchange has a price of its own, so that what the model says is changed only
for a reason. The faces' sides are not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.signals import Floats, torso_lengths_px
from movenet.analysis.track import Track, make_tracks
from movenet.pose import KEYPOINTS, MIRROR, Pose

LIMBS: Final = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
SWAP_PRICE: Final = 0.02
"""Price of one exchanged pair in one frame."""
MAX_MOVE: Final = 1.0
"""Moves beyond this many torso lengths per frame are no more expensive: they are detections of something else."""
BONE_WEIGHT: Final = 0.5
"""Weight of the change of a bone's length against that of a move."""
MAX_GAP_S: Final = 0.5
"""After a longer gap the earlier positions say nothing."""

_STATES: Final = np.array(list(product((0, 1), repeat=3)), bool)
"""Shape (8, 3): which pairs of a limb are exchanged in each labelling."""


@dataclass(frozen=True, slots=True, eq=False)
class SwapRepair:
    """A track with its sides put right."""

    track: Track
    swapped: NDArray[np.bool_]
    """Shape (T, 17): the keypoints that were exchanged with their partner of the other side."""

    @property
    def rate(self) -> float:
        """Share of the frames with a pose in which a pair was exchanged, 0…1; NaN without such frames."""
        found = self.track.found
        return float(self.swapped[found].any(axis=1).mean()) if found.any() else float("nan")


def repair_swaps(track: Track) -> SwapRepair:
    """Return the track with exchanged limbs put right; needs the whole recording."""
    swapped = np.zeros((len(track), len(KEYPOINTS)), bool)
    if len(track) > 1 and np.isfinite(track.torso_px):
        torso_px = torso_lengths_px(track)
        for limb in LIMBS:
            pairs = np.array(
                [[KEYPOINTS.index(f"{side}_{name}") for side in ("left", "right")] for name in limb]
            )
            states = _STATES[_cheapest(track.known_keypoints[:, pairs], torso_px, track.times_s)]
            swapped[:, pairs] = states[:, :, None]
    order = np.where(swapped, MIRROR, np.arange(len(KEYPOINTS)))
    keypoints = np.take_along_axis(track.keypoints, order[..., None], axis=1)
    right = np.take_along_axis(track.right, order, axis=1)
    return SwapRepair(Track(track.id, track.times_s, keypoints, right), swapped)


def repair_recording(times_s: Sequence[float], poses: Sequence[Sequence[Pose]]) -> list[list[Pose]]:
    """Return the poses of a whole recording with exchanged limbs put right, person by person.

    Args:
        times_s: time of each frame in seconds, ascending.
        poses: the poses of each frame, of COCO's 17 keypoints: each id at most once a frame, and at most one pose
            without an id.

    Raises:
        DataError: as `make_tracks`.
    """
    repaired = [list(found) for found in poses]
    frames = [_Frame(time_s, found) for time_s, found in zip(times_s, poses, strict=True)]
    first = {key: at for at, found in reversed([*enumerate(poses)]) for key in {pose.id for pose in found}}
    for track in make_tracks(frames):
        swapped = repair_swaps(track).swapped
        for frame in np.flatnonzero(swapped.any(axis=1)).tolist():
            at = first[track.id] + frame
            order = np.where(swapped[frame], MIRROR, np.arange(len(KEYPOINTS)))
            repaired[at] = [
                replace(pose, keypoints=pose.keypoints[order], scores=pose.scores[order])
                if pose.id == track.id
                else pose
                for pose in repaired[at]
            ]
    return repaired


class _Frame(NamedTuple):
    time_s: float
    poses: Sequence[Pose]


def _cheapest(points: Floats, torso_px: Floats, times_s: Floats) -> NDArray[np.intp]:
    """Return the number of the labelling of each frame, (T,); points (T, 3 pairs, 2 sides, 2)."""
    own = SWAP_PRICE * _STATES.sum(axis=1) + BONE_WEIGHT * _bone_costs(points, torso_px)
    moves = _move_costs(points, torso_px, times_s)
    # A pair that is exchanged in both of two frames, or in neither, keeps its sides; else it changes them.
    changes = _STATES[:, None] != _STATES[None]
    total, back = own[0], np.zeros((len(points), len(_STATES)), np.intp)
    for frame in range(1, len(points)):
        step = np.where(changes, moves[frame, :, 1], moves[frame, :, 0]).sum(axis=2)
        reached = total[:, None] + step
        back[frame] = reached.argmin(axis=0)
        total = reached.min(axis=0) + own[frame]
    path = np.zeros(len(points), np.intp)
    path[-1] = int(total.argmin())
    for frame in range(len(points) - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def _move_costs(points: Floats, torso_px: Floats, times_s: Floats) -> Floats:
    """Return (T, 3, 2): cost of each pair's move since it was last seen, with its sides kept and exchanged."""
    costs = np.zeros((len(points), 3, 2))
    for pair in range(3):
        both = np.flatnonzero(np.isfinite(points[:, pair]).all(axis=(1, 2)))
        before, after = both[:-1], both[1:]
        close = times_s[after] - times_s[before] <= MAX_GAP_S
        before, after = before[close], after[close]
        start, end = points[before, pair], points[after, pair]
        for exchanged, target in enumerate((end, end[:, ::-1])):
            moved = np.hypot(*np.moveaxis(target - start, 2, 0)) / torso_px[after, None]
            costs[after, pair, exchanged] = np.minimum(moved, MAX_MOVE).sum(axis=1)
    return costs


def _bone_costs(points: Floats, torso_px: Floats) -> Floats:
    """Return (T, 8): how far the bones' lengths are from those of the limb's own median, in torso lengths."""
    costs = np.zeros((len(points), len(_STATES)))
    for upper, lower in ((0, 1), (1, 2)):
        straight = _lengths(points[:, upper], points[:, lower]) / torso_px[:, None]
        crossed = _lengths(points[:, upper], points[:, lower, ::-1]) / torso_px[:, None]
        # A bone looks shorter than it is, but hardly longer: only what exceeds its usual length costs.
        known = straight[np.isfinite(straight)]
        usual = np.percentile(known, 75) if len(known) else np.inf
        excess = [np.nan_to_num(np.maximum(length - usual, 0).sum(axis=1)) for length in (straight, crossed)]
        costs += np.where(_STATES[:, upper] != _STATES[:, lower], excess[1][:, None], excess[0][:, None])
    return costs


def _lengths(start: Floats, end: Floats) -> Floats:
    return np.asarray(np.hypot(*np.moveaxis(end - start, 2, 0)))
