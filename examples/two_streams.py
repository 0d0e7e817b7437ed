"""Two streams, one engine: python two_streams.py VIDEO VIDEO. Each stream has its own small memory."""

import sys

import movenet


def main(*names: str) -> None:
    """Follow one person in each of several videos, frame by frame in turn, and say how often they were seen."""
    follower = movenet.VideoEstimator("lightning")
    sources = [movenet.open_source(name) for name in names]
    streams = [follower.stream() for _ in names]
    seen = [0] * len(names)
    for frames in zip(*sources, strict=False):
        for i, (frame, stream) in enumerate(zip(frames, streams, strict=True)):
            seen[i] += len(stream(frame.image, frame.time_s))
    for name, count in zip(names, seen, strict=True):
        print(f"{name}: seen in {count} frames")
    for source in sources:
        source.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
