"""One picture in, poses out.

A single look at the whole picture, padded to a square, is what every tutorial takes, and on ordinary photos it is
poor: the person is small, or at the side, or one of several. So by default the estimator looks twice. The many-person
model finds who is where; for each person looked for, the single-person model then sees a square around just them and
is told whom it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.crop import Crop, check_image, mirror_decoded
from movenet.decode import Floats, Guide
from movenet.decode.families import DECODERS, Decoder
from movenet.engine import Engine, Runtime, open_engine
from movenet.errors import DataError, ModelError
from movenet.estimator.boxes import check_boxes
from movenet.estimator.detection import Detection, fuse_scores
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
from movenet.media.photo import read_photo
from movenet.oks import area, suppress
from movenet.pose import MIRROR, Pose

MAX_BATCH: Final = 4
"""Most squares in one call of an engine: more are not faster, and take memory."""

Image = NDArray[np.uint8]


class Estimator:
    """Finds the people of a picture. Holds no memory: the answer is a function of the picture alone."""

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
            model: "lightning", "thunder", "posenet", an ONNX file of one's own, or an open engine. None is
                "lightning" for one person and "thunder" for more.
            people: "one" for the person that a picture is about, "many" for everybody, "auto" for those in front.
            method: "top-down" finds people first and then looks at each; "bottom-up" takes them as they are found;
                "whole", for one person only, looks once at the whole picture, padded.
            min_score: least score of a pose, 0…1; a picture without one has nobody in it.
            settings: a preset ("fast", "balanced" or "best", see docs/many-people.md) or settings of one's own.
            detector: the model that finds people: a name, an ONNX file or an open engine. None is "multipose"
                (PoseNet itself if it works bottom-up).
            runtime: what runs the models that are not open yet; None is the default.

        Raises:
            ModelError: if the model is unknown, damaged, or not a single-person model, or a choice is unknown.
            EngineError: if the runtime cannot run it.
        """
        _check_choice("people", people, get_args(People))
        _check_choice("method", method, get_args(Method))
        if method == "whole" and people != "one":
            raise ModelError(
                f"a look at the whole picture shows one person: expected people='one', got '{people}'"
            )
        self.engine = _open(default_model(people) if model is None else model, runtime)
        if self.engine.card.is_multi_person:
            raise ModelError(f"expected a single-person model, got {self.engine.card.name}, which finds many")
        self.people: People = people
        self.method: Method = method
        self.settings = settings if isinstance(settings, EstimatorSettings) else self._preset(settings)
        self.detector = self._open_detector(detector, runtime)
        self.min_score = min_score

    def _preset(self, preset: Preset) -> EstimatorSettings:
        _check_choice("settings", preset, get_args(Preset))
        return default_settings(self.engine.card, self.people, preset)

    def _open_detector(self, detector: str | Path | Engine | None, runtime: Runtime | None) -> Engine | None:
        if self.method == "whole":
            if detector is not None:
                raise ModelError("method='whole' has no detector: leave it out, or take method='top-down'")
            return None
        if detector is None and self.method == "bottom-up" and self.engine.card.family == "posenet":
            return self.engine
        return _open(detector or "multipose", runtime)

    @property
    def shift_px(self) -> float:
        """What makes the model's answers true, in pixels of its square: as `MODEL_SHIFT_PX`."""
        return DECODERS[self.engine.card.family].shift_px

    def __call__(self, image: Image, boxes: ArrayLike | None = None) -> list[Pose]:
        """Return the poses of the people looked for, the surest first, or an empty list.

        Args:
            image: (H, W, 3) uint8 RGB, at least 1 × 1.
            boxes: (n, 4) x, y, width, height in pixels: where people are, if that is known. Then nobody is searched
                for, whatever the method: there is one pose for each box, in their order, however unsure. A box may
                leave the picture; in one wholly outside nobody is seen, and the pose scores next to nothing.

        Raises:
            MediaError: if `image` is anything else.
            DataError: if `boxes` are anything else.
        """
        return self.batch([image], None if boxes is None else [boxes])[0]

    def batch(self, images: Sequence[Image], boxes: Sequence[ArrayLike] | None = None) -> list[list[Pose]]:
        """Return what `__call__` would for each picture; the pictures may differ in size.

        `boxes` are those of each picture.
        """
        images = [check_image(image) for image in images]
        if boxes is not None:
            return self._estimate_boxes(boxes, images)
        if self.detector is None:
            poses = [[pose] for pose in self._estimate_whole(images)]
        else:
            chosen = [self._choose(self.detect(image)) for image in images]
            poses = self._estimate_chosen(chosen, images) if self.method == "top-down" else _poses_of(chosen)
        return [[pose for pose in found if pose.score >= self.min_score] for found in poses]

    def detect(self, image: Image) -> list[Detection]:
        """Take the first look: everybody in the picture, the surest first, nobody twice.

        Raises:
            ModelError: if this estimator has no model for it.
        """
        if self.detector is None:
            raise ModelError("expected an estimator that finds people, got one with method='whole'")
        return detect(image, self.detector, self.settings)

    def _choose(self, found: list[Detection]) -> list[Detection]:
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
        images: Sequence[Image],
        crops: Sequence[Crop],
        guides: Sequence[Guide | None] | None = None,
    ) -> list[Pose]:
        """Take one look at each picture through its crop: one pose for each, however unsure.

        The score is the mean of the keypoints' scores, the box goes around the keypoints in sight. Squares of one
        size go through the model together.
        """
        decoder = DECODERS[self.engine.card.family]
        poses: dict[int, Pose] = {}
        for part in _portions(crops):
            squares = np.stack([crops[i].cut(images[i]) for i in part])
            decoded = self._decode(squares, guides and [guides[i] for i in part])
            poses |= {i: _to_pose(crops[i], answer, decoder) for i, answer in zip(part, decoded, strict=True)}
        return [poses[i] for i in range(len(crops))]

    def estimate_detections(
        self, image: Image, detections: Sequence[Detection], crop_factor: float, guide_weight: float
    ) -> list[Pose]:
        """Return the pose of each detection, however unsure, without searching the picture for anybody else.

        Args:
            image: (H, W, 3) uint8 RGB.
            detections: where people are or should be.
            crop_factor: side of the square as a multiple of the person's longer side.
            guide_weight: weight of the detection's keypoints in the decode, 0…1.
        """
        crops = [detection.crop(self.engine.card.side, crop_factor) for detection in detections]
        guides = [
            detection.guide(crop, guide_weight, self.shift_px)
            for detection, crop in zip(detections, crops, strict=True)
        ]
        return self.estimate_crops([image] * len(crops), crops, guides)

    def _decode(self, squares: Image, guides: Sequence[Guide | None] | None) -> Floats:
        """Return what the model answers to squares, (N, K, 3) y, x, score: the mean of two if the rule says flip."""
        decoder, side = DECODERS[self.engine.card.family], squares.shape[1]
        seen = decoder.decode_one(self.engine(squares), guides, self.settings.reach)
        if not self.settings.flip:
            return seen
        mirrored = guides and [_mirror(guide, side, decoder.shift_px) for guide in guides]
        turned = decoder.decode_one(self.engine(squares[:, :, ::-1]), mirrored, self.settings.reach)
        return _mean(seen, mirror_decoded(turned[:, MIRROR], side, decoder.shift_px))

    def _estimate_whole(self, images: Sequence[Image]) -> list[Pose]:
        side = self.engine.card.side
        return self.estimate_crops(
            images, [Crop.whole(image.shape[1], image.shape[0], side) for image in images]
        )

    def _estimate_boxes(self, boxes: Sequence[ArrayLike], images: Sequence[Image]) -> list[list[Pose]]:
        """Look at each box of each picture, all in one go."""
        if len(boxes) != len(images):
            raise DataError(f"expected boxes for each of {len(images)} pictures, got boxes for {len(boxes)}")
        checked = [check_boxes(those).tolist() for those in boxes]
        asked = [(image, box) for image, those in zip(images, checked, strict=True) for box in those]
        crops = [
            Crop.around_box((x, y, w, h), self.settings.crop_factor, self._side(max(w, h)))
            for _, (x, y, w, h) in asked
        ]
        poses = iter(self.estimate_crops([image for image, _ in asked], crops))
        return [[next(poses) for _ in those] for those in checked]

    def _estimate_chosen(
        self, chosen: Sequence[Sequence[Detection]], images: Sequence[Image]
    ) -> list[list[Pose]]:
        """Look at each person chosen in each picture, all in one go; nobody twice."""
        asked = [
            (image, detection) for image, found in zip(images, chosen, strict=True) for detection in found
        ]
        crops = [
            detection.crop(self._side(detection.length), self.settings.crop_factor) for _, detection in asked
        ]
        share = self.settings.guide_weight
        guides = [s.guide(crop, share, self.shift_px) for (_, s), crop in zip(asked, crops, strict=True)]
        estimated = iter(self.estimate_crops([image for image, _ in asked], crops, guides))
        poses = [[fuse_scores(detection, next(estimated)) for detection in found] for found in chosen]
        return [_distinct(found, self.settings.nms_oks) for found in poses]

    def _side(self, length_px: float) -> int:
        return self.settings.side(length_px, self.engine.card.side)


