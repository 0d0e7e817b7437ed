"""Model files that are damaged, or whose properties are wrong, are an error at loading."""

import random

import numpy as np
import onnx
import pytest

from fuzz_models import damaged_model_case
from fuzzing import run_campaign
from movenet.engine import ENGINES, Runtime, open_engine
from movenet.errors import EngineError, ModelError
from movenet.models import MODELS

FILES = ["openvino", "onnxruntime", "torch"]


def altered(tmp_path, source="lightning", **properties):
    """Return the path of a copy of a model with other properties."""
    model = onnx.load(MODELS[source].path)
    own = {p.key: p.value for p in model.metadata_props}
    onnx.helper.set_model_props(model, own | {f"movenet.{key}": value for key, value in properties.items()})
    path = tmp_path / "altered.onnx"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("engine", FILES)
@pytest.mark.parametrize(
    "wrong",
    [
        {"heads": "center heatmap regress offset box_scale"},
        {"heads": "center heatmap regress offset box_scale box_offset"},
        {"heads": "heatmap offset"},
        {"heads": ""},
        {"heads": "center center heatmap regress offset"},
        {"heads": "heatmap offset outward inward"},
        {"keypoints": "16"},
        {"keypoints": "0"},
        {"keypoints": "100000000"},
        {"side": "320000"},
        {"side": "200"},
        {"side": "-192"},
        {"side": "9" * 5000},
        {"width": "nan"},
        {"name": "a\x1b[2Jb"},
    ],
    ids=lambda wrong: " ".join(f"{key}={value[:20]!r}" for key, value in wrong.items()),
)
def test_a_model_with_wrong_properties_is_an_error_at_loading(engine, wrong, tmp_path):
    with pytest.raises((ModelError, EngineError), match=r"altered\.onnx"):
        open_engine(altered(tmp_path, **wrong), Runtime(engine))


@pytest.mark.parametrize("engine", FILES)
def test_a_model_with_correct_properties_is_loaded(engine, tmp_path):
    assert (
        open_engine(altered(tmp_path, source="multipose", licence="mine"), Runtime(engine)).card.licence
        == "mine"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_property_that_is_not_utf8_is_an_error(engine, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(MODELS["lightning"].path.read_bytes().replace(b"Apache-2.0", b"Apache\x9b2.0"))
    with pytest.raises(ModelError, match=r"mine\.onnx"):
        open_engine(path, Runtime(engine))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_graph_that_fails_only_when_it_runs_is_an_error_at_loading(engine, tmp_path):
    model = onnx.load(altered(tmp_path))
    shape = onnx.numpy_helper.from_array(np.array([7, 7, 7, 7], np.int64), "impossible")
    (node,) = [node for node in model.graph.node if "center" in node.output]
    node.output[0] = "center_before"
    model.graph.initializer.append(shape)
    model.graph.node.append(onnx.helper.make_node("Reshape", ["center_before", "impossible"], ["center"]))
    onnx.save(model, tmp_path / "altered.onnx")
    with pytest.raises((EngineError, ModelError), match=r"altered\.onnx"):
        open_engine(tmp_path / "altered.onnx", Runtime(engine))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_graph_that_needs_more_memory_than_there_is_is_an_error(engine, tmp_path):
    model = onnx.load(altered(tmp_path))
    sizes = onnx.numpy_helper.from_array(np.array([2**20, 2**20, 2**10, 1], np.int64), "vast")
    (node,) = [node for node in model.graph.node if "center" in node.output]
    node.output[0] = "center_before"
    model.graph.initializer.append(sizes)
    model.graph.node.append(onnx.helper.make_node("Expand", ["center_before", "vast"], ["center"]))
    onnx.save(model, tmp_path / "altered.onnx")
    with pytest.raises((EngineError, ModelError), match=r"altered\.onnx"):
        open_engine(tmp_path / "altered.onnx", Runtime(engine))


def test_damaged_files_are_an_error_or_run():
    report = run_campaign(damaged_model_case, random.Random(8).sample(range(10_000), 40))
    assert report.faults == []
    assert sum(report.outcomes.values()) == 40
