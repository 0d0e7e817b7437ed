"""Training and fine-tuning: labelled pictures to a model that every engine of the package reads (extra `train`)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from movenet.errors import MissingExtraError

if TYPE_CHECKING:
    from movenet.training.loop import train
    from movenet.training.settings import read_settings

__all__ = ["read_settings", "train"]

_MODULES: Final = {"read_settings": "movenet.training.settings", "train": "movenet.training.loop"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is used: other packages need modules of this one without PyTorch."""
    if name not in _MODULES:
        raise AttributeError(f"module 'movenet.training' has no attribute '{name}'")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train", "training") from error
