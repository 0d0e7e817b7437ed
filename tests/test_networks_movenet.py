"""The PyTorch network computes the same heads as Google's graphs."""

import numpy as np
import pytest
import torch

from movenet.decode import MultiPoseSettings, decode_many, decode_one
from movenet.models import INT8, MODELS
from movenet.networks.movenet import (
    LIGHTNING,
    MULTIPOSE,
    THUNDER,
    Architecture,
    Network,
    count_parameters,
    load_network,
    round_channels,
)
from movenet.networks.onnx_file import read_network

TOLERANCE = {"lightning": 5e-4, "thunder": 5e-5}


@pytest.fixture(scope="module")
def networks():
    return {name: read_network(card.path) for name, card in MODELS.items() if not name.endswith(INT8)}


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_heads_equal_those_of_googles_graph(name, networks, shared):
    golden = np.load(shared / "golden" / f"movenet-{name}.npz")
    file = next(key.removesuffix("/center") for key in golden.files if key.endswith("/center"))
    with torch.inference_mode():
        heads = networks[name](torch.from_numpy(golden[f"{file}/input"]))
    for head, ours in heads.items():
        theirs = golden[f"{file}/{head}"].transpose(0, 3, 1, 2)
        assert np.abs(ours.numpy() - theirs).max() < 1e-5 * np.ptp(theirs), head


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_keypoints_and_scores_equal_those_of_googles_graph(name, networks, shared):
    golden = np.load(shared / "golden" / f"movenet-{name}.npz")
    files = sorted({key.rsplit("/", 1)[0] for key in golden.files})
    inputs = np.concatenate([golden[f"{file}/input"] for file in files])
    outputs = np.concatenate([golden[f"{file}/output"][:, 0] for file in files])
    with torch.inference_mode():
        heads = {k: v.numpy() for k, v in networks[name](torch.from_numpy(inputs)).items()}
    assert np.abs(decode_one(heads) - outputs).max() < TOLERANCE[name]


@pytest.mark.parametrize(
    ("architecture", "millions"), [(LIGHTNING, 2.318), (THUNDER, 6.226), (MULTIPOSE, 4.723)], ids=str
)
def test_each_model_has_as_many_parameters_as_published(architecture, millions):
    assert count_parameters(Network(architecture)) / 1e6 == pytest.approx(millions, abs=0.001)


def test_every_head_has_one_cell_per_four_by_four_pixels():
    heads = Network(Architecture(0.5, MULTIPOSE.heads, keypoints=5))(
        torch.zeros(2, 64, 96, 3, dtype=torch.uint8)
    )
    channels = {name: tuple(head.shape) for name, head in heads.items()}
    assert channels == {
        "center": (2, 1, 16, 24),
        "heatmap": (2, 5, 16, 24),
        "regress": (2, 10, 16, 24),
        "offset": (2, 10, 16, 24),
        "box_scale": (2, 2, 16, 24),
        "box_offset": (2, 2, 16, 24),
    }


def test_channels_round_to_multiples_of_eight_but_never_fall_by_a_tenth():
    assert [round_channels(c) for c in (1, 24, 42, 56, 20, 8.9)] == [8, 24, 40, 56, 24, 16]


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_loading_is_strict(change):
    state = dict(Network(LIGHTNING).state_dict())
    if change == "missing":
        state.pop("backbone.stem.bias")
    elif change == "extra":
        state["backbone.surplus"] = torch.zeros(1)
    else:
        state["backbone.stem.bias"] = torch.zeros(3)
    with pytest.raises(RuntimeError):
        load_network(state, LIGHTNING)


def test_all_people_of_a_picture_are_detected_as_by_googles_graph(networks, shared):
    golden = np.load(shared / "golden" / "movenet-multipose.npz")
    files = sorted({key.rsplit("/", 1)[0] for key in golden.files})
    assert len(files) == 30
    for file in files:
        with torch.inference_mode():
            heads = {
                k: v.numpy()
                for k, v in networks["multipose"](torch.from_numpy(golden[f"{file}/input"])).items()
            }
        people = decode_many(heads, MultiPoseSettings(min_center_score=0.0, max_people=6))[0]
        theirs = golden[f"{file}/output"][0]
        ours = np.column_stack([people.keypoints.reshape(6, 51), people.boxes, people.scores])
        assert np.abs(ours - theirs).max() < 1e-3, file
