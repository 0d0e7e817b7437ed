"""What `movenet run` measures and draws: skeletons, and what its options add to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from movenet.cli.run_style import Overlays
from movenet.drawing import SteadyKeypoints, Style, blur, crop_people, draw, draw_on, on_transparent
from movenet.media import write_photo
from movenet.media.picture_like import as_rgb
from movenet.models import ModelCard
from movenet.planar import Picture
from movenet.pose import Pose

if TYPE_CHECKING:
    from movenet.analysis import Angle

Angles: TypeAlias = "tuple[Mapping[str, Angle], ...]"


class Annotation:
    """The annotated copies of photos."""

    def __init__(self, overlays: Overlays, model: ModelCard, style: Style) -> None:
        """Take what is drawn, the model of the poses, and the style of the skeletons."""
        self.overlays = overlays
        self.style = style
        self.model = model

    def measure(self, poses: Sequence[Pose]) -> Angles:
        """Return the angles of each person; nothing if they are not asked for."""
        if not self.overlays.angles:
            return ()
        from movenet.analysis import measure_angles

        return tuple(measure_angles(pose, self.model) for pose in poses)

    def draw(self, picture: Picture, poses: Sequence[Pose], angles: Angles) -> Picture:
        """Return an annotated copy of a picture; `angles` are those of `measure`."""
        if self.style.background == "transparent":
            return on_transparent(picture.shape[:2], partial(self._paint, poses, angles))
        drawn = self._skeletons(picture, poses)
        if not angles:
            return drawn
        image = as_rgb(drawn)
        self._draw_angles(image, poses, angles)
        return image

    def hide(self, picture: Picture, poses: Sequence[Pose]) -> Picture:
        """Return the picture with the people blurred as --blur says: a copy, or the picture itself."""
        return blur(picture, poses, self.overlays.blur) if self.overlays.blur and poses else picture

    def write_crops(self, folder: Path, stem: str, picture: Picture, poses: Sequence[Pose]) -> None:
        """Write a picture of each person, blurred as the annotated copies are: FOLDER/STEM-1.jpg and so on.

        They are numbered by id, or else in the order of the poses.

        Raises:
            MediaError: A file cannot be written.
        """
        crops = crop_people(self.hide(picture, poses), poses)
        for number, (pose, crop) in enumerate(zip(poses, crops, strict=True), start=1):
            if crop.size:
                write_photo(folder / f"{stem}-{number if pose.id is None else pose.id}.jpg", crop)

    def _skeletons(self, picture: Picture, poses: Sequence[Pose]) -> Picture:
        return draw(self.hide(picture, poses), poses, self.style)

    def _paint(self, poses: Sequence[Pose], angles: Angles, image: NDArray[np.uint8]) -> None:
        draw_on(image, poses, self.style)
        self._draw_angles(image, poses, angles)

    def _draw_angles(self, image: NDArray[np.uint8], poses: Sequence[Pose], angles: Angles) -> None:
        if angles:
            from movenet.overlays import draw_angles

            draw_angles(image, poses, angles, self.style)


class VideoAnnotation(Annotation):
    """The annotated copy of one video, with the state from frame to frame."""

    def __init__(self, overlays: Overlays, model: ModelCard, style: Style) -> None:
        """Take what is drawn, the model of the poses, and the style of the skeletons.

        Raises:
            DataError: The exercise is unknown.
        """
        from movenet.analysis import RepetitionCounter
        from movenet.overlays import HeatMap, Trails

        super().__init__(overlays, model, style)
        self._steady = SteadyKeypoints(style)
        self._heat_map = HeatMap() if overlays.heat_map else None
        self._trails = Trails() if overlays.trails else None
        self._counter = RepetitionCounter(overlays.exercise, model) if overlays.exercise else None

    def draw_frame(self, picture: Picture, time_s: float, poses: Sequence[Pose], angles: Angles) -> Picture:
        """Return an annotated copy of the next frame; `angles` are those of `measure`."""
        steady = self._steady(poses)
        drawn = self._skeletons(self._with_heat(picture, steady), steady)
        if not (angles or self._trails or self._counter):
            return drawn
        image = as_rgb(drawn)
        if self._trails is not None:
            self._trails.draw(image, steady, time_s, self.style)
        self._draw_angles(image, steady, angles)
        if self._counter is not None:
            from movenet.overlays import draw_counts

            counts = self._counter.step(time_s, poses)
            draw_counts(image, counts or {None: 0}, self._counter.name)
        return image

    def _with_heat(self, picture: Picture, poses: Sequence[Pose]) -> Picture:
        """Return the picture under the heat map, if there is one."""
        if self._heat_map is None:
            return picture
        image = as_rgb(picture).copy()
        self._heat_map.draw(image, poses, self.style)
        return image
