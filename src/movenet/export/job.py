"""The export job, shared by all formats: network, precision and kind of output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from movenet.export.with_decoder import ManyPeople, OnePerson
from movenet.models import ModelCard
from movenet.networks.movenet import Network
from movenet.networks.posenet import PoseNet
from movenet.pose import KEYPOINTS

Precision = Literal["fp32", "fp16", "int8"]
"""Type of the stored weights; "int8" also computes in int8."""
Answer = Literal["heads", "keypoints"]
"""Output of the exported graph: raw heads, or keypoints as Google's graphs give them, decoder included."""
Runner: TypeAlias = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]
"""A function of one square (1, side, side, 3), uint8 RGB; returns the outputs by name."""

INPUT = "input"
OUTPUT = "output_0"
"""Names of the input and the output of Google's graphs."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportJob:
    """One network and the options of its export."""

    card: ModelCard
    network: Network | PoseNet
    """In float32 and evaluation mode."""
    precision: Precision
    answer: Answer
    side: int
    """Side of the input square in pixels, for formats of fixed size."""
    squares: NDArray[np.uint8]
    """Shape (N, side, side, 3), uint8 RGB: real pictures, for the comparison and the calibration of int8."""

    @property
    def module(self) -> nn.Module:
        """The module to export: takes (N, H, W, 3) of any number type; returns the outputs in the job of `names`."""
        if self.answer == "heads" or isinstance(self.network, PoseNet):
            return InOrder(self.network)
        return ManyPeople(self.network) if self.card.is_multi_person else OnePerson(self.network)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return self.card.heads if self.answer == "heads" else (OUTPUT,)

    @property
    def metadata(self) -> dict[str, str]:
        """Properties of the exported file."""
        card = self.card
        base = {} if card.base is None else {"base": card.base}
        names = {} if card.keypoint_names in ((), KEYPOINTS) else {"names": " ".join(card.keypoint_names)}
        return {
            "name": card.name,
            "side": str(self.side),
            "source": card.source,
            "licence": card.licence,
            **base,
            **names,
        }


class InOrder(nn.Module):
    """A network that returns its heads as a tuple in fixed job: converters do not keep the job of a dict."""

    def __init__(self, network: Network | PoseNet):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map pictures (N, H, W, 3) to the heads of the network."""
        heads = self.network(images)
        return tuple(heads[name] for name in self.network.architecture.heads)


class ChannelsFirst(nn.Module):
    """A module whose input is (N, 3, H, W), for runtimes whose pictures are stored like that."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Any:
        """Map pictures (N, 3, H, W) to the outputs of the module for (N, H, W, 3)."""
        return self.module(images.permute(0, 2, 3, 1))
