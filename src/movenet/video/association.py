"""Data association: predicts where tracked people are in the next frame, and matches poses with tracks.

    tentative track (no id) ── high score, or detected twice ──► confirmed track (id)
    confirmed ── not observed ──► missing ── matched with a tentative track ──► confirmed, same id
                                     └─ longer than `max_missing_s` ──► deleted; its id is never used again

The input is poses, appearances and times only; no images and no models. Positions are x, y in pixels of the picture,
times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.oks import area, nms_poses, similarity
from movenet.pose import MIN_KEYPOINT_SCORE, Pose
from movenet.video.appearance import Appearance

Floats = NDArray[np.float64]

SAME_PERSON_OKS: Final = 0.2
"""Two poses with a higher OKS, in one frame or in consecutive frames, are the same person."""
SIZE_DECAY_S: Final = 2.0
"""Time constant with which the size of a track decays towards a smaller observed size."""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """Association of poses with tracks in videos of many people (defaults measured, docs/tracking.md)."""

    max_missing_s: float = 2.0
    """A track that is not observed for longer is deleted."""
    redetect_missing_s: float = 0.1
    """Shortest interval between detections while a track is missing; it grows with the time the track is missing."""
    predict_missing_s: float = 0.3
    """For this long a missing track is also estimated in every frame, at its predicted position."""
    confirm_score: float = 0.33
    """A tentative track whose pose has at least this score is confirmed (gets its id) at once."""
    confirm_after_s: float = 0.5
    """A tentative track of lower score is confirmed after this time, if a later detection matched it.

    A tentative track that may be a missing person waits for the same time.
    """
    occluded_share: float = 0.3
    """A person is occluded if another person's box covers more than this share of theirs, 0…1."""
    duplicate_oks: float = 0.5
    """Two tracks whose poses have a higher OKS follow the same person; one of them is suppressed."""
    min_affinity: float = 0.15
    """Lowest affinity (mean of OKS and box IoU, 0…1) at which a detection matches a track."""
    gate: float = 0.4
    """Gating distance for a track that was just lost: from its predicted center, in person sizes."""
    gate_growth_per_s: float = 0.8
    """Growth of the gating distance, in person sizes per second missing."""
    max_size_ratio: float = 2.5
    """A missing track matches only people at most this many times larger or smaller."""
    max_appearance_distance: float = 0.3
    """Two people whose appearances are farther apart (Hellinger distance, 0…1) are different people."""
    velocity_time_s: float = 0.5
    """Time constant of a track's mean velocity (EMA), and of its decay while the track is missing."""

    def is_different(self, appearance: Appearance, other: Appearance) -> bool:
        """Tell whether two appearances belong to different people; False if they share no visible body part."""
        return appearance.distance(other) > self.max_appearance_distance

    def may_be_same(self, missing: Track, tentative: Track, time_s: float) -> bool:
        """Tell whether a tentative track looks like a missing one; without a common body part, by its age."""
        distance = missing.appearance.distance(tentative.appearance)
        if math.isnan(distance):
            return time_s - tentative.first_seen_s >= self.confirm_after_s
        return distance <= self.max_appearance_distance


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One person in one frame, from pose estimation in the person's crop."""

    pose: Pose
    appearance: Appearance


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person over time."""

    pose: Pose
    """Last observed pose, not smoothed. Its id is None while the track is tentative."""
    appearance: Appearance
    """Exponential moving average (EMA)."""
    first_seen_s: float
    """Time of the first observation."""
    last_seen_s: float
    """Time of the last observation."""
    size_px: float
    """Longer side of the person in pixels; decays slowly, so that a partly hidden person keeps their size."""
    is_redetected: bool = False
    """Whether a detection after the first one matched this track."""
    velocity: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): recent velocity in x and y, pixels per second; predicts the next frame."""
    mean_velocity: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): EMA of the velocity over `velocity_time_s`; predicts a missing person."""

    @classmethod
    def start(cls, observation: Observation, time_s: float) -> Track:
        """Return a new tentative track."""
        return cls(observation.pose, observation.appearance, time_s, time_s, _size(observation.pose))

    @property
    def id(self) -> int | None:
        """Id of the person; None while the track is tentative."""
        return self.pose.id

    def predict(self, time_s: float) -> Pose:
        """Return the pose predicted for `time_s`, of a track observed in the previous frame."""
        return translate(self.pose, self.velocity * np.float32(time_s - self.last_seen_s))

    def predict_missing(self, time_s: float, size: tuple[int, int], settings: TrackSettings) -> Pose:
        """Return the pose predicted for `time_s`, of a missing track; its center stays inside the picture.

        The speed decays exponentially: it halves every 0.7 × `velocity_time_s`. `size` is the width and height of the
        picture in pixels.
        """
        missing_s = time_s - self.last_seen_s
        time_constant_s = settings.velocity_time_s
        offset = self.mean_velocity * np.float32(time_constant_s * -math.expm1(-missing_s / time_constant_s))
        center = center_of(self.pose)
        offset = np.clip(center + offset, 0, size) - center
        return translate(self.pose, offset.astype(np.float32))

    def update(self, observation: Observation, time_s: float, settings: TrackSettings) -> Track:
        """Return the track after one more observation."""
        gap_s = time_s - self.last_seen_s
        step = velocity_between(self.pose, observation.pose, gap_s)
        if step is None:
            step = self.velocity
        # A plain mean while the track is younger than the time constant.
        weight = max(-math.expm1(-gap_s / settings.velocity_time_s), gap_s / (time_s - self.first_seen_s))
        mean_velocity = self.mean_velocity + np.float32(weight) * (step - self.mean_velocity)
        velocity = np.asarray((self.velocity + step) / 2, np.float32)
        appearance = self.appearance
        if self.id is None:
            appearance = appearance.blend(observation.appearance, 1.0)
        elif not settings.is_different(appearance, observation.appearance):
            appearance = appearance.blend(observation.appearance, min(weight, 1.0))
        return replace(
            self,
            pose=replace(observation.pose, id=self.id),
            appearance=appearance,
            last_seen_s=time_s,
            size_px=max(_size(observation.pose), self.size_px * math.exp(-gap_s / SIZE_DECAY_S)),
            velocity=velocity,
            mean_velocity=mean_velocity,
        )


def velocity_between(before: Pose, after: Pose, gap_s: float) -> NDArray[np.float32] | None:
    """Return the mean velocity of the keypoints visible in both poses, (2,) in pixels per second; None without any."""
    visible = np.minimum(before.scores, after.scores) > MIN_KEYPOINT_SCORE
    if not visible.any():
        return None
    step = (after.keypoints[visible] - before.keypoints[visible]).mean(axis=0) / np.float32(gap_s)
    return np.asarray(step, np.float32)


def translate(pose: Pose, offset: NDArray[np.float32]) -> Pose:
    """Return the pose moved by `offset`, (2,) in pixels, with the box around its keypoints."""
    moved = replace(pose, keypoints=pose.keypoints + offset, box=None)
    return replace(moved, box=moved.bounds())


def center_of(pose: Pose) -> Floats:
    """Return x, y of the center of the box around the visible keypoints."""
    x, y, width, height = pose.bounds() or (*pose.keypoints.mean(axis=0), 0.0, 0.0)
    return np.array([x + width / 2, y + height / 2])


def is_same_person(pose: Pose, other: Pose) -> bool:
    """Tell whether the OKS of two poses is above `SAME_PERSON_OKS`."""
    return bool(
        similarity(pose.keypoints[None], other.keypoints[None], [area(other)])[0, 0] > SAME_PERSON_OKS
    )


def affinity(poses: Sequence[Pose], others: Sequence[Pose]) -> Floats:
    """Return the affinity of P poses with Q others, (P, Q) in 0…1: the mean of OKS and box IoU."""
    if not poses or not others:
        return np.zeros((len(poses), len(others)))
    areas = np.maximum.outer([area(pose) for pose in poses], [area(pose) for pose in others])
    oks = similarity(_keypoints(poses), _keypoints(others), areas)
    return np.asarray((oks + _iou(_boxes(poses), _boxes(others))) / 2, np.float64)


def linear_assignment(costs: Floats, limit: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of lowest total cost, each below `limit`.

    Solved after Jonker and Volgenant (Computing 38, 1987) by `lap`.
    """
    if not costs.size:
        return []
    import lap

    _, columns, _ = lap.lapjv(np.minimum(costs, 2 * limit), extend_cost=True, cost_limit=limit)
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0]


