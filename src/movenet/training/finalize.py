"""From the weights that were learned to the model that is kept."""

from __future__ import annotations

import copy
import warnings
from typing import Final

import onnx

from movenet.atomic import atomic_write
from movenet.networks.movenet import Network
from movenet.networks.onnx_file import to_onnx
from movenet.training import batch_norm, scaled_weights
from movenet.training.inputs import Start, start
from movenet.training.layers import names_until
from movenet.training.settings import SCRATCH, Settings

MODEL: Final = "model.onnx"
"""In the run's folder."""


def finish(learned: Network, settings: Settings) -> Network:
    """Return a copy with plain weights, without batch norm, blended with what it began with, for evaluation."""
    model = batch_norm.fold(scaled_weights.fold(copy.deepcopy(learned))).eval()
    share, adopt = settings.training.blend, settings.training.adopt
    if (share, adopt) == (1, "heads") or settings.model.start == SCRATCH:
        return model
    return blend(start(settings).network, model, share, adopt)


def blend(old: Network, new: Network, share: float, adopt: str = "heads") -> Network:
    """Return the new network with weights (1 − share) · old + share · new (Wortsman et al. 2022, WiSE-FT).

    On the way between two networks of which one began as the other, what both know is kept better than at either end.
    Parts behind `adopt` are the old ones.
    """
    begun, adopted = old.state_dict(), names_until(new, adopt)
    mixed = {
        name: begun[name].to(value.device).lerp(value, share if name in adopted else 0.0)
        for name, value in new.state_dict().items()
    }
    new.load_state_dict(mixed)
    return new


def publish(model: Network, settings: Settings, begun: Start) -> None:
    """Write the model that every engine of the package reads."""
    card = {
        "name": settings.model.name,
        "side": str(begun.side),
        "source": begun.source,
        "licence": settings.model.licence,
        **({} if begun.base is None else {"base": begun.base}),
        "names": " ".join(settings.skeleton.names),
    }
    with atomic_write(settings.out / MODEL) as temporary, warnings.catch_warnings():
        # What torch's exporter will stop using is nothing that whoever trains can change.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        onnx.save(to_onnx(model.cpu(), card), temporary)
