"""The page's trackers, in Node, against Python's on random sequences of people without a network."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest

from javascript import ask_node, plain_pose
from movenet.estimator import Detection, EstimatorSettings
from movenet.live.shared_models import browser_models
from movenet.live.site import PAGE
from movenet.pose import Pose
from movenet.synthetic.exercises import body
from movenet.video import ONE_EURO, FollowSettings, TrackSettings
from movenet.video.association import center_of, linear_assignment
from movenet.video.multi_person import MultiPersonTracker
from movenet.video.single_person import SinglePersonTracker

WIDTH, HEIGHT = 160, 120
FRAMES = 90
SEEDS = range(6)
CASES = (("one", None, True), ("one", (0.5, 0.5), False), ("many", None, True), ("many", None, False))
"""Number of people, lock as shares of the picture, and whether keypoints are smoothed."""


SHAPE = (body() - body().mean(axis=0)) / np.ptp(body()[:, 1]) * (3, 1)
"""A body of height 1 around the origin, wide enough to be clicked at."""


class ScriptedEstimator:
    """Stands for an estimator: its answers are those of the frame that is set. As in track.mjs."""

    min_score = 0.2
    settings = EstimatorSettings()

    def set_frame(self, frame):
        self.frame, self.detector_runs, self.crops = frame, 0, []

    def detect(self, image):
        self.detector_runs += 1
        return self.frame["detections"]

    def choose(self, detections):
        return detections

    def estimate_detections(self, image, detections, crop_factor, guide_weight):
        self.crops += [[*detection.center, detection.length] for detection in detections]
        return [self._nearest(detection) for detection in detections]

    def _nearest(self, detection):
        people = self.frame["people"]
        distances = [float(np.hypot(*(center_of(person) - detection.center))) for person in people]
        if distances and min(distances) <= detection.length:
            return people[int(np.argmin(distances))]
        return Pose(detection.pose.keypoints, np.full(17, 0.05, np.float32), 0.05, detection.pose.box)


class Walker:
    """A person who walks about, is hidden now and then, and leaves."""

    def __init__(self, rng):
        self.colours = rng.integers(0, 256, (2, 3))
        self.height_px = rng.uniform(25, 60)
        self.place = rng.normal((WIDTH / 2, HEIGHT / 2), (WIDTH / 5, HEIGHT / 8))
        self.speed = rng.normal(0, 1, 2)
        self.score = rng.uniform(0.2, 0.8)
        self.shown = rng.integers(0, FRAMES // 2), rng.integers(FRAMES // 2, FRAMES + 20)
        self.hidden = [(start, start + rng.integers(1, 25)) for start in rng.integers(0, FRAMES, 2)]

    def move(self, rng):
        self.speed = 0.95 * self.speed + rng.normal(0, 0.3, 2)
        self.place = self.place + self.speed

    def is_seen(self, at):
        return self.shown[0] <= at < self.shown[1] and not any(
            start <= at < end for start, end in self.hidden
        )

    def points(self, rng, noise):
        """Return the keypoints, with noise in heights of the person."""
        points = self.place + self.height_px * (SHAPE + rng.normal(0, noise, SHAPE.shape))
        return points.astype(np.float32)

    def paint(self, image, rng):
        points = self.points(rng, 0)
        for colour, corners in zip(self.colours, (points[[5, 6, 11, 12]], points[11:15]), strict=True):
            (left, top), (right, bottom) = (
                corners.min(axis=0).astype(int),
                corners.max(axis=0).astype(int) + 1,
            )
            image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = colour

    def pose(self, rng, noise, score):
        scores = np.clip(score + rng.normal(0, 0.15, 17), 0.01, 0.99).astype(np.float32)
        pose = Pose(self.points(rng, noise), scores, float(scores.mean()))
        return replace(pose, box=pose.bounds())


def random_sequence(seed, folder):
    """Return the frames of a sequence: some gaps are long, and in some sequences the size changes."""
    rng = np.random.default_rng(seed)
    walkers = [Walker(rng) for _ in range(rng.integers(1, 5))]
    gaps_s = np.where(rng.random(FRAMES) < 0.03, rng.uniform(0.2, 2.5, FRAMES), 1 / 30)
    turned_at = rng.integers(FRAMES // 2, 3 * FRAMES)
    frames = []
    for at, time_s in enumerate(accumulate(gaps_s.tolist())):
        size = (HEIGHT, WIDTH) if at < turned_at else (WIDTH, HEIGHT)
        image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8) // 4
        seen = [walker for walker in walkers if walker.is_seen(at)]
        for walker in walkers:
            walker.move(rng)
        for walker in seen:
            walker.paint(image, rng)
        file = folder / f"{seed}-{at}.rgba"
        file.write_bytes(np.dstack([image, np.full(size, 255, np.uint8)]).tobytes())
        found = [walker for walker in seen if rng.random() < 0.8]
        poses = [walker.pose(rng, 0.03, rng.uniform(0.05, 0.6)) for walker in found]
        detections = [Detection(pose, center_of(pose)) for pose in poses]
        people = [walker.pose(rng, 0.01, walker.score) for walker in seen]
        frames.append(
            {"time_s": time_s, "image": image, "file": file, "detections": detections, "people": people}
        )
    return frames


def plain_frame(frame):
    """Return a frame as track.mjs takes it."""
    height, width = frame["image"].shape[:2]
    detections = [
        {"pose": plain_pose(one.pose), "center": one.center.tolist()} for one in frame["detections"]
    ]
    people = [plain_pose(pose) for pose in frame["people"]]
    picture = {"file": str(frame["file"]), "width": width, "height": height}
    return {"time_s": frame["time_s"], "detections": detections, "people": people, **picture}


def track_in_python(people, lock, smoothing, frames):
    """Return what track.mjs answers to a case."""
    estimator, follow, smoothing = ScriptedEstimator(), FollowSettings(), ONE_EURO if smoothing else None
    state, found = None, []
    for frame in frames:
        height, width = frame["image"].shape[:2]
        place = "prominent" if lock is None else (lock[0] * width, lock[1] * height)
        tracker = (
            MultiPersonTracker(estimator, follow, TrackSettings(), smoothing)
            if people == "many"
            else SinglePersonTracker(estimator, place, follow, smoothing)
        )
        estimator.set_frame(frame)
        state, poses = tracker.step(state, frame["image"], frame["time_s"])
        found.append((poses, estimator.detector_runs, estimator.crops))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_random_people_are_tracked_as_in_python(seed, tmp_path):
    frames = random_sequence(seed, tmp_path)
    listed = [plain_frame(frame) for frame in frames]
    cases = [
        {"people": people, "lock": lock, "smoothing": smoothing, "frames": listed}
        for people, lock, smoothing in CASES
    ]
    request = {
        "page": str(PAGE),
        "table": browser_models().table(),
        "settings": {"crop_factor": 1.1, "guide_weight": 0.7},
        "cases": cases,
    }
    for case, answers in zip(CASES, ask_node(tmp_path, "track.mjs", request), strict=True):
        expected = track_in_python(*case, frames)
        for at, (ours, (poses, detector_runs, crops)) in enumerate(zip(answers, expected, strict=True)):
            where = f"{case}, frame {at}"
            assert [pose["id"] for pose in ours["poses"]] == [pose.id for pose in poses], where
            assert ours["detectorRuns"] == detector_runs, where
            assert np.array(ours["crops"]) == pytest.approx(np.array(crops), abs=0.01), where
            for own, pose in zip(ours["poses"], poses, strict=True):
                assert np.array(own["keypoints"])[:, :2] == pytest.approx(pose.keypoints, abs=0.01), where
                assert own["box"] == pytest.approx(pose.box, abs=0.01), where


def test_random_assignments_are_those_of_python(tmp_path):
    rng = np.random.default_rng(7)
    cases = [rng.uniform(0, 1.5, rng.integers(1, 7, 2)) for _ in range(200)]
    request = {"page": str(PAGE), "limit": 0.85, "cases": [costs.tolist() for costs in cases]}
    for costs, pairs in zip(cases, ask_node(tmp_path, "assign.mjs", request), strict=True):
        assert sorted(map(tuple, pairs)) == linear_assignment(costs, 0.85)
