"""The device of an engine: chosen among those that its runtime finds, and named in errors and reports."""

from types import SimpleNamespace

import numpy as np
import pytest

from movenet.bench import engine_table, variants
from movenet.bench.engines import EngineTimes
from movenet.doctor import check_engine
from movenet.engine import ENGINES, Runtime, ScriptedEngine, device_of, open_engine
from movenet.engine.arithmetic import choose_version
from movenet.engine.devices import choose_device, choose_floats
from movenet.engine.onnxruntime_engine import choose_provider
from movenet.engine.openvino_engine import OpenVinoEngine
from movenet.engine.openvino_runtime import parse_devices
from movenet.engine.torch_engine import find_gpu
from movenet.errors import EngineError
from movenet.models import MODELS

SQUARE = np.zeros((1, 192, 192, 3), np.uint8)


def never():
    raise AssertionError("devices were searched for")


def finds(*devices):
    return lambda: devices


def test_the_cpu_is_the_default_and_needs_no_search():
    assert Runtime().device == "cpu"
    assert choose_device("cpu", never, "OpenVINO") == "cpu"


@pytest.mark.parametrize(
    ("found", "chosen"), [(("cpu",), "cpu"), (("cpu", "npu"), "cpu"), (("cpu", "gpu", "npu"), "gpu")]
)
def test_auto_is_the_gpu_if_there_is_one(found, chosen):
    assert choose_device("auto", finds(*found), "OpenVINO") == chosen


@pytest.mark.parametrize("device", ["gpu", "npu"])
def test_a_device_that_is_found_is_used(device):
    assert choose_device(device, finds("cpu", "gpu", "npu"), "OpenVINO") == device


def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(EngineError, match="OpenVINO finds no npu on this computer, only cpu, gpu"):
        choose_device("npu", finds("cpu", "gpu"), "OpenVINO")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_cpu_and_refuses_what_it_does_not_find(engine):
    found = ENGINES[engine].find_devices()
    assert found[0] == "cpu"
    for device in {"gpu", "npu"} - set(found):
        with pytest.raises(EngineError, match=f"finds no {device} on this computer, only cpu"):
            open_engine("lightning", Runtime(engine, device=device))


def test_an_unknown_device_is_an_error():
    with pytest.raises(EngineError, match="expected a device of cpu, gpu, npu, auto, got 'tpu'"):
        open_engine("lightning", Runtime(device="tpu"))


def test_threads_are_for_the_cpu_only():
    with pytest.raises(EngineError, match="threads are for the device cpu"):
        open_engine("lightning", Runtime(threads=2, device="gpu"))
    assert open_engine("lightning", Runtime(threads=2, device="auto")).card.name.startswith("lightning")


@pytest.mark.parametrize(
    ("device", "precision", "has_bf16", "floats"),
    [
        ("cpu", "auto", False, "fp32"),
        ("cpu", "auto", True, "bf16"),
        ("cpu", "int8", True, "bf16"),
        ("gpu", "auto", True, "fp16"),
        ("gpu", "int8", True, "fp16"),
        ("gpu", "fp32", True, "fp32"),
        ("npu", "auto", False, "fp16"),
    ],
)
def test_the_precision_depends_on_the_device(device, precision, has_bf16, floats):
    assert choose_floats(precision, device, has_bf16=has_bf16) == floats


@pytest.mark.parametrize(
    ("device", "precision"), [("cpu", "fp16"), ("gpu", "bf16"), ("npu", "fp32"), ("cpu", "fp8")]
)
def test_a_precision_that_a_device_does_not_have_is_an_error(device, precision):
    with pytest.raises(EngineError, match=f"on the {device}, got '{precision}'"):
        choose_floats(precision, device, has_bf16=True)


@pytest.mark.parametrize("device", ["gpu", "npu"])
def test_auto_takes_the_floating_point_model_on_an_accelerator(device):
    assert choose_version(MODELS["lightning"], Runtime(device=device)) == MODELS["lightning"]


