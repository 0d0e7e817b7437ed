"""The Python part of the notebook widget; the tests send the messages of a browser."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from traitlets import TraitError

import movenet
from movenet.calibration import probabilities
from movenet.errors import DataError, ModelError
from movenet.installation import install_command
from movenet.models import MODELS
from movenet.notebook import Camera, History
from movenet.notebook.assets import script
from movenet.pose import Pose
from movenet.records import Record, read_records
from movenet.smoothing import OneEuro
from movenet.video import VideoEstimator
from stage import Stage, keypoints, scene

ADA = (100, 60, 90, 240, 230)
BOB = (450, 120, 60, 160, 200)
PACKAGE = Path(movenet.__file__).parent


class FakeCamera(Camera):
    """A Camera whose browser is the test."""

    def __init__(self, model=None, **settings):
        self.sent = []
        super().__init__(model or VideoEstimator(Stage().estimator(), smoothing=None), **settings)

    def send(self, content, buffers=None):
        self.sent.append(json.loads(json.dumps(content)))

    def receive(self, kind, *buffers, client="window", **content):
        """Receive a message as from Jupyter, and return the messages sent in answer."""
        return self.receive_content({"type": kind, "client": client, **content}, buffers)

    def receive_content(self, content, buffers=()):
        before = len(self.sent)
        data = {"method": "custom", "content": content}
        self.comm.handle_msg({"content": {"data": data}, "buffers": [memoryview(b) for b in buffers]})
        return self.sent[before:]

    def receive_picture(self, number, *people, client="window"):
        """Receive a picture with people."""
        return self.receive("frame", png(scene(*people)), client=client, frame=number, time_s=5 + number / 30)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


@pytest.fixture
def camera():
    camera = FakeCamera()
    yield camera
    camera.close()


@pytest.fixture
def running(camera):
    camera.receive("hello")
    camera.receive("start")
    return camera


def is_on(pose, person):
    return np.abs(pose.keypoints - keypoints(person)).max() < person[3] / 20


def record(number):
    pose = Pose(np.full((17, 2), number, np.float32), np.full(17, 0.5, np.float32), 0.5)
    return Record("camera", number, number / 30, 640, 480, (pose,))


def test_the_first_window_is_asked_to_start_its_camera_and_no_other(camera):
    assert [camera.receive("hello", client=name)[0]["start"] for name in ("one", "two")] == [True, False]


def test_a_widget_stopped_before_it_is_shown_does_not_start_the_camera(camera):
    camera.stop()
    assert not camera.receive("hello")[0]["start"]


def test_start_and_stop_are_sent_to_every_window(camera):
    camera.start()
    camera.stop()
    assert camera.sent == [{"type": "start"}, {"type": "stop"}]


def test_a_picture_is_answered_with_the_poses_in_it(running):
    (answer,) = running.receive_picture(7, ADA)
    points = np.array(answer["poses"][0]["keypoints"])[:, :2]
    assert np.abs(points - keypoints(ADA)).max() < 12
    assert (answer["type"], answer["client"], answer["frame"]) == ("poses", "window", 7)
    assert (answer["width"], answer["height"]) == (640, 360)
    assert set(answer["kernel_s"]) == {"decoded", "estimated"}


def test_the_newest_poses_and_frame_can_be_read(running):
    running.receive_picture(1, BOB)
    running.receive_picture(2, ADA)
    assert is_on(running.poses[0], ADA)
    assert running.frame.index == 1
    assert running.frame.time_s == pytest.approx(1 / 30)
    assert np.array_equal(running.frame.image, scene(ADA))


def test_before_the_first_picture_there_are_no_poses_frame_or_history(camera):
    assert camera.poses == []
    assert camera.frame is None
    assert len(camera.history) == 0
    assert camera.status == "off"


def test_a_picture_without_people_has_no_poses_but_a_record(running):
    (answer,) = running.receive_picture(1)
    assert answer["poses"] == running.poses == []
    assert len(running.history) == 1


def test_many_people_keep_their_ids():
    model = VideoEstimator(Stage().estimator(people="many"), smoothing=None)
    camera = FakeCamera(model)
    camera.receive("start")
    for number in range(3):
        camera.receive_picture(number, ADA, BOB)
    assert len({pose.id for pose in camera.poses}) == 2


def test_widgets_that_share_a_model_do_not_mix_people_up():
    model = VideoEstimator(Stage().estimator(), smoothing=None)
    cameras = [FakeCamera(model), FakeCamera(model)]
    for camera in cameras:
        camera.receive("start")
    for number in range(5):
        for camera, person in zip(cameras, (ADA, BOB), strict=True):
            camera.receive_picture(number, person)
            assert is_on(camera.poses[0], person)


def test_times_increase_over_stops_and_starts(running):
    for start in range(3):
        for number in range(4):
            running.receive_picture(number + start, ADA)
        running.receive("stop")
        running.receive("start")
    times = [record.time_s for record in running.history]
    assert times == sorted(set(times))
    assert len(times) == 12
    assert [record.frame for record in running.history] == list(range(12))


def test_a_picture_older_than_the_last_is_an_error(running):
    running.receive_picture(5, ADA)
    (answer,) = running.receive_picture(4, ADA)
    assert answer["type"] == "error"
    assert "later" in answer["message"]
    assert len(running.history) == 1


def test_the_window_that_starts_last_has_the_camera(running):
    assert {"type": "taken", "client": "window"} in running.receive("start", client="other")
    assert running.receive_picture(1, ADA) == [{"type": "taken", "client": "window"}]
    assert running.receive_picture(1, ADA, client="other")[0]["type"] == "poses"


def test_a_window_that_stops_late_does_not_stop_another(running):
    running.receive("start", client="other")
    running.receive("stop")
    assert running.status == "on"


def test_why_the_camera_is_off_can_be_read(running):
    assert running.status == "on"
    running.receive("stop", reason="The camera was refused.")
    assert running.status == "The camera was refused."


def test_callbacks_get_poses_and_frame_after_the_poses_were_sent_to_the_browser(running):
    calls = []

    @running.on_pose
    def watch(frame, poses):
        calls.append((len(running.sent), frame, poses))

    before = len(running.sent)
    running.receive_picture(1, ADA)
    ((sent, frame, poses),) = calls
    assert sent == before + 1
    assert is_on(poses[0], ADA)
    assert frame is running.frame


def test_a_callback_that_returns_false_is_removed(running):
    calls = []
    running.on_pose(lambda frame, poses: calls.append(frame) or False)
    for number in range(3):
        running.receive_picture(number, ADA)
    assert len(calls) == 1


def test_a_callback_can_be_removed(running):
    calls = []
    callback = running.on_pose(lambda frame, poses: calls.append(frame))
    running.receive_picture(1, ADA)
    running.off_pose(callback)
    running.off_pose(callback)
    running.receive_picture(2, ADA)
    assert len(calls) == 1


def test_a_callback_that_fails_is_reported_and_removed_and_the_others_stay(running):
    calls = []

    def bad(frame, poses):
        raise ZeroDivisionError("by nothing")

    running.on_pose(bad)
    running.on_pose(lambda frame, poses: calls.append(frame))
    answers = running.receive_picture(1, ADA) + running.receive_picture(2, ADA)
    errors = [answer for answer in answers if answer["type"] == "callback"]
    assert errors == [{"type": "callback", "message": "bad: ZeroDivisionError: by nothing"}]
    assert isinstance(running.problem, ZeroDivisionError)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("content", "buffers"),
    [
        (None, ()),
        ([], ()),
        ("frame", ()),
        ({}, ()),
        ({"type": "frame"}, (b"x",)),
        ({"type": "frame", "client": "window"}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": 1}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": "1", "time_s": 1}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": True, "time_s": 1}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": None}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": float("nan")}, (b"x",)),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, ()),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, (b"", b"")),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, (b"",)),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, (b"no picture",)),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, (bytes(4_000_001),)),
        (
            {"type": "frame", "client": "window", "frame": 1, "time_s": 1.0},
            (png(np.zeros((2001, 2000, 3), np.uint8)),),
        ),
        ({"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}, (png(scene(ADA))[:300],)),
        ({"type": "dance", "client": "window"}, ()),
        ({"type": ["hello"], "client": "window"}, ()),
        ({"type": "choose", "client": "window"}, ()),
        ({"type": "choose", "client": "window", "model": "lightning", "people": 1}, ()),
        ({"type": "choose", "client": "window", "model": ["lightning"], "people": "one"}, ()),
        ({"type": "hello", "client": ""}, ()),
        ({"type": "hello", "client": "x" * 65}, ()),
        ({"type": "hello", "client": {"a": 1}}, ()),
    ],
)
def test_a_malformed_message_is_answered_with_an_error_and_has_no_effect(running, caplog, content, buffers):
    (answer,) = running.receive_content(content, buffers)
    assert answer["type"] == "error"
    assert answer["message"]
    assert not caplog.records
    assert running.receive_picture(2, ADA)[0]["type"] == "poses"


def test_mangled_messages_never_raise(running, caplog):
    random, whole = Random(5), png(scene(ADA))
    values = [None, 0, -1, 1e300, "", "window", [], {}, True, "frame", "stop", 2**70]
    for _ in range(300):
        content = {
            key: random.choice([value, random.choice(values)])
            for key, value in {"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}.items()
        }
        at = random.randrange(len(whole))
        running.receive_content(
            content, [whole[:at] + random.randbytes(9) + whole[at + random.randrange(9) :]]
        )
    assert not caplog.records


def test_a_frame_number_above_64_bits_is_accepted(running):
    (answer,) = running.receive("frame", png(scene(ADA)), frame=2**70, time_s=1)
    assert answer["frame"] == 2**70


def test_a_bug_is_reported_to_the_browser_too(caplog):
    class Faulty(Stage):
        def run_single(self, squares):
            raise RuntimeError("a fault")

    camera = FakeCamera(VideoEstimator(Faulty().estimator()))
    camera.receive("start")
    (answer,) = camera.receive_picture(1, ADA)
    assert answer["message"] == "RuntimeError: a fault"
    assert "a fault" in caplog.text


def test_smoothing_can_be_switched_while_the_camera_runs(running):
    assert not running.smooth
    running.receive_picture(1, ADA)
    running.smooth = True
    moved = (ADA[0] + 6, *ADA[1:])
    running.receive_picture(2, ADA)
    running.receive_picture(3, moved)
    smoothed = np.abs(running.poses[0].keypoints - keypoints(ADA)).max()
    running.smooth = False
    running.receive_picture(4, moved)
    assert smoothed < np.abs(running.poses[0].keypoints - keypoints(ADA)).max()


def test_the_smoothing_of_a_video_estimator_is_used():
    own = OneEuro(min_cutoff_hz=1)
    camera = FakeCamera(VideoEstimator(Stage().estimator(), smoothing=own))
    assert camera.smooth
    camera.receive("start")
    camera.receive_picture(1, ADA)


def test_changes_of_settings_in_the_browser_arrive(camera):
    state = {"mirror": False, "threshold": 0.55, "smooth": True}
    data = {"method": "update", "state": state, "buffer_paths": []}
    camera.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert (camera.mirror, camera.threshold, camera.smooth) == (False, 0.55, True)


def test_after_closing_the_comm_is_gone_and_the_history_stays(running):
    running.receive_picture(1, ADA)
    running.close()
    assert running.comm is None
    assert len(running.history) == 1


def test_closing_twice_is_no_error(camera):
    camera.close()
    camera.close()


def test_an_estimator_of_single_pictures_is_accepted():
    camera = FakeCamera(Stage().estimator(people="many"))
    camera.receive("start")
    camera.receive_picture(1, ADA, BOB)
    assert len(camera.poses) == 2


def test_a_model_given_by_name_tracks_one_person_or_many():
    assert Camera("lightning")._model.estimator.people == "one"
    assert Camera("lightning", people="many")._model.estimator.people == "many"


def test_people_with_an_estimator_is_an_error():
    with pytest.raises(ModelError, match="people"):
        FakeCamera(Stage().estimator(), people="many")


def test_an_unknown_model_is_an_error_in_the_cell():
    with pytest.raises(ModelError):
        Camera("thunderbolt")


def test_the_model_and_people_can_be_changed_in_python():
    camera = FakeCamera("lightning")
    assert (camera.model, camera.people) == ("lightning", "one")
    camera.model = "thunder"
    camera.people = "many"
    estimator = camera._model.estimator
    assert (estimator.engine.card.base, estimator.people) == ("thunder", "many")
    camera.close()


def test_a_model_is_loaded_once_for_all_widgets():
    cameras = [FakeCamera("lightning", people=people) for people in ("one", "many")]
    assert len({camera._model.estimator.engine for camera in cameras}) == 1
    engine = cameras[0]._model.estimator.engine
    for name in ("thunder", "lightning"):
        cameras[0].model = name
    assert cameras[0]._model.estimator.engine is engine
    for camera in cameras:
        camera.close()


def test_a_changed_file_is_loaded_again(tmp_path):
    path = tmp_path / "own.onnx"
    bases = []
    for name in ("lightning", "thunder"):
        path.write_bytes(MODELS[name].path.read_bytes())
        os.utime(path, (len(bases), len(bases)))
        bases.append(Camera(path)._model.estimator.engine.card.base)
    assert bases == ["lightning", "thunder"]


def test_a_model_file_is_kept_by_its_absolute_path_and_not_read_again_for_smoothing(tmp_path, monkeypatch):
    path = tmp_path / "own.onnx"
    path.write_bytes(MODELS["lightning"].path.read_bytes())
    monkeypatch.chdir(tmp_path)
    camera = Camera("own.onnx")
    monkeypatch.chdir(tmp_path.parent)
    camera.model = "thunder"
    camera.model = str(path)
    assert camera.model == str(path) == camera._models[0]
    path.unlink()
    camera.smooth = False
    assert camera._model.estimator.engine.card.base == "lightning"


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [("model", "thundre", "did you mean 'thunder'"), ("people", "two", "one, many")],
)
def test_a_wrong_choice_is_an_error_in_python_and_the_one_before_stays(trait, value, said):
    camera = FakeCamera("lightning")
    before = getattr(camera, trait)
    with pytest.raises(TraitError, match=said):
        setattr(camera, trait, value)
    assert getattr(camera, trait) == before
    camera.close()


def test_the_model_and_people_can_be_chosen_in_the_widget_while_the_camera_runs():
    camera = FakeCamera("lightning")
    camera.receive("start")
    camera.receive_picture(1, ADA)
    assert camera.receive("choose", model="thunder", people="many") == [
        {"type": "chosen", "client": "window"}
    ]
    assert (camera.model, camera.people) == ("thunder", "many")
    assert camera.receive_picture(2, ADA)[0]["type"] == "poses"
    assert len(camera.history) == 2
    camera.close()


def test_a_choice_that_fails_is_reported_to_the_window_and_changes_nothing():
    camera = FakeCamera("lightning")
    (answer,) = camera.receive("choose", model="lightning", people="nobody")
    assert (answer["type"], answer["client"], answer["frame"]) == ("error", "window", None)
    assert (camera.model, camera.people) == ("lightning", "one")
    camera.close()


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [("model", "thundre", "did you mean 'thunder'"), ("people", 3, "people"), ("threshold", 7, "threshold")],
)
def test_a_wrong_setting_of_the_browser_is_undone_and_explained_there(caplog, name, wrong, said):
    camera = FakeCamera("lightning")
    before = getattr(camera, name)
    data = {"method": "update", "state": {name: wrong}, "buffer_paths": []}
    camera.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert getattr(camera, name) == before
    (answer,) = camera.sent
    assert (answer["type"], answer["frame"]) == ("error", None)
    assert said in answer["message"]
    assert not caplog.records
    camera.close()


def test_the_widget_offers_the_models_beside_ones_own(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(MODELS["lightning"].path.read_bytes())
    assert Camera("thunder")._models == ["thunder", "lightning"]
    assert Camera(path)._models == [str(path), "lightning", "thunder"]


def test_a_given_estimator_is_the_only_choice(camera):
    assert camera._models == []
    assert camera.people == "one"
    for trait, value in (("model", "thunder"), ("people", "many")):
        with pytest.raises(TraitError, match="cannot be changed"):
            setattr(camera, trait, value)


def test_a_model_without_a_calibration_cannot_be_chosen_with_probabilities():
    camera = FakeCamera("lightning", probabilities=True)
    with pytest.raises(TraitError, match="got one made from posenet"):
        camera.model = "posenet"
    camera.close()


def test_repetitions_are_still_counted_after_another_model_was_chosen():
    camera = FakeCamera("lightning", exercise="squat")
    camera.receive("start")
    camera.model = "thunder"
    assert camera._counter.model.base == "thunder"
    assert camera.receive_picture(1, ADA)[0]["repetitions"] == 0
    camera.close()


def test_a_snapshot_is_the_newest_frame_with_its_poses(running):
    with pytest.raises(DataError, match="none yet"):
        running.snapshot()
    running.receive_picture(1, BOB)
    running.receive_picture(2, ADA)
    frame, poses = running.snapshot()
    assert frame is running.frame
    assert is_on(poses[0], ADA)


def test_keypoint_scores_can_be_probabilities_in_what_is_shown_and_kept():
    plain, calibrated = (FakeCamera(probabilities=wanted) for wanted in (False, True))
    assert (plain.threshold, calibrated.threshold) == (0.3, 0.5)
    for camera in (plain, calibrated):
        camera.receive("hello")
        camera.receive("start")
        (answer,) = camera.receive_picture(1, ADA)
        camera.close()
    expected = probabilities(plain.poses[0].scores, "lightning")
    np.testing.assert_allclose(calibrated.poses[0].scores, expected, atol=1e-6)
    np.testing.assert_allclose(calibrated.history[0].poses[0].scores, expected, atol=1e-6)
    np.testing.assert_allclose(
        [score for _, _, score in answer["poses"][0]["keypoints"]], expected, atol=1e-3
    )


def test_repetitions_of_an_exercise_are_counted_and_sent():
    camera = FakeCamera(exercise="squat")
    camera.receive("hello")
    camera.receive("start")
    for number in range(4):
        (answer,) = camera.receive_picture(number, ADA)
    assert answer["repetitions"] == len(camera.repetitions) == 0
    camera.close()


def test_without_an_exercise_nothing_is_counted(running):
    assert "repetitions" not in running.receive_picture(1, ADA)[0]
    assert running.repetitions == []
    with pytest.raises(DataError, match="one of the exercises"):
        FakeCamera(exercise="yoga")


def test_the_history_drops_the_oldest_records():
    history = History(5)
    for number in range(8):
        history.append(record(number))
    assert [each.frame for each in history] == [3, 4, 5, 6, 7]
    assert history[-1].frame == 7
    assert [each.frame for each in history[:2]] == [3, 4]


def test_history_limit_sets_the_length_of_the_history():
    camera = FakeCamera(history_limit=2)
    camera.receive("start")
    for number in range(5):
        camera.receive_picture(number, ADA)
    assert [each.frame for each in camera.history] == [3, 4]


def test_a_history_of_length_zero_stays_empty():
    history = History(0)
    history.append(record(1))
    assert len(history) == 0
    assert all(column == [] for column in history.to_table().values())


def test_a_negative_limit_is_an_error():
    with pytest.raises(DataError, match="-1"):
        History(-1)


def test_the_history_can_be_cleared_and_its_repr_has_its_length():
    history = History(5)
    history.append(record(1))
    assert repr(history) == "<History of 1 frames, at most 5>"
    history.clear()
    assert list(history) == []


def test_the_table_has_a_row_for_each_person_and_a_column_for_each_value():
    history = History(5)
    history.append(record(3))
    history.append(Record("camera", 4, 0.2, 640, 480))
    table = history.to_table()
    assert table["frame"] == [3, 4]
    assert table["left_wrist_x"] == [3.0, None]
    assert table["nose_score"] == [0.5, None]
    assert len({len(column) for column in table.values()}) == 1


def test_the_history_is_saved_as_records(tmp_path):
    history = History(5)
    for number in range(3):
        history.append(record(number))
    history.save(tmp_path / "poses.csv")
    assert [each.frame for each in read_records(tmp_path / "poses.csv")] == [0, 1, 2]


def test_the_history_can_be_read_while_it_grows():
    history, stop = History(50), threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            history.append(record(number))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            numbers = [each.frame for each in history]
            assert numbers == sorted(numbers)
    finally:
        stop.set()
        writer.join()


def test_the_script_is_a_single_module():
    text = script()
    assert "\nimport " not in text
    assert text.count("export ") == text.count("export default") == 1
    assert "function drawPoses(" in text


def test_the_script_is_valid_javascript_in_which_no_name_occurs_twice(tmp_path):
    (tmp_path / "widget.mjs").write_text(script(), encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "widget.mjs"], check=True, capture_output=True)


def test_both_languages_have_the_same_texts_with_the_same_placeholders(tmp_path):
    for name in ("notebook/texts.js", "live/page/camera_words.js"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copyfile(PACKAGE / name, tmp_path / name)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "say.js").write_text(
        'globalThis.navigator ??= {};\nconst { TEXTS } = await import("./notebook/texts.js");\n'
        "console.log(JSON.stringify(TEXTS));\n"
    )
    done = subprocess.run(["node", tmp_path / "say.js"], check=True, capture_output=True, text=True)
    english, korean = (
        {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in texts.items()}
        for texts in json.loads(done.stdout).values()
    )
    assert english == korean


def test_without_anywidget_the_error_names_the_command_that_installs_it():
    program = "import sys; sys.modules['anywidget'] = None\nimport movenet.notebook"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert install_command("notebook") in done.stderr.splitlines()[-1]
