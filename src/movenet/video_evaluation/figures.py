"""The figures of one way of following, over many clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import to_coco_px, to_results
from movenet.evaluation import People, Truth, score, to_estimates
from movenet.pose import KEYPOINTS
from movenet.video_evaluation.motion import jitter, lag_s, longest_loss_s
from movenet.video_evaluation.track import Track

LATE_S: Final = 0.5
"""Someone found later than this after coming in was lost."""
SPACER: Final = 2
"""Frames of nothing between clips, so that nothing is measured across a border."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; NaN where there was nothing to measure."""

    ap: float
    """COCO's keypoint AP over all frames in which the person is present, each a picture with one person."""
    jitter: float
    """RMS acceleration of the error, in person sizes per second squared; see `motion.jitter`."""
    lag_s: float
    """How late the keypoints are; see `motion.lag_s`."""
    find_median_s: float
    """From coming in until first found, over entries and cuts."""
    find_longest_s: float
    """The longest of these; inf if one was never found."""
    find_late: float
    """Share of these above `LATE_S`, 0…1."""
    longest_loss_s: float
    """The longest time for which a person present was not found, in any clip at any time."""
    false_poses: float
    """Poses of the least score of a person or more, per frame of an empty scene."""
    frame_s: float
    """Time taken for a frame, on average."""


def measure(tracks: Sequence[Track], raw: Sequence[Track], min_score: float) -> Figures:
    """Measure one way of following over clips of one frame rate.

    Args:
        tracks: one for each clip.
        raw: the same before smoothing. Jitter and lag count where these were found and sure, so that all smoothings
            of one rule are judged by the same keypoints.
        min_score: least score of a pose that counts as one in an empty scene, 0…1.

    Raises:
        DataError: if the evaluation's package is missing.
    """
    step_s = 1 / tracks[0].rate_hz
    points, truths, sizes = _joined(tracks, raw)
    waits = np.concatenate([_waits_s(track) for track in tracks])
    empty = [track.empty() for track in tracks]
    return Figures(
        ap=precision(tracks),
        jitter=jitter(points, truths, sizes, step_s),
        lag_s=lag_s(points, truths, step_s),
        find_median_s=float(np.median(waits)) if len(waits) else math.nan,
        find_longest_s=float(max(waits, default=math.nan)),
        find_late=_share(int((waits > LATE_S).sum()), len(waits)),
        longest_loss_s=max(longest_loss_s(track.found(), track.present(), step_s) for track in tracks),
        false_poses=_share(
            sum(_false_poses(*pair, min_score) for pair in zip(tracks, empty, strict=True)),
            int(sum(nobody.sum() for nobody in empty)),
        ),
        frame_s=sum(track.busy_s for track in tracks) / sum(len(track.poses) for track in tracks),
    )


def precision(tracks: Sequence[Track]) -> float:
    """Return COCO's keypoint AP over the frames of all clips in which the person is present.

    Each such frame is a picture with one annotated person: the labelled keypoints inside the frame, and the area of
    the person's outline. Both sides are in COCO's pixels.

    Raises:
        DataError: if the evaluation's package is missing.
    """
    frames = [
        (track, truth, pose)
        for track in tracks
        for truth, pose, there in zip(track.truths, track.poses, track.present(), strict=True)
        if there
    ]
    labelled = np.array([track.in_sight(truth) for track, truth, _ in frames]).reshape(-1, len(KEYPOINTS))
    points = np.array([truth.keypoints for _, truth, _ in frames]).reshape(-1, len(KEYPOINTS), 2)
    nobody = np.zeros(len(frames), bool)
    people = People(
        image_ids=np.arange(len(frames), dtype=np.int64),
        keypoints=np.where(labelled[..., None], to_coco_px(points), 0.0),
        labelled=labelled,
        areas=np.array([truth.area for _, truth, _ in frames]),
        boxes=np.array([truth.box for _, truth, _ in frames]).reshape(-1, 4),
        crowds=nobody,
        ignored=nobody,
    )
    truth = Truth("clips", {i: f"{i}" for i in range(len(frames))}, people)
    results = [
        result
        for i, (_, _, pose) in enumerate(frames)
        for result in to_results(i, [] if pose is None else [pose])
    ]
    return score(truth, to_estimates(results, truth))["AP"]


def _joined(
    tracks: Sequence[Track], raw: Sequence[Track]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return points and truths, both (T, 17, 2), and sizes (T,) of all clips, one after the other."""
    points, truths, sizes = [], [], []
    for track, before in zip(tracks, raw, strict=True):
        counted = np.isfinite(before.sure_points()) & before.found()[:, None, None]
        shown = [np.full((len(KEYPOINTS), 2), np.nan) if p is None else p.keypoints for p in track.poses]
        points += [np.where(counted, shown, np.nan), _nothing()]
        truths += [track.true_points(), _nothing()]
        sizes += [np.array([truth.size_px for truth in track.truths]), np.ones(SPACER)]
    return np.concatenate(points), np.concatenate(truths), np.concatenate(sizes)


def _nothing() -> NDArray[np.float64]:
    return np.full((SPACER, len(KEYPOINTS), 2), np.nan)


def _waits_s(track: Track) -> NDArray[np.float64]:
    """Return for each entry the seconds until the person is first found; inf if never."""
    found = np.flatnonzero(track.found())
    firsts = [found[found >= entry] for entry in track.entries()]
    return np.array(
        [
            (after[0] - entry) / track.rate_hz if len(after) else math.inf
            for entry, after in zip(track.entries(), firsts, strict=True)
        ]
    )


def _false_poses(track: Track, empty: NDArray[np.bool_], min_score: float) -> int:
    shown = np.array([pose is not None and pose.score >= min_score for pose in track.poses])
    return int((shown & empty).sum())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
