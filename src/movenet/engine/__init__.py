"""Inference engines: uint8 RGB squares in, raw heads out, equal up to rounding for every runtime.

Heads are float32 of shape (N, C, h, w), before any sigmoid; only `movenet.decode` interprets them. The heads "regress",
"offset" and "box_*" of MoveNet models are `movenet.decode.sparse_head.SparseHead` objects: indexed like arrays,
they compute only the cells that are read; `np.asarray(head)` computes all of them.

To add a runtime, write a class with the properties `card` and `precision` and the method `__call__` (see `Engine`).
"""

from movenet.engine.compiled_cache import cache_folder, cache_state
from movenet.engine.devices import Device
from movenet.engine.interface import (
    Engine,
    LoadedEngine,
    Precision,
    Runtime,
    ScriptedEngine,
    check_squares,
    device_of,
    loading,
)
from movenet.engine.opening import ENGINES, open_engine, sums_are_exact
from movenet.engine.openvino_runtime import openvino_core

__all__ = [
    "ENGINES",
    "Device",
    "Engine",
    "LoadedEngine",
    "Precision",
    "Runtime",
    "ScriptedEngine",
    "cache_folder",
    "cache_state",
    "check_squares",
    "device_of",
    "loading",
    "open_engine",
    "openvino_core",
    "sums_are_exact",
]
