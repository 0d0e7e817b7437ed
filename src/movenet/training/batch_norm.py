"""Batch norm for training from scratch, folded into the convolutions afterwards."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from movenet.networks.movenet import Head, Network, SameConv
from movenet.training.layers import conv_arguments, replace_convs

PEAK_PRIOR: Final = 0.1
"""Initial score of every cell of a heat map: the prior of the focal loss (Lin et al. 2017). Without it the first steps
would only learn that most cells are empty."""


class NormedConv(SameConv):
    """A convolution followed by batch norm, as a `SameConv`, so that it can replace one."""

    def __init__(self, conv: SameConv):
        super().__init__(**conv_arguments(conv), bias=False)
        self.weight = conv.weight
        self.norm = nn.BatchNorm2d(conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve as `SameConv` does, then normalise."""
        normed: Tensor = self.norm(super().forward(x))
        return normed

    def folded(self) -> SameConv:
        """Return the convolution with bias that is equivalent in evaluation mode."""
        conv = SameConv(**conv_arguments(self))
        variance, mean = self.norm.running_var, self.norm.running_mean
        if variance is None or mean is None or conv.bias is None:
            raise TypeError("expected a batch norm with running statistics")
        scale = self.norm.weight / torch.sqrt(variance + self.norm.eps)
        with torch.no_grad():
            conv.weight.copy_(self.weight * scale[:, None, None, None])
            conv.bias.copy_(self.norm.bias - mean * scale)
        return conv.to(self.weight.device)


def initialize(network: Network) -> Network:
    """Return the network, changed in place, with random weights and batch norm.

    Batch norm follows every convolution that has a bias, except the output layers of the heads.
    """
    for conv in (module for module in network.modules() if isinstance(module, SameConv)):
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    outputs = {id(head.answer) for head in network.modules() if isinstance(head, Head)}
    replace_convs(
        network, lambda conv: NormedConv(conv) if conv.bias is not None and id(conv) not in outputs else conv
    )
    for name, head in network.heads.items():
        initialize_output(head, name)
    return network


def initialize_output(head: nn.Module, name: str) -> None:
    """Set small random weights in a head's output layer: it gives about `PEAK_PRIOR`, or displacements of about 0."""
    if not isinstance(head, Head) or head.answer.bias is None:
        raise TypeError(f"expected a head, got {type(head).__name__}")
    nn.init.normal_(head.answer.weight, std=1e-3)
    nn.init.constant_(
        head.answer.bias, -math.log(1 / PEAK_PRIOR - 1) if name in ("center", "heatmap") else 0.0
    )


def fold(network: Network) -> Network:
    """Return the network, changed in place, with batch norm folded: its output in evaluation mode stays the same."""
    replace_convs(network, lambda conv: conv.folded() if isinstance(conv, NormedConv) else conv)
    return network
