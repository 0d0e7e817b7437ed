"""Samples of a training run: sample number n is the same in every run of the same seed.

All random numbers of a sample depend only on the seed and its number. So a run that continues from a checkpoint gets
the samples that the interrupted run would have got, with any number of workers.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from movenet.annotations import Box, Image, Person
from movenet.errors import DataError, MediaError
from movenet.media import read_photo
from movenet.models import STRIDE
from movenet.training.augment import AugmentationSettings, augment_colours, random_view
from movenet.training.labels import Labels
from movenet.training.view import View

MAX_PEOPLE: Final = 6
"""Most people trained in one square, nearest to its centre first; the boxes of the others are ignored."""
BOX_FACTOR: Final = 1.15
"""Boxes are enlarged by this factor when they mask cells: keypoints may lie a little outside."""
START_METHOD: Final = "spawn"
"""Start method of loader processes. "fork" can deadlock once OpenCV has used threads; processes of "forkserver" survive
a run that is killed."""

log = logging.getLogger(__name__)


class Sample(NamedTuple):
    """A square and its labels, or a batch: N of them, stacked. S = side / 4 cells, P = `MAX_PEOPLE`, K keypoints."""

    image: Tensor
    """(side, side, 3) uint8 RGB."""
    keypoints: Tensor
    """(P, K, 2) float32: y, x in 0…1 of the square, as the model's output; may lie outside."""
    labelled: Tensor
    """(P, K) bool: which keypoints have a label."""
    person_masks: Tensor
    """(P, S, S) bool: cells where unlabelled keypoints of each person may be."""
    ignored: Tensor
    """(S, S) bool: cells that are not used as negative examples."""
    teacher_image: Tensor
    """(T, T, 3) uint8 RGB: the same view for the teacher, with unchanged colours; (0,) without a teacher."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labels, and how to sample them; the fields are those of `DataSettings`."""

    labels: Labels
    repeat: float = 1.0
    all_people_labelled: bool = True
    missing_is_absent: bool = False


class Samples(Dataset[Sample]):
    """The samples of a run, by number: 0, 1, 2, …, through any number of epochs."""

    def __init__(
        self,
        sets: Sequence[TrainingSet],
        side: int,
        augmentation: AugmentationSettings,
        *,
        seed: int = 0,
        teacher_side: int = 0,
    ):
        """Create the samples of some sets.

        Args:
            sets: the labels, mixed.
            side: side of the squares in pixels.
            augmentation: random geometry and colours.
            seed: of all random numbers.
            teacher_side: side of the teacher's squares in pixels; 0: no teacher.

        Raises:
            DataError: if an epoch has no sample.
        """
        self.sets = tuple(sets)
        self.side, self.teacher_side, self.augmentation, self.seed = side, teacher_side, augmentation, seed
        self.counts = [round(one.repeat * len(one.labels.people)) for one in self.sets]
        if not self.epoch_size:
            raise DataError("expected at least one sample in an epoch, got none: every `repeat` is too small")
        self._order = (-1, np.zeros((0, 2), np.int64))

    @property
    def epoch_size(self) -> int:
        """Number of samples in an epoch."""
        return sum(self.counts)

    def __getitem__(self, number: int) -> Sample:
        """Return a sample; of an image that cannot be read, one without labels, with a warning."""
        data, annotated, box = self._find(number)
        rng = np.random.default_rng((self.seed, number))
        view = random_view(box, self.side, rng, self.augmentation)
        try:
            image = read_photo(annotated.path)
        except MediaError as error:
            log.warning("sample %d is ignored: %s", number, error)
            image, annotated = np.zeros((1, 1, 3), np.uint8), replace(annotated, people=())
            data = TrainingSet(data.labels, all_people_labelled=False)
            box = (0.0, 0.0, 0.0, 0.0)
        teacher_image = view.at(self.teacher_side).cut(image) if self.teacher_side else np.zeros(0, np.uint8)
        square = augment_colours(view.cut(image), rng, self.augmentation)
        return Sample(_tensor(square), *_labels_in_view(view, annotated, box, data), _tensor(teacher_image))

    def _find(self, number: int) -> tuple[TrainingSet, Image, Box]:
        epoch, position = divmod(number, self.epoch_size)
        if self._order[0] != epoch:
            self._order = (epoch, self._shuffle(epoch))
        i, j = self._order[1][position]
        labels = self.sets[i].labels
        image, box = labels.people[j]
        return self.sets[i], labels.images[image], box

    def _shuffle(self, epoch: int) -> NDArray[np.int64]:
        """Return the order of an epoch, (epoch_size, 2): index of the set, index of the person in it."""
        rng = np.random.default_rng((self.seed, 1, epoch))
        parts = []
        for i, (one, count) in enumerate(zip(self.sets, self.counts, strict=True)):
            rounds = [rng.permutation(len(one.labels.people)) for _ in range(math.ceil(one.repeat))]
            chosen = np.concatenate([*rounds, np.zeros(0, np.int64)])[:count]
            parts.append(np.column_stack([np.full(count, i), chosen]))
        return rng.permutation(np.concatenate(parts))


