"""What a run of training is told: one TOML file, one frozen value. A table of the file is a class here."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from movenet.errors import DataError, FileError
from movenet.skeleton import BODY, Skeleton, make_skeleton
from movenet.training.augment import Augmentation
from movenet.training.targets import TargetRule

SCRATCH: Final = "scratch"
"""As `Model.start`: random weights."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Model:
    """The network to train."""

    start: str = "lightning"
    """A model of the table or an ONNX file of ours whose weights to begin with, or "scratch"."""
    width: float = 1.0
    """Factor on the backbone's channels; only from scratch."""
    side: int = 0
    """Side of the square in pixels, a multiple of 32; 0 takes the start's (from scratch: 192)."""
    name: str = "trained"
    """What the finished model calls itself."""
    licence: str = "not stated"
    """Of the finished model: pictures and labels have licences, too."""


@dataclass(frozen=True, slots=True)
class Data:
    """A set to learn from."""

    images: Path
    """Folder of the pictures."""
    annotations: Path | None = None
    """COCO keypoint file; without one the pictures are unlabelled and only a teacher speaks of them."""
    yolo: Path | None = None
    """Folder of YOLO-pose label files, one for each picture, instead of `annotations`."""
    repeat: float = 1.0
    """How often everybody is shown in an epoch."""
    everybody: bool = True
    """Whether all people of a picture are labelled; if not, outside the box shown nothing is said to be absent."""
    absent: bool = False
    """Whether a keypoint without a label is not to be seen, rather than unknown."""
    complete: str = ""
    """A model that labels the keypoints nobody labelled, once, before training; empty for none."""
    sure: float = 0.3
    """Least score of a keypoint that is completed."""
    doubt: float = 0.0
    """Labels farther from a keypoint that `complete` is sure of than this share of the box are dropped; 0: none."""
    agree: float = 0.0
    """Labels nearer than this share of the box to the keypoint that `complete` sees are put there; 0: none."""
    sides: bool = False
    """Whether left and right are changed for people whom `complete` sees the other way round."""
    only: str = "*"
    """Pattern of the names of the pictures to take: "lsp0*" for example."""


@dataclass(frozen=True, slots=True)
class Validation:
    """A list to measure on; nothing is learned from it."""

    annotations: Path
    images: Path
    name: str = ""
    """In the logs; the file's if empty."""
    factor: float = 1.1
    """Side of the square shown, as a multiple of the annotated box's longer edge."""
    only: str = "*"
    """Pattern of the names of the pictures to take."""
    most: int = 0
    """Only so many pictures, the first ones; 0: all."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A model whose heads the student should imitate."""

    model: str = ""
    """A model of the table or an ONNX file of ours; empty for none."""
    weight: float = 1.0
    """Of its parts, each besides its own in `Losses`."""
    beside: float = 0.3
    """How much it matters where there is a label, 0…1."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What each part weighs."""

    center: float = 1.0
    heatmap: float = 1.0
    regress: float = 0.2
    offset: float = 1.0
    box_scale: float = 0.1
    box_offset: float = 0.1


@dataclass(frozen=True, slots=True)
class Training:
    """The loop."""

    steps: int = 10_000
    batch: int = 32
    """Samples in a step, over all processes."""
    rate: float = 1e-3
    """Highest learning rate of AdamW; of weights to begin with, as a share of their size (see `sized`)."""
    backbone: float = 1.0
    """The backbone's learning rate, as a factor on `rate`."""
    warm_up: int = 200
    """Steps in which the rate rises from 0; then it falls to 0 along a cosine."""
    decay: float = 1e-4
    """Weight decay of everything but biases."""
    clip: float = 10.0
    """Most the gradient's norm may be."""
    average: float = 0.999
    """Decay of the running average of the weights, which is what is measured and kept; 0 keeps the last ones."""
    blend: float = 1.0
    """How far the finished model goes from the weights it began with to the ones it learned, 0…1 …"""
    adopt: str = "heads"
    """… in all parts up to this one (named as in `frozen`); those behind it learn, but go back to what they were."""
    frozen: str = "none"
    """Everything up to here stays as it is: "none", "stem", "block_0" … "block_16", "backbone" or "pyramid"."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the network; "auto" is bf16 where the device computes it in hardware. Weights are float32."""
    seed: int = 0
    device: str = "auto"
    """"cpu", "cuda", "mps"; "auto" takes a GPU if there is one."""
    workers: int = 0
    """Processes that read pictures; 0 reads in the loop's own."""


