"""Every example runs and is short."""

import runpy
import sys
from pathlib import Path

import pytest

import movenet
from movenet.analysis import train_classes
from movenet.media import read_photo
from movenet.models import DATA
from movenet.pose import KEYPOINTS

EXAMPLES = Path(__file__).parents[1] / "examples"
CLIP = str(DATA / "sample.mp4")


@pytest.fixture
def run(monkeypatch, capsys):
    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_at_most_forty_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40


def test_a_photo_is_drawn(run, tmp_path):
    assert "left wrist" in run("draw_photo.py", str(DATA / "astronaut.jpg"), str(tmp_path / "out.png"))
    assert read_photo(tmp_path / "out.png").shape == (512, 512, 3)


def test_two_streams_share_an_engine(run):
    lines = run("two_streams.py", CLIP, CLIP).splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1]


def test_the_times_at_which_a_hand_goes_up_are_told(run, shared):
    clip = str(shared / "media" / "tfjs_pose_1.mp4")
    times, raised = [], [False]
    for frame, poses in movenet.watch(clip):
        (person,) = poses
        wrists = [KEYPOINTS.index(f"{side}_wrist") for side in ("left", "right")]
        above = person.keypoints[wrists, 1] < person.keypoints[KEYPOINTS.index("nose"), 1]
        times.append(frame.time_s)
        raised.append(bool((above & (person.scores[wrists] > 0.3)).any()))
    starts = [time_s for time_s, was, now in zip(times, raised, raised[1:], strict=False) if now and not was]
    assert starts
    assert run("raised_hands.py", clip).splitlines() == [f"{time_s:.2f} s: hand up" for time_s in starts]


def test_several_sources_are_watched_at_once(run):
    # The arithmetic of some processors loses the man in his back-flip, and finds him again.
    lines = run("several_sources.py", CLIP, CLIP).splitlines()
    assert lines.count(f"{CLIP}: a person after 0.00 s") == 2


def test_people_are_counted(run):
    assert run("count_people.py", CLIP).startswith("2 people in ")


def test_squats_are_counted(run):
    assert run("squat_counter.py", CLIP).splitlines()[-1].endswith(" squats")


def test_a_fall_would_be_told(run):
    assert "ALARM" not in run("fall_alarm.py", CLIP)


def test_a_yoga_pose_is_named(run, tmp_path):
    poses = [pose for at, (_, found) in enumerate(movenet.watch(CLIP)) for pose in found if at < 16]
    classes, _ = train_classes(poses[:16], ["early"] * 8 + ["late"] * 8)
    classes.save(tmp_path / "c.npz")
    line = run("yoga_coach.py", str(tmp_path / "c.npz"), str(DATA / "astronaut.jpg"))
    assert "early" in line or "late" in line


def test_a_dance_is_like_itself(run):
    assert run("dance_comparison.py", CLIP, CLIP).startswith("100% alike")


def test_the_posture_at_a_desk_is_measured(run):
    assert "elbow" in run("desk_posture.py", str(DATA / "astronaut.jpg"))
