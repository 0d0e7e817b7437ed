"""The int8 models answer nearly as the models they were made from."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from movenet.decode import decode_one
from movenet.engine import Runtime, open_engine
from movenet.errors import EngineError, ModelError
from movenet.estimator import default_settings
from movenet.export.int8.rounding import round_weights
from movenet.export.int8.sums import LARGEST_SUM, check_sums, largest_sum
from movenet.models import DATA, INT8, MODELS

MADE = [name for name in MODELS if name.endswith(INT8)]
SINGLE = [name for name in MADE if not MODELS[name].is_multi_person]
SEEN = 0.3
"""Keypoints above this score are compared."""
MEDIAN_PX, NEARLY_ALL_PX = 0.4, 2.0
"""How far half, and nine of ten, of the keypoints may move, in pixels of the square."""
SCORE = 0.05
"""How much a score may change in the mean."""


INSTRUCTIONS = ("", "AVX2")
"""Values of ONEDNN_MAX_CPU_ISA: what the processor has, and no integer dot products."""
ANSWER = """
import sys
import numpy as np
from movenet.engine import Runtime, open_engine
model, engine, squares, heads = sys.argv[1:]
np.savez(heads, **open_engine(model, Runtime(engine, "fp32"))(np.load(squares)))
"""


def golden_squares(shared, name):
    golden = np.load(shared / "golden" / f"movenet-{name.removesuffix(INT8)}.npz")
    return np.concatenate([golden[key] for key in golden.files if key.endswith("/input")])


def answer(name, squares, runtime):
    return decode_one(open_engine(name, runtime)(squares))


def heads_in_another_process(name, engine, squares, folder, instructions):
    """Return the heads as computed with at most these instructions; an engine reads them once, at its start."""
    np.save(folder / "squares.npy", squares)
    arguments = [name, engine, folder / "squares.npy", folder / "heads.npz"]
    limit = {"ONEDNN_MAX_CPU_ISA": instructions} if instructions else {}
    subprocess.run([sys.executable, "-c", ANSWER, *arguments], check=True, env=os.environ | limit)
    return dict(np.load(folder / "heads.npz"))


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("name", SINGLE)
def test_keypoints_stay_where_they_were(name, engine, instructions, shared, tmp_path):
    squares = golden_squares(shared, name)
    before = answer(name.removesuffix(INT8), squares, Runtime(precision="fp32"))
    after = decode_one(heads_in_another_process(name, engine, squares, tmp_path, instructions))
    moved = np.linalg.norm(after[..., :2] - before[..., :2], axis=-1)[before[..., 2] > SEEN]
    half, nearly_all = np.quantile(moved * MODELS[name].side, [0.5, 0.9])
    assert half < MEDIAN_PX
    assert nearly_all < NEARLY_ALL_PX
    assert np.abs(after[..., 2] - before[..., 2]).mean() < SCORE


@pytest.mark.parametrize("name", MADE)
def test_no_sum_of_two_products_can_exceed_16_bits_whatever_the_picture(name):
    model = onnx.load(MODELS[name].path)
    assert 0 < largest_sum(model) <= LARGEST_SUM
    assert {p.key: p.value for p in model.metadata_props}["movenet.int8_sums"] == "exact"


def model_of(weights):
    tensor = numpy_helper.from_array(np.array(weights, np.int8), "weights")
    return helper.make_model(helper.make_graph([], "graph", [], [], [tensor]))


@pytest.mark.parametrize(
    ("levels", "largest"),
    [([64, 1, 64, 0], 65), ([64, 64], 128), ([-127, 127], 127), ([3, -60, 2, -70], 70), ([9, 1, 127], 127)],
)
def test_neighbouring_channels_meet_in_a_kernel_of_one_position(levels, largest):
    assert largest_sum(model_of(np.reshape(levels, (1, -1, 1, 1)))) == 255 * largest


@pytest.mark.parametrize(
    ("levels", "largest"), [([64, 1, 60], 124), ([-70, 5, -2], 72), ([127, -127, 0], 127)]
)
def test_any_two_weights_may_meet_in_a_kernel_of_several_positions(levels, largest):
    assert largest_sum(model_of(np.reshape(levels, (1, 1, 1, 3)))) == 255 * largest


def test_weights_that_could_overflow_are_refused():
    with pytest.raises(ModelError, match="got 32895: processors without integer dot products"):
        check_sums(model_of([[[[65]], [[64]]]]))


@pytest.mark.parametrize("shape", [(8, 9, 1, 1), (8, 6, 3, 3)])
def test_rounded_weights_never_overflow_whatever_the_weights_are(shape):
    chance = np.random.default_rng(0)
    conv = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    for covariance in (
        np.cov(chance.normal(size=(np.prod(shape[1:]), 999))),
        np.zeros([np.prod(shape[1:])] * 2),
    ):
        for weights in (chance.normal(size=shape), np.ones(shape), -chance.gamma(0.2, size=shape)):
            rounded = round_weights(conv, weights.astype(np.float32), covariance)
            assert largest_sum(model_of(rounded.levels)) <= LARGEST_SUM
            assert np.abs(rounded.levels).max() > 60


@pytest.mark.parametrize("name", MADE)
def test_a_batch_of_any_shape_is_answered_with_the_heads_of_the_card(name):
    heads = open_engine(name, Runtime(precision="fp32"))(np.zeros((2, 64, 96, 3), np.uint8))
    assert tuple(heads) == MODELS[name].heads
    assert {head.shape[2:] for head in heads.values()} == {(16, 24)}


@pytest.mark.parametrize("name", MADE)
def test_the_file_is_smaller_than_half_precision_makes_it(name):
    assert MODELS[name].path.stat().st_size < 0.6 * MODELS[name.removesuffix(INT8)].path.stat().st_size


def test_torch_refuses_and_says_what_to_choose():
    with pytest.raises(EngineError, match="choose the engine openvino"):
        open_engine("lightning-int8", Runtime("torch"))


def test_a_file_given_by_its_path_says_itself_what_it_is():
    card = open_engine(Path(DATA / "thunder-int8.onnx"), Runtime(precision="fp32")).card
    assert (card.name, card.side, card.heads) == ("thunder-int8", 256, MODELS["thunder"].heads)


def test_an_int8_model_is_used_by_the_rule_of_the_model_it_was_made_from():
    assert default_settings("thunder-int8", "one") == default_settings("thunder", "one")
