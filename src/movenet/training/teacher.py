"""A finished network whose heads a student imitates, at whatever size the teacher was made for."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor

from movenet.errors import ModelError
from movenet.models import ModelCard, find_model, read_card
from movenet.networks.movenet import Network
from movenet.networks.onnx_file import read_network, read_properties
from movenet.training.losses import MAPS


def open_network(model: str) -> tuple[Network, ModelCard]:
    """Load a model of the table or an ONNX file of ours into torch.

    Raises:
        ModelError: if it is unknown, damaged, or another family's.
        EngineError: if its weights are int8.
    """
    found = find_model(model)
    if isinstance(found, Path):
        found = read_card(found, read_properties(found))
    found.check()
    network = read_network(found.path)
    if not isinstance(network, Network):
        raise ModelError(f"expected a MoveNet to train, got {found.name}")
    return network, found


def check_keypoints(card: ModelCard, keypoints: int) -> None:
    """Raise ModelError unless a model has so many keypoints."""
    if card.keypoints != keypoints:
        raise ModelError(
            f"expected a model of {keypoints} keypoints, got {card.name}, which has {card.keypoints}"
        )


class Teacher:
    """Answers for each square of a batch what the student should, in the student's cells."""

    def __init__(self, model: str, keypoints: int, device: torch.device):
        """Load a teacher of so many keypoints.

        Raises:
            ModelError: if it has another number, or is no MoveNet of the table or of one's own.
        """
        network, self.card = open_network(model)
        check_keypoints(self.card, keypoints)
        self.network = network.to(device).requires_grad_(False)

    def __call__(self, squares: Tensor, grid: int) -> dict[str, Tensor]:
        """Map (N, T, T, 3) uint8 to heads of (N, C, grid, grid)."""
        with torch.inference_mode():
            return {name: _resize(head.float(), name, grid) for name, head in self.network(squares).items()}


def _resize(head: Tensor, name: str, grid: int) -> Tensor:
    """Draw a head on another grid; ways become longer or shorter with it.

    Cell i of S stands for the place i / S, so the first cells of both grids are at the same place and the last
    ones are not: neither of torch's two ways to align corners.
    """
    size = head.shape[-1]
    if size == grid:
        return head
    at = torch.arange(grid, device=head.device, dtype=head.dtype) / grid
    at = (2 * at * size + 1) / size - 1
    place = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1).expand(len(head), -1, -1, -1)
    drawn = F.grid_sample(head, place, mode="bilinear", padding_mode="border", align_corners=False)
    return drawn if name in MAPS else drawn * (grid / size)
