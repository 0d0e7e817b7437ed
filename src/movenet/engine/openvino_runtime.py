"""OpenVINO imported, and its only `Core` in this process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from movenet.engine.devices import FLOATS, Device
from movenet.engine.interface import keep_until_exit
from movenet.errors import EngineError

_CONVERTER: Final = "openvino.tools.ovc"
"""OpenVINO's model converter. Importing it takes twice as long as the rest of OpenVINO (70 of 107 ms), and starts a
process that sends usage data to Intel."""
_lock = threading.Lock()


def openvino_core() -> Any:
    """Return the only `openvino.Core` of this process, which lives until the process ends.

    A core installs an alternate signal stack in the thread that makes it and restores the previous one when it is
    destroyed. Several cores destroyed in another order than first in, last out leave a freed stack installed, and the
    next signal that Python handles (Ctrl-C, SIGCHLD) crashes the process (OpenVINO 2026.4 on Linux).

    Raises:
        EngineError: if OpenVINO cannot be imported.
    """
    with _lock:
        try:
            return _open_core()
        except ImportError as error:
            raise EngineError(f"OpenVINO does not load here ({error}): try the engine onnxruntime") from None


@cache
def _open_core() -> Any:
    openvino = import_openvino()
    # The first call makes a table. Two threads that make it at once wait for each other without end (OpenVINO 2026.4).
    openvino.Type.u8.to_dtype()
    return openvino.Core()


def openvino_devices() -> tuple[Device, ...]:
    """Return the devices that OpenVINO finds here: "cpu", and if present "gpu" and "npu"."""
    return parse_devices(openvino_core().available_devices)


def parse_devices(names: Iterable[str]) -> tuple[Device, ...]:
    """Return the devices by OpenVINO's names, such as "CPU", "GPU.0" and "GPU.1" of two graphics processors."""
    kinds = {name.partition(".")[0].lower() for name in names}
    return tuple(device for device in FLOATS if device in kinds)


def import_openvino() -> Any:
    """Import OpenVINO; its model converter is imported only when `openvino.convert_model` is used.

    Raises:
        ImportError: if OpenVINO is not installed or does not load.
    """
    if "openvino" in sys.modules or _CONVERTER in sys.modules:
        import openvino

        return openvino
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # its import then fails, which openvino permits
    try:
        import openvino
    finally:
        del sys.modules[_CONVERTER]
    openvino.__getattr__ = _import_converter
    return openvino


def _import_converter(name: str) -> Any:
    """Return `openvino.convert_model`, the only name that openvino takes from its converter."""
    if name != "convert_model":
        raise AttributeError(f"module 'openvino' has no attribute '{name}'")
    from openvino.tools.ovc import convert_model

    return convert_model


def _reset_core_after_fork() -> None:
    """Let the child process of a fork make its own core."""
    global _lock
    # Another thread, which does not exist in the child, may hold the lock.
    _lock = threading.Lock()
    if _open_core.cache_info().currsize:
        keep_until_exit(_open_core())
        _open_core.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_core_after_fork)
