"""Counted repetitions against known ones: synthetic sequences of exercises, and movements that are none.

    python benchmarks/counting.py [--sequences 200] [--none RECORDS.jsonl ...]

A sequence has 1 to 10 repetitions of one of the ready exercises, each of 0.5 to 3 s and 80 to 100 % of the full
movement, pauses of 0 to 3 s, and with probability 0.3 a movement of 20 to 40 % that is none. Keypoints have white noise
of 0.05 torso lengths and slow noise of 0.03; some are missing for up to 0.4 s; with probability 0.2 one ankle or wrist
is never seen. The camera is rolled by up to 10 degrees and may mirror. With probability 0.3 a second person stands
beside and swings an arm; they must count 0. The same sequences are counted as recordings and as streams.

`--none`: records of people who do none of the exercises, cut into 50 pieces of 2 to 8 seconds, some mirrored. All
exercises must count 0 in all of them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movenet.analysis import EXERCISES, RepetitionCounter, Track, count_repetitions, make_tracks, mirrored
from movenet.pose import KEYPOINTS, MIRROR, Pose
from movenet.records import read_records
from movenet.synthetic.exercises import TORSO_PX, body, repeat, walk

PIECES = 50
ROLL_DEG = 10.0


@dataclass(frozen=True)
class Frame:
    """The poses of one frame."""

    time_s: float
    poses: tuple[Pose, ...]


@dataclass(frozen=True)
class Sequence:
    """A synthetic sequence and its truth."""

    exercise: str
    count: int
    frames: list[Frame]


def make_sequence(rng: np.random.Generator, exercise: str) -> Sequence:
    """Return a random sequence of an exercise."""
    rate_hz = float(rng.choice([15, 25, 30]))
    count = int(rng.integers(1, 11))
    depths = rng.uniform(0.8, 1.0, count).tolist()
    if rng.random() < 0.3:
        depths.insert(int(rng.integers(len(depths) + 1)), float(rng.uniform(0.2, 0.4)))
    # One tempo a sequence, a little different each time.
    tempo_s = float(np.exp(rng.uniform(np.log(0.5), np.log(3.0))))
    seconds = np.clip(tempo_s * rng.uniform(0.85, 1.15, len(depths)), 0.5, 3.0).tolist()
    pauses = [0.5, *(rng.uniform(0, 3, len(depths) - 1) * (rng.random(len(depths) - 1) < 0.5)), 0.5]
    clean = repeat(exercise, depths, seconds, pauses, rate_hz)
    people = [seen(rng, clean, rate_hz)]
    if rng.random() < 0.3:
        people.append(seen(rng, swinging(len(clean), rate_hz), rate_hz, shift=700.0))
    frames = [
        Frame(
            at / rate_hz,
            tuple(Pose(points[at], scores[at], 0.7, id=key) for key, (points, scores) in enumerate(people)),
        )
        for at in range(len(clean))
    ]
    return Sequence(exercise, count, frames)


def swinging(count: int, rate_hz: float) -> np.ndarray:
    """Return a person who stands and swings an arm, (T, 17, 2)."""
    turns = 90 + 50 * np.sin(2 * np.pi * 0.8 * np.arange(count) / rate_hz)
    return np.array([body(left_upper_arm=turn, left_forearm=turn - 10) for turn in turns])


def seen(
    rng: np.random.Generator, clean: np.ndarray, rate_hz: float, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints and scores as a model might see them."""
    roll = np.radians(rng.uniform(-ROLL_DEG, ROLL_DEG))
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    points = (clean - 300) @ turn
    if rng.random() < 0.5:
        points = points[:, list(MIRROR)] * (-1, 1)
    points += rng.normal(0, 0.05 * TORSO_PX, points.shape) + slow_noise(rng, points.shape, rate_hz)
    points = points * rng.uniform(0.4, 2) + 600 + shift
    scores = rng.uniform(0.5, 0.9, points.shape[:2])
    for _ in range(int(rng.poisson(len(points) / rate_hz / 2))):
        start, length = rng.integers(len(points)), round(rng.uniform(0.1, 0.4) * rate_hz)
        scores[start : start + length, rng.integers(len(KEYPOINTS))] = 0.05
    if rng.random() < 0.2:
        scores[:, rng.choice([9, 10, 15, 16])] = 0.05
    return points.astype(np.float32), scores.astype(np.float32)