def test_onnx_runtime_computes_in_fp32_only():
    with pytest.raises(EngineError, match="ONNX Runtime computes in fp32"):
        open_engine("lightning", Runtime("onnxruntime", "fp16"))


def test_openvino_numbers_devices_of_one_kind():
    assert parse_devices(["CPU"]) == ("cpu",)
    assert parse_devices(["CPU", "GPU.0", "GPU.1", "NPU"]) == ("cpu", "gpu", "npu")
    assert parse_devices(["CPU", "GNA"]) == ("cpu",)


@pytest.mark.parametrize(
    ("device", "available", "provider"),
    [
        ("cpu", ["CUDAExecutionProvider", "CPUExecutionProvider"], None),
        (
            "gpu",
            ["CPUExecutionProvider", "DmlExecutionProvider", "CUDAExecutionProvider"],
            "CUDAExecutionProvider",
        ),
        ("gpu", ["DmlExecutionProvider", "CPUExecutionProvider"], "DmlExecutionProvider"),
        ("gpu", ["CoreMLExecutionProvider", "CPUExecutionProvider"], "CoreMLExecutionProvider"),
        ("npu", ["CoreMLExecutionProvider", "CPUExecutionProvider"], "CoreMLExecutionProvider"),
        ("npu", ["CUDAExecutionProvider", "CPUExecutionProvider"], None),
    ],
)
def test_onnx_runtime_uses_the_first_provider_of_a_device_that_it_has(device, available, provider):
    chosen = choose_provider(device, available)
    assert (chosen and chosen[0]) == provider


@pytest.mark.parametrize(
    ("cuda", "mps", "gpu"), [(True, False, "cuda"), (False, True, "mps"), (False, False, None)]
)
def test_pytorch_uses_cuda_or_metal(cuda, mps, gpu):
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )
    assert find_gpu(torch) == gpu


@pytest.fixture
def broken_gpu(monkeypatch):
    """OpenVINO lists a GPU whose driver does not work."""
    if "gpu" in OpenVinoEngine.find_devices():
        pytest.skip("this computer has a GPU that works")
    monkeypatch.setattr(OpenVinoEngine, "find_devices", staticmethod(finds("cpu", "gpu")))


def test_a_gpu_that_is_listed_but_does_not_work_is_an_error_of_ours(broken_gpu):
    engine = open_engine("lightning", Runtime(device="gpu"))
    assert (engine.card.name, engine.precision, device_of(engine)) == ("lightning", "fp16", "gpu")
    with pytest.raises(EngineError, match="OpenVINO cannot run"):
        engine(SQUARE)


def test_the_doctor_lists_devices_and_checks_each(broken_gpu):
    results = {result.name: result for result in check_engine("openvino")}
    assert results["engine openvino"].message.endswith("devices: cpu, gpu")
    assert not results["answers of openvino on the gpu"].passed
    assert results["answers of openvino, fp32"].passed


def test_the_device_of_an_engine_of_another_maker_is_the_cpu():
    assert device_of(ScriptedEngine(MODELS["lightning"], lambda squares: {})) == "cpu"


def test_variants_on_a_gpu_have_no_threads():
    asked = variants(["lightning"], ["openvino"], ["auto"], devices=["gpu"])
    assert [one.runtime for one in asked] == [Runtime(device="gpu")]


@pytest.mark.parametrize(("devices", "shown"), [(["cpu", "cpu"], False), (["cpu", "gpu"], True)])
def test_the_table_shows_the_devices_unless_all_are_the_cpu(devices, shown):
    numbers = {"width": 192, "height": 192, "load_ms": 1.0, "first_ms": 1.0, "p50_ms": 1.0, "p90_ms": 1.0}
    times = [
        EngineTimes(
            model="lightning",
            engine="openvino",
            precision="fp32",
            device=device,
            threads=1,
            batch=1,
            **numbers,
            pictures_per_s=1.0,
            calls=1,
        )
        for device in devices
    ]
    assert ("device" in engine_table(times).heads) is shown