def _portions(crops: Sequence[Crop]) -> Iterator[list[int]]:
    """Yield which crops go through the model together: of one size, and not too many."""
    sizes = [(crop.out_width, crop.out_height) for crop in crops]
    for size in dict.fromkeys(sizes):
        alike = [i for i in range(len(crops)) if sizes[i] == size]
        for start in range(0, len(alike), MAX_BATCH):
            yield alike[start : start + MAX_BATCH]


def _mirror(guide: Guide | None, side: int, shift_px: float) -> Guide | None:
    """Return whom to look for in the mirrored square."""
    if guide is None:
        return None
    keypoints = mirror_decoded(guide.keypoints[list(MIRROR)], side, shift_px)
    return Guide(mirror_decoded(guide.center, side, shift_px), keypoints, guide.weight)


def _mean(answer: Floats, other: Floats) -> Floats:
    """Return the mean of two answers (N, K, 3): of the places weighted by their scores, and of the scores."""
    weight, other_weight = answer[..., 2:] + np.float32(1e-6), other[..., 2:] + np.float32(1e-6)
    mean = np.asarray((answer * weight + other * other_weight) / (weight + other_weight), np.float32)
    mean[..., 2] = (answer[..., 2] + other[..., 2]) / 2
    return mean


def _poses_of(chosen: Sequence[Sequence[Detection]]) -> list[list[Pose]]:
    return [[detection.pose for detection in found] for found in chosen]


