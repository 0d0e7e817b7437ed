"""Settings of a training run: one TOML file, read into frozen dataclasses. Each table of the file is one class."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from movenet.errors import DataError, FileError
from movenet.skeleton import BODY, Skeleton, make_skeleton
from movenet.training.augment import AugmentationSettings
from movenet.training.targets import TargetSettings

RANDOM: Final = "random"
"""Value of `ModelSettings.initial_weights` for training from scratch."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Table [model]: the network to train."""

    initial_weights: str = "lightning"
    """Name of an official model, or an ONNX file of this package, to fine-tune; "random" trains from scratch."""
    width: float = 1.0
    """Factor on the backbone's channels; only used when training from scratch."""
    side: int = 0
    """Side of the input square in pixels, a multiple of 32; 0 is that of the initial model (from scratch: 192)."""
    name: str = "trained"
    """Name of the trained model, stored in its file."""
    licence: str = "not stated"
    """Licence of the trained model, stored in its file. Images and labels have licences, too."""


@dataclass(frozen=True, slots=True)
class RelabelSettings:
    """Table [data.relabel]: how a model completes and corrects the labels of a dataset before training.

    Images without labels are labelled by the model alone (`movenet.training.pseudo_labels`), with the settings `model`
    and `confident_score`. Distances are fractions of the longer edge of the person's box.
    """

    model: str = ""
    """Name or ONNX file of the model; empty: labels stay as they are."""
    confident_score: float = 0.3
    """A keypoint with at least this score is confident: it fills in a missing label, or is a pseudo-label."""
    drop_beyond: float = 0.0
    """Labels farther than this from a confident keypoint of the model are dropped; 0: none are."""
    replace_within: float = 0.0
    """Labels nearer than this to the model's keypoint are moved onto it; 0: none are."""
    swap_sides: bool = False
    """Whether left and right labels are exchanged for people whose sides the model sees the other way round."""


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Table [[data]]: a dataset to train on."""

    images: Path
    """Folder of the images."""
    annotations: Path | None = None
    """COCO keypoint file. Without this and `yolo_labels` the images are unlabelled: `relabel.model` labels them, or
    only distillation uses them."""
    yolo_labels: Path | None = None
    """Folder of YOLO-pose label files, one for each image, instead of `annotations`."""
    repeat: float = 1.0
    """How many times each person is sampled in an epoch."""
    all_people_labelled: bool = True
    """Whether everyone in an image is labelled. If not, the area outside the sampled person's box is ignored."""
    missing_is_absent: bool = False
    """Whether a keypoint without a label is a negative example. If not, it is unknown, and ignored."""
    relabel: RelabelSettings = field(default_factory=RelabelSettings)
    name_pattern: str = "*"
    """Only images whose file name matches this pattern are used, such as "lsp0*"."""

    @property
    def is_unlabelled(self) -> bool:
        """Whether there are no labels for the images."""
        return self.annotations is None and self.yolo_labels is None


@dataclass(frozen=True, slots=True)
class ValidationSettings:
    """Table [[validation]]: a dataset to measure AP and PCK on, not to train on."""

    annotations: Path
    images: Path
    name: str = ""
    """Name in the log; empty: that of the annotation file."""
    crop_factor: float = 1.1
    """Side of the crop, as a multiple of the longer edge of the annotated box."""
    name_pattern: str = "*"
    """Only images whose file name matches this pattern are used."""
    max_people: int = 0
    """Only this many people are used, the first ones; 0: all."""


