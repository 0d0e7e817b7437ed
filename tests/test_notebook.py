"""The Python half of the notebook widget: what it makes of messages, as if a browser had sent them."""

import json
import subprocess
import sys
import threading
from random import Random

import cv2
import numpy as np
import pytest

from movenet.errors import DataError, ModelError
from movenet.notebook import Camera, History
from movenet.notebook.assets import script
from movenet.pose import Pose
from movenet.records import Record, read_records
from movenet.smoothing import OneEuro
from movenet.video import VideoEstimator
from stage import Stage, keypoints, scene

ADA = (100, 60, 90, 240, 230)
BOB = (450, 120, 60, 160, 200)


class Desk(Camera):
    """A camera whose browser is the test."""

    def __init__(self, model=None, **settings):
        self.sent = []
        super().__init__(model or VideoEstimator(Stage().estimator(), smoothing=None), **settings)

    def send(self, content, buffers=None):
        self.sent.append(json.loads(json.dumps(content)))

    def hear(self, kind, *buffers, client="window", **content):
        """Take a message in as Jupyter hands it over, and return what is answered."""
        return self.hear_anything({"type": kind, "client": client, **content}, buffers)

    def hear_anything(self, content, buffers=()):
        before = len(self.sent)
        data = {"method": "custom", "content": content}
        self.comm.handle_msg({"content": {"data": data}, "buffers": [memoryview(b) for b in buffers]})
        return self.sent[before:]

    def see(self, number, *people, client="window"):
        """Take in a picture with people."""
        return self.hear("frame", png(scene(*people)), client=client, frame=number, time_s=5 + number / 30)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


@pytest.fixture
def desk():
    camera = Desk()
    yield camera
    camera.close()


@pytest.fixture
def running(desk):
    desk.hear("hello")
    desk.hear("start")
    return desk


def is_on(pose, person):
    return np.abs(pose.keypoints - keypoints(person)).max() < person[3] / 20


def record(number):
    pose = Pose(np.full((17, 2), number, np.float32), np.full(17, 0.5, np.float32), 0.5)
    return Record("camera", number, number / 30, 640, 480, (pose,))


def test_the_first_window_is_asked_to_start_its_camera_and_no_other(desk):
    assert [desk.hear("hello", client=name)[0]["start"] for name in ("one", "two")] == [True, False]


def test_a_widget_stopped_before_it_is_shown_waits_for_its_button(desk):
    desk.stop()
    assert not desk.hear("hello")[0]["start"]


def test_start_and_stop_are_said_to_every_window(desk):
    desk.start()
    desk.stop()
    assert desk.sent == [{"type": "start"}, {"type": "stop"}]


def test_a_picture_is_answered_with_the_poses_in_it(running):
    (answer,) = running.see(7, ADA)
    points = np.array(answer["poses"][0]["keypoints"])[:, :2]
    assert np.abs(points - keypoints(ADA)).max() < 12
    assert (answer["type"], answer["client"], answer["frame"]) == ("poses", "window", 7)
    assert (answer["width"], answer["height"]) == (640, 360)
    assert set(answer["kernel_s"]) == {"decoded", "estimated"}


def test_the_newest_poses_and_frame_can_be_read(running):
    running.see(1, BOB)
    running.see(2, ADA)
    assert is_on(running.poses[0], ADA)
    assert running.frame.index == 1
    assert running.frame.time_s == pytest.approx(1 / 30)
    assert np.array_equal(running.frame.image, scene(ADA))


def test_before_the_first_picture_there_is_nothing(desk):
    assert desk.poses == []
    assert desk.frame is None
    assert len(desk.history) == 0
    assert desk.status == "off"


def test_an_empty_room_has_no_poses_but_a_record(running):
    (answer,) = running.see(1)
    assert answer["poses"] == running.poses == []
    assert len(running.history) == 1


def test_many_people_are_followed_by_their_ids():
    model = VideoEstimator(Stage().estimator(people="many"), smoothing=None)
    desk = Desk(model)
    desk.hear("start")
    for number in range(3):
        desk.see(number, ADA, BOB)
    assert len({pose.id for pose in desk.poses}) == 2


