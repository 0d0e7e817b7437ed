"""What a run begins with: the data, the student and its teacher, all as the settings say."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import numpy as np
import torch

from movenet.annotations import Box, Image, Person, upright_size, write_coco
from movenet.errors import DataError
from movenet.media import find_photos
from movenet.networks.movenet import SINGLE_HEADS, Architecture, Network
from movenet.skeleton import Skeleton
from movenet.training import batch_norm
from movenet.training.dataset import Samples, Source
from movenet.training.labels import Labels, read_coco, read_yolo
from movenet.training.relabel import Completion, complete
from movenet.training.settings import SCRATCH, Data, Settings, Validation
from movenet.training.teacher import open_network

USUAL_SIDE: Final = 192
"""Of a network from scratch, in pixels, if nothing else is asked for: Lightning's."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A network before its first step."""

    network: Network
    side: int
    source: str
    """Where its weights are from."""
    base: str | None
    """Name of the official model it was trained from, if any (`ModelCard.base`)."""
    known: frozenset[str]
    """Names of the weights that know something already."""


def start(settings: Settings) -> Start:
    """Return the network to train, in float32 on the CPU.

    Raises:
        ModelError: if the model to begin with is unknown or not a MoveNet.
    """
    model, count = settings.model, len(settings.skeleton)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        if model.start == SCRATCH:
            network = batch_norm.begin(Network(Architecture(model.width, SINGLE_HEADS, count)))
            source = "trained from scratch with movenet"
            return Start(network, model.side or USUAL_SIDE, source, None, frozenset())
        network, card = open_network(model.start)
        known = frozenset(network.state_dict())
        if card.keypoints != count:
            network, known = _with_keypoints(network, count)
    source = f"trained with movenet from: {card.source}"
    return Start(network.train(), model.side or card.side, source, card.base, known)


def _with_keypoints(known: Network, count: int) -> tuple[Network, frozenset[str]]:
    """Return a network of another number of keypoints that knows all that does not depend on it, and what that is."""
    wide = known.architecture
    network = Network(Architecture(wide.width, wide.heads, count))
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in known.state_dict().items() if tensor.shape == own[name].shape}
    network.load_state_dict(fitting, strict=False)
    for name, head in network.heads.items():
        if f"heads.{name}.answer.weight" not in fitting:
            batch_norm.begin_answer(head, name)
    return network, frozenset(fitting)


def samples(settings: Settings, side: int, teacher_side: int) -> Samples:
    """Read all labels; what a model is to complete is completed once and kept in the run's folder.

    Raises:
        DataError: if labels or pictures are missing or malformed.
    """
    sources = [_source(data, settings, i) for i, data in enumerate(settings.data)]
    for source in sources:
        if source.labels.dropped:
            count = source.labels.dropped
            log.warning("%s: %d keypoints lie outside their picture: not learned", source.labels.name, count)
    seed = settings.training.seed
    return Samples(sources, side, settings.augmentation, seed=seed, teacher_side=teacher_side)


def _source(data: Data, settings: Settings, number: int) -> Source:
    labels = only(data.only, _read(data, settings.skeleton))
    if data.complete:
        path = settings.out / f"completed-{number}.json"
        if not path.is_file():
            how = Completion(data.complete, data.sure, data.doubt, data.agree, data.sides)
            write_coco(path, complete(labels, how).images, settings.skeleton)
        labels = read_coco(path, data.images, settings.skeleton)
    return Source(labels, data.repeat, data.everybody, data.absent)


def only(pattern: str, labels: Labels) -> Labels:
    """Return the labels of those pictures whose name fits a pattern.

    Raises:
        DataError: if nobody is labelled in them.
    """
    kept = [i for i, image in enumerate(labels.images) if fnmatch(image.path.name, pattern)]
    place = {old: new for new, old in enumerate(kept)}
    shown = tuple((place[i], box) for i, box in labels.shown if i in place)
    if not shown:
        raise DataError(f"{labels.name} labels nobody in pictures named {pattern}")
    return replace(labels, images=tuple(labels.images[i] for i in kept), shown=shown)


def _read(data: Data, skeleton: Skeleton) -> Labels:
    if data.yolo is not None:
        return read_yolo(data.yolo, data.images, skeleton)
    if data.annotations is not None:
        return read_coco(data.annotations, data.images, skeleton)
    return read_unlabelled(data.images, skeleton)


def read_unlabelled(folder: Path, skeleton: Skeleton) -> Labels:
    """Return a folder's images, of which nothing is known; each is shown whole.

    Raises:
        MediaError: if there are none, or the header of one cannot be read.
    """
    images = tuple(
        _unlabelled(number, path, len(skeleton)) for number, path in enumerate(find_photos([folder]))
    )
    return Labels(folder.name, skeleton, images, tuple((image.id, image.people[0].box) for image in images))


def _unlabelled(number: int, path: Path, count: int) -> Image:
    """Return an image that is one ignore region."""
    width, height = size = upright_size(path)
    box: Box = (0.0, 0.0, float(width), float(height))
    nobody = Person(np.zeros((count, 2)), np.zeros(count, np.int8), box, float(width * height))
    return Image(number, path.name, path, size, (nobody,))


def validation_labels(validation: Validation, skeleton: Skeleton) -> Labels:
    """Read a list to measure on, cut short if the settings say so."""
    labels = only(validation.only, read_coco(validation.annotations, validation.images, skeleton))
    shown = labels.shown[: validation.most or None]
    return Labels(validation.name or labels.name.removesuffix(".json"), skeleton, labels.images, shown)
