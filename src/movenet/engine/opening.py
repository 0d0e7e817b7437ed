"""Opens an engine for a model and a runtime; a model file of the user's own is verified with one inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from movenet.decode.families import DECODERS
from movenet.engine.arithmetic import choose_version
from movenet.engine.devices import choose_device
from movenet.engine.interface import Engine, Runtime
from movenet.engine.onnxruntime_engine import OnnxRuntimeEngine
from movenet.engine.openvino_engine import OpenVinoEngine
from movenet.engine.torch_engine import TorchEngine
from movenet.errors import EngineError, ModelError
from movenet.machine import has_int8_dot_products
from movenet.models import ModelCard, find_model

ENGINES: Final[Mapping[str, type[OpenVinoEngine | OnnxRuntimeEngine | TorchEngine]]] = {
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
    "torch": TorchEngine,
}


def open_engine(model: str | Path, runtime: Runtime | None = None) -> Engine:
    """Load a model by its name in `movenet.models.MODELS` or from an ONNX file, which is verified with one inference.

    Raises:
        ModelError: if the model is unknown or damaged, or its graph does not fit its properties.
        EngineError: if the engine is unknown or not installed, does not support the precision or find the device, or if
            int8 sums of the model would overflow on this processor.
    """
    runtime = runtime or Runtime()
    if runtime.engine not in ENGINES:
        raise EngineError(f"expected one of the engines {', '.join(ENGINES)}, got '{runtime.engine}'")
    if runtime.threads is not None and runtime.threads < 1:
        raise EngineError(f"expected at least one thread, got {runtime.threads}")
    if runtime.threads is not None and runtime.device in ("gpu", "npu"):
        raise EngineError(f"threads are for the device cpu: leave them out with the device {runtime.device}")
    kind = ENGINES[runtime.engine]
    runtime = replace(runtime, device=choose_device(runtime.device, kind.find_devices, kind.title))
    found = find_model(model)
    if isinstance(found, ModelCard):
        found = choose_version(found, runtime)
        found.check()
    engine = kind(found, runtime)
    if runtime.precision == "int8" and not engine.card.is_int8:
        raise EngineError(
            f"{engine.card.path} is no int8 model: make one with  movenet export MODEL --precision int8"
        )
    if engine.device == "cpu" and not sums_are_exact(engine.card):
        raise EngineError(
            f"{engine.card.path}: its int8 sums overflow on this processor, which has no integer dot products: "
            "export the model again with  movenet export MODEL --precision int8"
        )
    if not isinstance(found, ModelCard):
        _verify(engine)
    return engine


def sums_are_exact(card: ModelCard) -> bool:
    """Return False if int8 sums of this model can overflow on this processor (`ModelCard.int8_sums`)."""
    return not card.is_int8 or card.int8_sums == "exact" or has_int8_dot_products()


def _verify(engine: Engine) -> None:
    """Run a model on a black square and decode the heads, so that wrong heads are an error at loading."""
    card = engine.card
    heads = engine(np.zeros((1, card.side, card.side, 3), np.uint8))
    decoder = DECODERS[card.family]
    try:
        found = decoder.decode_one(heads, None)
        if card.is_multi_person:
            decoder.decode_many(heads, 0.5)
    except EngineError as error:
        raise ModelError(f"{card.path} does not fit its properties: {error}") from None
    if found.shape[1] != card.keypoints:
        raise ModelError(f"{card.path}: expected heads of {card.keypoints} keypoints, got {found.shape[1]}")