def test_widgets_that_share_a_model_do_not_mix_people_up():
    model = VideoEstimator(Stage().estimator(), smoothing=None)
    desks = [Desk(model), Desk(model)]
    for desk in desks:
        desk.hear("start")
    for number in range(5):
        for desk, person in zip(desks, (ADA, BOB), strict=True):
            desk.see(number, person)
            assert is_on(desk.poses[0], person)


def test_times_rise_through_stops_and_starts(running):
    for start in range(3):
        for number in range(4):
            running.see(number + start, ADA)
        running.hear("stop")
        running.hear("start")
    times = [record.time_s for record in running.history]
    assert times == sorted(set(times))
    assert len(times) == 12
    assert [record.frame for record in running.history] == list(range(12))


def test_a_picture_older_than_the_last_is_refused(running):
    running.see(5, ADA)
    (answer,) = running.see(4, ADA)
    assert answer["type"] == "error"
    assert "later" in answer["message"]
    assert len(running.history) == 1


def test_the_window_that_starts_last_has_the_camera(running):
    assert {"type": "taken", "client": "window"} in running.hear("start", client="other")
    assert running.see(1, ADA) == [{"type": "taken", "client": "window"}]
    assert running.see(1, ADA, client="other")[0]["type"] == "poses"


def test_a_window_that_stops_late_does_not_stop_another(running):
    running.hear("start", client="other")
    running.hear("stop")
    assert running.status == "on"


def test_why_the_camera_is_off_can_be_read(running):
    assert running.status == "on"
    running.hear("stop", reason="The camera was refused.")
    assert running.status == "The camera was refused."


def test_callbacks_get_poses_and_frame_after_the_browser_has_its_answer(running):
    calls = []

    @running.on_pose
    def watch(poses, frame):
        calls.append((len(running.sent), poses, frame))

    before = len(running.sent)
    running.see(1, ADA)
    ((sent, poses, frame),) = calls
    assert sent == before + 1
    assert is_on(poses[0], ADA)
    assert frame is running.frame


def test_a_callback_that_returns_false_is_called_no_more(running):
    calls = []
    running.on_pose(lambda poses, frame: calls.append(frame) or False)
    for number in range(3):
        running.see(number, ADA)
    assert len(calls) == 1


def test_a_callback_can_be_taken_off(running):
    calls = []
    callback = running.on_pose(lambda poses, frame: calls.append(frame))
    running.see(1, ADA)
    running.off_pose(callback)
    running.off_pose(callback)
    running.see(2, ADA)
    assert len(calls) == 1


def test_a_callback_that_fails_is_shown_and_taken_off_and_the_others_go_on(running):
    calls = []

    def bad(poses, frame):
        raise ZeroDivisionError("by nothing")

    running.on_pose(bad)
    running.on_pose(lambda poses, frame: calls.append(frame))
    answers = running.see(1, ADA) + running.see(2, ADA)
    said = [answer for answer in answers if answer["type"] == "callback"]
    assert said == [{"type": "callback", "message": "bad: ZeroDivisionError: by nothing"}]
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
        ({"type": "hello", "client": ""}, ()),
        ({"type": "hello", "client": "x" * 65}, ()),
        ({"type": "hello", "client": {"a": 1}}, ()),
    ],
)
def test_a_malformed_message_is_answered_in_words_and_nothing_else_happens(running, caplog, content, buffers):
    (answer,) = running.hear_anything(content, buffers)
    assert answer["type"] == "error"
    assert answer["message"]
    assert not caplog.records
    assert running.see(2, ADA)[0]["type"] == "poses"


def test_mangled_messages_never_raise(running, caplog):
    random, whole = Random(5), png(scene(ADA))
    values = [None, 0, -1, 1e300, "", "window", [], {}, True, "frame", "stop", 2**70]
    for _ in range(300):
        content = {
            key: random.choice([value, random.choice(values)])
            for key, value in {"type": "frame", "client": "window", "frame": 1, "time_s": 1.0}.items()
        }
        at = random.randrange(len(whole))
        running.hear_anything(content, [whole[:at] + random.randbytes(9) + whole[at + random.randrange(9) :]])
    assert not caplog.records


