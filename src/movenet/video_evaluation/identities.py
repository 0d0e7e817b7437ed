"""Who is who, measured: HOTA, MOTA and IDF1 of ways to follow many people, over scenes of exact truth.

A truth is to be found while half of the labelled keypoints are to be seen; while less is, it counts neither way, nor
does a pose that goes with it. How alike a truth and a pose are is COCO's object keypoint similarity over the labelled
keypoints inside the frame. The measures are those of TrackEval (Luiten et al., IJCV 2021; Bernardin and Stiefelhagen
2008; Ristani et al. 2016), as the package `motrics` reckons them; all scenes are measured as one long film.
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
from movenet.synthetic.camera import Truth
from movenet.video.tracks import pair
from movenet.video_evaluation.track import FOUND_OKS, PRESENT

Floats = NDArray[np.float64]

APART: Final = 1_000_000
"""Between the numbers of two scenes."""
LENT_S: Final = 0.1
"""An id on somebody for less time is a slip of the pairing, as while two are in one place."""


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """One way of following, over the T frames of one scene."""

    truths: Sequence[Sequence[Truth]]
    """For each frame the same people in the same order."""
    poses: Sequence[Sequence[Pose]]
    """For each frame who was found, all with ids."""
    size: tuple[int, int]
    """Width and height of the frames, in pixels."""
    rate_hz: float
    busy_s: float
    """Time it took."""


@dataclass(frozen=True, slots=True)
class Identities:
    """What was measured."""

    hota: float
    """Higher order tracking accuracy: the geometric mean of the next two, over thresholds of .05 … .95."""
    found: float
    """How well people are found: DetA."""
    kept: float
    """How well they keep their ids: AssA."""
    mota: float
    """1 − (missed + false + changed ids) / people to be found, at OKS ≥ .5."""
    idf1: float
    """F1 of poses that have the right id, at OKS ≥ .5."""
    switches: int
    """How often somebody's id changed."""
    shared_ids: int
    """Ids that more than one person had, each for `LENT_S` or more."""
    ids_per_person: float
    """How many ids were given, for each person; 1 is right."""
    frame_s: float
    """Time taken for a frame, on average."""


def identify(casts: Sequence[Cast]) -> Identities:
    """Measure one way of following over scenes of one frame rate.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    try:
        import motrics
    except ImportError:
        raise MissingExtraError("motrics", "eval", "measuring who is who") from None
    frames = [frame for number, cast in enumerate(casts) for frame in _frames(cast, number * APART)]
    film = [f.people for f in frames], [f.ids for f in frames], [f.alike.tolist() for f in frames]
    clear = motrics.compute_clear_from_similarity(*film, FOUND_OKS)
    hota = motrics.compute_hota_from_similarity(*film)
    owners = [owner for cast in casts for owner in _owners(cast)]
    given = {who for frame in frames for who in frame.ids}
    return Identities(
        hota=hota.hota,
        found=hota.deta,
        kept=hota.assa,
        mota=clear.mota,
        idf1=motrics.compute_identity_from_similarity(*film, FOUND_OKS).idf1,
        switches=clear.num_switches,
        shared_ids=sum(len(people) > 1 for people in owners),
        ids_per_person=len(given) / len({who for frame in frames for who in frame.people}),
        frame_s=sum(cast.busy_s for cast in casts) / sum(len(cast.poses) for cast in casts),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What counts in one frame: P people to be found, Q poses."""

    people: list[int]
    ids: list[int]
    alike: Floats
    """Shape (P, Q): their object keypoint similarity."""


def _frames(cast: Cast, first: int) -> Iterator[_Frame]:
    """Yield what counts in each frame; people and ids are numbered from `first` on, for nobody is in two scenes."""
    for truths, poses in zip(cast.truths, cast.poses, strict=True):
        alike = _likeness(truths, poses, cast.size)
        there = np.array([truth.visible >= PRESENT for truth in truths])
        excused = {column for row, column in pair(1 - alike, 1 - FOUND_OKS) if not there[row]}
        counted = [column for column in range(len(poses)) if column not in excused]
        people = [first + int(row) for row in np.flatnonzero(there)]
        yield _Frame(people, [first + _id(poses[column]) for column in counted], alike[there][:, counted])


def _owners(cast: Cast) -> list[set[int]]:
    """Return for each id the people who had it for `LENT_S` or more."""
    had: Counter[tuple[int, int]] = Counter()
    for truths, poses in zip(cast.truths, cast.poses, strict=True):
        alike = _likeness(truths, poses, cast.size)
        alike[[truth.visible < PRESENT for truth in truths]] = 0
        had.update((_id(poses[column]), row) for row, column in pair(1 - alike, 1 - FOUND_OKS))
    owners: dict[int, set[int]] = defaultdict(set)
    for (who, person), frames in had.items():
        if frames >= LENT_S * cast.rate_hz:
            owners[who].add(person)
    return list(owners.values())


def _likeness(truths: Sequence[Truth], poses: Sequence[Pose], size: tuple[int, int]) -> Floats:
    """Return (P, Q): the similarity of each truth with each pose, over the keypoints inside the frame."""
    alike = np.zeros((len(truths), len(poses)))
    if not poses:
        return alike
    guesses = np.stack([pose.keypoints for pose in poses])
    for row, truth in enumerate(truths):
        points = np.nan_to_num(truth.keypoints, nan=-1)
        inside = ((points >= 0) & (points < size)).all(axis=1)
        if inside.any():
            sigmas = np.array(SIGMAS)[inside]
            alike[row] = similarity(truth.keypoints[None, inside], guesses[:, inside], [truth.area], sigmas)[
                0
            ]
    return alike


def _id(pose: Pose) -> int:
    if pose.id is None:
        raise DataError("expected poses with ids to measure who is who, got one without")
    return pose.id
