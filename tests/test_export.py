"""What is shipped is what was built."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from movenet.engine import Runtime, open_engine
from movenet.errors import ModelError
from movenet.models import MODELS
from movenet.networks.movenet import Architecture, Network, load_network
from movenet.networks.onnx_file import architecture_of, read_network, read_state, to_onnx

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # torch's exporter
METADATA = {"name": "tiny", "side": "64", "source": "a test", "licence": "CC0-1.0"}


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    return Network(Architecture(0.35, keypoints=3)).eval()


@pytest.fixture(scope="module")
def tiny_model(tiny):
    return to_onnx(tiny, METADATA)


def test_the_same_network_gives_the_same_bytes(tiny, tiny_model):
    again = to_onnx(tiny, METADATA)
    assert again.SerializeToString(deterministic=True) == tiny_model.SerializeToString(deterministic=True)


def test_the_file_of_the_wheel_comes_out_again_from_the_network_it_holds():
    card = MODELS["lightning"]
    shipped = onnx.load(card.path)
    properties = {p.key.removeprefix("movenet."): p.value for p in shipped.metadata_props}
    network = load_network(read_state(shipped), architecture_of(shipped))
    metadata = {name: properties[name] for name in ("name", "side", "source", "licence", "base")}
    assert to_onnx(network, metadata).SerializeToString(deterministic=True) == card.path.read_bytes()


def test_a_file_names_nothing_of_the_computer_that_wrote_it(tiny_model):
    assert b"/" not in b"".join(
        p.key.encode() + p.value.encode() for n in tiny_model.graph.node for p in n.metadata_props
    )
    assert b".py" not in tiny_model.SerializeToString()


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
def test_a_model_of_ones_own_runs_in_every_engine_at_any_size(engine, tiny, tiny_model, tmp_path):
    path = tmp_path / "tiny.onnx"
    onnx.save(tiny_model, path)
    runner = open_engine(path, Runtime(engine, "fp32"))
    squares = np.random.default_rng(0).integers(0, 255, (2, 96, 64, 3), np.uint8)
    shipped = load_network(read_state(tiny_model), tiny.architecture)
    with torch.inference_mode():
        expected = {k: v.numpy() for k, v in shipped(torch.from_numpy(squares)).items()}
    heads = runner(squares)
    assert runner.card.side == 64
    for name, head in expected.items():
        np.testing.assert_allclose(heads[name], head, atol=1e-3 * np.ptp(head))


def test_equal_tensors_are_stored_once_and_read_back_twice(tmp_path):
    network = Network(Architecture(0.35, keypoints=3)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.5)
    onnx.save(to_onnx(network, METADATA), tmp_path / "equal.onnx")
    read = read_network(tmp_path / "equal.onnx").state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.equal(read[name], tensor), name


def test_an_onnx_file_from_elsewhere_is_refused(tiny_model, tmp_path):
    stranger = onnx.ModelProto()
    stranger.CopyFrom(tiny_model)
    del stranger.metadata_props[:]
    path = tmp_path / "stranger.onnx"
    onnx.save(stranger, path)
    with pytest.raises(ModelError, match="written by movenet"):
        read_network(path)
    for engine in ("openvino", "onnxruntime", "torch"):
        with pytest.raises(ModelError, match="written by movenet"):
            open_engine(path, Runtime(engine))


def change(model, what):
    """Damage a copy of an ONNX model of ours."""
    damaged = onnx.ModelProto()
    damaged.CopyFrom(model)
    what(damaged)
    return damaged


def with_property(name, value):
    def what(model):
        (prop,) = [prop for prop in model.metadata_props if prop.key == f"movenet.{name}"]
        prop.value = value

    return what


def with_tensor(**fields):
    def what(model):
        for name, value in fields.items():
            setattr(model.graph.initializer[0], name, value)

    return what


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (lambda model: model.graph.initializer.pop(0), "expected .* of shape .*, got None"),
        (lambda model: model.graph.initializer[0].dims.insert(0, 7), "the tensor .* is damaged"),
        (with_tensor(raw_data=b"123"), "the tensor .* is damaged"),
        (with_tensor(data_type=TensorProto.STRING), "in float32 or float16, got the type 8"),
        (with_tensor(data_location=TensorProto.EXTERNAL), "expected all weights in the file, got the tensor"),
        (with_property("width", "wide"), "expected numbers in the properties width and keypoints"),
        (with_property("width", "nan"), "there is no network of"),
        (with_property("width", "1e300"), "there is no network of|the tensors do not fit the architecture"),
        (with_property("width", "1000000"), "the tensors do not fit the architecture"),
        (
            with_property("keypoints", "1000000000000"),
            "the tensors do not fit the architecture|no network of",
        ),
        (with_property("keypoints", "-1"), "there is no network of"),
        (with_property("heads", "center tail"), "there is no network of .*KeyError: 'tail'"),
        (with_property("heads", ""), "the tensors do not fit the architecture"),
    ],
)
def test_a_damaged_model_is_refused_by_file_and_tensor(tiny_model, tmp_path, what, told):
    (tmp_path / "damaged.onnx").write_bytes(change(tiny_model, what).SerializeToString())
    with pytest.raises(ModelError, match=rf"damaged\.onnx: .*({told})"):
        read_network(tmp_path / "damaged.onnx")


@pytest.mark.parametrize("name", ["a.onnx", "a.json", "a.txt"])
@pytest.mark.parametrize("data", [b"", b"hello", b"\x08\xff" * 99, b"{}"])
def test_what_is_no_onnx_file_is_refused_whatever_its_name_is(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=name):
        read_network(tmp_path / name)


@pytest.mark.parametrize("value", ["{", "[1]", "3", '{"a": [1]}', "[" * 9999])
def test_names_of_equal_tensors_that_are_none_are_refused(tiny_model, value):
    damaged = change(tiny_model, lambda model: helper.set_model_props(model, {"movenet.twins": value}))
    with pytest.raises(ModelError, match=r"expected names of tensors as the property movenet\.twins"):
        read_state(damaged)
