"""Tracking metrics of one method that tracks many people: HOTA, MOTA and IDF1, over many scenes.

A person counts while at least half of the labelled keypoints are visible. While fewer are, neither the person nor a
pose matched with them counts. The similarity of a person and a pose is OKS over the labelled keypoints inside the
frame. The metrics are those of TrackEval (Luiten et al., IJCV 2021; Bernardin and Stiefelhagen 2008; Ristani et al.
2016), computed by the package `motrics`; all scenes are measured as one long video.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError, MissingExtraError
from movenet.oks import similarity
from movenet.pose import SIGMAS, Pose
from movenet.synthetic.camera import FrameTruth
from movenet.video.association import linear_assignment
from movenet.video_evaluation.harness import Run
from movenet.video_evaluation.single_person_run import FOUND_OKS, PRESENT, inside_frame

Floats = NDArray[np.float64]

SCENE_OFFSET: Final = 1_000_000
"""Added to people and ids for each scene before, so that no two scenes share any."""
SHARED_S: Final = 0.1
"""An id on a person for less time is a mistake of the matching, as while two people overlap."""


Scene = Run[Sequence[FrameTruth]]
"""Each frame lists the same people in the same order."""


@dataclass(frozen=True, slots=True)
class MultiPersonMetrics:
    """Tracking metrics of one method."""

    hota: float
    """Higher order tracking accuracy: geometric mean of DetA and AssA, over OKS thresholds of 0.05 … 0.95."""
    found: float
    """DetA: detection accuracy."""
    kept: float
    """AssA: association accuracy."""
    mota: float
    """1 − (false negatives + false positives + id switches) / people, at OKS ≥ 0.5."""
    idf1: float
    """F1 score of poses with the right id, at OKS ≥ 0.5."""
    switches: int
    """Number of id switches."""
    shared_ids: int
    """Number of ids that more than one person had, each for at least `SHARED_S`."""
    ids_per_person: float
    """Number of ids per person; 1 is right."""
    frame_s: float
    """Mean computing time of a frame."""


def measure_ids(runs: Sequence[Scene]) -> MultiPersonMetrics:
    """Measure one method over scenes of one frame rate; every pose needs an id.

    Raises:
        DataError: if a pose has no id.
        MissingExtraError: if the evaluation's package is missing.
    """
    try:
        import motrics
    except ImportError:
        raise MissingExtraError("motrics", "eval", "measuring tracking") from None
    frames = [frame for number, run in enumerate(runs) for frame in _frames(run, number * SCENE_OFFSET)]
    video = [f.people for f in frames], [f.ids for f in frames], [f.oks.tolist() for f in frames]
    clear = motrics.compute_clear_from_similarity(*video, FOUND_OKS)
    hota = motrics.compute_hota_from_similarity(*video)
    owners = [owner for run in runs for owner in _owners(run)]
    ids = {track_id for frame in frames for track_id in frame.ids}
    people = {person for frame in frames for person in frame.people}
    return MultiPersonMetrics(
        hota=hota.hota,
        found=hota.deta,
        kept=hota.assa,
        mota=clear.mota,
        idf1=motrics.compute_identity_from_similarity(*video, FOUND_OKS).idf1,
        switches=clear.num_switches,
        shared_ids=sum(len(owner) > 1 for owner in owners),
        ids_per_person=len(ids) / len(people),
        frame_s=sum(run.busy_s for run in runs) / sum(len(run.poses) for run in runs),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What counts in one frame: P people and Q poses."""

    people: list[int]
    ids: list[int]
    oks: Floats
    """Shape (P, Q)."""


def _frames(run: Scene, first: int) -> Iterator[_Frame]:
    """Yield what counts in each frame; people and ids are numbered from `first` on."""
    for truths, poses in zip(run.truths, run.poses, strict=True):
        oks = _oks(truths, poses, run.size)
        present = np.array([truth.visible >= PRESENT for truth in truths])
        ignored = {column for row, column in linear_assignment(1 - oks, 1 - FOUND_OKS) if not present[row]}
        counted = [column for column in range(len(poses)) if column not in ignored]
        people = [first + int(row) for row in np.flatnonzero(present)]
        yield _Frame(people, [first + _id(poses[column]) for column in counted], oks[present][:, counted])


def _owners(run: Scene) -> list[set[int]]:
    """Return for each id the people who had it for at least `SHARED_S`."""
    had: Counter[tuple[int, int]] = Counter()
    for truths, poses in zip(run.truths, run.poses, strict=True):
        oks = _oks(truths, poses, run.size)
        oks[[truth.visible < PRESENT for truth in truths]] = 0
        had.update((_id(poses[column]), row) for row, column in linear_assignment(1 - oks, 1 - FOUND_OKS))
    owners: dict[int, set[int]] = defaultdict(set)
    for (track_id, person), frames in had.items():
        if frames >= SHARED_S * run.rate_hz:
            owners[track_id].add(person)
    return list(owners.values())


def _oks(truths: Sequence[FrameTruth], poses: Sequence[Pose], size: tuple[int, int]) -> Floats:
    """Return (P, Q): OKS of each person with each pose, over the labelled keypoints inside the frame."""
    oks = np.zeros((len(truths), len(poses)))
    if not poses:
        return oks
    keypoints = np.stack([pose.keypoints for pose in poses])
    for row, truth in enumerate(truths):
        inside = inside_frame(truth, size)
        if inside.any():
            sigmas = np.array(SIGMAS)[inside]
            oks[row] = similarity(truth.keypoints[None, inside], keypoints[:, inside], [truth.area], sigmas)[
                0
            ]
    return oks


def _id(pose: Pose) -> int:
    if pose.id is None:
        raise DataError("expected poses with ids, got one without")
    return pose.id
