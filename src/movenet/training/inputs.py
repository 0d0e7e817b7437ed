"""Inputs of a training run, from its settings: the initial network and the datasets."""

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
from movenet.training.dataset import Samples, TrainingSet
from movenet.training.labels import Labels, read_coco, read_yolo
from movenet.training.pseudo_labels import pseudo_label
from movenet.training.relabel import relabel
from movenet.training.settings import RANDOM, DataSettings, Settings, ValidationSettings
from movenet.training.teacher import open_network

DEFAULT_SIDE: Final = 192
"""Side of the input of a network trained from scratch, in pixels: Lightning's."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class InitialNetwork:
    """A network before the first step."""

    network: Network
    side: int
    """Side of its input square, in pixels."""
    source: str
    """Where its weights are from."""
    base: str | None
    """Name of the official model that it is fine-tuned from, if any (`ModelCard.base`)."""
    pretrained: frozenset[str]
    """Names of the weights that are not random."""


def initial_network(settings: Settings) -> InitialNetwork:
    """Return the network to train, in float32 on the CPU.

    Raises:
        ModelError: if the initial model is unknown or not a MoveNet.
    """
    model, keypoints = settings.model, len(settings.skeleton)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        if model.initial_weights == RANDOM:
            network = batch_norm.initialize(Network(Architecture(model.width, SINGLE_HEADS, keypoints)))
            source = "trained from scratch with movenet"
            return InitialNetwork(network, model.side or DEFAULT_SIDE, source, None, frozenset())
        network, card = open_network(model.initial_weights)
        pretrained = frozenset(network.state_dict())
        if card.keypoints != keypoints:
            network, pretrained = _with_keypoints(network, keypoints)
    source = f"trained with movenet from: {card.source}"
    return InitialNetwork(network.train(), model.side or card.side, source, card.base, pretrained)


def _with_keypoints(old: Network, keypoints: int) -> tuple[Network, frozenset[str]]:
    """Return a network of another number of keypoints, and the names of the weights that it takes from the old one.

    These are all whose shape does not depend on the number of keypoints; the others are random.
    """
    network = Network(Architecture(old.architecture.width, old.architecture.heads, keypoints))
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in old.state_dict().items() if tensor.shape == own[name].shape}
    network.load_state_dict(fitting, strict=False)
    for name, head in network.heads.items():
        if f"heads.{name}.answer.weight" not in fitting:
            batch_norm.initialize_output(head, name)
    return network, frozenset(fitting)


def read_samples(settings: Settings, side: int, teacher_side: int) -> Samples:
    """Read the labels of all datasets. Labels that a model corrects are written to the folder of the run, once.

    Raises:
        DataError: if labels or images are missing or malformed.
    """
    sets = [_read_set(data, settings, i) for i, data in enumerate(settings.data)]
    for labels in (one.labels for one in sets):
        if labels.dropped:
            log.warning("%s: %d keypoints outside their image are ignored", labels.name, labels.dropped)
    seed = settings.training.seed
    return Samples(sets, side, settings.augmentation, seed=seed, teacher_side=teacher_side)


def _read_set(data: DataSettings, settings: Settings, index: int) -> TrainingSet:
    labels = select_images(_read_labels(data, settings.skeleton), data.name_pattern)
    if data.relabel.model:
        path = settings.out / f"relabelled-{index}.json"
        if not path.is_file():
            label = pseudo_label if data.is_unlabelled else relabel
            write_coco(path, label(labels, data.relabel).images, settings.skeleton)
        labels = read_coco(path, data.images, settings.skeleton)
    return TrainingSet(labels, data.repeat, data.all_people_labelled, data.missing_is_absent)


def select_images(labels: Labels, pattern: str) -> Labels:
    """Return the labels of those images whose file name matches a pattern, as of a shell.

    Raises:
        DataError: if no person is labelled in them.
    """
    kept = [i for i, image in enumerate(labels.images) if fnmatch(image.path.name, pattern)]
    new_index = {old: new for new, old in enumerate(kept)}
    people = tuple((new_index[i], box) for i, box in labels.people if i in new_index)
    if not people:
        raise DataError(f"{labels.name} has no labelled person in images named {pattern}")
    return replace(labels, images=tuple(labels.images[i] for i in kept), people=people)


def _read_labels(data: DataSettings, skeleton: Skeleton) -> Labels:
    if data.yolo_labels is not None:
        return read_yolo(data.yolo_labels, data.images, skeleton)
    if data.annotations is not None:
        return read_coco(data.annotations, data.images, skeleton)
    return read_unlabelled(data.images, skeleton)


def read_unlabelled(folder: Path, skeleton: Skeleton) -> Labels:
    """Return the images of a folder as labels without keypoints: each is one sample, the whole image.

    Raises:
        MediaError: if there are none, or the header of one cannot be read.
    """
    images = tuple(
        _unlabelled(number, path, len(skeleton)) for number, path in enumerate(find_photos([folder]))
    )
    return Labels(folder.name, skeleton, images, tuple((image.id, image.people[0].box) for image in images))


def _unlabelled(number: int, path: Path, keypoints: int) -> Image:
    """Return an image that is one ignore region."""
    width, height = size = upright_size(path)
    box: Box = (0.0, 0.0, float(width), float(height))
    region = Person(np.zeros((keypoints, 2)), np.zeros(keypoints, np.int8), box, float(width * height))
    return Image(number, path.name, path, size, (region,))


def validation_labels(validation: ValidationSettings, skeleton: Skeleton) -> Labels:
    """Read the labels of a validation dataset, limited to `max_people`."""
    labels = read_coco(validation.annotations, validation.images, skeleton)
    labels = select_images(labels, validation.name_pattern)
    people = labels.people[: validation.max_people or None]
    return Labels(validation.name or labels.name.removesuffix(".json"), skeleton, labels.images, people)