def slow_noise(rng: np.random.Generator, shape: tuple[int, ...], rate_hz: float) -> np.ndarray:
    """Return noise of 0.03 torso lengths that changes within about 0.3 s."""
    noise = np.zeros(shape)
    keep = np.exp(-1 / (0.3 * rate_hz))
    for at in range(1, shape[0]):
        noise[at] = keep * noise[at - 1] + np.sqrt(1 - keep**2) * rng.normal(0, 0.03 * TORSO_PX, shape[1:])
    return noise


def pieces(paths: list[Path], rng: np.random.Generator) -> list[Track]:
    """Return pieces of the tracks in files of records, and of synthetic walks where there are too few."""
    tracks = [track for path in paths for track in make_tracks(read_records(path)) if track.found.sum() >= 30]
    made = []
    for at in range(PIECES):
        if at % 5 == 4 or not tracks:
            points, scores = seen(rng, walk(8, 30), 30)
            frames = [Frame(i / 30, (Pose(points[i], scores[i], 0.7),)) for i in range(len(points))]
            track = make_tracks(frames)[0]
        else:
            track = tracks[at % len(tracks)]
        length_s = rng.uniform(2, 8)
        start_s = rng.uniform(track.times_s[0], max(track.times_s[0] + 0.01, track.times_s[-1] - length_s))
        part = track.between(start_s, start_s + length_s)
        made.append(mirrored(part) if rng.random() < 0.5 else part)
    return made


def count_stream(sequence: Sequence) -> int:
    """Return the repetitions of the first person, counted frame by frame."""
    counter = RepetitionCounter(sequence.exercise)
    for frame in sequence.frames:
        counter.step(frame.time_s, frame.poses)
    return counter.count(0)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=200)
    parser.add_argument(
        "--streams", type=int, default=40, help="Sequences that are also counted as a stream."
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--none", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    names = list(EXERCISES)
    exact, streamed, wrong = dict.fromkeys(names, 0), dict.fromkeys(names, 0), []
    totals, streams, others = dict.fromkeys(names, 0), dict.fromkeys(names, 0), 0
    for at in range(options.sequences):
        sequence = make_sequence(rng, names[at % len(names)])
        tracks = make_tracks(sequence.frames)
        counts = [len(count_repetitions(track, sequence.exercise)) for track in tracks]
        totals[sequence.exercise] += 1
        exact[sequence.exercise] += counts[0] == sequence.count
        if at < options.streams:
            streams[sequence.exercise] += 1
            streamed[sequence.exercise] += count_stream(sequence) == sequence.count
        others += sum(counts[1:])
        if counts[0] != sequence.count:
            wrong.append(f"{at} {sequence.exercise}: {counts[0]} instead of {sequence.count}")
    print("| exercise | exact, recording | exact, stream |\n|---|---|---|")
    for name in names:
        print(f"| {name} | {exact[name]} of {totals[name]} | {streamed[name]} of {streams[name]} |")
    sums = [sum(table.values()) for table in (exact, totals, streamed, streams)]
    print(f"| all | {sums[0]} of {sums[1]} | {sums[2]} of {sums[3]} |")
    print(f"\nrepetitions of the second person: {others}\nwrong: {'; '.join(wrong) or 'none'}")
    false = [
        f"{at} {name}"
        for at, track in enumerate(pieces(options.none, rng))
        for name in names
        if count_repetitions(track, name)
    ]
    print(f"false repetitions in {PIECES} pieces: {'; '.join(false) or 'none'}")


if __name__ == "__main__":
    main()
