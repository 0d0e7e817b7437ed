"""Count squats in a video or at a camera: python squat_counter.py VIDEO."""

import sys

import movenet
from movenet.analysis import RepetitionCounter


def main(source: str) -> None:
    """Print each squat as it is done."""
    counter = RepetitionCounter("squat")
    before = 0
    for frame, poses in movenet.watch(source):
        counter.step(frame.time_s, poses)
        if poses and counter.count() > before:
            before = counter.count()
            squat = counter.repetitions[poses[0].id][-1]
            print(f"{frame.time_s:.1f} s: squat {before}, knees at {squat.angle_deg:.0f} degrees")
    print(f"{before} squats")


if __name__ == "__main__":
    main(*sys.argv[1:])
