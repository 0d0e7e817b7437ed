"""One picture in, poses out.

One run on the whole padded picture is inaccurate on ordinary photos, where the person is small, at the side, or one of
several. So by default the estimator works top-down: the multi-person model detects the people, and the single-person
model estimates the pose of each in a square crop, guided by the detection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args, overload

import numpy as np
from numpy.typing import ArrayLike

from movenet.crop import Crop
from movenet.decode import Guide
from movenet.decode.families import DECODERS
from movenet.engine import Engine, Runtime, loading, open_engine
from movenet.errors import DataError, ModelError
from movenet.estimator.boxes import check_boxes
from movenet.estimator.detection import Detection
from movenet.estimator.detector import detect
from movenet.estimator.settings import (
    AUTO_PROMINENCE,
    MIN_SCORE,
    EstimatorSettings,
    Method,
    People,
    Preset,
    default_model,
    default_settings,
)
from movenet.estimator.views import View, estimate_people
from movenet.media.picture_like import Channels, PictureLike, to_picture
from movenet.oks import area, soft_nms
from movenet.planar import Picture
from movenet.pose import MIRROR, Pose


class Estimator:
    """Estimates the poses of a picture. It has no state: the result depends on the picture only."""

    def __init__(  # noqa: PLR0913 (by keyword)
        self,
        model: str | Path | Engine | None = None,
        *,
        people: People = "one",
        method: Method = "top-down",
        min_score: float = MIN_SCORE,
        settings: EstimatorSettings | Preset = "balanced",
        detector: str | Path | Engine | None = None,
        runtime: Runtime | None = None,
    ):
        """Load the models.

        Args:
            model: the single-person model: "lightning", "thunder", "posenet", another name in `MODELS`, an ONNX file
                or an open engine. None is "lightning" for one person, else "thunder".
            people: "one" for the most prominent person, "many" for all, "auto" for those about as prominent as that
                one.
            method: "top-down" detects people, then estimates the pose in the crop of each; "bottom-up" returns the
                detector's own keypoints; "whole", for one person only, runs once on the whole padded picture.
            min_score: poses of a lower score, 0…1, are not returned.
            settings: a preset ("fast", "balanced", "accurate" or "best", see docs/accuracy.md), or an
                `EstimatorSettings`.
            detector: the model that finds people: a name, an ONNX file or an open engine. None is "multipose", or
                PoseNet itself with model="posenet" and method="bottom-up".
            runtime: the engine and its options, for models that are not open yet; None is the default.

        Raises:
            ModelError: if a model is unknown or damaged, `model` is a multi-person model, a choice is unknown,
                `min_score` is out of its range, or `flip` is set for a custom skeleton.
            EngineError: if the runtime cannot run a model.
        """
        _check_choice("people", people, get_args(People))
        _check_choice("method", method, get_args(Method))
        if method == "whole" and people != "one":
            raise ModelError(f"method='whole' finds one person: expected people='one', got '{people}'")
        self.engine = _open(default_model(people) if model is None else model, runtime)
        if self.engine.card.is_multi_person:
            raise ModelError(
                f"expected a single-person model, got {self.engine.card.name}, which finds the people for one: choose "
                "lightning or thunder, or leave the model out and take its own poses with the method bottom-up"
            )
        if not 0 <= min_score <= 1:
            raise ModelError(f"expected a min_score from 0 to 1, got {min_score}")
        self.people: People = people
        self.method: Method = method
        self.settings = settings if isinstance(settings, EstimatorSettings) else self._preset(settings)
        if self.settings.flip and self.engine.card.keypoints != len(MIRROR):
            raise ModelError(
                f"flip (as in settings='best') needs COCO's 17 keypoints, whose left and right are known: "
                f"{self.engine.card.name} has {self.engine.card.keypoints}"
            )
        self.detector = self._open_detector(detector, runtime)
        self.min_score = min_score

    def _preset(self, preset: Preset) -> EstimatorSettings:
        _check_choice("settings", preset, get_args(Preset))
        return default_settings(self.engine.card, self.people, preset)

    def _open_detector(self, detector: str | Path | Engine | None, runtime: Runtime | None) -> Engine | None:
        if self.method == "whole":
            if detector is not None:
                raise ModelError("method='whole' has no detector: leave it out, or choose method='top-down'")
            return None
        if detector is None and self.method == "bottom-up" and self.engine.card.family == "posenet":
            return self.engine
        return _open(detector or "multipose", runtime)

    @property
    def shift_px(self) -> float:
        """Added to the decoded points of the single-person model, in pixels of its input (see `MODEL_SHIFT_PX`)."""
        return DECODERS[self.engine.card.family].shift_px

    def __repr__(self) -> str:
        finder = "" if self.detector is None else f", detector={self.detector.card.name!r}"
        return (
            f"Estimator({self.engine.card.name!r}, people={self.people!r}, method={self.method!r}{finder}, "
            f"min_score={self.min_score:g}, precision={self.engine.precision!r})"
        )

    @overload
    def __call__(
        self, image: list[PictureLike] | tuple[PictureLike, ...], *, channels: Channels = "rgb"
    ) -> list[list[Pose]]: ...
    @overload
    def __call__(
        self, image: PictureLike, boxes: ArrayLike | None = None, *, channels: Channels = "rgb"
    ) -> list[Pose]: ...
    def __call__(
        self, image: PictureLike, boxes: ArrayLike | None = None, *, channels: Channels = "rgb"
    ) -> list[Pose] | list[list[Pose]]:
        """Return the poses, highest score first; an empty list if there is nobody.

        Args:
            image: a path, an address of a photo, the bytes of a file, a Pillow image, a uint8 array of shape (H, W, 3)
                RGB, (H, W, 4) RGBA or (H, W) grey, a torch tensor or a `PlanarImage`. A list or tuple of them gives
                the poses of each, as `batch` does.
            channels: the order of the channels in arrays and tensors: "rgb", or "bgr" as OpenCV reads pictures.
            boxes: (n, 4) x, y, width, height of the people in pixels, if known. Then there is no detection, whatever
                the method: the result is one pose per box, in their order, of any score. A box may leave the picture.
                The pose in a box without a person scores close to 0; its own box, the extent of its visible
                keypoints, is None if fewer than two are visible.

        Raises:
            MediaError: if `image` is anything else.
            DataError: if `boxes` are anything else.
        """
        if isinstance(image, list | tuple):
            if boxes is not None:
                raise DataError("boxes of several pictures: expected batch(images, boxes=...), got a list")
            return self.batch(image, channels=channels)
        return self.batch([image], None if boxes is None else [boxes], channels=channels)[0]

    def batch(
        self,
        images: Sequence[PictureLike],
        boxes: Sequence[ArrayLike] | None = None,
        *,
        channels: Channels = "rgb",
    ) -> list[list[Pose]]:
        """Return the poses of each picture, as `__call__` does; pictures may differ in size.

        Args:
            images: pictures as `__call__` takes them.
            boxes: for each picture its boxes, (n, 4), or None to detect people.
            channels: the order of the channels in arrays and tensors.

        Raises:
            MediaError: if an image is anything else.
            DataError: if boxes are anything else, or not given for every picture.
        """
        images = [to_picture(image, channels) for image in images]
        if boxes is not None:
            return self._estimate_boxes(boxes, images)
        if self.detector is None:
            poses = [[pose] for pose in self._estimate_whole(images)]
        else:
            chosen = [self.choose(self.detect(image)) for image in images]
            poses = self._estimate_chosen(chosen, images) if self.method == "top-down" else _poses_of(chosen)
        return [[pose for pose in found if pose.score >= self.min_score] for found in poses]

    def detect(self, image: Picture) -> list[Detection]:
        """Return the detections of all people in a picture, highest score first, without duplicates.

        Raises:
            ModelError: if this estimator has no detector (method "whole").
        """
        if self.detector is None:
            raise ModelError("expected an estimator with a detector, got one with method='whole'")
        with loading(self.engine):  # the first time, beside the detector
            return detect(image, self.detector, self.settings)

    def choose(self, found: list[Detection]) -> list[Detection]:
        """Return those of the detections of one picture that `people` asks for."""
        if self.people == "many" or not found:
            return found
        first = max(found, key=lambda detection: detection.prominence)
        if self.people == "one":
            return [first]
        return [
            detection for detection in found if detection.prominence >= AUTO_PROMINENCE * first.prominence
        ]

    def estimate_crops(
        self,
        images: Sequence[Picture],
        crops: Sequence[Crop],
        guides: Sequence[Guide | None] | None = None,
    ) -> list[Pose]:
        """Return one pose for each crop of its picture, of any score.

        The pose's score is the mean of the keypoint scores, its box the extent of the visible keypoints, None if fewer
        than two are visible. Crops of one size run in batches.

        Args:
            images: the picture of each crop, (H, W, 3) uint8 RGB or planes.
            crops: the squares that the model runs on.
            guides: for each crop the person to decode, or None for the one in the middle.
        """
        guides = guides if guides is not None else [None] * len(crops)
        views = [[View(*view)] for view in zip(images, crops, guides, strict=True)]
        return estimate_people(self.engine, self.settings, views)

    def estimate_detections(
        self, image: Picture, detections: Sequence[Detection], crop_factor: float, guide_weight: float
    ) -> list[Pose]:
        """Return the pose estimated in the crop of each detection, of any score.

        Args:
            image: (H, W, 3) uint8 RGB, or planes.
            detections: the people, as detected in this picture or predicted from the frame before.
            crop_factor: side of the square crop as a multiple of the person's longer side.
            guide_weight: weight of the detection's keypoints in the decode, 0…1.
        """
        settings = replace(
            self.settings, crop_factor=crop_factor, guide_weight=guide_weight, small_person_px=0.0
        )
        views = [self.views(image, detection, settings) for detection in detections]
        return estimate_people(self.engine, self.settings, views)

    def views(
        self, image: Picture, detection: Detection, settings: EstimatorSettings | None = None
    ) -> list[View]:
        """Return the squares of a detected person that the model runs on, without mirror images.

        `settings` are the estimator's own if None.
        """
        settings = settings or self.settings
        side = settings.crop_side(detection.length, self.engine.card.side)
        squares = [(side, settings.crop_factor)]
        if settings.second_crop is not None:
            squares.append((settings.second_crop.side_px, settings.second_crop.factor))
        crops = [detection.crop(*square) for square in squares]
        return [self.view(image, detection, crop, settings.guide_weight) for crop in crops]

    def view(self, image: Picture, detection: Detection, crop: Crop, guide_weight: float) -> View:
        """Return a square of a picture, guided by a detected person (`EstimatorSettings.guide_weight`)."""
        return View(image, crop, detection.guide(crop, guide_weight, self.shift_px))

    def _estimate_whole(self, images: Sequence[Picture]) -> list[Pose]:
        side = self.engine.card.side
        return self.estimate_crops(
            images, [Crop.whole(image.shape[1], image.shape[0], side) for image in images]
        )

    def _estimate_boxes(self, boxes: Sequence[ArrayLike], images: Sequence[Picture]) -> list[list[Pose]]:
        """Return one pose per box of each picture; the crops of all pictures run in batches together."""
        if len(boxes) != len(images):
            raise DataError(f"expected boxes for each of {len(images)} pictures, got boxes for {len(boxes)}")
        checked = [check_boxes(own).tolist() for own in boxes]
        requests = [(image, box) for image, own in zip(images, checked, strict=True) for box in own]
        crops = [
            Crop.around_box((x, y, w, h), self.settings.crop_factor, self._side(max(w, h)))
            for _, (x, y, w, h) in requests
        ]
        poses = iter(self.estimate_crops([image for image, _ in requests], crops))
        return [[next(poses) for _ in own] for own in checked]

    def _estimate_chosen(
        self, chosen: Sequence[Sequence[Detection]], images: Sequence[Picture]
    ) -> list[list[Pose]]:
        """Return the poses of the chosen detections of each picture, after NMS; all crops run in batches together."""
        views = [
            self.views(image, detection)
            for image, found in zip(images, chosen, strict=True)
            for detection in found
        ]
        detections = [detection for found in chosen for detection in found]
        poses = iter(estimate_people(self.engine, self.settings, views, detections))
        return [_suppress([next(poses) for _ in found]) for found in chosen]

    def _side(self, length_px: float) -> int:
        return self.settings.crop_side(length_px, self.engine.card.side)


def _poses_of(chosen: Sequence[Sequence[Detection]]) -> list[list[Pose]]:
    return [[detection.pose for detection in found] for found in chosen]


def _open(model: str | Path | Engine, runtime: Runtime | None) -> Engine:
    return model if isinstance(model, Engine) else open_engine(model, runtime)


def _check_choice(name: str, got: object, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise ModelError(f"expected {name} to be one of {', '.join(choices)}, got '{got}'")


def _suppress(poses: Sequence[Pose]) -> list[Pose]:
    """Return the poses with the scores that soft NMS gives them, highest first."""
    if not poses:
        return []
    keypoints, areas = np.stack([pose.keypoints for pose in poses]), np.array([area(pose) for pose in poses])
    scores = soft_nms(keypoints, np.array([pose.score for pose in poses]), areas)
    lowered = [replace(pose, score=float(score)) for pose, score in zip(poses, scores, strict=True)]
    return sorted(lowered, key=lambda pose: -pose.score)


def estimate(picture: PictureLike, model: str | Path = "lightning") -> list[Pose]:
    """Return the poses in a photo: a path, an address, or whatever else `Estimator` takes.

    The model is loaded on every call: for many pictures make one `Estimator` and call it.

    Raises:
        MediaError: if the photo cannot be read, or the argument is no picture.
        ModelError: if the model is unknown or damaged.
    """
    image = to_picture(picture)
    return Estimator(model)(image)
