"""Parts of a network: which are frozen, their learning rates, and replacing their convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from movenet.errors import DataError
from movenet.networks.movenet import Network, SameConv


def freeze(network: Network, until: str) -> None:
    """Freeze all weights from the input up to and including a part (see `TrainingSettings.freeze_until`).

    Raises:
        DataError: if the network has no such part.
    """
    for part in _parts_until(network, until):
        part.requires_grad_(False)


def weight_names_until(network: Network, last: str) -> set[str]:
    """Return the names of all weights from the input up to and including a part; "none" gives none.

    Raises:
        DataError: if the network has no such part.
    """
    inside = {id(weights) for part in _parts_until(network, last) for weights in part.parameters()}
    return {name for name, weights in network.named_parameters() if id(weights) in inside}


def _parts_until(network: Network, last: str) -> list[nn.Module]:
    """Return the parts in the order of the forward pass, up to and including one."""
    parts: dict[str, nn.Module] = {
        "none": nn.Identity(),
        "stem": network.backbone.stem,
        **{f"block_{i}": block for i, block in enumerate(network.backbone.blocks)},
        "backbone": network.backbone.top,
        "pyramid": network.pyramid,
        "heads": network.heads,
    }
    if last not in parts:
        raise DataError(f"expected a part of the network, one of {', '.join(parts)}, got '{last}'")
    return list(parts.values())[: list(parts).index(last) + 1]


def parameter_groups(
    network: Network, backbone_rate_factor: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Return the optimiser's parameter groups, each with its `rate_factor` on the learning rate and its weight decay.

    Biases and batch norm do not decay. Frozen parameters are left out.

    Raises:
        DataError: if all parameters are frozen.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            factor = backbone_rate_factor if name.startswith("backbone.") else 1.0
            decay = weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((factor, decay), []).append(parameter)
    if not groups:
        raise DataError("expected some part of the network to train, got all of it frozen")
    return [
        {"params": groups[factor, decay], "rate_factor": factor, "weight_decay": decay}
        for factor, decay in sorted(groups)
    ]


def conv_arguments(conv: SameConv) -> dict[str, Any]:
    """Return the arguments that construct a `SameConv` of the same shape, without `bias`."""
    return {
        "channels": conv.in_channels,
        "out": conv.out_channels,
        "size": conv.kernel_size[0],
        "stride": conv.stride[0],
        "groups": conv.groups,
    }


def replace_convs(module: nn.Module, change: Callable[[SameConv], SameConv]) -> None:
    """Replace every convolution below a module by the result of `change`."""
    for name, child in module.named_children():
        if isinstance(child, SameConv):
            setattr(module, name, change(child))
        else:
            replace_convs(child, change)
