"""The closing line of a video or of photos: how many frames and people, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from movenet.pose import Pose


@dataclass(slots=True)
class Tally:
    """What was found so far in the frames of a video, or in photos; time counts from its making."""

    unit: str = "frame"
    """What is counted: "frame" or "photo"."""

    frames: int = 0
    frames_with_poses: int = 0
    most_people: int = 0
    """Most poses in one frame."""
    people: int = 0
    """Poses of all frames together."""
    ids: set[int] = field(default_factory=set)
    started_s: float = field(default_factory=time.perf_counter)

    def add(self, poses: Sequence[Pose]) -> None:
        """Count a frame."""
        self.frames += 1
        self.frames_with_poses += bool(poses)
        self.people += len(poses)
        self.most_people = max(self.most_people, len(poses))
        self.ids.update(pose.id for pose in poses if pose.id is not None)

    def __str__(self) -> str:
        """Return the closing line, without the names of the files."""
        seconds = time.perf_counter() - self.started_s
        # Frames of a video show the same people, photos others.
        people = self.people if self.unit == "photo" else len(self.ids) or self.most_people
        who = f"{people} {'person' if people == 1 else 'people'} in {self.frames_with_poses} of them"
        found = who if people else "nobody found"
        counted = f"{self.frames} {self.unit}{'' if self.frames == 1 else 's'}"
        return f"{counted}, {found}, {seconds:.1f} s ({self.frames / max(seconds, 1e-9):.1f} {self.unit}s/s)"
