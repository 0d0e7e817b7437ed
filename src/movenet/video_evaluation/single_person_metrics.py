"""Metrics of one method that runs one person, over many clips."""

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
from movenet.video_evaluation.single_person_run import SinglePersonRun

LATE_S: Final = 0.5
"""A person found later than this after entering counts as late."""
SPACER: Final = 2
"""Empty frames between clips, so that nothing is measured across a border."""


@dataclass(frozen=True, slots=True)
class SinglePersonMetrics:
    """Metrics; NaN where there was nothing to measure."""

    ap: float
    """COCO's keypoint AP over all frames in which the person is present, each a picture with one person."""
    jitter: float
    """RMS acceleration of the error, in person sizes per second squared: `motion.jitter`."""
    lag_s: float
    """Lag of the keypoints: `motion.lag_s`."""
    find_median_s: float
    """Median time from entering until first found, over all entries and cuts."""
    find_longest_s: float
    """Longest time from entering until first found; inf if a person was never found."""
    find_late: float
    """Share of entries and cuts after which the person was found later than `LATE_S`, 0…1."""
    longest_loss_s: float
    """Longest time for which a present person was not found, in any clip."""
    right: float
    """Share of the frames in which the person is present and the pose is theirs, 0…1: OKS of 0.5 or more."""
    wrong: float
    """Share of all frames in which the pose is the passer-by's, 0…1; NaN if there is none."""
    false_poses: float
    """False positives: poses of the lowest score of a person or more, per frame of an empty scene."""
    swap_rate: float
    """Share of the limb pairs whose left and right are exchanged, 0…1: `SinglePersonRun.swapped`."""
    frame_s: float
    """Mean computing time of a frame."""


def measure(
    runs: Sequence[SinglePersonRun], raw: Sequence[SinglePersonRun], min_score: float
) -> SinglePersonMetrics:
    """Measure one method over clips of one frame rate.

    Args:
        runs: one for each clip.
        raw: the same runs without smoothing. Jitter and lag are measured where these found the person, over keypoints
            of at least `MIN_SCORE`, so that all smoothings of one rule are measured on the same keypoints.
        min_score: lowest score of a false positive, 0…1.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    step_s = 1 / runs[0].rate_hz
    points, truths, sizes = _joined(runs, raw)
    waits = np.concatenate([_entry_waits_s(run) for run in runs])
    empty = [run.empty() for run in runs]
    return SinglePersonMetrics(
        ap=average_precision(runs),
        jitter=jitter(points, truths, sizes, step_s),
        lag_s=lag_s(points, truths, step_s),
        find_median_s=float(np.median(waits)) if len(waits) else math.nan,
        find_longest_s=float(max(waits, default=math.nan)),
        find_late=_share(int((waits > LATE_S).sum()), len(waits)),
        longest_loss_s=max(longest_loss_s(run.found(), run.present(), step_s) for run in runs),
        right=_share(
            sum(int(run.found().sum()) for run in runs), sum(int(run.present().sum()) for run in runs)
        ),
        wrong=_share(
            sum(int(run.on_passer_by().sum()) for run in runs), sum(run.with_passer_by() for run in runs)
        ),
        false_poses=_share(
            sum(_false_poses(*pair, min_score) for pair in zip(runs, empty, strict=True)),
            int(sum(frames.sum() for frames in empty)),
        ),
        swap_rate=_share(sum(int(run.swapped().sum()) for run in runs), sum(run.pairs() for run in runs)),
        frame_s=sum(run.busy_s for run in runs) / sum(len(run.poses) for run in runs),
    )


def average_precision(runs: Sequence[SinglePersonRun]) -> float:
    """Return COCO's keypoint AP over all frames in which the person is present.

    Each such frame counts as a picture with one annotated person: the labelled keypoints inside the frame, and the area
    of the person's segment.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    frames = [
        (run, truth, pose)
        for run in runs
        for truth, pose, there in zip(run.truths, run.poses, run.present(), strict=True)
        if there
    ]
    labelled = np.array([run.inside(truth) for run, truth, _ in frames]).reshape(-1, len(KEYPOINTS))
    points = np.array([truth.keypoints for _, truth, _ in frames]).reshape(-1, len(KEYPOINTS), 2)
    no_one = np.zeros(len(frames), bool)
    people = People(
        image_ids=np.arange(len(frames), dtype=np.int64),
        keypoints=np.where(labelled[..., None], to_coco_px(points), 0.0),
        labelled=labelled,
        areas=np.array([truth.area for _, truth, _ in frames]),
        boxes=np.array([truth.box for _, truth, _ in frames]).reshape(-1, 4),
        crowds=no_one,
        ignored=no_one,
    )
    truth = Truth("clips", {i: f"{i}" for i in range(len(frames))}, people)
    results = [
        result
        for i, (_, _, pose) in enumerate(frames)
        for result in to_results(i, [] if pose is None else [pose])
    ]
    return score(truth, to_estimates(results, truth))["AP"]


def _joined(
    runs: Sequence[SinglePersonRun], raw: Sequence[SinglePersonRun]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return points and truths, both (T, 17, 2), and sizes (T,) of all clips, one after the other."""
    points, truths, sizes = [], [], []
    for run, before in zip(runs, raw, strict=True):
        counted = np.isfinite(before.confident_keypoints()) & before.found()[:, None, None]
        shown = [np.full((len(KEYPOINTS), 2), np.nan) if p is None else p.keypoints for p in run.poses]
        points += [np.where(counted, shown, np.nan), _spacer()]
        truths += [run.true_keypoints(), _spacer()]
        sizes += [np.array([truth.size_px for truth in run.truths]), np.ones(SPACER)]
    return np.concatenate(points), np.concatenate(truths), np.concatenate(sizes)


def _spacer() -> NDArray[np.float64]:
    return np.full((SPACER, len(KEYPOINTS), 2), np.nan)


def _entry_waits_s(run: SinglePersonRun) -> NDArray[np.float64]:
    """Return the time from each entry until the person is first found; inf if never."""
    found = np.flatnonzero(run.found())
    firsts = [found[found >= entry] for entry in run.entries()]
    return np.array(
        [
            (after[0] - entry) / run.rate_hz if len(after) else math.inf
            for entry, after in zip(run.entries(), firsts, strict=True)
        ]
    )


def _false_poses(run: SinglePersonRun, empty: NDArray[np.bool_], min_score: float) -> int:
    scored = np.array([pose is not None and pose.score >= min_score for pose in run.poses])
    return int((scored & empty).sum())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