def match_detections(
    poses: Sequence[Pose], detections: Sequence[Pose], settings: TrackSettings
) -> list[tuple[int, int]]:
    """Return the pairs (pose, detection) of one frame, by linear assignment of their affinity."""
    return linear_assignment(1 - affinity(poses, detections), 1 - settings.min_affinity)


def match_missing(
    missing: Sequence[Track],
    tentative: Sequence[Track],
    time_s: float,
    size: tuple[int, int],
    settings: TrackSettings,
) -> list[tuple[int, int]]:
    """Return pairs (missing, tentative) by linear assignment of distances inside the gate, where appearances agree."""
    if not missing or not tentative:
        return []
    costs = _gated_distances(missing, tentative, time_s, size, settings)
    different = np.array([[not settings.may_be_same(a, b, time_s) for b in tentative] for a in missing])
    return linear_assignment(np.where(different, 2.0, costs), 1.0)


def _gated_distances(
    missing: Sequence[Track],
    tentative: Sequence[Track],
    time_s: float,
    size: tuple[int, int],
    settings: TrackSettings,
) -> Floats:
    """Return (M, S): distances from the predicted positions of missing tracks, relative to the gate; under 1 inside."""
    predicted = np.stack([center_of(track.predict_missing(time_s, size, settings)) for track in missing])
    offsets = np.stack([center_of(track.pose) for track in tentative])[None] - predicted[:, None]
    sizes = np.array([track.size_px for track in missing])
    new_sizes = np.array([track.size_px for track in tentative])
    missing_s = np.array([time_s - track.last_seen_s for track in missing])
    gate = settings.gate + settings.gate_growth_per_s * missing_s
    gate_px = gate[:, None] * np.maximum.outer(sizes, new_sizes)
    growth = np.abs(np.log(new_sizes[None] / sizes[:, None])) / math.log(settings.max_size_ratio)
    distances = np.where(growth < 1, np.hypot(offsets[..., 0], offsets[..., 1]) / gate_px, 2.0)
    return np.asarray(distances, np.float64)


