"""Devices: the processors that can run a network, and the choice among those that an engine finds here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, get_args

from movenet.errors import EngineError

Device = Literal["cpu", "gpu", "npu", "auto"]
"""Where a network runs. "auto" is the GPU if there is one, else the CPU; an NPU has to be asked for."""

FLOATS: Final[Mapping[Device, tuple[str, ...]]] = {
    "cpu": ("fp32", "bf16"),
    "gpu": ("fp16", "fp32"),
    "npu": ("fp16",),
}
"""Device → floating-point precisions; of an accelerator the first is the default."""


def choose_device(wanted: Device, find: Callable[[], Collection[str]], runtime: str) -> Device:
    """Return "cpu", "gpu" or "npu".

    Args:
        wanted: where the network shall run.
        find: returns the devices that the runtime finds here. Not called for "cpu": the search takes time.
        runtime: name of the runtime for the error message.

    Raises:
        EngineError: if `wanted` is no `Device`, or the runtime does not find it here; names those that it finds.
    """
    if wanted not in get_args(Device):
        raise EngineError(f"expected a device of {', '.join(get_args(Device))}, got '{wanted}'")
    if wanted == "cpu":
        return "cpu"
    found = find()
    if wanted == "auto":
        return "gpu" if "gpu" in found else "cpu"
    if wanted not in found:
        raise EngineError(f"{runtime} finds no {wanted} on this computer, only {', '.join(sorted(found))}")
    return wanted


def choose_floats(precision: str, device: Device, *, has_bf16: bool) -> str:
    """Return the floating-point precision on a device: "fp32", "bf16" or "fp16".

    "auto" and "int8" give the fastest: on a CPU bf16 if it computes that in hardware, else fp32; elsewhere fp16.

    Raises:
        EngineError: if the precision is unknown, or the device does not compute in it.
    """
    offered = FLOATS[device]
    if precision in ("auto", "int8"):
        return "bf16" if device == "cpu" and has_bf16 else offered[0]
    if precision not in offered:
        raise EngineError(
            f"expected a precision of auto, {', '.join(sorted(offered))}, int8 on the {device}, got '{precision}'"
        )
    return precision
