"""Precision "auto": choose int8 where this processor computes it faster and the model keeps its accuracy.

The choice depends on the processor's features; the measurements are in docs/speed.md. int8 sums of the package's models
are exact on every processor (docs/int8.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from movenet.engine.interface import Runtime
from movenet.errors import EngineError
from movenet.machine import features
from movenet.models import INT8, MODELS, ModelCard

ACCURATE_IN_INT8: Final = ("lightning", "thunder")
"""Models whose int8 version keeps AP within 0.003 of the model in the floating point of the same processor.
MultiPose in int8, as the detector, loses up to 0.008."""


@dataclass(frozen=True, slots=True)
class Int8Rule:
    """Whether int8 is faster than floating point on processors with certain features."""

    required: frozenset[str]
    """Features the processor must have, named as in `movenet.machine.X86` and `ARM`."""
    int8: bool
    """Whether int8 is faster there."""
    reason: str
    """The measurement: floating-point time / int8 time of the network alone, for Lightning and for Thunder."""


INT8_RULES: Final = (
    Int8Rule(
        frozenset({"avx512_vnni"}),
        int8=True,
        reason="1.25 and 1.42 times as fast as bf16 (AVX-512 BF16, VNNI)",
    ),
    Int8Rule(frozenset({"avx2"}), int8=True, reason="1.3 and 1.5 times as fast as fp32 (AVX2)"),
    Int8Rule(frozenset(), int8=False, reason="int8 was not measured on this kind of processor"),
)
"""The first rule whose required features the processor has applies. ARM was not measured."""


def find_int8_rule() -> Int8Rule:
    """Return the rule for the features that OpenVINO uses in this process (`movenet.machine.features`)."""
    present = features()
    return next(rule for rule in INT8_RULES if rule.required <= present)


def choose_version(card: ModelCard, runtime: Runtime) -> ModelCard:
    """Return the card of the model's int8 version if the runtime's precision calls for it, else the card itself.

    "int8" always calls for it; "auto" does so for `ACCURATE_IN_INT8` where int8 is faster, on the CPU only and not in
    PyTorch.

    Raises:
        EngineError: if the precision is "int8" and the model has no int8 version, or the engine cannot compute it.
    """
    version = MODELS.get(card.name + INT8)
    if runtime.precision == "int8":
        if runtime.engine == "torch":
            raise EngineError("PyTorch does not compute in int8: choose the engine openvino or onnxruntime")
        if version is None and not card.is_int8:
            raise EngineError(f"{card.name} has no int8 version: choose precision auto, fp32 or bf16")
        return version or card
    allowed = runtime.engine != "torch" and runtime.device == "cpu" and card.name in ACCURATE_IN_INT8
    automatic = runtime.precision == "auto" and allowed
    return version if automatic and version is not None and find_int8_rule().int8 else card
