"""The poses of one method on one clip of one person, compared with the ground truth frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.oks import similarity
from movenet.pose import SIGMAS, Pose
from movenet.synthetic.camera import FrameTruth
from movenet.video_evaluation.harness import Run
from movenet.video_evaluation.motion import stretches

PRESENT: Final = 0.5
"""A person is present if at least this share of the labelled keypoints is inside the frame."""
FOUND_OKS: Final = 0.5
"""A pose is a true positive from this OKS on: COCO's lowest threshold."""
MIN_SCORE: Final = 0.2
"""Keypoints of a lower score do not count for jitter and lag."""
LIMB_PAIRS: Final = np.arange(5, len(SIGMAS)).reshape(-1, 2)
"""Shape (6, 2): the left and right keypoints from the shoulders to the ankles."""
APART_S: Final = 0.5
"""A person absent for less time has not left the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SinglePersonRun:
    """A `Run` with at most one pose in each of its T frames."""

    truths: Sequence[FrameTruth]
    poses: Sequence[Pose | None]
    size: tuple[int, int]
    """Width and height of the frames in pixels."""
    rate_hz: float
    busy_s: float
    """Computing time of the method, in seconds."""

    @classmethod
    def of(cls, run: Run[FrameTruth]) -> SinglePersonRun:
        """Return the run with the first pose of each frame."""
        poses = [next(iter(found), None) for found in run.poses]
        return cls(run.truths, poses, run.size, run.rate_hz, run.busy_s)

    def present(self) -> NDArray[np.bool_]:
        """Return (T,): whether the person is present."""
        return np.array([truth.visible >= PRESENT for truth in self.truths])

    def empty(self) -> NDArray[np.bool_]:
        """Return (T,): whether the scene is empty; a frame with a partly visible person is neither."""
        return np.array([truth.area == 0 for truth in self.truths])

    def found(self) -> NDArray[np.bool_]:
        """Return (T,): whether the person is present and the pose is a true positive."""
        pairs = zip(self.poses, self.truths, self.present(), strict=True)
        return np.array(
            [
                there and pose is not None and self._oks(pose, truth) >= FOUND_OKS
                for pose, truth, there in pairs
            ]
        )

    def on_passer_by(self) -> NDArray[np.bool_]:
        """Return (T,): whether the pose is that of the passer-by, and not of the person."""
        pairs = zip(self.poses, self.truths, self.found(), strict=True)
        return np.array(
            [
                not found
                and pose is not None
                and truth.passer_by is not None
                and truth.passer_by.visible >= PRESENT
                and self._oks(pose, truth.passer_by) >= FOUND_OKS
                for pose, truth, found in pairs
            ]
        )

    def with_passer_by(self) -> int:
        """Return the number of frames of a clip with a passer-by."""
        return sum(truth.passer_by is not None for truth in self.truths)

    def _oks(self, pose: Pose, truth: FrameTruth) -> float:
        inside = self.inside(truth)
        oks = similarity(
            pose.keypoints[None, inside],
            truth.keypoints[None, inside],
            [truth.area],
            np.array(SIGMAS)[inside],
        )
        return float(oks[0, 0])

    def inside(self, truth: FrameTruth) -> NDArray[np.bool_]:
        """Return (17,): which keypoints are labelled and inside the frame."""
        return inside_frame(truth, self.size)

    def entries(self) -> list[int]:
        """Return the frames in which the person enters after `APART_S` or more; the start of the clip is none."""
        there = list(stretches(self.present()))
        apart = APART_S * self.rate_hz
        later = [start for (_, end), (start, _) in pairwise(there) if start - end >= apart]
        return [start for start, _ in there[:1] if start > 0] + later

    def true_keypoints(self) -> NDArray[np.float64]:
        """Return (T, 17, 2): the labelled keypoints inside the frame; NaN for others and where the person is absent."""
        points = np.full((len(self.truths), len(SIGMAS), 2), np.nan)
        for i in np.flatnonzero(self.present()).tolist():
            inside = self.inside(self.truths[i])
            points[i, inside] = self.truths[i].keypoints[inside]
        return points

    def confident_keypoints(self) -> NDArray[np.float64]:
        """Return (T, 17, 2): the keypoints of the poses; NaN without a pose or under `MIN_SCORE`."""
        points = np.full((len(self.poses), len(SIGMAS), 2), np.nan)
        for i, pose in enumerate(self.poses):
            if pose is not None:
                confident = pose.scores >= MIN_SCORE
                points[i, confident] = pose.keypoints[confident]
        return points

    def swapped(self) -> NDArray[np.bool_]:
        """Return (T, 6): whether a limb pair, such as the knees, is exchanged.

        Counted where the person is found and both truths are inside the frame: each estimate lies closer to the truth
        of the other side than to its own, and within the distance at which OKS is `FOUND_OKS`. Pairs whose truths lie
        closer together than that distance do not tell.
        """
        straight, crossed, reach = self._pair_distances()
        return np.asarray(((crossed < straight) & (crossed <= reach)).all(axis=2))

    def pairs(self) -> int:
        """Return how many limb pairs of all frames tell whether they are exchanged."""
        return int(np.isfinite(self._pair_distances()[0]).all(axis=2).sum())

    def _pair_distances(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the distances to the own and to the other side, and the reach, (T, 6, 2) px; NaN where not to tell."""
        truth = self.true_keypoints()[:, LIMB_PAIRS]
        guess = self.confident_keypoints()[:, LIMB_PAIRS]
        area = np.array([one.area for one in self.truths], np.float64)
        reach = np.sqrt(-2 * np.log(FOUND_OKS) * area)[:, None, None] * 2 * np.array(SIGMAS)[LIMB_PAIRS]
        apart = np.hypot(*np.moveaxis(truth[:, :, 0] - truth[:, :, 1], 2, 0))
        tells = self.found()[:, None] & (apart > reach[..., 0])
        straight, crossed = (
            np.where(tells[..., None], np.hypot(*np.moveaxis(guess - other, 3, 0)), np.nan)
            for other in (truth, truth[:, :, ::-1])
        )
        return straight, crossed, reach


def inside_frame(truth: FrameTruth, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (17,): which keypoints are labelled and inside a frame of `size` (width, height) in pixels."""
    points = np.nan_to_num(truth.keypoints, nan=-1)
    return np.asarray(((points >= 0) & (points < size)).all(axis=1))
