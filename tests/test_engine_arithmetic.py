import pytest

from movenet.engine import Runtime, arithmetic, open_engine
from movenet.engine.arithmetic import ACCURATE_IN_INT8, INT8_RULES, choose_version, find_int8_rule
from movenet.errors import EngineError
from movenet.models import MODELS


@pytest.fixture
def having(monkeypatch):
    def having(*features):
        monkeypatch.setattr(arithmetic, "features", lambda: frozenset(features))

    return having


@pytest.mark.parametrize(
    ("features", "int8"),
    [
        ((), False),
        (("asimd", "asimddp", "bf16"), False),
        (("avx2",), True),
        (("avx2", "avx_vnni"), True),
        (("avx2", "avx512f"), True),
        (("avx2", "avx512f", "avx512_vnni", "avx512_bf16"), True),
    ],
)
def test_auto_chooses_int8_where_it_was_measured_to_be_faster(having, features, int8):
    having(*features)
    assert find_int8_rule().int8 is int8
    for name in ACCURATE_IN_INT8:
        assert choose_version(MODELS[name], Runtime()).is_int8 is int8


def test_some_rule_applies_to_every_processor():
    assert INT8_RULES[-1].required == frozenset()


@pytest.mark.parametrize("name", ["multipose", "posenet"])
def test_auto_keeps_floating_point_for_models_that_lose_accuracy_or_have_no_int8_version(having, name):
    having("avx2")
    assert choose_version(MODELS[name], Runtime()) == MODELS[name]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_explicit_floating_point_precision_is_used_on_every_processor(having, precision):
    for features in ((), ("avx2",)):
        having(*features)
        assert choose_version(MODELS["lightning"], Runtime(precision=precision)) == MODELS["lightning"]


@pytest.mark.parametrize("name", ["lightning", "thunder", "multipose"])
def test_explicit_int8_is_used_on_every_processor(having, name):
    having()
    assert choose_version(MODELS[name], Runtime(precision="int8")) == MODELS[f"{name}-int8"]
    assert choose_version(MODELS[f"{name}-int8"], Runtime(precision="int8")) == MODELS[f"{name}-int8"]


def test_pytorch_has_no_int8(having):
    having("avx2")
    assert choose_version(MODELS["lightning"], Runtime("torch")) == MODELS["lightning"]
    with pytest.raises(EngineError, match="PyTorch does not compute in int8"):
        open_engine("lightning", Runtime("torch", "int8"))


def test_int8_of_a_model_without_an_int8_version_is_an_error():
    with pytest.raises(EngineError, match="posenet has no int8 version: choose precision auto, fp32 or bf16"):
        open_engine("posenet", Runtime(precision="int8"))
    with pytest.raises(
        EngineError, match=r"posenet\.onnx is no int8 model.*movenet export MODEL --precision int8"
    ):
        open_engine(MODELS["posenet"].path, Runtime(precision="int8"))