@dataclass(frozen=True, slots=True)
class Every:
    """How many steps lie between two of a kind."""

    log: int = 50
    checkpoint: int = 500
    validation: int = 1000
    """Of the running average, with a sheet of sample pictures; and once at the end."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A run."""

    out: Path
    """Its folder: checkpoint.pt, log.csv, events for TensorBoard, sheets, and the finished model.onnx."""
    data: tuple[Data, ...]
    model: Model = field(default_factory=Model)
    skeleton: Skeleton = BODY
    validation: tuple[Validation, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)
    targets: TargetRule = field(default_factory=TargetRule)
    losses: Losses = field(default_factory=Losses)
    teacher: Teacher = field(default_factory=Teacher)
    training: Training = field(default_factory=Training)
    every: Every = field(default_factory=Every)

    def __post_init__(self) -> None:
        if not self.data:
            raise DataError("expected at least one [[data]] to learn from")
        t, e = self.training, self.every
        if min(t.steps, t.batch, e.log, e.checkpoint, e.validation) < 1:
            raise DataError("expected steps, batch and every number of [every] to be at least 1")
        if self.model.side % 32 or self.model.side < 0:
            raise DataError(f"expected a side that is a multiple of 32 px, got {self.model.side}")
        if min(self.model.width, *(data.repeat for data in self.data)) <= 0 or min(t.workers, t.seed) < 0:
            raise DataError("expected width and repeat above 0, workers and seed of at least 0")
        if (
            any(data.annotations is None and data.yolo is None for data in self.data)
            and not self.teacher.model
        ):
            raise DataError("expected annotations for all [[data]], or a [teacher] for the pictures without")

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


@dataclass(frozen=True, slots=True)
class _Named:
    """The table [skeleton]: what `make_skeleton` takes."""

    names: tuple[str, ...]
    pairs: tuple[tuple[str, ...], ...] = ()
    sigmas: tuple[float, ...] = ()
    bones: tuple[tuple[str, ...], ...] = ()


def read_settings(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read a TOML file; its paths are relative to it. `overrides` are single settings, such as "training.rate=1e-4".

    Raises:
        FileError: if the file cannot be read.
        DataError: if it is not TOML, or holds a setting that is unknown or of the wrong kind.
    """
    tables = _parse(_read(path), str(path))
    for override in overrides:
        _override(tables, override)
    tables.setdefault("out", path.stem)
    try:
        return _build(Settings, tables, "", path.parent)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError(f"cannot read the settings {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not TOML: expected UTF-8, got another encoding ({error})") from None


def _parse(text: str, name: str) -> dict[str, Any]:
    if sys.version_info < (3, 11):
        import tomli as tomllib
    else:
        import tomllib
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # among the former are integers too long to convert
        raise DataError(f"{name} is not TOML: {error}") from None


def _override(tables: dict[str, Any], override: str) -> None:
    """Set one value of the tables: "training.rate=1e-4" or "data.0.repeat=2", the value as TOML or a bare word."""
    key, equals, value = override.partition("=")
    *path, last = key.strip().split(".")
    if not equals:
        raise DataError(f"expected a setting such as training.rate=1e-4, got {override}")
    try:
        parsed = _parse(f"value = {value}", override)["value"]
    except DataError:
        parsed = value.strip()
    table: Any = tables
    for name in path:
        table = _enter(table, name, override)
    if not isinstance(table, dict):
        raise DataError(f"cannot set {override}: '{last}' stands in no table")
    table[last] = parsed


def _enter(table: Any, name: str, override: str) -> Any:
    """Return the table of that name in a table, or of that number, from 0, in a list of tables."""
    if isinstance(table, dict):
        return table.setdefault(name, {})
    if isinstance(table, list) and name.isdecimal() and len(name) < 10 and int(name) < len(table):
        return table[int(name)]
    has = f"a list of {len(table)}, from 0" if isinstance(table, list) else f"the value {_shown(table)}"
    raise DataError(f"cannot set {override}: expected a table that has '{name}', got {has}")


def _build(kind: type[T], table: Mapping[str, Any], where: str, base: Path) -> T:
    """Return a dataclass filled from a table, strictly."""
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(table, Mapping):
        raise DataError(f"expected the table [{where.rstrip('.')}], got {_shown(table)}")
    if unknown := table.keys() - known.keys():
        raise DataError(f"no setting '{where}{min(unknown)}': expected some of {', '.join(known)}")
    required = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    if missing := required - table.keys():
        raise DataError(f"the setting '{where}{min(missing)}' is missing")
    values = {name: _convert(hints[name], value, f"{where}{name}", base) for name, value in table.items()}
    return kind(**values)


def _convert(hint: Any, value: Any, where: str, base: Path) -> Any:
    """Return a value of the kind that a hint asks for."""
    if hint is Skeleton:
        return make_skeleton(**asdict(_build(_Named, value, f"{where}.", base)))
    if is_dataclass(hint):
        return _build(hint, value, f"{where}.", base)  # type: ignore[arg-type]
    if get_origin(hint) is tuple and isinstance(value, list):
        kind = get_args(hint)[0]
        return tuple(_convert(kind, item, f"{where}.{i}", base) for i, item in enumerate(value))
    if type(value) in (int, float) and not -(2**63) <= value < 2**63:  # NaN is not, either
        raise DataError(f"expected '{where}' to be a finite number of at most 64 bits, got {_shown(value)}")
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if Path in kinds and isinstance(value, str) and "\0" not in value:
        return base / value
    if float in kinds and type(value) is int:
        return float(value)
    if type(value) not in kinds and not (get_origin(hint) is Literal and value in get_args(hint)):
        raise DataError(f"expected '{where}' to be {_describe(hint)}, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:60]


def _describe(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    if get_origin(hint) is tuple:
        return "a list of tables" if is_dataclass(get_args(hint)[0]) else "a list"
    return f"of type {getattr(hint, '__name__', hint)}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
