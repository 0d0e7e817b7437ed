"""The doctor sees what is wrong, and what this machine computes wrongly."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from movenet.doctor import (
    KNOWN_ANSWERS,
    LIMITS_PX,
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

DOCTOR = "from movenet.cli import main; main()"


@pytest.fixture(scope="module")
def findings():
    return examine()


@pytest.fixture(scope="module")
def lightning():
    return open_engine("lightning", Runtime(precision="f32"))


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
        checked = says[f"answers of {engine}, f32"].split(":")[0].split(", ")
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
    assert distance_px(lightning) < LIMITS_PX["f32"] / 2
    assert check_answers([lightning]) == "lightning: keypoints where they are expected"


@pytest.mark.parametrize(("pixels", "said"), [(0.1, "by 0.10 px"), (3, "by 3.00 px"), (np.nan, "is off")])
def test_keypoints_elsewhere_are_an_error_that_names_model_and_distance(lightning, pixels, said):
    with pytest.raises(MoveNetError, match=f"lightning is off.*{'' if pixels is np.nan else said}"):
        check_answers([shifted(lightning, pixels)])


def saturating(engine):
    """Return an engine whose every fourth cell says something else, as where sums overflow in some channels."""
    chance = np.random.default_rng(0)

    def run(squares):
        heads = {name: head.copy() for name, head in engine(squares).items()}
        heads["offset"] += chance.normal(0, 0.25, heads["offset"].shape).astype(np.float32)
        return heads

    return ScriptedEngine(replace(engine.card, name="lightning-int8"), run)


def test_int8_keypoints_that_scatter_by_a_pixel_are_an_error(lightning):
    with pytest.raises(MoveNetError, match="lightning-int8 is off"):
        check_answers([saturating(lightning)])


def test_the_coarsest_arithmetic_of_an_engine_sets_its_limit(lightning):
    assert limit_px(lightning) == LIMITS_PX["f32"]
    assert limit_px(ScriptedEngine(MODELS["lightning-int8"], lightning)) == LIMITS_PX["int8"]


def run_doctor(**environment):
    return subprocess.run(
        [sys.executable, "-c", DOCTOR, "doctor"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment | {"COLUMNS": "200", "PYTHONUTF8": "1"},
        check=False,
    )


def test_a_processor_without_integer_dot_products_computes_rightly():
    done = run_doctor(ONEDNN_MAX_CPU_ISA="AVX2")
    assert done.returncode == 0, done.stdout
    assert "mend" not in done.stdout


def test_an_engine_that_is_not_installed_is_no_fault_and_not_ok(tmp_path):
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('none')", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run_doctor(PYTHONPATH=paths)
    line = next(line for line in done.stdout.splitlines() if "engine onnxruntime" in line)
    assert done.returncode == 0
    assert line.split()[0] == "–"
    assert "not installed" in line
    assert "movenet[onnxruntime]" in line


def test_wrong_answers_end_with_exit_code_1(tmp_path):
    code = (
        "import json, movenet.doctor as doctor; from pathlib import Path\n"
        "known = json.loads(doctor.KNOWN_ANSWERS.read_text())\n"
        "known['thunder'] = [[[x + 9, y, s] for x, y, s in square] for square in known['thunder']]\n"
        f"doctor.KNOWN_ANSWERS = Path({str(tmp_path / 'known.json')!r})\n"
        "doctor.KNOWN_ANSWERS.write_text(json.dumps(known))\n"
        "from movenet.cli import main; main()"
    )
    environment = os.environ | {"COLUMNS": "200", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", code, "doctor"]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )
    assert done.returncode == 1
    assert "mend" in done.stdout
    assert "thunder is off by" in done.stdout
