"""A fine-tuned model has the settings and the calibration of its official model (`ModelCard.base`)."""

import numpy as np
import pytest
import torch

from movenet.calibration import probabilities
from movenet.errors import ModelError
from movenet.estimator import Estimator, default_settings
from movenet.export.run import ExportRequest, export_model
from movenet.models import read_card
from movenet.networks.onnx_file import read_properties
from movenet.skeleton import BODY
from movenet.training.finalize import final_network, write_model
from movenet.training.inputs import initial_network
from movenet.training.run_folder import MODEL_FILE
from movenet.training.settings import DataSettings, ModelSettings, Settings

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # torch's exporter
SCORES = np.linspace(0.05, 0.95, 7)


def write_untrained(folder, **model):
    """Write the model of a run before its first step; return the path of its file."""
    data = DataSettings(folder, folder / "labels.json")
    settings = Settings(folder, (data,), ModelSettings(**model, name="mine"), BODY)
    initial = initial_network(settings)
    with torch.no_grad():
        for weight in initial.network.parameters():  # as if trained: no two tensors are equal
            weight += 0.001 * torch.rand_like(weight)
    write_model(final_network(initial.network, settings), settings, initial)
    return folder / MODEL_FILE


def card_of(path):
    return read_card(path, read_properties(path))


@pytest.fixture(scope="module")
def fine_tuned(tmp_path_factory):
    return write_untrained(tmp_path_factory.mktemp("fine_tuned"), initial_weights="thunder")


@pytest.fixture(scope="module")
def from_scratch(tmp_path_factory):
    return write_untrained(tmp_path_factory.mktemp("scratch"), initial_weights="random", width=0.35, side=64)


def test_a_fine_tuned_model_has_its_base_in_the_file(fine_tuned):
    assert read_properties(fine_tuned)["movenet.base"] == "thunder"
    card = card_of(fine_tuned)
    assert (card.name, card.base) == ("mine", "thunder")


def test_a_model_fine_tuned_again_has_the_first_base(fine_tuned, tmp_path):
    assert card_of(write_untrained(tmp_path, initial_weights=str(fine_tuned))).base == "thunder"


@pytest.mark.parametrize("people", ["one", "many"])
def test_a_fine_tuned_model_has_the_default_settings_of_its_base(people, fine_tuned):
    estimator = Estimator(fine_tuned, people=people)
    assert estimator.settings == default_settings("thunder", people) != default_settings("lightning", people)


def test_a_fine_tuned_model_has_the_calibration_of_its_base(fine_tuned):
    calibrated = probabilities(SCORES, card_of(fine_tuned))
    np.testing.assert_array_equal(calibrated, probabilities(SCORES, "thunder"))
    assert np.abs(calibrated - probabilities(SCORES, "lightning")).max() > 1e-3


@pytest.mark.parametrize("people", ["one", "many"])
def test_a_model_from_scratch_has_the_general_default_settings(people, from_scratch):
    estimator = Estimator(from_scratch, people=people)
    assert estimator.engine.card.base is None
    assert estimator.settings == default_settings("posenet", people)


def test_a_model_from_scratch_has_no_calibration(from_scratch):
    with pytest.raises(ModelError, match="expected a model made from one of lightning, thunder"):
        probabilities(SCORES, card_of(from_scratch))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_an_export_keeps_the_base(precision, fine_tuned, tmp_path):
    export_model(fine_tuned, tmp_path / "exported.onnx", ExportRequest("onnx", precision))
    assert card_of(tmp_path / "exported.onnx").base == "thunder"
