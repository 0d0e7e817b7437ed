"""What `movenet run` measures and draws in a video besides the skeletons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from movenet.analysis import Angle, RepetitionCounter, measure_angles
from movenet.cli.run_plan import Overlays
from movenet.drawing import Style
from movenet.media.planes import as_rgb
from movenet.models import ModelCard
from movenet.overlays import Trails, draw_angles, draw_counts
from movenet.planar import Picture
from movenet.pose import Pose

Angles = tuple[Mapping[str, Angle], ...]


class VideoOverlay:
    """The overlays of one video, with their state from frame to frame."""

    def __init__(self, overlays: Overlays, model: ModelCard, style: Style) -> None:
        """Take what is drawn, the model of the poses, and the style of the skeletons.

        Raises:
            DataError: The exercise is unknown.
        """
        self._angles = overlays.angles
        self._model = model
        self._style = style
        self._trails = Trails() if overlays.trails else None
        self._counter = RepetitionCounter(overlays.exercise, model) if overlays.exercise else None

    def measure(self, poses: Sequence[Pose]) -> Angles:
        """Return the angles of each person; nothing if they are not asked for."""
        return tuple(measure_angles(pose, self._model) for pose in poses) if self._angles else ()

    def draw(self, picture: Picture, time_s: float, poses: Sequence[Pose], angles: Angles) -> Picture:
        """Draw into the picture of the next frame and return it; `angles` are those of `measure`."""
        if not (angles or self._trails or self._counter):
            return picture
        image = as_rgb(picture)
        if self._trails is not None:
            self._trails.draw(image, poses, time_s, self._style)
        if angles:
            draw_angles(image, poses, angles, self._style)
        if self._counter is not None:
            counts = self._counter.step(time_s, poses)
            draw_counts(image, counts or {None: 0}, self._counter.name)
        return image
