"""Several videos with one engine: python two_streams.py VIDEO VIDEO. Each stream keeps its own state."""

import sys

import movenet


def main(*names: str) -> None:
    """Estimate one person in each video, one frame of each in turn, and print the number of frames with a pose."""
    estimator = movenet.VideoEstimator("lightning")
    sources = [movenet.open_source(name) for name in names]
    streams = [estimator.stream() for _ in names]
    seen = [0] * len(names)
    for frames in zip(*sources, strict=False):
        for i, (frame, stream) in enumerate(zip(frames, streams, strict=True)):
            seen[i] += len(stream(frame.native, frame.time_s))
    for name, count in zip(names, seen, strict=True):
        print(f"{name}: seen in {count} frames")
    for source in sources:
        source.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
