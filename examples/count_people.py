"""Count people: python count_people.py VIDEO. Each track has an id; a person who returns later gets a new one."""

import sys
from collections import Counter

import movenet


def main(video: str) -> None:
    """Track all people in a video, and print in how many frames each was."""
    estimator = movenet.VideoEstimator(movenet.Estimator("lightning", people="many", settings="fast"))
    frames: Counter[int | None] = Counter()
    seconds = 0.0
    for frame, poses in movenet.watch(video, estimator):
        frames.update(pose.id for pose in poses)
        seconds = frame.time_s
    print(f"{len(frames)} people in {seconds:.1f} s")
    for track_id, count in sorted(frames.items()):
        print(f"#{track_id}: in {count} frames")


if __name__ == "__main__":
    main(*sys.argv[1:])
