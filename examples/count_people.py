"""Count who passes: python count_people.py VIDEO. Each person has an id; who comes back after a while counts anew."""

import sys
from collections import Counter

import movenet


def main(video: str) -> None:
    """Follow everybody in a video, and say who was there, and for how long."""
    follower = movenet.VideoEstimator(movenet.Estimator("lightning", people="many", settings="fast"))
    frames: Counter[int | None] = Counter()
    seconds = 0.0
    for frame, poses in movenet.watch(video, follower):
        frames.update(pose.id for pose in poses)
        seconds = frame.time_s
    print(f"{len(frames)} people in {seconds:.1f} s")
    for who, count in sorted(frames.items()):
        print(f"#{who}: in {count} frames")


if __name__ == "__main__":
    main(*sys.argv[1:])