def suppress_duplicates(
    poses: Sequence[Pose], priorities: Sequence[float], settings: TrackSettings
) -> list[int]:
    """Return the indices of the poses that stay, highest priority first, after NMS at `duplicate_oks`."""
    return nms_poses(poses, priorities, settings.duplicate_oks)


def track_priority(track: Track, predicted: Pose, pose: Pose, time_s: float) -> float:
    """Priority when two tracks hold one pose: OKS with the prediction + 0.3 · age (≤ 1 s) + 1 if it has an id."""
    oks = similarity(predicted.keypoints[None], pose.keypoints[None], [area(predicted)])[0, 0]
    return float(oks) + 0.3 * min(time_s - track.first_seen_s, 1.0) + (track.id is not None)


def is_id_switch(
    track: Track, observation: Observation, others: Sequence[Track], settings: TrackSettings
) -> bool:
    """Tell whether an observation of a track shows another one: an overlapping track has a closer appearance."""
    distance = track.appearance.distance(observation.appearance)
    if not distance > settings.max_appearance_distance:
        return False
    overlaps = _iou(_boxes([observation.pose]), _boxes([other.pose for other in others]))[0] > 0
    return any(
        overlap and other is not track and other.appearance.distance(observation.appearance) < distance
        for overlap, other in zip(overlaps, others, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """The observations of one frame, associated with tracks."""

    matched: Mapping[int, Observation]
    """Observations of tracks, by the index of the track."""
    detected: Set[int] = frozenset()
    """Indices of the tracks in `matched` that the detector found too."""
    unmatched: Sequence[Observation] = ()
    """Observations of no track; each starts one."""


def update_tracks(
    tracks: Sequence[Track],
    association: Association,
    time_s: float,
    size: tuple[int, int],
    settings: TrackSettings,
) -> list[Track]:
    """Return the tracks after a frame, new ones last; tentative tracks are merged into the missing ones they match.

    A tentative track that was not observed is deleted. `size` is the width and height of the picture.
    """
    after = list(tracks)
    for i, observation in association.matched.items():
        is_redetected = tracks[i].is_redetected or i in association.detected
        after[i] = replace(tracks[i].update(observation, time_s, settings), is_redetected=is_redetected)
    after += [Track.start(observation, time_s) for observation in association.unmatched]
    missing = [i for i, track in enumerate(after) if track.id is not None and track.last_seen_s < time_s]
    tentative = [i for i, track in enumerate(after) if track.id is None and track.last_seen_s == time_s]
    for row, column in match_missing(
        [after[i] for i in missing], [after[i] for i in tentative], time_s, size, settings
    ):
        found = after[tentative[column]]
        observation = Observation(found.pose, found.appearance)
        after[missing[row]] = after[missing[row]].update(observation, time_s, settings)
        tentative[column] = -1
    return [track for i, track in enumerate(after) if track.id is not None or i in tentative]


def assign_ids(
    tracks: Sequence[Track], next_id: int, time_s: float, size: tuple[int, int], settings: TrackSettings
) -> tuple[list[Track], int]:
    """Confirm tentative tracks that are reliable and not a missing person; return all tracks and the next free id."""
    after = []
    for track in tracks:
        is_ready = track.id is None and _is_reliable(track, time_s, settings)
        if is_ready and not _may_be_missing(track, tracks, time_s, size, settings):
            track = replace(track, pose=replace(track.pose, id=next_id))
            next_id += 1
        after.append(track)
    return after, next_id


def _is_reliable(track: Track, time_s: float, settings: TrackSettings) -> bool:
    is_old = track.is_redetected and time_s - track.first_seen_s >= settings.confirm_after_s
    return is_old or track.pose.score >= settings.confirm_score


def _may_be_missing(
    tentative: Track, tracks: Sequence[Track], time_s: float, size: tuple[int, int], settings: TrackSettings
) -> bool:
    """Tell whether a tentative track is inside a missing track's gate, and too new or too occluded to be compared."""
    missing = [track for track in tracks if track.last_seen_s < time_s]
    if not missing or not (_gated_distances(missing, [tentative], time_s, size, settings) < 1).any():
        return False
    others = [track.pose for track in tracks if track.last_seen_s == time_s and track is not tentative]
    own = _boxes([tentative.pose])
    occluded = _intersection(own, _boxes(others)) > settings.occluded_share * own[:, 2:].prod(axis=1)
    return time_s - tentative.first_seen_s < settings.confirm_after_s or bool(occluded.any())


def _keypoints(poses: Sequence[Pose]) -> NDArray[np.float32]:
    return np.stack([pose.keypoints for pose in poses])


def _boxes(poses: Sequence[Pose]) -> Floats:
    """Return (P, 4): x, y, width, height."""
    return np.array([pose.bounds() or (0.0, 0.0, 0.0, 0.0) for pose in poses]).reshape(-1, 4)


def _size(pose: Pose) -> float:
    """Return the longer side in pixels, at least 1."""
    return float(max(1.0, *_boxes([pose])[0, 2:]))


def _iou(boxes: Floats, others: Floats) -> Floats:
    """Return the IoU of boxes (P, 4) with others (Q, 4): (P, Q), 0…1."""
    intersection = _intersection(boxes, others)
    union = boxes[:, 2:].prod(axis=1)[:, None] + others[:, 2:].prod(axis=1)[None] - intersection
    return np.asarray(intersection / np.maximum(union, np.spacing(1)), np.float64)


def _intersection(boxes: Floats, others: Floats) -> Floats:
    """Return the area of the intersection of boxes (P, 4) with others (Q, 4), in square pixels: (P, Q)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=-1), np.float64)
