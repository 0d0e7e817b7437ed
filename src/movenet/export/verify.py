"""Verification of an export: its own runtime against PyTorch, on real pictures, keypoint by keypoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode.families import DECODERS
from movenet.errors import ModelError
from movenet.export.job import OUTPUT, ExportJob, Precision, Runner
from movenet.media import find_photos, open_source, read_photo
from movenet.models import DATA, ModelCard
from movenet.networks.movenet import Network
from movenet.networks.posenet import PoseNet
from movenet.pose import MIN_KEYPOINT_SCORE

Progress: TypeAlias = Callable[[Iterable[NDArray[np.uint8]], int], Iterable[NDArray[np.uint8]]]
"""Shows how many of the squares, whose number is given, are compared."""
FACTOR: Final = 1.25
"""Side of the crop, as a multiple of the person's longer side."""
EVERY: Final = 10
"""Stride in frames through the sample clip."""
MOST: Final = 64
"""Maximum number of pictures taken from the user's folder, evenly spread."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences between an export and PyTorch; distances in pixels of the square."""

    squares: int
    keypoints: int
    """Number of keypoints compared: those that PyTorch scores above 0.1."""
    median_px: float
    p90_px: float
    largest_px: float
    largest_score: float
    largest_head: float
    """Largest difference in a raw head, relative to the head's range; 0 if the output is keypoints."""

    def beyond(self, limit: Limit) -> list[str]:
        """Return one text for each difference that exceeds its limit or is not a number."""
        measured = asdict(self)
        return [
            f"{name} {measured[name]:.2g} > {most:g}"
            for name, most in asdict(limit).items()
            if most is not None and not measured[name] <= most
        ]


@dataclass(frozen=True, slots=True)
class Limit:
    """Largest allowed `Difference` from PyTorch; None means no limit."""

    median_px: float
    p90_px: float
    largest_px: float | None = None
    largest_score: float | None = None
    largest_head: float | None = None


LIMITS: Final[Mapping[Precision, Limit]] = {
    "fp32": Limit(1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
    "fp16": Limit(0.05, 0.3, 2.0, 0.02, 0.02),
    # Single ambiguous keypoints (a hidden wrist) may jump to the other side, so only quantiles are limited.
    "int8": Limit(0.75, 3.0),
}
"""Limits by precision; `movenet export --ap` measures the AP."""


def draw_squares(
    network: Network | PoseNet, card: ModelCard, side: int, folder: Path | None
) -> NDArray[np.uint8]:
    """Return real pictures (N, side, side, 3), uint8 RGB: each whole, and as a crop around the person in it.

    The pictures are those of a folder, or the photo and the clip of the package.

    Raises:
        MediaError: if the folder holds no picture or one cannot be read.
    """
    decoder, squares = DECODERS[card.family], []
    for image in _pictures(folder):
        crop = Crop.whole(image.shape[1], image.shape[0], side)
        squares.append(crop.cut(image))
        with torch.inference_mode():
            heads = network(torch.from_numpy(squares[-1][None]))
        decoded = decoder.decode_one({name: head.numpy() for name, head in heads.items()}, None)
        points, scores = crop.decoded_to_image(decoded[0], decoder.shift_px)
        if (scores > MIN_KEYPOINT_SCORE).sum() > 1:
            squares.append(Crop.around(points[scores > MIN_KEYPOINT_SCORE], FACTOR, side).cut(image))
    return np.stack(squares)


def measure(job: ExportJob, run: Runner, progress: Progress = lambda squares, _: squares) -> Difference:
    """Compare an export with PyTorch, square by square.

    Args:
        job: the export.
        run: the export in its own runtime.
        progress: takes the squares and their number, and yields the squares while it shows how far it is.

    Raises:
        ModelError: if PyTorch finds no keypoint in any square, so that nothing can be compared.
    """
    moved, scored, heads = [np.zeros(0)], [np.zeros(0)], [0.0]
    module = job.module.eval()
    for square in progress(job.squares[:, None], len(job.squares)):
        expected, got = _ask_torch(job, module, square), run(square)
        if job.answer == "heads":
            heads += [_share(got[name], expected[name]) for name in job.names]
        real, guess = to_keypoints(job, expected), to_keypoints(job, got)
        seen = real[..., 2] > MIN_KEYPOINT_SCORE
        moved.append(job.side * np.linalg.norm(real[..., :2] - guess[..., :2], axis=-1)[seen])
        scored.append(np.abs(real[..., 2] - guess[..., 2])[seen])
    distances = np.concatenate(moved)
    if not len(distances):
        raise ModelError(
            "the model finds no keypoint in the pictures of the comparison: "
            "give --pictures of the kind it was trained on"
        )
    half, most, largest = np.quantile(distances, [0.5, 0.9, 1.0]).tolist()
    score = float(np.concatenate(scored).max())
    return Difference(len(job.squares), len(distances), half, most, largest, score, max(heads))


def to_keypoints(job: ExportJob, answer: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the people (P, K, 3) of an output: y, x, 0…1 of the square, and score."""
    if job.answer == "heads":
        return DECODERS[job.card.family].decode_one(answer, None)
    shape = (-1, job.card.keypoints, 3)
    if not job.card.is_multi_person:
        return answer[OUTPUT].reshape(shape)
    return answer[OUTPUT][0, :, : 3 * job.card.keypoints].reshape(shape)


def _ask_torch(
    job: ExportJob, module: torch.nn.Module, square: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    with torch.inference_mode():
        answers = module(torch.from_numpy(square))
    answers = (answers,) if job.answer == "keypoints" else answers
    return {name: answer.numpy() for name, answer in zip(job.names, answers, strict=True)}


def _share(got: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.abs(got - expected).max() / max(float(np.ptp(expected)), 1e-6))


def _pictures(folder: Path | None) -> Iterator[NDArray[np.uint8]]:
    if folder is not None:
        paths = find_photos([folder])
        yield from map(read_photo, paths[:: -(-len(paths) // MOST)])
        return
    yield read_photo(DATA / "astronaut.jpg")
    with open_source(DATA / "sample.mp4") as frames:
        yield from (frame.image for frame in frames if frame.index % EVERY == 0)
