"""The doctor sees what is wrong, and what this machine computes wrongly."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import typer

from movenet.cli.doctor import show
from movenet.doctor import (
    KNOWN_ANSWERS,
    LIMITS_PX,
    CheckResult,
    answer,
    check_answers,
    distance_px,
    examine,
    known_squares,
    limit_px,
)
from movenet.engine import ENGINES, Runtime, ScriptedEngine, open_engine
from movenet.errors import MoveNetError
from movenet.models import MODELS


@pytest.fixture(scope="module")
def findings():
    return examine()


@pytest.fixture(scope="module")
def lightning():
    return open_engine("lightning", Runtime(precision="fp32"))


def shifted(engine, pixels):
    """Return an engine whose keypoints lie lower by so many pixels of the square."""

    def run(squares):
        heads = {name: head.copy() for name, head in engine(squares).items()}
        heads["offset"][:, ::2] += pixels / 4
        return heads

    return ScriptedEngine(engine.card, run)


def test_a_sound_installation_has_nothing_to_mend(findings):
    assert [finding for finding in findings if not finding.sound] == []
    assert {"movenet", "lightning", "thunder", "multipose", "engine openvino", "opencv"} <= {
        f.what for f in findings
    }


def test_the_precision_chosen_is_named(findings):
    engine = next(finding for finding in findings if finding.what == "engine openvino")
    assert engine.says.startswith("works, precision ")


def test_every_engine_is_checked_in_f32_with_every_model_it_runs(findings):
    says = {finding.what: finding.says for finding in findings}
    for engine in ENGINES:
        checked = says[f"answers of {engine}, fp32"].split(":")[0].split(", ")
        assert checked == [name for name in MODELS if engine != "torch" or not name.endswith("-int8")]


def test_which_arithmetic_is_chosen_is_said_with_the_reason(findings):
    says = {finding.what: finding.says for finding in findings}
    assert "bf16 in hardware" in says["floats"]
    assert "the sums are exact" in says["int8"]
    assert "beside a video" in says["threads"]


def test_there_are_stored_answers_of_every_model():
    known = json.loads(KNOWN_ANSWERS.read_text(encoding="utf-8"))
    shapes = {name: np.shape(answers) for name, answers in known.items()}
    assert shapes == {name: (len(known_squares(32)), card.keypoints, 3) for name, card in MODELS.items()}


def test_an_answer_is_in_pixels_of_the_square(lightning):
    moved = answer(shifted(lightning, 2.0)) - answer(lightning)
    np.testing.assert_allclose(np.median(moved, axis=(0, 1)), [0, 2, 0], atol=0.01)


def test_right_answers_pass_with_room(lightning):
    assert distance_px(lightning) < LIMITS_PX["fp32"] / 2
    assert check_answers([lightning]) == "lightning: keypoints where they are expected"


@pytest.mark.parametrize(("pixels", "said"), [(0.1, "by 0.10 px"), (3, "by 3.00 px")])
def test_keypoints_elsewhere_are_an_error_that_names_model_and_distance(lightning, pixels, said):
    with pytest.raises(MoveNetError, match=f"lightning is off {said}"):
        check_answers([shifted(lightning, pixels)])


def scattered(engine):
    """Return an engine under an int8 name whose keypoints scatter by a pixel along each axis, as if sums overflowed."""
    chance = np.random.default_rng(0)

    def run(squares):
        heads = {name: head.copy() for name, head in engine(squares).items()}
        heads["offset"] += chance.normal(0, 0.25, heads["offset"].shape).astype(np.float32)
        return heads

    return ScriptedEngine(replace(engine.card, name="lightning-int8"), run)


def test_int8_keypoints_that_scatter_by_a_pixel_are_an_error(lightning):
    with pytest.raises(MoveNetError, match="lightning-int8 is off"):
        check_answers([scattered(lightning)])


def test_the_coarsest_arithmetic_of_an_engine_sets_its_limit(lightning):
    assert limit_px(lightning) == LIMITS_PX["fp32"]
    assert limit_px(ScriptedEngine(MODELS["lightning-int8"], lightning)) == LIMITS_PX["int8"]


def test_a_processor_without_integer_dot_products_computes_rightly():
    done = subprocess.run(
        [sys.executable, "-c", "from movenet.cli import main; main()", "doctor"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2", "COLUMNS": "200", "PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "mend" not in done.stdout


ABSENT = """
import sys
sys.modules["onnxruntime"] = None
from movenet.doctor import check_engine
for finding in check_engine("onnxruntime"):
    print(finding.mark, finding.says)
"""


def test_an_engine_that_is_not_installed_is_no_fault_and_not_ok():
    done = subprocess.run([sys.executable, "-c", ABSENT], capture_output=True, text=True, check=True)
    assert done.stdout == "absent not installed (optional): pip install 'movenet[onnxruntime]'\n"


def test_only_something_to_mend_ends_with_exit_code_1(capsys):
    show([CheckResult("engine a", "works"), CheckResult("engine b", "not installed", "absent")])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "–"]
    with pytest.raises(typer.Exit) as caught:
        show([CheckResult("engine a", "works"), CheckResult("answers of a", "thunder is off", "mend")])
    assert caught.value.exit_code == 1
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "mend"
