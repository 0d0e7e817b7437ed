"""Each format is run by its own runtime and agrees with torch, or is not written."""

import hashlib
import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from typer.testing import CliRunner

from lists import standing, write_list
from movenet.cli import app
from movenet.cli.export import AnswerName, FormatName, StoredPrecisionName
from movenet.engine import Runtime, open_engine
from movenet.errors import FileError, MissingExtraError, ModelError
from movenet.export.formats import FORMATS
from movenet.export.run import ExportRequest, export_model
from movenet.export.verify import LIMITS, Difference, Limit
from movenet.export.with_decoder import ManyPeople
from movenet.models import DATA
from movenet.networks.movenet import MULTI_HEADS, Architecture, Network
from movenet.networks.onnx_file import read_network, to_onnx

pytestmark = pytest.mark.filterwarnings("ignore")  # of the converters, about their own innards
OF_THREE = Architecture(0.35, keypoints=3)
METADATA = {"name": "tiny", "side": "64", "source": "a test", "licence": "CC0-1.0"}


def write_tiny(folder, change=None):
    """Write a network of a user's own: narrow, small, of three keypoints."""
    torch.manual_seed(0)
    network = Network(OF_THREE).eval()
    if change is not None:
        with torch.no_grad():
            change(network)
    path = folder / "tiny.onnx"
    onnx.save(to_onnx(network, METADATA, "fp32"), path)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def written(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("form", "precision", "answer", "files"),
    [
        ("onnx", "int8", "heads", ["it.onnx"]),
        ("openvino", "fp16", "heads", ["it.bin", "it.xml"]),
        ("torch", "fp32", "heads", ["it.pt2"]),
        ("ncnn", "fp16", "heads", ["it.bin", "it.param"]),
        ("coreml", "fp32", "heads", ["it.mlpackage"]),
    ],
)
def test_a_model_of_ones_own_is_exported_with_a_sheet_that_proves_it(
    form, precision, answer, files, tiny, tmp_path
):
    target = tmp_path / f"it{FORMATS[form].suffix}"
    shipped = export_model(tiny, target, ExportRequest(form, precision, answer))
    assert written(tmp_path) == sorted([*files, f"{target.name}.json"])
    sheet = json.loads((tmp_path / f"{target.name}.json").read_text())
    assert sheet["source"]["sha256"] == hashlib.sha256(tiny.read_bytes()).hexdigest()
    assert sheet["difference"]["keypoints"] > 50
    assert shipped.difference.beyond(LIMITS[precision]) == []
    for name, said in sheet["files"].items():
        data = (tmp_path / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (said["bytes"], said["sha256"])


@pytest.mark.parametrize("model", ["lightning", "multipose"])
def test_with_the_decoder_inside_it_answers_as_googles_graph(model, shared, tmp_path):
    export_model(model, tmp_path / "it.onnx", ExportRequest("onnx", answer="keypoints"))
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx", providers=["CPUExecutionProvider"])
    golden = np.load(shared / "golden" / f"movenet-{model}.npz")
    names = [name for name in golden.files if name.endswith("/input")]
    assert len(names) >= 10
    for name in names:
        (answer,) = session.run(["output_0"], {"input": golden[name].astype(np.int32)})
        np.testing.assert_allclose(answer, golden[name.replace("/input", "/output")], atol=3e-4)


def test_a_many_person_network_of_ones_own_answers_with_six_people():
    fused = ManyPeople(Network(Architecture(0.35, MULTI_HEADS, keypoints=3)).eval())
    assert fused(torch.zeros(1, 96, 128, 3, dtype=torch.int32)).shape == (1, 6, 3 * 3 + 5)


def test_an_export_tells_its_steps_and_counts_the_squares_that_it_compares(tiny, tmp_path):
    steps, counted = [], []

    def watched(squares, count):
        counted.append(count)
        yield from squares

    target = tmp_path / "it.onnx"
    done = export_model(tiny, target, ExportRequest("onnx"), tell=steps.append, progress=watched)
    assert [step.split()[0] for step in steps] == ["reading", "converting", "comparing", "writing"]
    assert counted == [done.difference.squares]


def test_an_export_in_fp32_runs_in_every_engine_and_can_be_trained_on(tiny, tmp_path):
    export_model(tiny, tmp_path / "it.onnx", ExportRequest("onnx"))
    squares = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    expected = open_engine(tiny, Runtime("torch", "fp32"))(squares)
    for engine in ("openvino", "onnxruntime", "torch"):
        for name, head in open_engine(tmp_path / "it.onnx", Runtime(engine, "fp32"))(squares).items():
            np.testing.assert_allclose(head, expected[name], atol=1e-3)
    state, again = (read_network(path).state_dict() for path in (tiny, tmp_path / "it.onnx"))
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_what_does_not_survive_the_precision_is_not_written_and_what_was_there_stays(tmp_path):
    def overflow(network):
        network.backbone.top.weight *= 1e7

    source = write_tiny(tmp_path, change=overflow)
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "it.onnx"
    target.write_text("of before")
    with pytest.raises(ModelError, match=r"not written.* > "):
        export_model(source, target, ExportRequest("onnx", "fp16"))
    assert target.read_text() == "of before"
    assert written(tmp_path / "out") == ["it.onnx"]


def test_pictures_in_which_the_model_sees_nobody_prove_nothing(tmp_path):
    def blind(network):
        network.heads["heatmap"].answer.bias -= 30

    source = write_tiny(tmp_path, change=blind)
    with pytest.raises(ModelError, match=r"finds no keypoint.*--pictures"):
        export_model(source, tmp_path / "it.onnx", ExportRequest("onnx", "int8"))
    assert written(tmp_path) == ["tiny.onnx"]


def test_what_is_no_number_is_beyond_every_limit():
    nothing = Difference(1, 1, float("nan"), 0, 0, 0, 0)
    assert nothing.beyond(Limit(1, 1)) == ["median_px nan > 1"]


@pytest.mark.parametrize(
    ("model", "name", "wanted", "said"),
    [
        ("lightning", "it.tflite", ExportRequest("onnx"), r"ending in \.onnx"),
        ("lightning", "it.pt", ExportRequest("pickle"), "expected a format"),
        ("lightning", "it.pt2", ExportRequest("torch", "int8"), "offered in fp32"),
        ("lightning", "it.param", ExportRequest("ncnn", answer="keypoints"), "offered with heads"),
        ("lightning", "it.onnx", ExportRequest("onnx", "int8", "keypoints"), "int8 is offered with heads"),
        (
            "lightning-int8",
            "it.onnx",
            ExportRequest("onnx"),
            "export the model it was made from with --precision int8",
        ),
        ("posenet", "it.onnx", ExportRequest("onnx", answer="keypoints"), "export its heads"),
        ("posenet", "it.onnx", ExportRequest("onnx", "int8"), "not offered in int8"),
        ("lightning", "it.onnx", ExportRequest("onnx", side=100), "multiple of 32"),
        (str(DATA / "astronaut.jpg"), "it.onnx", ExportRequest("onnx"), "as an ONNX file"),
        ("nobody", "it.onnx", ExportRequest("onnx"), "expected one of"),
    ],
)
def test_what_cannot_be_had_is_refused_before_any_work(model, name, wanted, said, tmp_path):
    with pytest.raises(ModelError, match=said):
        export_model(model, tmp_path / name, wanted)
    assert written(tmp_path) == []


def test_a_converter_that_is_missing_is_named_with_the_command_that_brings_it(tmp_path):
    with pytest.raises(MissingExtraError, match=r"'litert-torch'.*pip install .*\[litert\]"):
        export_model("lightning", tmp_path / "it.tflite", ExportRequest("litert"))


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        export_model("lightning", tmp_path / "none" / "it.onnx", ExportRequest("onnx", "int8"))


def test_the_int8_model_of_the_package_is_exported_with_its_ap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / "astronaut.jpg", tmp_path / "0.jpg")
    person = {**standing(0, 1, 120), "bbox": [120.0, 20.0, 250.0, 400.0]}
    listed = write_list(tmp_path / "one.json", [person], 1)
    arguments = ["export", "lightning", "--precision", "int8", "-o", "it.onnx", "--json"]
    measured = ["--ap", str(listed), "--images", str(tmp_path)]
    result = CliRunner().invoke(app, [*arguments, *measured])
    assert result.exit_code == 0, result.output
    sheet = json.loads(result.stdout)
    assert (tmp_path / "it.onnx").read_bytes() == (DATA / "lightning-int8.onnx").read_bytes()
    assert {"AP", "list", "images", "protocol"} <= sheet["measured"].keys()
    assert sheet["difference"]["median_px"] < LIMITS["int8"].median_px


def test_the_command_line_offers_what_there_is():
    assert [form.value for form in FormatName] == [*FORMATS, "web"]
    assert {stored.value for stored in StoredPrecisionName} == {
        p for form in FORMATS.values() for p in form.precisions
    }
    assert {answer.value for answer in AnswerName} == {a for form in FORMATS.values() for a in form.answers}
