"""Batch norm while a network learns from scratch, folded into its convolutions when it is finished."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from movenet.networks.movenet import Head, Network, SameConv
from movenet.training.layers import replace, shape_of

RARE: Final = 0.1
"""Share of cells that an untrained network takes for a peak: the focal loss's prior (Lin et al. 2017), which keeps
the first steps from being about nothing but empty cells."""


class NormedConv(SameConv):
    """A convolution followed by batch norm. It is a `SameConv`, so the rest of the network does not know."""

    def __init__(self, conv: SameConv):
        super().__init__(**shape_of(conv), bias=False)
        self.weight = conv.weight
        self.norm = nn.BatchNorm2d(conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map as `SameConv` does; in training mode each channel has mean 0 and deviation 1 over the batch."""
        normed: Tensor = self.norm(super().forward(x))
        return normed

    def folded(self) -> SameConv:
        """Return the convolution that answers the same in evaluation mode: its weights scaled, a bias added."""
        conv = SameConv(**shape_of(self))
        variance, mean = self.norm.running_var, self.norm.running_mean
        if variance is None or mean is None or conv.bias is None:
            raise TypeError("expected a batch norm that keeps its statistics")
        scale = self.norm.weight / torch.sqrt(variance + self.norm.eps)
        with torch.no_grad():
            conv.weight.copy_(self.weight * scale[:, None, None, None])
            conv.bias.copy_(self.norm.bias - mean * scale)
        return conv.to(self.weight.device)


def begin(network: Network) -> Network:
    """Draw random weights and put batch norm behind every convolution that has a bias, but for the answers."""
    for conv in (module for module in network.modules() if isinstance(module, SameConv)):
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    answers = {id(head.answer) for head in network.modules() if isinstance(head, Head)}
    replace(
        network, lambda conv: NormedConv(conv) if conv.bias is not None and id(conv) not in answers else conv
    )
    for name, head in network.heads.items():
        begin_answer(head, name)
    return network


def begin_answer(head: nn.Module, name: str) -> None:
    """Draw the last layer of a head small, so that at first it answers `RARE`, or no way at all."""
    if not isinstance(head, Head) or head.answer.bias is None:
        raise TypeError(f"expected a head, got {type(head).__name__}")
    nn.init.normal_(head.answer.weight, std=1e-3)
    nn.init.constant_(head.answer.bias, -math.log(1 / RARE - 1) if name in ("center", "heatmap") else 0.0)


def fold(network: Network) -> Network:
    """Return the network, itself, with every batch norm folded away: what it answers in evaluation stays."""
    replace(network, lambda conv: conv.folded() if isinstance(conv, NormedConv) else conv)
    return network
