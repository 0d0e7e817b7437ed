"""Relative steps: pretrained weights are trained as multiples of the size of their row.

Adam changes every weight by about the learning rate, whatever its gradient. The official weights have batch norm folded
in, so the size of their rows differs by five orders of magnitude (measured on Lightning: root mean square 0.001 in
`pyramid.merge.0.pointwise`, up to 133 in `backbone.blocks.2.depthwise`). A step of 6·10⁻⁵, negligible for the heads, is
5 % of the former. So the trained parameter is weight / size, which is about 1 for all rows.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from movenet.networks.movenet import Network, SameConv
from movenet.training.layers import conv_arguments, replace_convs


class ScaledConv(SameConv):
    """A convolution with parameters relative to the size of each row (the weights of one output channel)."""

    scale: Tensor
    bias_scale: Tensor

    def __init__(self, conv: SameConv):
        """Take the weights of a convolution. A row's scale is its root mean square, that of its bias the row's norm."""
        super().__init__(**conv_arguments(conv), bias=conv.bias is not None)
        rows = conv.weight.detach().flatten(1)
        norm = torch.where(rows.any(dim=1), rows.norm(dim=1), 1.0)  # a row of zeros has scale 1
        self.register_buffer("scale", (norm / rows.shape[1] ** 0.5)[:, None, None, None])
        self.register_buffer("bias_scale", norm)
        self.weight = nn.Parameter(conv.weight.detach() / self.scale)
        if conv.bias is not None:
            self.bias = nn.Parameter(conv.bias.detach() / self.bias_scale)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the same as the original convolution."""
        return self.convolve(x, *self._plain())

    def folded(self) -> SameConv:
        """Return the equivalent plain convolution."""
        weight, bias = self._plain()
        conv = SameConv(**conv_arguments(self), bias=bias is not None)
        conv.weight = nn.Parameter(weight.detach())
        conv.bias = None if bias is None else nn.Parameter(bias.detach())
        return conv

    def _plain(self) -> tuple[Tensor, Tensor | None]:
        bias: Tensor | None = self.bias
        return self.weight * self.scale, None if bias is None else bias * self.bias_scale


def scale_pretrained(network: Network, pretrained: Collection[str]) -> Network:
    """Return the network, changed in place, with a `ScaledConv` for each convolution whose weights are named."""
    names = {id(module): name for name, module in network.named_modules()}
    replace_convs(
        network, lambda conv: ScaledConv(conv) if f"{names[id(conv)]}.weight" in pretrained else conv
    )
    return network


def fold(network: Network) -> Network:
    """Return the network, changed in place, with plain convolutions instead of `ScaledConv`."""
    replace_convs(network, lambda conv: conv.folded() if isinstance(conv, ScaledConv) else conv)
    return network
