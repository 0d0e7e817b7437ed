"""Inference engines: uint8 RGB squares in, raw heads out, the same numbers from every runtime.

Only `movenet.decode` reads the heads. OpenVINO gives some as `movenet.decode.sparse_head.SparseHead`, which
reads like an array and computes only the cells that are read; `np.asarray(head)` computes all. A new runtime is a
class with a `card`, a `precision` and one method.
"""

from movenet.engine.compiled_cache import cache_folder, cache_state
from movenet.engine.interface import Engine, LoadedEngine, Precision, Runtime, ScriptedEngine, check_squares
from movenet.engine.opening import ENGINES, open_engine, sums_are_exact
from movenet.engine.openvino_engine import openvino_core

__all__ = [
    "ENGINES",
    "Engine",
    "LoadedEngine",
    "Precision",
    "Runtime",
    "ScriptedEngine",
    "cache_folder",
    "cache_state",
    "check_squares",
    "open_engine",
    "openvino_core",
    "sums_are_exact",
]
