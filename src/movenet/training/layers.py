"""Which parts of a network learn, how fast, and in which form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from movenet.errors import DataError
from movenet.networks.movenet import Network, SameConv


def freeze(network: Network, up_to: str) -> None:
    """Keep everything from the picture up to and including a part as it is (see `Training.frozen`).

    Raises:
        DataError: if the network has no such part.
    """
    for part in _until(network, up_to).values():
        part.requires_grad_(False)


def names_until(network: Network, last: str) -> set[str]:
    """Return the names of all weights from the picture up to and including a part; of none up to "none".

    Raises:
        DataError: if the network has no such part.
    """
    inside = {id(weights) for part in _until(network, last).values() for weights in part.parameters()}
    return {name for name, weights in network.named_parameters() if id(weights) in inside}


def _until(network: Network, last: str) -> dict[str, nn.Module]:
    """Return the parts in the order in which a picture passes them, up to and including one."""
    chain: dict[str, nn.Module] = {
        "none": nn.Identity(),
        "stem": network.backbone.stem,
        **{f"block_{i}": block for i, block in enumerate(network.backbone.blocks)},
        "backbone": network.backbone.top,
        "pyramid": network.pyramid,
        "heads": network.heads,
    }
    if last not in chain:
        raise DataError(f"expected a part of the network, one of {', '.join(chain)}, got '{last}'")
    return dict(list(chain.items())[: list(chain).index(last) + 1])


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


def shape_of(conv: SameConv) -> dict[str, Any]:
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
