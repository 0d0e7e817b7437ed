"""Every engine computes the same heads from the same squares."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest

from movenet.engine import ENGINES, Engine, Runtime, ScriptedEngine, open_engine
from movenet.errors import EngineError, ModelError
from movenet.machine import has_int8_dot_products, may_use_bf16
from movenet.models import MODELS


@pytest.fixture(scope="module")
def squares(shared):
    golden = np.load(shared / "golden" / "movenet-lightning.npz")
    return np.concatenate([golden[key] for key in golden.files if key.endswith("/input")])


@pytest.fixture(scope="module")
def engines():
    return {name: open_engine("lightning", Runtime(name, "fp32")) for name in ENGINES}


def test_all_engines_agree_to_a_thousandth_of_each_heads_range(engines, squares):
    first, *others = (engine(squares[:4]) for engine in engines.values())
    for other in others:
        for name, head in first.items():
            np.testing.assert_allclose(other[name], head, atol=1e-3 * np.ptp(head), err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_gives_the_same_heads_as_its_squares_one_by_one(engine, engines, squares):
    together = engines[engine](squares[:3])
    for i in range(3):
        alone = engines[engine](squares[i : i + 1])
        for name, head in alone.items():
            np.testing.assert_allclose(together[name][i], head[0], atol=1e-3 * np.ptp(head), err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_heads_are_not_overwritten_by_the_next_call(engine, engines, squares):
    first = engines[engine](squares[:1])["center"]
    before = first.copy()
    engines[engine](squares[1:2])
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize("engine", ENGINES)
def test_read_only_and_non_contiguous_squares_are_accepted(engine, engines, squares):
    mirrored = squares[:1, :, ::-1]
    mirrored.setflags(write=False)
    expected = engines[engine](mirrored.copy())["heatmap"]
    np.testing.assert_allclose(engines[engine](mirrored)["heatmap"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((1, 192, 192, 3), np.float32),
        np.zeros((192, 192, 3), np.uint8),
        np.zeros((1, 192, 192, 4), np.uint8),
        np.zeros((1, 100, 192, 3), np.uint8),
        np.zeros((0, 192, 192, 3), np.uint8),
    ],
    ids=["float", "no batch", "four channels", "not a multiple of 32", "empty"],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_squares_of_another_shape_or_type_are_an_error(engine, engines, bad):
    with pytest.raises(EngineError, match="expected uint8 RGB squares"):
        engines[engine](bad)


SIZES = [(64, 96), (96, 64), (64, 64), (192, 192), (192, 128)]


def pictures_of(sizes, count=1):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (count, *size, 3), dtype=np.uint8) for size in sizes]


def assert_same(heads, other):
    for name, head in other.items():
        np.testing.assert_array_equal(heads[name], head, err_msg=name)


@pytest.mark.parametrize("name", ["lightning", "lightning-int8", "multipose"])
def test_heads_do_not_depend_on_earlier_calls(name):
    engine = open_engine(name)
    pictures = pictures_of(SIZES)
    first = [engine(picture) for picture in pictures]
    for _ in range(10):
        for before, picture in zip(first, pictures, strict=True):
            assert_same(engine(picture), before)
    fresh = open_engine(name)
    for before, picture in zip(reversed(first), reversed(pictures), strict=True):
        assert_same(fresh(picture), before)


@pytest.mark.parametrize("size", SIZES)
def test_heads_of_openvino_do_not_depend_on_the_other_squares_of_the_batch(size):
    engine = open_engine("lightning")
    (pictures,) = pictures_of([size], count=3)
    together = engine(pictures)
    for i in range(3):
        assert_same({name: head[i : i + 1] for name, head in together.items()}, engine(pictures[i : i + 1]))


def test_heads_do_not_depend_on_calls_of_other_threads():
    engine = open_engine("lightning")
    pictures = pictures_of(SIZES + SIZES[:3])
    expected = [engine(picture) for picture in pictures]
    wrong = []

    def work(i):
        for k in range(10):
            at = (i + k) % len(pictures)
            heads = engine(pictures[at])
            wrong.extend(name for name, head in heads.items() if not np.array_equal(head, expected[at][name]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_engine_can_be_called_from_many_threads(engines, squares):
    engine = engines["openvino"]
    expected = [engine(squares[i : i + 1])["center"] for i in range(4)]
    wrong = []

    def work(i):
        for _ in range(10):
            if not np.array_equal(engine(squares[i : i + 1])["center"], expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_bf16_stays_near_fp32(engine, squares):
    if engine == "openvino" and not may_use_bf16():
        pytest.skip("ONEDNN_MAX_CPU_ISA forbids bf16 in this process")
    half = open_engine("lightning", Runtime(engine, "bf16"))
    full = open_engine("lightning", Runtime(engine, "fp32"))
    assert (half.precision, full.precision) == ("bf16", "fp32")
    a, b = half(squares[:1])["heatmap"], full(squares[:1])["heatmap"]
    assert np.abs(a - b).max() < 0.1 * np.ptp(b)


def test_auto_chooses_fp32_or_bf16_as_the_floating_point_precision():
    assert open_engine("lightning").precision in ("fp32", "bf16")


def test_the_number_of_threads_can_be_set(squares):
    assert open_engine("lightning", Runtime(threads=1))(squares[:1])["center"].shape == (1, 1, 48, 48)


def test_two_torch_engines_use_each_its_own_number_of_threads(squares):
    import torch

    one, two = (open_engine("lightning", Runtime("torch", threads=count)) for count in (1, 2))
    used = []
    for engine in (one, two, one):
        engine(squares[:1])
        used.append(torch.get_num_threads())
    assert used == [1, 2, 1]


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (Runtime("tensorrt"), "expected one of the engines"),
        (Runtime(precision="f8"), "expected a precision of"),
        (Runtime(threads=0), "at least one thread"),
        (Runtime("onnxruntime", "bf16"), "choose precision fp32"),
    ],
)
def test_an_unknown_or_unsupported_runtime_is_an_error(runtime, message):
    with pytest.raises(EngineError, match=message):
        open_engine("lightning", runtime)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_file_that_is_no_model_is_an_error(engine, tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    with pytest.raises((EngineError, ModelError), match=r"text\.onnx"):
        open_engine(path, Runtime(engine))


@pytest.fixture
def inexact(tmp_path):
    """Return an int8 model without the property that its sums are exact, as in earlier exports."""
    model = onnx.load(MODELS["lightning-int8"].path)
    properties = {p.key: p.value for p in model.metadata_props if p.key != "movenet.int8_sums"}
    properties["movenet.name"] = "mine"
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, tmp_path / "mine.onnx")
    return tmp_path / "mine.onnx"


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_int8_model_is_an_error_where_its_sums_would_overflow(engine, inexact, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    if has_int8_dot_products():  # on ARM processors the limit has no effect
        assert open_engine(inexact, Runtime(engine)).card.int8_sums == "unknown"
        return
    with pytest.raises(EngineError, match=r"mine\.onnx.*overflow.*movenet export MODEL --precision int8"):
        open_engine(inexact, Runtime(engine))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_int8_model_file_has_the_property_that_its_sums_are_exact(engine):
    assert open_engine(Path(MODELS["lightning-int8"].path), Runtime(engine)).card.int8_sums == "exact"


@pytest.mark.parametrize("limit", ["AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"])
def test_the_default_precision_computes_under_a_limit_of_the_instruction_sets(limit):
    run = """
