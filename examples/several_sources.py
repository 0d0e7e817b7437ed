"""Watch cameras and films at once: python several_sources.py SOURCE… tells when somebody comes or goes."""

import sys
from contextlib import ExitStack

import movenet
from movenet.video.callbacks import start_stream


class Watchman:
    """Says when somebody comes into one source, and when nobody is left."""

    def __init__(self) -> None:
        self.present = False

    def __call__(self, poses: list[movenet.Pose], frame: movenet.Frame) -> None:
        """Take in the poses of the next frame."""
        if bool(poses) != self.present:
            self.present = bool(poses)
            who = "a person" if self.present else "nobody"
            print(f"{frame.source}: {who} after {frame.time_s:.2f} s")


def main(*sources: str) -> None:
    """Give each source a thread and a watchman; one model serves them all."""
    model = movenet.VideoEstimator("lightning")
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(start_stream(name, Watchman(), model)) for name in sources]
        for stream in streams:
            stream.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
