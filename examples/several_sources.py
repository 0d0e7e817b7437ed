"""Process several cameras and videos at once: python several_sources.py SOURCE… reports when people come and go."""

import sys
from contextlib import ExitStack

import movenet
from movenet.video.callbacks import start_stream


class PresenceMonitor:
    """Reports when the first person enters one source, and when the last one leaves."""

    def __init__(self) -> None:
        self.present = False

    def __call__(self, frame: movenet.Frame, poses: list[movenet.Pose]) -> None:
        """Process the poses of the next frame."""
        if bool(poses) != self.present:
            self.present = bool(poses)
            who = "a person" if self.present else "nobody"
            print(f"{frame.source}: {who} after {frame.time_s:.2f} s")


def main(*sources: str) -> None:
    """Process each source in a thread with its own monitor; all share one model."""
    model = movenet.VideoEstimator("lightning")
    with ExitStack() as open_streams:
        streams = [
            open_streams.enter_context(start_stream(name, PresenceMonitor(), model)) for name in sources
        ]
        for stream in streams:
            stream.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
