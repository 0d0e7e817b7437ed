"""The trained model: plain weights without batch norm, mixed with the initial ones if asked for, as an ONNX file."""

from __future__ import annotations

import copy
import warnings

import onnx

from movenet.atomic import atomic_write
from movenet.networks.movenet import Network
from movenet.networks.onnx_file import to_onnx
from movenet.training import batch_norm, scaled_weights
from movenet.training.inputs import InitialNetwork, initial_network
from movenet.training.layers import weight_names_until
from movenet.training.run_folder import MODEL_FILE
from movenet.training.settings import RANDOM, Settings


def final_network(trained: Network, settings: Settings) -> Network:
    """Return a copy for inference: batch norm and weight scales folded, then `interpolate` with the initial weights."""
    network = batch_norm.fold(scaled_weights.fold(copy.deepcopy(trained))).eval()
    weight, until = settings.training.wise_ft, settings.training.wise_ft_until
    if (weight, until) == (1, "heads") or settings.model.initial_weights == RANDOM:
        return network
    return interpolate(initial_network(settings).network, network, weight, until)


def interpolate(initial: Network, fine_tuned: Network, weight: float, until: str = "heads") -> Network:
    """Return the fine-tuned network, changed in place, with (1 − weight) · initial + weight · fine-tuned weights.

    This keeps more of both tasks than either network (WiSE-FT, Wortsman et al. 2022). Parts after `until` get the
    initial weights.
    """
    old, mixed_names = initial.state_dict(), weight_names_until(fine_tuned, until)
    mixed = {
        name: old[name].to(value.device).lerp(value, weight if name in mixed_names else 0.0)
        for name, value in fine_tuned.state_dict().items()
    }
    fine_tuned.load_state_dict(mixed)
    return fine_tuned


def write_model(network: Network, settings: Settings, initial: InitialNetwork) -> None:
    """Write the ONNX file of the trained network to the folder of the run."""
    card = {
        "name": settings.model.name,
        "side": str(initial.side),
        "source": initial.source,
        "licence": settings.model.licence,
        **({} if initial.base is None else {"base": initial.base}),
        "names": " ".join(settings.skeleton.names),
    }
    with atomic_write(settings.out / MODEL_FILE) as temporary, warnings.catch_warnings():
        # Warnings about torch's exporter concern this package, not its user.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        onnx.save(to_onnx(network.cpu(), card), temporary)
