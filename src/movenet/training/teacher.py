"""The teacher of distillation: a trained network whose heads another network imitates, at its own input size."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 (the usual name for it)
from torch import Tensor

from movenet.errors import ModelError
from movenet.models import ModelCard, find_model, read_card
from movenet.networks.movenet import Network
from movenet.networks.onnx_file import read_network, read_properties
from movenet.training.losses import HEAT_MAPS


def open_network(model: str) -> tuple[Network, ModelCard]:
    """Load an official model, or an ONNX file of this package, as a torch network.

    Raises:
        ModelError: if it is unknown, damaged, or not a MoveNet.
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
    """Raise ModelError if a model has another number of keypoints."""
    if card.keypoints != keypoints:
        raise ModelError(
            f"expected a model of {keypoints} keypoints, got {card.name}, which has {card.keypoints}"
        )


class Teacher:
    """Computes the heads that the student should give, on the student's grid."""

    def __init__(self, model: str, keypoints: int, device: torch.device):
        """Load a model with this number of keypoints.

        Raises:
            ModelError: if it has another number, or is not a MoveNet.
        """
        network, self.card = open_network(model)
        check_keypoints(self.card, keypoints)
        self.network = network.to(device).requires_grad_(False)

    def __call__(self, squares: Tensor, grid: int) -> dict[str, Tensor]:
        """Map squares (N, T, T, 3) uint8 RGB to heads (N, C, grid, grid)."""
        with torch.inference_mode():
            return {name: _resize(head.float(), name, grid) for name, head in self.network(squares).items()}


def _resize(head: Tensor, name: str, grid: int) -> Tensor:
    """Resample a head (N, C, S, S) to another grid; displacements, in cells, are scaled with it.

    Cell i of S is at i / S of the square, so the first cells of both grids coincide and the last do not: neither
    value of torch's `align_corners` means this.
    """
    size = head.shape[-1]
    if size == grid:
        return head
    at = torch.arange(grid, device=head.device, dtype=head.dtype) / grid
    at = (2 * at * size + 1) / size - 1
    points = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1).expand(len(head), -1, -1, -1)
    resampled = F.grid_sample(head, points, mode="bilinear", padding_mode="border", align_corners=False)
    return resampled if name in HEAT_MAPS else resampled * (grid / size)
