"""From labels to what a step of training sees: sample number n is the same square in every run of the same seed.

There is no other state: the place in the data is a number, and all chance of a sample comes from the seed and it.
So a run that goes on where another was killed sees what that one would have seen, with any number of workers.
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
from movenet.training.augment import Augmentation, draw_view, repaint
from movenet.training.labels import Labels
from movenet.training.view import View

MOST_PEOPLE: Final = 6
"""People of one square that are taught, nearest to its middle first; the boxes of the rest are unknown."""
MARGIN: Final = 1.15
"""A person's keypoints may lie so far outside their box: it is drawn so much larger where it hides something."""
FRESH: Final = "spawn"
"""How processes that read begin: a fork of one that drew with OpenCV may hang, and one of a fork server would outlive
a run that is killed."""

log = logging.getLogger(__name__)


class Sample(NamedTuple):
    """A square and what is known of it, or a batch of N of them, stacked. S = side / 4 cells, P = `MOST_PEOPLE`."""

    image: Tensor
    """(side, side, 3) uint8 RGB."""
    places: Tensor
    """(P, K, 2) float32: y, x, 0…1 of the square as the model answers; may lie outside."""
    labelled: Tensor
    """(P, K) bool."""
    bodies: Tensor
    """(P, S, S) bool: where each person's keypoints may be, labelled or not."""
    unknown: Tensor
    """(S, S) bool: where nothing is said to be absent."""
    clear: Tensor
    """(T, T, 3) uint8: the same view for a teacher, in its true colours; (0,) without one."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Labels, and how to take them."""

    labels: Labels
    repeat: float = 1.0
    """How often everybody is shown in an epoch; half of them for 0.5."""
    everybody: bool = True
    """Whether all people of a picture are labelled; if not, all outside the box of the one shown is unknown."""
    absent: bool = False
    """Whether a keypoint without a label is not to be seen, and the model is told so; if not, it is unknown."""


class Samples(Dataset[Sample]):
    """All samples of a run, by their number 0, 1, 2, …; epochs follow each other without end."""

    def __init__(
        self, sources: Sequence[Source], side: int, how: Augmentation, *, seed: int = 0, teacher_side: int = 0
    ):
        """Take what to show, the side of the squares in pixels, and that of the teacher's (0: there is none).

        Raises:
            DataError: if there is nobody to show.
        """
        self.sources = tuple(sources)
        self.side, self.teacher_side, self.how, self.seed = side, teacher_side, how, seed
        self.counts = [round(source.repeat * len(source.labels.shown)) for source in self.sources]
        if not self.epoch:
            raise DataError("expected somebody to learn from, got nobody: every `repeat` is too small")
        self._order = (-1, np.zeros((0, 2), np.int64))

    @property
    def epoch(self) -> int:
        """How many samples an epoch has."""
        return sum(self.counts)

    def __getitem__(self, number: int) -> Sample:
        """Return a sample; a picture that cannot be read gives one that teaches nothing, and a warning."""
        source, annotated, box = self._find(number)
        rng = np.random.default_rng((self.seed, number))
        view = draw_view(box, self.side, rng, self.how)
        try:
            image = read_photo(annotated.path)
        except MediaError as error:
            log.warning("sample %d teaches nothing: %s", number, error)
            image, annotated = np.zeros((1, 1, 3), np.uint8), replace(annotated, people=())
            source = Source(source.labels, everybody=False)
            box = (0.0, 0.0, 0.0, 0.0)
        clear = view.at(self.teacher_side).cut(image) if self.teacher_side else np.zeros(0, np.uint8)
        square = repaint(view.cut(image), rng, self.how)
        return Sample(_tensor(square), *_describe(view, annotated, box, source), clear=_tensor(clear))

    def _find(self, number: int) -> tuple[Source, Image, Box]:
        epoch, place = divmod(number, self.epoch)
        if self._order[0] != epoch:
            self._order = (epoch, self._shuffle(epoch))
        i, j = self._order[1][place]
        labels = self.sources[i].labels
        image, box = labels.shown[j]
        return self.sources[i], labels.images[image], box

    def _shuffle(self, epoch: int) -> NDArray[np.int64]:
        """Return the order of an epoch, shape (epoch, 2): which source, which of those it shows."""
        rng = np.random.default_rng((self.seed, 1, epoch))
        parts = []
        for i, (source, count) in enumerate(zip(self.sources, self.counts, strict=True)):
            rounds = [rng.permutation(len(source.labels.shown)) for _ in range(math.ceil(source.repeat))]
            chosen = np.concatenate([*rounds, np.zeros(0, np.int64)])[:count]
            parts.append(np.column_stack([np.full(count, i), chosen]))
        return rng.permutation(np.concatenate(parts))


def read_from(
    data: Samples, batches: Iterable[list[int]], workers: int, device: torch.device
) -> Iterator[Sample]:
    """Yield batches, given by the numbers of their samples, read ahead by so many processes."""
    loader: DataLoader[Sample] = DataLoader(
        data,
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=_begin_worker,
        multiprocessing_context=FRESH if workers else None,
    )
    return iter(loader)


def _begin_worker(_: int) -> None:
    """Keep a process of many to one core."""
    cv2.setNumThreads(0)


def _describe(view: View, image: Image, box: Box, source: Source) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return places, labelled, bodies and unknown of `Sample`."""
    skeleton, cells = source.labels.skeleton, view.side // STRIDE
    people = image.learnable
    taught = _nearest_first(people, view)[:MOST_PEOPLE]
    others = [person for person in people if person not in taught]
    places = np.zeros((MOST_PEOPLE, len(skeleton), 2), np.float32)
    labelled = np.zeros((MOST_PEOPLE, len(skeleton)), np.bool_)
    bodies = np.zeros((MOST_PEOPLE, cells, cells), np.bool_)
    swap = list(skeleton.mirror) if view.mirrored else slice(None)
    for i, person in enumerate(taught):
        places[i] = view.to_decoded(person.keypoints)[swap]
        labelled[i] = person.labelled[swap]
        if not source.absent:
            bodies[i] = _shade(view, person.box)
    unknown = np.zeros((cells, cells), np.bool_)
    for hidden in (*image.ignore_regions, *(other.box for other in others)):
        unknown |= _shade(view, hidden)
    if not source.everybody:
        unknown |= ~_shade(view, box)
    return _tensor(places), _tensor(labelled), _tensor(bodies), _tensor(unknown)


def _nearest_first(people: Sequence[Person], view: View) -> list[Person]:
    """Return the people with a labelled keypoint in the view, the one nearest to its middle first."""

    def distance(person: Person) -> float:
        middle = person.keypoints[person.labelled].mean(axis=0)
        return float(np.linalg.norm(view.to_output(middle) - view.side / 2))

    def is_in_view(person: Person) -> bool:
        places = view.to_decoded(person.keypoints[person.labelled])
        return bool(((places >= 0) & (places < 1)).all(axis=-1).any())

    return sorted(filter(is_in_view, people), key=distance)


def _shade(view: View, box: Box) -> NDArray[np.bool_]:
    """Return which cells (S, S) of the view a box of the picture, a little enlarged, touches."""
    cells = view.side // STRIDE
    x, y, width, height = box
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * MARGIN / 2 + 0.5
    outline = view.to_output(corners * (width, height) + (x, y)) / STRIDE - 0.5
    shade = np.zeros((cells, cells), np.uint8)
    if width > 0 and height > 0:
        cv2.fillConvexPoly(shade, np.round(outline.clip(-(2**14), 2**14)).astype(np.int32), 1)
    return shade.astype(np.bool_)


def _tensor(array: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