def load_batches(
    samples: Samples, batches: Iterable[list[int]], workers: int, device: torch.device
) -> Iterator[Sample]:
    """Yield batches, given by the numbers of their samples; `workers` processes load them ahead."""
    loader: DataLoader[Sample] = DataLoader(
        samples,
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=_init_worker,
        multiprocessing_context=START_METHOD if workers else None,
    )
    return iter(loader)


def _init_worker(_: int) -> None:
    """Turn off OpenCV's threads in a loader process."""
    cv2.setNumThreads(0)


def _labels_in_view(
    view: View, image: Image, box: Box, data: TrainingSet
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return keypoints, labelled, person_masks and ignored of `Sample`."""
    skeleton, cells = data.labels.skeleton, view.side // STRIDE
    people = image.learnable
    trained = _nearest_first(people, view)[:MAX_PEOPLE]
    others = [person for person in people if person not in trained]
    keypoints = np.zeros((MAX_PEOPLE, len(skeleton), 2), np.float32)
    labelled = np.zeros((MAX_PEOPLE, len(skeleton)), np.bool_)
    person_masks = np.zeros((MAX_PEOPLE, cells, cells), np.bool_)
    swap = list(skeleton.mirror) if view.mirrored else slice(None)
    for i, person in enumerate(trained):
        keypoints[i] = view.to_decoded(person.keypoints)[swap]
        labelled[i] = person.labelled[swap]
        if not data.missing_is_absent:
            person_masks[i] = _box_mask(view, person.box)
    ignored = np.zeros((cells, cells), np.bool_)
    for region in (*image.ignore_regions, *(other.box for other in others)):
        ignored |= _box_mask(view, region)
    if not data.all_people_labelled:
        ignored |= ~_box_mask(view, box)
    return _tensor(keypoints), _tensor(labelled), _tensor(person_masks), _tensor(ignored)


def _nearest_first(people: Sequence[Person], view: View) -> list[Person]:
    """Return the people with a labelled keypoint in the view, the one nearest to its centre first."""

    def distance(person: Person) -> float:
        middle = person.keypoints[person.labelled].mean(axis=0)
        return float(np.linalg.norm(view.to_output(middle) - view.side / 2))

    def is_in_view(person: Person) -> bool:
        points = view.to_decoded(person.keypoints[person.labelled])
        return bool(((points >= 0) & (points < 1)).all(axis=-1).any())

    return sorted(filter(is_in_view, people), key=distance)


def _box_mask(view: View, box: Box) -> NDArray[np.bool_]:
    """Return which cells (S, S) of the view a box of the image covers, enlarged by `BOX_FACTOR`."""
    cells = view.side // STRIDE
    x, y, width, height = box
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * BOX_FACTOR / 2 + 0.5
    outline = view.to_output(corners * (width, height) + (x, y)) / STRIDE - 0.5
    mask = np.zeros((cells, cells), np.uint8)
    if width > 0 and height > 0:
        cv2.fillConvexPoly(mask, np.round(outline.clip(-(2**14), 2**14)).astype(np.int32), 1)
    return mask.astype(np.bool_)


def _tensor(array: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