def _open(model: str | Path | Engine, runtime: Runtime | None) -> Engine:
    return model if isinstance(model, Engine) else open_engine(model, runtime)


def _check_choice(name: str, got: object, choices: tuple[str, ...]) -> None:
    if got not in choices:
        raise ModelError(f"expected {name} to be one of {', '.join(choices)}, got '{got}'")


def _to_pose(crop: Crop, decoded: Floats, decoder: Decoder) -> Pose:
    keypoints, scores = crop.decoded_to_image(decoded, decoder.shift_px)
    pose = Pose(keypoints, scores, float(scores.mean()))
    return replace(pose, box=pose.bounds())


def _distinct(poses: Sequence[Pose], nms_oks: float) -> list[Pose]:
    """Return the poses, the surest first, so that nobody is there twice."""
    if not poses:
        return []
    areas = np.array([area(pose) for pose in poses])
    scores = np.array([pose.score for pose in poses])
    keypoints = np.stack([pose.keypoints for pose in poses])
    return [poses[i] for i in suppress(keypoints, scores, areas, nms_oks)]


def estimate(picture: str | Path | Image, model: str | Path = "lightning") -> list[Pose]:
    """Return the poses in a photo, given as a path or as an (H, W, 3) uint8 RGB array.

    The model is loaded anew each time; for many pictures make one `Estimator` and call that.

    Raises:
        MediaError: if the photo cannot be read or the array is no picture.
        ModelError: if the model is unknown.
    """
    image = picture if isinstance(picture, np.ndarray) else read_photo(picture)
    return Estimator(model)(image)
