"""The checks find a broken installation and a machine that computes wrong answers."""

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
    known_squares,
    limit_px,
    run_checks,
)
from movenet.engine import ENGINES, Runtime, ScriptedEngine, open_engine
from movenet.errors import MoveNetError
from movenet.installation import install_command
from movenet.models import MODELS


@pytest.fixture(scope="module")
def results():
    return run_checks()


@pytest.fixture(scope="module")
def lightning():
    return open_engine("lightning", Runtime(precision="fp32"))


def shifted(engine, pixels):
    """Return an engine whose keypoints lie lower by so many pixels of the square."""

    def run(squares):
        heads = {name: np.array(head) for name, head in engine(squares).items()}
        heads["offset"][:, ::2] += pixels / 4
        return heads

    return ScriptedEngine(engine.card, run)


def test_a_correct_installation_passes_all_checks(results):
    assert [result for result in results if not result.passed] == []
    assert {"movenet", "lightning", "thunder", "multipose", "engine openvino", "opencv"} <= {
        f.name for f in results
    }


def test_the_precision_in_use_is_named(results):
    engine = next(result for result in results if result.name == "engine openvino")
    assert engine.message.startswith("works, precision ")


def test_every_engine_is_checked_in_fp32_with_every_model_it_runs(results):
    messages = {result.name: result.message for result in results}
    for engine in ENGINES:
        checked = messages[f"answers of {engine}, fp32"].split(":")[0].split(", ")
        assert checked == [name for name in MODELS if engine != "torch" or not name.endswith("-int8")]


def test_the_default_precision_is_reported_with_the_reason(results):
    messages = {result.name: result.message for result in results}
    assert "bf16 in hardware" in messages["floats"]
    assert "the sums are exact" in messages["int8"]
    assert "beside a video" in messages["threads"]


def test_there_are_stored_answers_of_every_model():
    known = json.loads(KNOWN_ANSWERS.read_text(encoding="utf-8"))
    shapes = {name: np.shape(answers) for name, answers in known.items()}
    assert shapes == {name: (len(known_squares(32)), card.keypoints, 3) for name, card in MODELS.items()}


def test_an_answer_is_in_pixels_of_the_square(lightning):
    moved = answer(shifted(lightning, 2.0)) - answer(lightning)
    np.testing.assert_allclose(np.median(moved, axis=(0, 1)), [0, 2, 0], atol=0.01)


def test_correct_answers_are_well_below_the_limit(lightning):
    assert distance_px(lightning) < LIMITS_PX[frozenset({"fp32"})] / 2
    assert check_answers([lightning]) == "lightning: keypoints where they are expected"


@pytest.mark.parametrize(("pixels", "said"), [(0.1, "by 0.10 px"), (3, "by 3.00 px")])
def test_wrong_keypoints_are_an_error_that_names_model_and_distance(lightning, pixels, said):
    with pytest.raises(MoveNetError, match=f"lightning is off {said}"):
        check_answers([shifted(lightning, pixels)])


def scattered(engine):
    """Return an engine under an int8 name whose keypoints scatter by a pixel along each axis, as if sums overflowed."""
    chance = np.random.default_rng(0)

    def run(squares):
        heads = {name: np.array(head) for name, head in engine(squares).items()}
        heads["offset"] += chance.normal(0, 0.25, heads["offset"].shape).astype(np.float32)
        return heads

    return ScriptedEngine(replace(engine.card, name="lightning-int8"), run)


def test_int8_keypoints_that_scatter_by_a_pixel_are_an_error(lightning):
    with pytest.raises(MoveNetError, match="lightning-int8 is off"):
        check_answers([scattered(lightning)])


def test_the_precisions_of_an_engine_set_its_limit(lightning):
    assert limit_px(lightning) == LIMITS_PX[frozenset({"fp32"})]
    assert (
        limit_px(ScriptedEngine(MODELS["lightning-int8"], lightning))
        == LIMITS_PX[frozenset({"int8", "fp32"})]
    )


def test_a_processor_without_integer_dot_products_passes():
    done = subprocess.run(
        [sys.executable, "-c", "from movenet.cli import main; main()", "doctor"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2", "COLUMNS": "200", "PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


ABSENT = """
import sys
sys.modules["onnxruntime"] = None
from movenet.doctor import check_engine
for result in check_engine("onnxruntime"):
    print(result.status, result.message)
"""


def test_an_engine_that_is_not_installed_is_missing_and_not_failed():
    done = subprocess.run([sys.executable, "-c", ABSENT], capture_output=True, text=True, check=True)
    assert done.stdout == f"missing not installed (optional): {install_command('onnxruntime')}\n"


def test_only_a_failed_check_ends_with_exit_code_1(capsys):
    show([CheckResult("engine a", "works"), CheckResult("engine b", "not installed", "missing")])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "–"]
    with pytest.raises(typer.Exit) as caught:
        show([CheckResult("engine a", "works"), CheckResult("answers of a", "thunder is off", "failed")])
    assert caught.value.exit_code == 1
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "failed"


def test_programs_get_the_checks_as_json(capsys):
    show([CheckResult("engine a", "works"), CheckResult("engine b", "not installed", "missing")], json=True)
    assert json.loads(capsys.readouterr().out) == {
        "passed": True,
        "checks": [
            {"name": "engine a", "message": "works", "status": "ok"},
            {"name": "engine b", "message": "not installed", "status": "missing"},
        ],
    }