import numpy as np
from movenet.engine import open_engine
for name in ("lightning", "multipose"):
    engine = open_engine(name)
    engine(np.zeros((1, engine.card.side, engine.card.side, 3), np.uint8))
    assert engine.precision == "fp32"
"""
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": limit}
    done = subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_bf16_is_an_error_under_a_limit_that_forbids_it(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    with pytest.raises(EngineError, match="ONEDNN_MAX_CPU_ISA forbids bf16"):
        open_engine("lightning", Runtime(precision="bf16"))


def test_the_scripted_engine_returns_the_heads_of_its_function_and_checks_squares():
    heads = {"center": np.zeros((1, 1, 8, 8), np.float32)}
    engine = ScriptedEngine(MODELS["lightning"], lambda squares: heads)
    assert isinstance(engine, Engine)
    assert engine(np.zeros((1, 32, 32, 3), np.uint8)) is heads
    with pytest.raises(EngineError, match="expected uint8"):
        engine(np.zeros(3))


@pytest.mark.parametrize("name", ["lightning", "lightning-int8"])
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_reads_from_the_file_whether_int8_sums_are_exact(name, engine, tmp_path):
    path = shutil.copy(MODELS[name].path, tmp_path / "mine.onnx")
    assert open_engine(path, Runtime(engine)).card.int8_sums == MODELS[name].int8_sums
