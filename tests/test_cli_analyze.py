"""`movenet analyze`, and the options of `movenet run` for parts of videos, people, angles and exercises."""

import csv
import json
import math

import pytest
from typer.testing import CliRunner

from bodies import frames, repeated
from movenet.cli import app
from movenet.cli.selection import FrameSelection, parse_lock, select_frames
from movenet.errors import MoveNetError
from movenet.media import open_source, write_photo
from movenet.models import DATA
from movenet.records import Record, open_records, read_records

CLIP = str(DATA / "sample.mp4")


@pytest.fixture
def movenet(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, fails=False):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if fails:
            assert isinstance(result.exception, MoveNetError), result.output
            return str(result.exception)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stdout

    return run


@pytest.fixture
def squats(tmp_path):
    path = tmp_path / "squats.jsonl"
    with open_records(path) as out:
        for at, (time_s, poses) in enumerate(frames(repeated("squat", 3))):
            out.write(Record("squats.mp4", at, time_s, 640, 480, tuple(poses)))
    return path


def test_records_are_counted_without_a_model(movenet, squats):
    assert "squat: 3 repetitions" in movenet("analyze", squats, "--exercise", "squat")
    plain = json.loads(movenet("analyze", squats, "--exercise", "squat", "--json"))
    (person,) = plain["people"]
    assert len(person["repetitions"]) == 3
    assert person["id"] is None
    assert plain["exercise"] == "squat"


def test_report_and_table_are_written(movenet, squats, tmp_path):
    movenet("analyze", squats, "--exercise", "squat", "-o", "r.html", "--csv", "a.csv", "--compare", squats)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Compared with squats.jsonl" in page
    assert len(list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))) == len(
        list(read_records(squats))
    )


def test_a_video_is_estimated_and_shown(movenet, tmp_path):
    movenet("analyze", CLIP, "-o", "r.html", "--exercise", "jumping-jack", "--to", "1")
    assert "Movement of sample.mp4" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_parts_of_records_and_the_scale(movenet, squats):
    plain = json.loads(
        movenet(
            "analyze", squats, "--from", 2.5, "--to", 5, "--height", 1.75, "--exercise", "squat", "--json"
        )
    )
    (person,) = plain["people"]
    assert len(person["repetitions"]) == 1
    assert 0 < person["metres_per_pixel"] < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exercise", "squatt"], "did you mean 'squat'"),
        (["-o", "r.txt"], ".html"),
        (["--csv", "r.xlsx"], ".csv"),
        (["--lock", "3,4"], "id:N for records"),
        (["--lock", "id:9"], "nobody has the id 9"),
        (["--lock", "someone"], "--lock"),
        (["--every", "0"], "--every"),
        (["--every", "-1s"], "--every"),
        (["--from", "3", "--to", "2"], "--from"),
        (["--height", "0"], "height"),
    ],
)
def test_options_that_cannot_apply_are_explained(movenet, squats, arguments, message):
    assert message in movenet("analyze", squats, *arguments, fails=True)


def test_inputs_that_are_no_recording_are_explained(movenet, squats, tmp_path):
    assert "photo" in movenet("analyze", DATA / "astronaut.jpg", fails=True)
    assert "camera" in movenet("analyze", "0", fails=True)
    with open_records(tmp_path / "two.jsonl") as out:
        for name in ("a.mp4", "b.mp4"):
            out.write(Record(name, 0, 0.0, 1, 1))
    assert "one video" in movenet("analyze", tmp_path / "two.jsonl", fails=True)
    (tmp_path / "empty.jsonl").touch()
    assert "nobody found" in movenet("analyze", tmp_path / "empty.jsonl")
    assert "none in one of them" in movenet(
        "analyze", tmp_path / "empty.jsonl", "--compare", squats, fails=True
    )


