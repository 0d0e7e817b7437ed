"""`movenet run`: every input is read as what it is, no file is lost, and nothing secret or raw reaches a terminal."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.calibration import probabilities
from movenet.cli import app
from movenet.cli.output import printable
from movenet.cli.output_names import check_outputs, name_outputs
from movenet.cli.run_inputs import Inputs, Video
from movenet.cli.run_videos import _pair
from movenet.errors import FileError, MediaError
from movenet.media import open_source
from movenet.media.sources.web_photo import WebPhoto
from movenet.models import DATA
from movenet.records import read_records
from movenet.video.segments import TrackedFrame
from servers import MOTION_JPEG, Http, jpegs, serving
from video_files import VideoFile, picture

MAIN = (sys.executable, "-c", "from movenet.cli import main; main()", "run")


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["run", *map(str, arguments)])


def photo(path, index=0):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(".jpg", picture(index, 64, 48)[..., ::-1])[1].tobytes())
    return path


def video(path, count=3, **how):
    path.parent.mkdir(exist_ok=True)
    return VideoFile(count=count, **how).write(path)


def sources(path):
    counts = {}
    for record in read_records(path):
        counts[record.source] = counts.get(record.source, 0) + 1
    return counts


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- outputs ---


def test_videos_of_one_name_are_numbered(invoke, tmp_path):
    video(tmp_path / "p" / "a.mkv"), video(tmp_path / "q" / "a.mp4", 5)
    assert invoke("p/a.mkv", "q/a.mp4", "-o", "o").exit_code == 0
    assert invoke("p/a.mkv", "q/a.mp4").exit_code == 0
    assert names(tmp_path / "o") == ["a-2.mp4", "a.mp4"]
    with open_source(tmp_path / "a-2.pose.mp4") as second:
        assert len(list(second)) == 5


def test_an_input_is_not_overwritten_by_the_copy_of_another(invoke, tmp_path):
    video(tmp_path / "x.mkv"), video(tmp_path / "x.mp4", 5)
    before = (tmp_path / "x.mp4").read_bytes()
    result = invoke("x.mkv", "x.mp4", "-o", ".")
    assert (result.exit_code, type(result.exception)) == (1, MediaError)
    assert "x.mp4 is an input itself" in str(result.exception)
    assert (tmp_path / "x.mp4").read_bytes() == before


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_an_input_is_known_under_another_name(tmp_path, link):
    path = photo(tmp_path / "a.jpg")
    link(tmp_path / "b.jpg", path)
    with pytest.raises(MediaError, match="is an input itself"):
        check_outputs([tmp_path / "b.jpg"], Inputs(photos=[path]))


def test_numbered_pictures_do_not_replace_the_pictures_they_are_made_of(tmp_path):
    photo(tmp_path / "shots" / "0001.jpg")
    pattern = tmp_path / "shots" / "%04d.jpg"
    with pytest.raises(MediaError, match="is an input itself"):
        check_outputs([pattern], Inputs(videos=[Video(pattern)]))


def test_records_do_not_take_the_name_of_a_copy(tmp_path):
    with pytest.raises(MediaError, match="name of two outputs"):
        check_outputs([tmp_path / "a.gif", tmp_path / "A.gif"], Inputs())


def test_names_that_differ_in_capitals_are_numbered_as_some_systems_take_them_for_one():
    inputs = [Path("p/A.jpg"), Path("q/a.jpg"), Path("r/a.jpg")]
    assert name_outputs(inputs, Path("o")) == [Path("o/A.jpg"), Path("o/a-2.jpg"), Path("o/a-3.jpg")]


def test_the_copy_of_a_photo_from_an_address_is_named_after_its_path():
    inputs = [
        WebPhoto("http://h/a/sn%20ap.jpg?x=1", b""),
        WebPhoto("http://h/", b""),
        WebPhoto("http://h/%1b", b""),
    ]
    copies = name_outputs(inputs, None)
    assert copies == [Path("sn ap.pose.jpg"), Path("photo.pose.jpg"), Path("_.pose.jpg")]


def test_one_file_cannot_hold_a_photo_and_a_video():
    with pytest.raises(MediaError, match="expected a folder for 2"):
        name_outputs([Path("a.jpg"), Video(Path("b.mp4"))], Path("out.mp4"))


# --- records ---


def test_photos_and_videos_go_into_one_file_of_records(invoke, tmp_path):
    photo(tmp_path / "a.jpg"), video(tmp_path / "b.mp4"), video(tmp_path / "c.mp4", 4)
    assert invoke("b.mp4", "a.jpg", "c.mp4", "--records", "r.jsonl").exit_code == 0
    assert sources(tmp_path / "r.jsonl") == {"a.jpg": 1, "b.mp4": 3, "c.mp4": 4}
    assert names(tmp_path) == ["a.jpg", "b.mp4", "c.mp4", "r.jsonl"]


def test_a_bad_photo_costs_its_own_record_only(invoke, tmp_path):
    photo(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert invoke("a.jpg", "b.jpg", "--records", "r.csv").exit_code == 1
    assert sources(tmp_path / "r.csv") == {"a.jpg": 1}


def test_nothing_read_leaves_no_records(invoke, tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert invoke("b.jpg", "--records", "r.jsonl").exit_code == 1
    assert names(tmp_path) == ["b.jpg"]


def test_coco_results_are_refused_before_pictures_would_share_a_number(invoke, tmp_path):
    photo(tmp_path / "a.jpg"), photo(tmp_path / "b.jpg")
    result = invoke("a.jpg", "b.jpg", "--records", "r.json")
    assert "by one number only" in str(result.exception)


# --- options ---


def test_records_have_probabilities_in_place_of_scores_if_asked_for(invoke, tmp_path):
    for name, options in (("scores", ()), ("right", ("--probabilities",))):
        assert invoke(DATA / "astronaut.jpg", "--records", f"{name}.jsonl", *options).exit_code == 0
    (scores,), (right,) = ([*read_records(tmp_path / f"{name}.jsonl")] for name in ("scores", "right"))
    expected = probabilities(scores.poses[0].scores, "lightning")
    np.testing.assert_allclose(right.poses[0].scores, expected, atol=2e-3)
    assert right.poses[0].score == scores.poses[0].score


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "posenet"), "expected a model made from one of lightning, thunder"),
        (("--method", "whole"), "--probabilities needs --method top-down"),
    ],
)
def test_probabilities_are_refused_where_scores_are_not_calibrated(invoke, options, said):
    result = invoke(DATA / "astronaut.jpg", "--json", "--probabilities", *options)
    assert result.exit_code
    assert said in f"{result.output} {result.exception}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--smooth", "off"], "--smooth is for videos"),
        (["--json", "--palette", "clear"], "--palette is for annotated copies"),
        (["--records", "r.jsonl", "--palette", "clear"], "--palette is for annotated copies"),
    ],
)
def test_an_option_that_cannot_apply_is_an_error(invoke, tmp_path, options, said):
    photo(tmp_path / "a.jpg")
    result = invoke("a.jpg", *options)
    assert result.exit_code == 1
    assert said in str(result.exception)


# --- inputs ---


def test_a_folder_means_photos_and_videos_and_a_second_run_finds_the_same(invoke, tmp_path):
    folder = tmp_path / "2023"
    photo(folder / "a.jfif"), video(folder / "b.mp4")
    (folder / "notes.txt").write_text("neither")
    os.chdir(folder)
    for _ in range(2):
        assert invoke(".", "--records", "r.jsonl", "-o", "drawn").exit_code == 0
        assert invoke(".").exit_code == 0
        assert sources(folder / "r.jsonl") == {"a.jfif": 1, "b.mp4": 3}
    assert names(folder) == ["a.jfif", "a.pose.jpg", "b.mp4", "b.pose.mp4", "drawn", "notes.txt", "r.jsonl"]
    assert names(folder / "drawn") == ["a.jpg", "b.mp4"]


def test_a_folder_with_nothing_to_read_is_an_error_that_says_what_was_expected(invoke, tmp_path):
    (tmp_path / "empty").mkdir()
    result = invoke("empty")
    assert result.exit_code == 1
    assert "nothing to read in empty: expected photos or videos" in result.stderr


def test_inputs_are_what_they_hold_whatever_their_names(invoke, tmp_path):
    for name in ("100%.jpg", "50%d/a.jpg", "2023/x", "my%20photos/b"):
        photo(tmp_path / name)
    jpegs = b"".join(photo(tmp_path / "one.jpg", i).read_bytes() for i in range(3))
    (tmp_path / "cam.jpg").write_bytes(jpegs)
    video(tmp_path / "12:30:00.mp4"), video(tmp_path / "my clip.mp4", sound_s=0.2)
    inputs = [
        "100%.jpg",
        "50%d",
        "2023",
        "my%20photos",
        "cam.jpg",
        "12:30:00.mp4",
        f"file://{tmp_path}/my%20clip.mp4",
    ]
    result = invoke(*inputs, "-o", "o", "--records", "r.jsonl")
    assert result.exit_code == 0, result.output
    photos = {"100%.jpg": 1, "50%d/a.jpg": 1, "2023/x": 1, "my%20photos/b": 1}
    videos = {"cam.jpg": 3, "12:30:00.mp4": 3, f"{tmp_path}/my clip.mp4": 3}
    assert sources(tmp_path / "r.jsonl") == photos | videos
    assert names(tmp_path / "o") == [
        *("100%.jpg", "12:30:00.mp4", "a.jpg", "b.jpg", "cam.mp4", "my clip.mp4", "x.jpg")
    ]
    assert has_sound(tmp_path / "o" / "my clip.mp4")


def has_sound(path):
    import av

    with av.open(str(path)) as container:
        return bool(container.streams.audio)


def test_an_animation_is_a_video_and_a_pattern_finds_its_pictures(invoke, tmp_path):
    animation = cv2.Animation()
    animation.durations = np.full(3, 100, np.int32)
    animation.frames = [cv2.cvtColor(picture(i, 64, 48), cv2.COLOR_RGB2BGRA) for i in range(3)]
    cv2.imwriteanimation(str(tmp_path / "moving.png"), animation)
    for index in range(2):
        photo(tmp_path / "shots" / f"img{index:04d}.jpg")
    assert invoke("moving.png", "shots/img%04d.jpg", "--records", "r.jsonl").exit_code == 0
    assert sources(tmp_path / "r.jsonl") == {"moving.png": 3, "shots/img%04d.jpg": 2}


# --- secrets ---


def test_no_password_is_written_anywhere(tmp_path):
    command = [*MAIN, "--records", "r.jsonl", "--json"]
    with serving(lambda _: jpegs(40), Http, MOTION_JPEG) as server:
        address = f"http://ann:s3@cret@127.0.0.1:{server.port}/video"
        running = subprocess.Popen(
            [*command, address], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        line = running.stdout.readline()
        server.stop()
        said = "".join(running.communicate(timeout=120))
    assert json.loads(line)["source"] == address.replace("s3@cret", "***")
    assert "cret" not in line + said
    assert "movenet: http://ann:***@" in said


def test_a_photo_behind_an_address_is_a_photo_and_its_password_is_sent(invoke, tmp_path):
    data = photo(tmp_path / "p" / "a.jpg").read_bytes()

    class Guarded(Http):
        def do_GET(self):  # noqa: N802 (named by http.server)
            if self.headers.get("Authorization"):
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()

    with serving(lambda _: iter([data]), Guarded, (("Content-Type", "image/jpeg"),)) as server:
        result = invoke(f"http://ann:s3cret@127.0.0.1:{server.port}/snapshot.jpg", "-o", "o")
    assert result.exit_code == 0, result.output
    assert "s3cret" not in result.output
    assert names(tmp_path / "o") == ["snapshot.jpg"]


@pytest.mark.parametrize(("frames", "missing"), [(3, 3), (5, 4)])
def test_a_second_reading_that_differs_is_an_error(frames, missing, tmp_path):
    tracked = [TrackedFrame(k, k / 30, 64, 48, ()) for k in range(frames)]
    with (
        open_source(video(tmp_path / "a.mp4", 4)) as again,
        pytest.raises(MediaError, match=f"only one of them has a frame {missing}"),
    ):
        list(_pair("a.mp4", tracked, again))


# --- workers ---


def test_workers_give_the_same_records_of_photos_in_the_same_order(invoke, tmp_path):
    for index in range(7):
        photo(tmp_path / "in" / f"{index}.jpg", index)
    (tmp_path / "in" / "3.jpg").write_bytes(b"\xff\xd8\xff nothing")
    for name, workers in (("one", 1), ("three", 3)):
        assert invoke("in", "--records", f"{name}.jsonl", "--workers", workers).exit_code == 1
    one, three = ((tmp_path / f"{name}.jsonl").read_text() for name in ("one", "three"))
    assert one == three
    assert len(one.splitlines()) == 6


def test_workers_track_videos_as_one_worker_does(invoke, tmp_path):
    for name in "abc":
        video(tmp_path / f"{name}.mp4", 4)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    inputs = ("a.mp4", "bad.mp4", "b.mp4", "c.mp4")
    for folder, workers in (("one", 1), ("two", 2)):
        result = invoke(*inputs, "-o", folder, "--records", f"{folder}.jsonl", "--workers", workers)
        assert result.exit_code == 1
        assert "bad.mp4" in result.output
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()
    assert names(tmp_path / "two") == ["a.mp4", "b.mp4", "c.mp4"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("a.mp4", "--every", "2"), "--workers takes whole videos"),
        (("rtsp://127.0.0.1:1/", "--json"), "--workers needs files"),
    ],
)
def test_workers_are_an_error_where_they_do_not_apply(options, why, invoke, tmp_path):
    video(tmp_path / "a.mp4")
    assert why in str(invoke(*options, "--workers", 2).exception)


# --- terminals ---


def test_control_characters_are_escaped():
    assert printable("a\x1b[31m\nb\u202e→é\udcff") == "a\\x1b[31m\\nb\\u202e→é\\udcff"


def test_an_escape_sequence_in_a_name_does_not_reach_the_terminal(invoke, tmp_path):
    photo(tmp_path / "\x1b[31mred.jpg")
    (tmp_path / "\x1b[32mgreen.jpg").write_bytes(b"\xff\xd8\xff nothing")
    output = invoke("\x1b[31mred.jpg", "\x1b[32mgreen.jpg", "\x1b[33mnone.jpg").output
    assert "\x1b" not in output
    assert "\\x1b[31mred.pose.jpg" in output


def run_main(folder, *arguments, **how):
    return subprocess.run(
        [*MAIN, *arguments], cwd=folder, stderr=subprocess.PIPE, check=False, timeout=120, **how
    )


def test_a_code_page_without_arrows_ends_nothing(tmp_path):
    photo(tmp_path / "p" / "a.jpg"), photo(tmp_path / "p" / "사진.jpg")
    surroundings = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    done = run_main(tmp_path, "p", "-o", "o", stdout=subprocess.PIPE, env=surroundings)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert names(tmp_path / "o") == ["a.jpg", "사진.jpg"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path):
    photo(tmp_path / "a.jpg")
    with Path("/dev/full").open("w") as full:
        done = run_main(tmp_path, "a.jpg", "--json", stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode() == "movenet: cannot write to the standard output: No space left on device\n"


def test_a_reader_that_leaves_ends_the_run_with_one_sentence_and_no_half_video(tmp_path):
    shutil.copy(DATA / "sample.mp4", tmp_path / "a.mp4")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = run_main(tmp_path, "a.mp4", "--json", "-o", "o", stdout=closed)
    assert done.returncode == 1
    assert done.stderr.decode() == "movenet: cannot write to the standard output: Broken pipe\n"
    assert names(tmp_path / "o") == []


@pytest.mark.parametrize("out", ["plain/x.jpg", "plain", "plain/deeper"])
def test_an_output_below_a_file_is_an_error(invoke, tmp_path, out):
    (tmp_path / "plain").write_text("a file")
    photo(tmp_path / "a.jpg")
    result = invoke("a.jpg", "-o", out)
    assert (result.exit_code, type(result.exception)) == (1, FileError)
    assert (tmp_path / "plain").read_text() == "a file"


def test_the_folder_of_the_records_is_made(invoke, tmp_path):
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "b.jpg")
    assert invoke("a.jpg", "b.jpg", "--records", "new/deep/poses.jsonl").exit_code == 0
    assert len(list(read_records(tmp_path / "new" / "deep" / "poses.jsonl"))) == 2


def test_a_folder_that_cannot_be_made_is_an_error(invoke, tmp_path):
    photo(tmp_path / "a.jpg")
    result = invoke("a.jpg", "-o", "/proc/none/here")
    assert (result.exit_code, type(result.exception)) == (1, FileError)
