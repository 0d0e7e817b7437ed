"""Ship a network: the ONNX file that every engine reads, and the formats of other runtimes, each with its proof."""

from movenet.export.onnx_model import (
    architecture_of,
    build_network,
    read_network,
    read_properties,
    read_state,
    to_onnx,
)

__all__ = [
    "architecture_of",
    "build_network",
    "read_network",
    "read_properties",
    "read_state",
    "to_onnx",
]
