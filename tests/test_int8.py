"""The int8 models answer nearly as the models they were made from."""

from pathlib import Path

import numpy as np
import pytest

from movenet.decode import decode_one
from movenet.engine import Runtime, open_engine
from movenet.errors import EngineError
from movenet.estimator import default_rule
from movenet.models import DATA, INT8, MODELS

MADE = [name for name in MODELS if name.endswith(INT8)]
SINGLE = [name for name in MADE if not MODELS[name].finds_many]
SEEN = 0.3
"""Keypoints above this score are compared."""
MEDIAN_PX, NEARLY_ALL_PX = 0.4, 2.0
"""How far half, and nine of ten, of the keypoints may move, in pixels of the square."""
SCORE = 0.05
"""How much a score may change in the mean."""


def golden_squares(shared, name):
    golden = np.load(shared / "golden" / f"movenet-{name.removesuffix(INT8)}.npz")
    return np.concatenate([golden[key] for key in golden.files if key.endswith("/input")])


def answer(name, squares, runtime):
    return decode_one(open_engine(name, runtime)(squares))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("name", SINGLE)
def test_keypoints_stay_where_they_were(name, engine, shared):
    squares = golden_squares(shared, name)
    before = answer(name.removesuffix(INT8), squares, Runtime(precision="f32"))
    after = answer(name, squares, Runtime(engine, "f32"))
    moved = np.linalg.norm(after[..., :2] - before[..., :2], axis=-1)[before[..., 2] > SEEN]
    half, nearly_all = np.quantile(moved * MODELS[name].side, [0.5, 0.9])
    assert half < MEDIAN_PX
    assert nearly_all < NEARLY_ALL_PX
    assert np.abs(after[..., 2] - before[..., 2]).mean() < SCORE


@pytest.mark.parametrize("name", MADE)
def test_a_batch_of_any_shape_is_answered_with_the_heads_of_the_card(name):
    heads = open_engine(name, Runtime(precision="f32"))(np.zeros((2, 64, 96, 3), np.uint8))
    assert tuple(heads) == MODELS[name].heads
    assert {head.shape[2:] for head in heads.values()} == {(16, 24)}


@pytest.mark.parametrize("name", MADE)
def test_the_file_is_smaller_than_half_precision_makes_it(name):
    assert MODELS[name].path.stat().st_size < 0.6 * MODELS[name.removesuffix(INT8)].path.stat().st_size


def test_torch_refuses_and_says_what_to_choose():
    with pytest.raises(EngineError, match="choose the engine openvino"):
        open_engine("lightning-int8", Runtime("torch"))


def test_a_file_given_by_its_path_says_itself_what_it_is():
    card = open_engine(Path(DATA / "thunder-int8.onnx"), Runtime(precision="f32")).card
    assert (card.name, card.side, card.heads) == ("thunder-int8", 256, MODELS["thunder"].heads)


def test_an_int8_model_is_led_by_an_int8_finder_and_by_the_same_rule_otherwise():
    rule, usual = default_rule("thunder-int8", "one"), default_rule("thunder", "one")
    assert rule.finder == "multipose-int8"
    assert (rule.factor, rule.guide_share) == (usual.factor, usual.guide_share)
