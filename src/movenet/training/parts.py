"""Which parts of a network learn, how fast, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from movenet.errors import DataError
from movenet.network import Network, SameConv


def freeze(network: Network, up_to: str) -> None:
    """Keep everything from the picture up to and including a part as it is (see `Training.frozen`).

    Raises:
        DataError: if the network has no such part.
    """
    chain = dict(_chain(network))
    if up_to != "none" and up_to not in chain:
        raise DataError(f"expected to freeze up to one of none, {', '.join(chain)}, got '{up_to}'")
    for name, part in chain.items() if up_to != "none" else ():
        part.requires_grad_(False)
        if name == up_to:
            return


def _chain(network: Network) -> Iterator[tuple[str, nn.Module]]:
    """Yield the parts in the order in which a picture passes them."""
    yield "stem", network.backbone.stem
    for i, block in enumerate(network.backbone.blocks):
        yield f"block_{i}", block
    yield "backbone", network.backbone.top
    yield "pyramid", network.pyramid


def groups(network: Network, backbone: float, decay: float) -> list[dict[str, Any]]:
    """Return what an optimiser is to learn: groups with their `share` of the learning rate and weight decay.

    Biases and the numbers of batch norm do not decay.
    """
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            share = backbone if name.startswith("backbone.") else 1.0
            found.setdefault((share, decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    if not found:
        raise DataError("expected some part of the network to learn, got all of it frozen")
    return [
        {"params": ps, "share": share, "weight_decay": d}
        for (share, d), ps in sorted(found.items(), key=_key)
    ]


def _key(item: tuple[tuple[float, float], list[nn.Parameter]]) -> tuple[float, float]:
    return item[0]


def shape_of(conv: SameConv) -> dict[str, int]:
    """Return what another `SameConv` is to be made with to fit in the place of this one; but for the bias."""
    return {
        "channels": conv.in_channels,
        "out": conv.out_channels,
        "size": conv.kernel_size[0],
        "stride": conv.stride[0],
        "groups": conv.groups,
    }


def replace(module: nn.Module, change: Callable[[SameConv], SameConv]) -> None:
    """Put what `change` gives in place of every convolution below a module."""
    for name, child in module.named_children():
        if isinstance(child, SameConv):
            setattr(module, name, change(child))
        else:
            replace(child, change)
