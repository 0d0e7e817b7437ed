"""What is to be exported: the words that all formats share."""

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
"""How weights are stored; int8 is computed in int8 as well."""
Answer = Literal["heads", "keypoints"]
"""The raw heads, which `movenet.decode` reads, or Google's own output, with the decoder inside."""
Runner: TypeAlias = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]
"""From one square (1, side, side, 3), uint8 RGB, to the answers by name."""

INPUT = "input"
OUTPUT = "output_0"
"""Names of the input and the output of Google's graphs."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One network, and how it is to be exported."""

    card: ModelCard
    network: Network | PoseNet
    """In float32, ready to answer."""
    precision: Precision
    answer: Answer
    side: int
    """Of the square, in pixels: what formats of fixed size take."""
    squares: NDArray[np.uint8]
    """Shape (N, side, side, 3), uint8 RGB: real pictures, to calibrate int8 on."""

    @property
    def module(self) -> nn.Module:
        """What is exported: takes (N, H, W, 3) of any number type and answers as `names` says, in that order."""
        if self.answer == "heads" or isinstance(self.network, PoseNet):
            return InOrder(self.network)
        return ManyPeople(self.network) if self.card.is_multi_person else OnePerson(self.network)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the answers."""
        return self.card.heads if self.answer == "heads" else (OUTPUT,)

    @property
    def metadata(self) -> dict[str, str]:
        """What the exported file says of its source."""
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
    """A network whose heads come as a tuple, in the order of their names: no converter keeps a dict in order."""

    def __init__(self, network: Network | PoseNet):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map pictures as the network does to its heads."""
        heads = self.network(images)
        return tuple(heads[name] for name in self.network.architecture.heads)


class ChannelsFirst(nn.Module):
    """A module that takes pictures as (N, 3, H, W): where a runtime's own pictures are stored so."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Any:
        """Map pictures (N, 3, H, W) to what the module answers to (N, H, W, 3)."""
        return self.module(images.permute(0, 2, 3, 1))
