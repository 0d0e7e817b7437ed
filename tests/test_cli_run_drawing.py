"""`movenet run`: options of drawing, pictures at the standard input and output, crops, a window, and few words."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.cli.window import Window
from movenet.drawing import blur, crop_people
from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.media import read_photo
from movenet.models import DATA
from test_cli_run import MAIN, photo, video

ONE_PERSON = DATA / "astronaut.jpg"


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **how: CliRunner().invoke(app, ["run", *map(str, arguments)], **how)


def test_options_of_the_style_change_the_copy(invoke, tmp_path):
    given = {
        "plain": (),
        "boxes": ("--boxes",),
        "labels": ("--labels", "score"),
        "wide": ("--line-width", "12"),
    }
    given |= {"few": ("--keypoint-threshold", "0.99"), "blur": ("--blur", "face")}
    drawn = {}
    for name, flags in given.items():
        assert invoke(ONE_PERSON, "-o", f"{name}.png", *flags).exit_code == 0
        drawn[name] = read_photo(tmp_path / f"{name}.png")
    assert all((drawn[name] != drawn["plain"]).any() for name in given if name != "plain")
    np.testing.assert_array_equal(drawn["few"], read_photo(ONE_PERSON))


def test_a_transparent_copy_is_a_png_also_with_angles(invoke, tmp_path):
    assert invoke(ONE_PERSON, "--background", "transparent", "--angles").exit_code == 0
    assert (read_photo(tmp_path / "astronaut.pose.png")[-1, -1] == 255).all()
    result = invoke(ONE_PERSON, "--background", "transparent", "-o", "x.jpg")
    assert "one of .png .webp .tif for transparent pixels" in result.output


def test_a_video_with_everything_drawn(invoke, tmp_path):
    flags = ("--heat-map", "--trails", "--angles", "--boxes", "--labels", "id,score", "--blur", "person")
    result = invoke(DATA / "sample.mp4", "--to", "0.2", "-o", "all.mp4", *flags)
    assert result.exit_code == 0, result.output
    assert "7 frames, 1 person in 7 of them" in result.output


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--heat-map",), "--heat-map is for videos"),
        (("--json", "--boxes"), "--boxes is for annotated copies"),
        (("--json", "--blur", "face"), "--blur is for annotated copies"),
        (("--background", "black", "--blur", "face"), "--blur is for the picture"),
        (("--records", "-", "--json"), "--records - prints CSV"),
        (("--labels", "name"), "expected --labels none, id, score or id,score"),
        (("-o", "-"), "only poses go to the standard output"),
    ],
)
def test_an_option_that_cannot_apply_is_an_error(invoke, tmp_path, flags, message):
    photo(tmp_path / "a.jpg")
    result = invoke("a.jpg", *flags)
    assert result.exit_code == 1
    assert message in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_transparent_videos_are_refused(invoke, tmp_path):
    video(tmp_path / "a.mp4")
    assert "expected black for videos" in str(invoke("a.mp4", "--background", "transparent").exception)


def test_crops_are_numbered_by_person_and_frame(invoke, tmp_path):
    result = invoke(ONE_PERSON, "--crops", "people")
    assert "crops → people" in result.output
    assert invoke(DATA / "sample.mp4", "--every", "60", "--crops", "frames").exit_code == 0
    assert [path.name for path in (tmp_path / "people").iterdir()] == ["astronaut-1.jpg"]
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert [name[:-5] for name in names] == ["sample-000000-", "sample-000060-", "sample-000120-"]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("flags", [(), ("-o", "copy.jpg"), ("-o", "black.jpg", "--background", "black")])
def test_crops_are_blurred_as_the_picture_is(invoke, tmp_path, flags):
    assert invoke(ONE_PERSON, "--crops", "people", "--blur", "face", *flags).exit_code == 0
    written = read_photo(tmp_path / "people" / "astronaut-1.jpg").astype(float)
    photo = read_photo(ONE_PERSON)
    poses = Estimator()(photo)
    (sharp,), (blurred,) = crop_people(photo, poses), crop_people(blur(photo, poses), poses)
    hidden = (sharp != blurred).any(axis=2)
    assert hidden.mean() > 0.02
    assert np.abs(written - blurred)[hidden].mean() < np.abs(written - sharp)[hidden].mean() / 3


def test_crops_of_videos_are_blurred_as_the_frames_are(invoke, tmp_path):
    part = (DATA / "sample.mp4", "--to", "0.01")
    assert invoke(*part, "--crops", "sharp").exit_code == 0
    assert invoke(*part, "--crops", "blurred", "--blur", "person").exit_code == 0
    sharp, blurred = (
        np.diff(read_photo(next((tmp_path / name).iterdir())).astype(float), axis=1)
        for name in ("sharp", "blurred")
    )
    assert np.abs(blurred).mean() < np.abs(sharp).mean() / 2


def test_a_photo_at_the_standard_input_becomes_csv_at_the_standard_output(tmp_path):
    with ONE_PERSON.open("rb") as file:
        done = subprocess.run(
            [*MAIN, "-", "--records", "-"], stdin=file, cwd=tmp_path, capture_output=True, text=True
        )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["keypoint"] for row in rows[:2]] == ["nose", "left_eye"]
    assert {row["source"] for row in rows} == {"stdin"}
    assert not done.stderr
    assert not any(tmp_path.iterdir())


def test_a_video_at_the_standard_input_is_drawn(tmp_path):
    with video(tmp_path / "in" / "a.mp4", 5).open("rb") as file:
        done = subprocess.run([*MAIN, "-"], stdin=file, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stdin.pose.mp4").is_file()
    assert done.stderr.startswith("stdin: 5 frames")


def test_the_records_of_a_video_at_the_standard_input_name_it(tmp_path):
    with video(tmp_path / "in" / "a.mp4", 5).open("rb") as file:
        done = subprocess.run(
            [*MAIN, "-", "--json"], stdin=file, cwd=tmp_path, capture_output=True, text=True
        )
    assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == ["stdin"] * 5


def test_an_empty_standard_input_and_a_list_there_as_well_are_errors(tmp_path):
    done = subprocess.run([*MAIN, "-"], input="", cwd=tmp_path, capture_output=True, text=True)
    assert "got nothing" in done.stderr
    done = subprocess.run(
        [*MAIN, "-", "--from-list", "-"], input="", cwd=tmp_path, capture_output=True, text=True
    )
    assert "either a picture (-) or a list" in done.stderr


def test_photos_end_with_a_line_of_what_was_found_and_what_was_not(invoke, tmp_path):
    shutil.copy(ONE_PERSON, tmp_path / "a.jpg"), photo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff broken")
    result = invoke("a.jpg", "b.jpg", "c.jpg", "--json")
    assert "2 photos, 1 person in 1 of them" in result.stderr
    assert "1 could not be read or written" in result.stderr
    quiet = invoke("a.jpg", "b.jpg", "--json", "--quiet")
    assert (quiet.stderr, len(quiet.stdout.splitlines())) == ("", 2)


def test_help_has_its_options_in_groups(invoke):
    lines = [
        line for line in invoke("-h").stdout.splitlines() if line.endswith(":") and not line.startswith(" ")
    ]
    assert lines[0] == "Arguments:"
    assert lines[1:] == [
        "Options:",
        "Videos:",
        "Drawing:",
        "Computation:",
        "Jobs of many files (docs/scale.md):",
    ]


def test_without_a_screen_the_window_names_what_to_do(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "linux":
        pytest.skip("there is a screen")
    with pytest.raises(MoveNetError, match="use movenet live"):
        Window()
