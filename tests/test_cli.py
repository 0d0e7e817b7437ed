"""The command line, as a user types it."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from movenet.cli import COMMANDS, app
from movenet.cli.examples import EXAMPLES
from movenet.cli.options import DeviceName, EngineName, PrecisionName, SmoothName
from movenet.cli.output import print_table
from movenet.cli.run import RunFlags
from movenet.cli.run_tally import Tally
from movenet.engine import ENGINES, Device, Precision
from movenet.errors import ModelError
from movenet.export.formats import FORMATS
from movenet.export.run import format_of
from movenet.media import open_source, read_photo, write_photo
from movenet.models import DATA, MODELS, find_model
from movenet.pose import Pose
from movenet.records import read_records


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(DATA / "astronaut.jpg", folder / "a.jpg")
    write_photo(folder / "b.png", np.full((60, 80, 3), 127, np.uint8))
    return folder


def test_a_photo_is_answered_with_one_json_object_and_nothing_else(invoke):
    result = invoke("run", DATA / "astronaut.jpg", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert list(answer) == ["source", "frame", "time_s", "width", "height", "poses"]
    (pose,) = answer["poses"]
    assert list(pose) == ["id", "score", "box", "keypoints"]
    assert np.array(pose["keypoints"]).shape == (17, 3)


def test_without_options_the_annotated_copy_lands_in_the_current_folder(invoke, tmp_path):
    result = invoke("run", DATA / "astronaut.jpg")
    assert result.exit_code == 0
    assert "1 × person" in result.stdout
    drawn = read_photo(tmp_path / "astronaut.pose.jpg")
    assert drawn.shape == (512, 512, 3)
    assert (drawn != read_photo(DATA / "astronaut.jpg")).any()


def test_a_folder_gives_a_folder(invoke, photos, tmp_path):
    result = invoke("run", photos, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.png"]


def test_a_bad_photo_is_named_and_the_others_are_done(invoke, photos, tmp_path):
    (photos / "aa.jpg").write_text("not a photo")
    result = invoke("run", photos, "missing.jpg", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 1
    assert "aa.jpg" in result.stderr
    assert "missing.jpg" in result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.png"]


def test_photos_of_one_name_do_not_overwrite_each_other(invoke, photos, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(DATA / "astronaut.jpg", other / "a.jpg")
    assert invoke("run", photos / "a.jpg", other / "a.jpg", "-o", tmp_path / "out").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-2.jpg", "a.jpg"]


def test_a_photo_is_never_overwritten_by_its_copy(invoke, photos):
    before = (photos / "a.jpg").read_bytes()
    assert invoke("run", photos / "a.jpg", "-o", photos).exit_code == 1
    assert (photos / "a.jpg").read_bytes() == before


def test_one_file_cannot_hold_two_photos(invoke, photos, tmp_path):
    assert invoke("run", photos, "-o", tmp_path / "one.png").exit_code == 1


def test_a_video_becomes_an_annotated_video_and_records(invoke, tmp_path):
    result = invoke("run", DATA / "sample.mp4", "-o", "out/video.mp4", "--records", "video.jsonl")
    assert result.exit_code == 0, result.output
    records = list(read_records(tmp_path / "video.jsonl"))
    with open_source(DATA / "sample.mp4") as original, open_source(tmp_path / "out" / "video.mp4") as drawn:
        frames, drawn_frames = list(original), list(drawn)
    assert len(records) == len(frames) == len(drawn_frames)
    assert [r.time_s for r in records] == pytest.approx([f.time_s for f in frames], abs=1e-3)
    assert drawn_frames[0].image.shape == frames[0].image.shape
    assert np.mean([len(r.poses) for r in records]) > 0.95


def test_ctrl_c_keeps_what_was_done_and_says_so(shared, tmp_path):
    clip = shared / "media" / "intel_one-by-one-person.mp4"
    # In the background of a shell Ctrl-C is ignored, and what is ignored is handed down.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program += "; from movenet.cli import main; main()"
    command = [sys.executable, "-c", program, "run", str(clip), "--records", "out.jsonl", "-o", "out.mp4"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while sum(path.stat().st_size for path in tmp_path.glob(".movenet-*.part/work/out.jsonl")) < 20_000:
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode not in (0, None)
    assert "stopped, what was done is kept" in said
    records = list(read_records(tmp_path / "out.jsonl"))
    with open_source(tmp_path / "out.mp4") as video:
        frames = sum(1 for _ in video)
    assert 0 < len(records) < 1394
    assert abs(frames - len(records)) <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.mp4"]


def test_smoothing_offline_moves_less_than_none(invoke, tmp_path):
    def shake(smooth):
        assert (
            invoke("run", DATA / "sample.mp4", "--records", f"{smooth}.jsonl", "--smooth", smooth).exit_code
            == 0
        )
        tracks = [r.poses[0].keypoints for r in read_records(tmp_path / f"{smooth}.jsonl") if r.poses]
        return np.square(np.diff(tracks, n=2, axis=0)).mean()

    assert shake("offline") < shake("off") / 2


def test_an_error_is_one_line_and_exit_code_one():
    command = [
        sys.executable,
        "-c",
        "from movenet.cli import main; main()",
        "run",
        "x.jpg",
        "--model",
        "none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=DATA)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("movenet: ")


def test_the_models_are_listed_with_their_certificates(invoke):
    result = invoke("models", "-v")
    assert result.exit_code == 0
    for card in MODELS.values():
        assert card.sha256 in result.stdout
        assert card.source in result.stdout


def test_the_table_of_models_fits_into_a_terminal_and_has_no_hashes(invoke):
    table = invoke("models").stdout
    assert all(name in table for name in MODELS)
    assert MODELS["thunder"].sha256 not in table
    assert all(len(line) <= 80 for line in table.splitlines())


def test_the_models_are_listed_for_programs(invoke):
    models = json.loads(invoke("models", "--json").stdout)["models"]
    assert [model["name"] for model in models] == list(MODELS)
    assert all(Path(model["path"]).stat().st_size == model["bytes"] for model in models)
    assert models[0]["sha256"] == MODELS["lightning"].sha256


def test_the_doctor_finds_a_sound_installation(invoke):
    result = invoke("doctor")
    assert result.exit_code == 0, result.output


def test_evaluating_prints_the_figures_as_json(invoke, shared, tmp_path):
    folder = shared / "data" / "coco-val-dev"
    full = json.loads((folder / "single.json").read_text())
    full["images"] = full["images"][:6]
    kept = {image["id"] for image in full["images"]}
    full["annotations"] = [a for a in full["annotations"] if a["image_id"] in kept]
    (tmp_path / "six.json").write_text(json.dumps(full))
    result = invoke("eval", "--annotations", "six.json", "--images", folder / "images", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert {"AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "ms_per_image"} <= set(figures)
    assert (figures["images"], figures["people"]) == (6, 6)
    assert 0.2 < figures["AP"] <= 1


@pytest.mark.parametrize("command", ["run", "eval", "explain", "models", "doctor"])
def test_every_command_explains_itself(command, invoke):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_every_command_is_listed_and_a_misspelt_one_is_corrected(invoke):
    listed = invoke("--help").stdout
    assert all(f"  {name} " in listed for name in COMMANDS)
    assert "Did you mean 'run'" in invoke("runn").output


def test_help_is_a_command_as_well(invoke):
    assert invoke("help").stdout == invoke("--help").stdout
    assert invoke("help", "dataset", "build").stdout == invoke("dataset", "build", "--help").stdout


@pytest.mark.parametrize("group", ["", "classes", "dataset", "hub"])
def test_no_summary_of_a_command_is_cut_off(group, invoke):
    listed = invoke(*group.split(), "--help").stdout.split("Commands:")[1].split("Examples:")[0]
    assert "..." not in listed


@pytest.mark.parametrize(
    ("command", "head", "options"),
    [
        ("live", "Limits:", ["--clients", "--bad-messages"]),
        ("export", "Web page (--format web):", ["--exercise", "--webgpu"]),
        ("send", "MQTT:", ["--mqtt-user", "--mqtt-tls"]),
        ("dataset build", "Computation:", ["--engine", "--device"]),
    ],
)
def test_options_that_few_need_stand_in_a_group_of_their_own(command, head, options, invoke):
    main, few = invoke(*command.split(), "--help").stdout.split(f"\n{head}\n")
    assert all(f"  {option} " in few and f"  {option} " not in main for option in options)


def test_the_options_of_run_are_the_fields_of_one_value():
    parameters = main_command("run").params
    assert {parameter.name for parameter in parameters} == {field.name for field in fields(RunFlags)}


def _commands():
    for name in COMMANDS:
        command = main_command(name)
        yield name, command
        yield from ((f"{name} {part}", inner) for part, inner in getattr(command, "commands", {}).items())


def main_command(name):
    return typer.main.get_command(app).get_command(None, name)


@pytest.mark.parametrize(("name", "command"), list(_commands()))
def test_help_ends_with_examples_that_the_command_accepts(name, command, invoke, tmp_path):
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        assert example in invoke(*name.split(), "-h").stdout.replace("\n    ", " ")
        words = shlex.split(example)
        assert words[: 1 + len(name.split())] == ["movenet", *name.split()]
        command.make_context(name, words[1 + len(name.split()) :])


@pytest.mark.parametrize("name", ["", *(name for name, _ in _commands())])
def test_help_fits_into_a_terminal(name, invoke):
    assert all(len(line) <= 80 for line in invoke(*name.split(), "-h").stdout.splitlines())


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "movenet", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("movenet ")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("yoga/model.onnx", "the model file yoga/model.onnx does not exist"),
        ("foo.onnx", "the model file foo.onnx does not exist"),
        ("./thunder", "the model file ./thunder does not exist"),
        ("thundr", "did you mean 'thunder'?"),
    ],
)
def test_a_model_that_is_not_there_is_named_with_the_remedy(model, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        find_model(model)


def test_the_format_of_an_export_is_told_by_the_ending():
    assert [format_of(Path(f"x{form.suffix}")) for form in FORMATS.values()] == list(FORMATS)
    with pytest.raises(ModelError, match=r"\.tflite \(litert\)"):
        format_of(Path("x.xyz"))


def test_the_closing_line_of_a_video_counts_frames_and_people():
    tally = Tally()
    assert str(tally).startswith("0 frames, nobody found, ")
    pose = Pose(np.zeros((17, 2), np.float32), np.ones(17, np.float32), 1.0)
    tally.add([])
    tally.add([replace(pose, id=1), replace(pose, id=2)])
    tally.add([replace(pose, id=3)])
    assert str(tally).startswith("3 frames, 3 people in 2 of them, ")


def test_the_version_is_printed(invoke):
    assert invoke("--version").stdout.startswith("movenet ")


def test_the_flags_name_what_the_library_has():
    assert {name.value for name in EngineName} == set(ENGINES)
    assert {name.value for name in PrecisionName} == set(get_args(Precision))
    assert {name.value for name in DeviceName} == set(get_args(Device))
    assert {name.value for name in SmoothName} == {"off", "causal", "offline"}


def test_a_name_that_is_no_ascii_is_no_obstacle(invoke, tmp_path):
    path = tmp_path / "사진 é.jpg"
    shutil.copy(DATA / "astronaut.jpg", path)
    assert invoke("run", path).exit_code == 0
    assert (tmp_path / "사진 é.pose.jpg").is_file()


def test_a_table_wider_than_the_terminal_is_not_cut_off(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    print_table(["model", "ms"], [["lightning-int8-of-mine", "12.345"]], text_columns=1)
    assert "lightning-int8-of-mine 12.345" in capsys.readouterr().out
