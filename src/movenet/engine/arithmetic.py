"""Which arithmetic a model is computed in: the fastest on this processor that keeps its accuracy.

A rule by the features of the processor, with the measurement behind it (docs/speed.md). int8 models of the package are
exact on every processor (docs/int8.md), so the choice changes the time, not the answers from machine to machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from movenet.engine.interface import Runtime
from movenet.errors import EngineError
from movenet.machine import features
from movenet.models import INT8, MODELS, ModelCard

ACCURATE: Final = ("lightning", "thunder")
"""Models whose int8 version keeps AP within .003 of fp32. That of MultiPose, as the detector, loses up to .008."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether int8 is faster than floating point on processors with some features."""

    needs: frozenset[str]
    int8: bool
    reason: str
    """What was measured: time of floating point / time of int8, for the network alone, Lightning and Thunder."""


RULES: Final = (
    Rule(
        frozenset({"avx512_vnni"}),
        int8=True,
        reason="1.14 and 1.31 times as fast as bf16 (AVX-512 BF16, VNNI)",
    ),
    Rule(frozenset({"avx2"}), int8=True, reason="1.3 and 1.5 times as fast as fp32 (AVX2)"),
    Rule(frozenset(), int8=False, reason="int8 was not measured on this kind of processor"),
)
"""The first rule whose features the processor has applies. ARM: not measured."""


def find_rule() -> Rule:
    """Return the rule for the processor as OpenVINO uses it here (`movenet.machine.features`)."""
    present = features()
    return next(rule for rule in RULES if rule.needs <= present)


def choose_version(card: ModelCard, runtime: Runtime) -> ModelCard:
    """Return the card of the model's int8 version where that is asked for, or "auto" and faster; else the card itself.

    Raises:
        EngineError: if int8 is asked for and there is no int8 version, or the engine does not compute in int8.
    """
    version = MODELS.get(card.name + INT8)
    if runtime.precision == "int8":
        if runtime.engine == "torch":
            raise EngineError("PyTorch does not compute in int8: choose the engine openvino or onnxruntime")
        if version is None and not card.is_int8:
            raise EngineError(f"{card.name} has no int8 version: choose precision auto, fp32 or bf16")
        return version or card
    automatic = runtime.precision == "auto" and runtime.engine != "torch" and card.name in ACCURATE
    return version if automatic and version is not None and find_rule().int8 else card