def test_a_number_of_a_frame_that_python_alone_can_hold_does_no_harm(running):
    (answer,) = running.hear("frame", png(scene(ADA)), frame=2**70, time_s=1)
    assert answer["frame"] == 2**70


def test_a_fault_of_ours_is_told_to_the_browser_too(caplog):
    class Faulty(Stage):
        def run_single(self, squares):
            raise RuntimeError("a fault")

    desk = Desk(VideoEstimator(Faulty().estimator()))
    desk.hear("start")
    (answer,) = desk.see(1, ADA)
    assert answer["message"] == "RuntimeError: a fault"
    assert "a fault" in caplog.text


def test_smoothing_is_changed_while_the_camera_runs(running):
    assert not running.smooth
    running.see(1, ADA)
    running.smooth = True
    moved = (ADA[0] + 6, *ADA[1:])
    running.see(2, ADA)
    running.see(3, moved)
    calm = np.abs(running.poses[0].keypoints - keypoints(ADA)).max()
    running.smooth = False
    running.see(4, moved)
    assert calm < np.abs(running.poses[0].keypoints - keypoints(ADA)).max()


def test_a_smoothing_of_ones_own_is_kept():
    own = OneEuro(min_cutoff_hz=1)
    desk = Desk(VideoEstimator(Stage().estimator(), smoothing=own))
    assert desk.smooth
    desk.hear("start")
    desk.see(1, ADA)


def test_what_the_browser_changes_arrives(desk):
    state = {"mirror": False, "threshold": 0.55, "smooth": True}
    data = {"method": "update", "state": state, "buffer_paths": []}
    desk.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert (desk.mirror, desk.threshold, desk.smooth) == (False, 0.55, True)


def test_after_closing_pictures_are_not_looked_at_and_history_stays(running):
    running.see(1, ADA)
    running.close()
    assert running.comm is None
    assert len(running.history) == 1


def test_closing_twice_is_closing(desk):
    desk.close()
    desk.close()


def test_an_estimator_of_single_pictures_will_do():
    desk = Desk(Stage().estimator(people="many"))
    desk.hear("start")
    desk.see(1, ADA, BOB)
    assert len(desk.poses) == 2


def test_a_model_by_name_follows_one_person_or_many():
    assert Camera("lightning")._model.estimator.people == "one"
    assert Camera("lightning", people="many")._model.estimator.people == "many"


def test_people_are_not_chosen_twice():
    with pytest.raises(ModelError, match="people"):
        Desk(Stage().estimator(), people="many")


def test_an_unknown_model_is_an_error_in_the_cell():
    with pytest.raises(ModelError):
        Camera("thunderbolt")


def test_the_history_forgets_the_oldest():
    history = History(5)
    for number in range(8):
        history.append(record(number))
    assert [each.frame for each in history] == [3, 4, 5, 6, 7]
    assert history[-1].frame == 7
    assert [each.frame for each in history[:2]] == [3, 4]


def test_a_widget_keeps_as_many_frames_as_it_is_told():
    desk = Desk(history_limit=2)
    desk.hear("start")
    for number in range(5):
        desk.see(number, ADA)
    assert [each.frame for each in desk.history] == [3, 4]


def test_no_history_can_be_asked_for():
    history = History(0)
    history.append(record(1))
    assert len(history) == 0
    assert all(column == [] for column in history.to_table().values())


def test_less_than_no_history_cannot():
    with pytest.raises(DataError, match="-1"):
        History(-1)


def test_the_history_can_be_cleared_and_says_how_long_it_is():
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


def test_the_history_is_read_while_it_grows():
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


def test_the_browsers_half_is_one_module():
    text = script()
    assert "\nimport " not in text
    assert text.count("export ") == text.count("export default") == 1
    assert "function drawPoses(" in text


def test_without_anywidget_the_command_that_brings_it_is_named():
    program = "import sys; sys.modules['anywidget'] = None\nimport movenet.notebook"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'movenet[notebook]'" in done.stderr.splitlines()[-1]