@dataclass(frozen=True, slots=True)
class DistillationSettings:
    """Table [distillation]: a teacher model whose heads the network imitates."""

    teacher: str = ""
    """Name of an official model or an ONNX file of this package; empty: no distillation."""
    weight: float = 1.0
    """Factor on every distillation loss, besides that of its head in `LossWeights`."""
    labelled_weight: float = 0.3
    """Weight of distillation in cells whose target is known, background included, 0…1; in the others it is 1."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Table [loss_weights]: the factor on the loss of each head."""

    center: float = 1.0
    heatmap: float = 1.0
    regress: float = 0.2
    offset: float = 1.0
    box_scale: float = 0.1
    box_offset: float = 0.1


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Table [training]: optimiser, schedule and hardware."""

    steps: int = 10_000
    batch_size: int = 32
    """Samples in a step, over all processes."""
    learning_rate: float = 1e-3
    """Highest learning rate of AdamW. Of pretrained weights, relative to their size (see `scaled_weights`)."""
    backbone_rate_factor: float = 1.0
    """The backbone's learning rate, as a factor on `learning_rate`."""
    warm_up_steps: int = 200
    """Steps in which the learning rate rises linearly from 0; then it falls to 0 along a cosine."""
    weight_decay: float = 1e-4
    """Weight decay of AdamW; biases and batch norm do not decay."""
    gradient_clip: float = 10.0
    """Largest norm of the gradient; larger ones are scaled down to it."""
    ema_decay: float = 0.999
    """Decay of the exponential moving average (EMA) of the weights, which is validated and saved; 0: no average."""
    wise_ft: float = 1.0
    """Weight of the fine-tuned weights in the saved model: (1 − wise_ft) · initial + wise_ft · fine-tuned, 0…1."""
    wise_ft_until: str = "heads"
    """Last part of the network that `wise_ft` applies to, named as in `freeze_until`; later parts are saved with their
    initial weights."""
    freeze_until: str = "none"
    """Last part that is frozen, with all before it: "none", "stem", "block_0" … "block_16", "backbone" or "pyramid"."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the network; "auto" is bf16 if the hardware supports it. Weights are float32."""
    seed: int = 0
    device: str = "auto"
    """"cpu", "cuda" or "mps"; "auto" is CUDA if available, else the CPU."""
    workers: int = 0
    """Processes that load images; 0 loads them in the training process."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Table [intervals]: every how many steps the run logs, saves and validates."""

    log: int = 50
    checkpoint: int = 500
    validation: int = 1000
    """The EMA weights are validated, with a sheet of sample images; also after the last step."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run."""

    out: Path
    """Folder of the run: checkpoint.pt, log.csv, events for TensorBoard, sheets, and the trained model.onnx."""
    data: tuple[DataSettings, ...]
    model: ModelSettings = field(default_factory=ModelSettings)
    skeleton: Skeleton = BODY
    validation: tuple[ValidationSettings, ...] = ()
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    targets: TargetSettings = field(default_factory=TargetSettings)
    loss_weights: LossWeights = field(default_factory=LossWeights)
    distillation: DistillationSettings = field(default_factory=DistillationSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    intervals: Intervals = field(default_factory=Intervals)

    def __post_init__(self) -> None:
        if not self.data:
            raise DataError("expected at least one [[data]] to train on")
        t, i = self.training, self.intervals
        if min(t.steps, t.batch_size, i.log, i.checkpoint, i.validation) < 1:
            raise DataError("expected steps, batch_size and all [intervals] to be at least 1")
        if self.model.side % 32 or self.model.side < 0:
            raise DataError(f"expected a side that is a multiple of 32 px, got {self.model.side}")
        if min(self.model.width, *(data.repeat for data in self.data)) <= 0 or min(t.workers, t.seed) < 0:
            raise DataError("expected width and repeat above 0, workers and seed of at least 0")
        unlabelled = any(data.is_unlabelled and not data.relabel.model for data in self.data)
        if unlabelled and not self.distillation.teacher:
            raise DataError(
                "expected annotations or relabel.model for all [[data]], or a teacher in [distillation]"
            )

    def plain(self) -> dict[str, Any]:
        """Return the settings as values that JSON can hold."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


@dataclass(frozen=True, slots=True)
class _SkeletonTable:
    """Table [skeleton]: the arguments of `make_skeleton`."""

    names: tuple[str, ...]
    pairs: tuple[tuple[str, ...], ...] = ()
    sigmas: tuple[float, ...] = ()
    bones: tuple[tuple[str, ...], ...] = ()


def read_settings(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read a TOML file; relative paths in it are relative to its folder.

    Args:
        path: the TOML file.
        overrides: single settings that replace those of the file, such as "training.learning_rate=1e-4".

    Raises:
        FileError: if the file cannot be read.
        DataError: if it is not TOML, or holds a setting that is unknown or of the wrong type.
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
    except (ValueError, RecursionError) as error:  # ValueError also for integers too long to convert
        raise DataError(f"{name} is not TOML: {error}") from None


def _override(tables: dict[str, Any], override: str) -> None:
    """Set one value of the tables, given as KEY=VALUE; the value is TOML, or a string without quotes."""
    key, equals, value = override.partition("=")
    *path, last = key.strip().split(".")
    if not equals:
        raise DataError(f"expected a setting such as training.learning_rate=1e-4, got {override}")
    try:
        parsed = _parse(f"value = {value}", override)["value"]
    except DataError:
        parsed = value.strip()
    table: Any = tables
    for name in path:
        table = _enter(table, name, override)
    if not isinstance(table, dict):
        raise DataError(f"cannot set {override}: '{last}' is not in a table")
    table[last] = parsed


def _enter(table: Any, name: str, override: str) -> Any:
    """Return the entry of a table by its name, or of a list of tables by its index, from 0."""
    if isinstance(table, dict):
        return table.setdefault(name, {})
    if isinstance(table, list) and name.isdecimal() and len(name) < 10 and int(name) < len(table):
        return table[int(name)]
    has = f"a list of {len(table)}, from 0" if isinstance(table, list) else f"the value {_shown(table)}"
    raise DataError(f"cannot set {override}: expected a table that has '{name}', got {has}")


def _build(kind: type[T], table: Mapping[str, Any], where: str, base: Path) -> T:
    """Return a dataclass filled from a table; unknown, missing and mistyped settings are errors."""
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
    """Return a TOML value as the type of a dataclass field."""
    if hint is Skeleton:
        return make_skeleton(**asdict(_build(_SkeletonTable, value, f"{where}.", base)))
    if is_dataclass(hint):
        return _build(hint, value, f"{where}.", base)  # type: ignore[arg-type]
    if get_origin(hint) is tuple and isinstance(value, list):
        kind = get_args(hint)[0]
        return tuple(_convert(kind, item, f"{where}.{i}", base) for i, item in enumerate(value))
    if type(value) in (int, float) and not -(2**63) <= value < 2**63:  # False for NaN, too
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
