"""Weights that were there before are learned as multiples of their size.

Adam moves every weight equally far, whatever its gradient. Networks with batch norm can take that; the official weights
have it folded in, and their rows differ by five orders of magnitude (measured on Lightning: root mean square .001 in
`pyramid.merge.0.pointwise`, up to 133 in `backbone.blocks.2.depthwise`). A step of 6·10⁻⁵, which the heads hardly
notice, is 5 % of the former. So what learns is w / size, of which all are about 1 at first.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from movenet.networks.movenet import Network, SameConv
from movenet.training.layers import replace, shape_of


class SizedConv(SameConv):
    """A convolution whose weights are multiples of a size: of each row, which is all that one channel is made of."""

    size: Tensor
    bias_size: Tensor

    def __init__(self, conv: SameConv):
        """Take over a convolution: a row's size is its root mean square, that of its bias the row's norm."""
        super().__init__(**shape_of(conv), bias=conv.bias is not None)
        rows = conv.weight.detach().flatten(1)
        norm = torch.where(rows.any(dim=1), rows.norm(dim=1), 1.0)  # dead rows have no size
        self.register_buffer("size", (norm / rows.shape[1] ** 0.5)[:, None, None, None])
        self.register_buffer("bias_size", norm)
        self.weight = nn.Parameter(conv.weight.detach() / self.size)
        if conv.bias is not None:
            self.bias = nn.Parameter(conv.bias.detach() / self.bias_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map as the convolution it took over."""
        return self.convolve(x, *self._plain())

    def folded(self) -> SameConv:
        """Return the convolution that answers the same, with plain weights."""
        weight, bias = self._plain()
        conv = SameConv(**shape_of(self), bias=bias is not None)
        conv.weight = nn.Parameter(weight.detach())
        conv.bias = None if bias is None else nn.Parameter(bias.detach())
        return conv

    def _plain(self) -> tuple[Tensor, Tensor | None]:
        bias: Tensor | None = self.bias
        return self.weight * self.size, None if bias is None else bias * self.bias_size


def begin(network: Network, known: Collection[str]) -> Network:
    """Return the network, itself, with those weights measured whose names are known."""
    names = {id(module): name for name, module in network.named_modules()}
    replace(network, lambda conv: SizedConv(conv) if f"{names[id(conv)]}.weight" in known else conv)
    return network


def fold(network: Network) -> Network:
    """Return the network, itself, with plain weights again."""
    replace(network, lambda conv: conv.folded() if isinstance(conv, SizedConv) else conv)
    return network