def test_run_draws_and_records_angles(movenet, tmp_path):
    movenet("run", CLIP, "-o", "out.mp4", "--records", "out.jsonl", "--angles", "--trails", "--to", "0.5")
    records = list(read_records(tmp_path / "out.jsonl"))
    assert all(len(record.angles) == len(record.poses) == 1 for record in records)
    assert 0 <= records[0].angles[0]["left_elbow"].reliability <= 1
    with open_source(CLIP) as source:
        write_photo(tmp_path / "dancer.png", next(iter(source)).image)
    movenet("run", "dancer.png", "--angles", "-o", "a.png")
    movenet("run", "dancer.png", "-o", "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_run_takes_a_part_of_a_video(movenet, tmp_path):
    movenet(
        "run", CLIP, "--records", "part.jsonl", "-o", "part.mp4", "--from", 0.5, "--to", 1.5, "--every", 3
    )
    records = list(read_records(tmp_path / "part.jsonl"))
    assert [record.frame for record in records] == [3 * k for k in range(len(records))]
    times = [record.time_s for record in records]
    assert 0.5 <= min(times) < max(times) <= 1.5
    with open_source(CLIP) as source:
        in_part = [frame.time_s for frame in source if 0.5 <= frame.time_s <= 1.5]
    assert times == pytest.approx(in_part[::3], abs=1e-6)
    with open_source(tmp_path / "part.mp4") as source:
        assert sum(1 for _ in source) == len(times)


def test_a_part_that_begins_after_the_end_is_an_error(movenet):
    assert "has no picture from 100 s on" in movenet("analyze", CLIP, "--from", 100, fails=True)


def test_analyze_takes_a_part_of_a_video_and_makes_the_folders_of_its_outputs(movenet, tmp_path):
    movenet("analyze", CLIP, "--from", 1, "--to", 1.2, "--csv", "new/angles.csv")
    with (tmp_path / "new" / "angles.csv").open() as file:
        times = {float(row["time_s"]) for row in csv.DictReader(file)}
    assert 1 <= min(times) < max(times) <= 1.2


def test_run_locks_on_to_one_person(movenet, tmp_path):
    movenet("run", CLIP, "--records", "all.jsonl", "--people", "many", "--to", "0.5")
    ids = {pose.id for record in read_records(tmp_path / "all.jsonl") for pose in record.poses}
    movenet(
        "run", CLIP, "--records", "one.jsonl", "--people", "many", "--to", "0.5", "--lock", f"id:{min(ids)}"
    )
    kept = {pose.id for record in read_records(tmp_path / "one.jsonl") for pose in record.poses}
    assert kept == {min(ids)}
    movenet("run", CLIP, "--records", "central.jsonl", "--to", "0.2", "--lock", "central")
    assert all(len(record.poses) <= 1 for record in read_records(tmp_path / "central.jsonl"))


def test_run_counts_an_exercise_in_the_picture(movenet, tmp_path):
    movenet("run", CLIP, "-o", "out.gif", "--exercise", "squat", "--to", "0.3")
    assert (tmp_path / "out.gif").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([DATA / "astronaut.jpg", "--from", "1"], "--from"),
        ([DATA / "astronaut.jpg", "--lock", "central"], "--lock"),
        ([DATA / "astronaut.jpg", "--trails"], "--trails"),
        ([CLIP, "--exercise", "squat", "--json"], "--exercise"),
        ([CLIP, "--exercise", "yoga"], "one of the exercises"),
        ([DATA / "astronaut.jpg", "--to", "1"], "--to is for videos"),
        ([CLIP, "--angles", "--records", "x.csv"], ".jsonl"),
    ],
)
def test_run_refuses_what_does_not_apply(movenet, arguments, message):
    assert message in movenet("run", *arguments, fails=True)


# Selections


def timed(count, rate=10):
    return [Record("x", at, at / rate, 1, 1) for at in range(count)]


@pytest.mark.parametrize(
    ("selection", "frames_taken"),
    [
        (FrameSelection(), list(range(10))),
        (FrameSelection(0.2, 0.5), [2, 3, 4, 5]),
        (FrameSelection(every_frames=4), [0, 4, 8]),
        (FrameSelection(start_s=0.3, every_frames=3), [3, 6, 9]),
        (FrameSelection(every_s=0.25), [0, 3, 5, 8]),
        (FrameSelection(start_s=5.0), []),
    ],
)
def test_frames_are_selected_by_time_and_number(selection, frames_taken):
    assert [record.frame for record in selection.select(timed(10))] == frames_taken


def test_a_part_is_searched_for_and_counted_for_the_progress_bar():
    with open_source(CLIP) as source:
        whole, rate_fps = source.frame_count, source.rate_fps
        assert FrameSelection().count(source) == whole
        assert FrameSelection(1.0, 2.0).count(source) == math.ceil(rate_fps)
        assert FrameSelection(1.0, 2.0, every_frames=5).count(source) == math.ceil(rate_fps / 5)
        assert FrameSelection(1.0, 2.0, every_s=0.25).count(source) == 4
    assert FrameSelection(1.0, 2.0).source_settings.start_s == 1.0


def test_selections_are_read_from_the_options():
    assert select_frames(None, None, None).takes_all
    assert select_frames(1.0, 2.0, "0.5s") == FrameSelection(1.0, 2.0, every_s=0.5)
    assert select_frames(None, None, "5") == FrameSelection(end_s=math.inf, every_frames=5)
    for wrong in ("x", "1.5", "0s", "nans"):
        with pytest.raises(MoveNetError):
            select_frames(None, None, wrong)


def test_locks_are_read_from_the_option():
    assert parse_lock(None).lock is None
    assert parse_lock("largest").lock == "largest"
    assert parse_lock("3,4").lock == (3.0, 4.0)
    assert parse_lock("3,4,50,60").lock == (3.0, 4.0, 50.0, 60.0)
    assert parse_lock("id:7").id == 7
    for wrong in ("", "id:x", "1,2,3", "nan,2"):
        with pytest.raises(MoveNetError):
            parse_lock(wrong)
