"""What page and server say to each other."""

import json
import math

import numpy as np
import pytest

from live_stage import packet
from movenet.errors import DataError
from movenet.live import Limits, wire
from movenet.pose import Pose
from movenet.records import Record, from_json

MODELS = ("lightning", "many")


def test_a_picture_comes_with_its_number_and_time():
    read = wire.read_frame_message(packet(7, 1.25, b"picture"), 3.0, Limits())
    assert (read.frame, read.time_s, read.picture, read.received_s) == (7, 1.25, b"picture", 3.0)


@pytest.mark.parametrize("length", range(13))
def test_a_message_cut_short_is_refused(length):
    with pytest.raises(DataError, match="expected 12 bytes of number and time and then a picture"):
        wire.read_frame_message(packet(1, 2.0, b"x")[:length][:12], 0.0, Limits())


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_none_is_refused(time_s):
    with pytest.raises(DataError, match="expected the time of frame 1 in seconds"):
        wire.read_frame_message(packet(1, time_s, b"x"), 0.0, Limits())


def test_a_picture_over_the_limit_is_refused():
    assert wire.read_frame_message(packet(1, 0.0, b"1234"), 0.0, Limits(frame_bytes=4)).picture == b"1234"
    with pytest.raises(DataError, match="at most 4 bytes"):
        wire.read_frame_message(packet(1, 0.0, b"12345"), 0.0, Limits(frame_bytes=4))


def test_a_choice_names_a_model_and_smoothing():
    text = '{"type": "choice", "model": "many", "smoothing": false}'
    assert wire.read_stream_settings(text, MODELS) == wire.StreamSettings("many", smoothing=False)


def test_smoothing_is_on_unless_told_otherwise():
    assert wire.read_stream_settings('{"type": "choice", "model": "many"}', MODELS).smoothing


def test_a_choice_can_name_an_exercise_and_the_place_of_a_person():
    text = '{"type": "choice", "model": "many", "exercise": "squat", "lock": [0.5, 1]}'
    chosen = wire.read_stream_settings(text, MODELS, ("squat",))
    assert (chosen.exercise, chosen.lock) == ("squat", (0.5, 1.0))


@pytest.mark.parametrize("lock", ["[0.5]", "[0.5, 2]", "[true, 0]", '"left"', "[NaN, 0]", "0.5"])
def test_a_place_outside_the_picture_is_refused(lock):
    text = f'{{"type": "choice", "model": "many", "lock": {lock}}}'
    with pytest.raises(DataError, match="x and y from 0 to 1"):
        wire.read_stream_settings(text, MODELS)


def test_an_answer_has_the_repetitions_of_each_person():
    record = Record("live", 7, 1.25, 640, 480)
    message = json.loads(wire.poses_message(record, wire.ServerTimes(0.0, 0.0, 0.0), 0, {None: 3, 4: 1}))
    assert message["repetitions"] == [{"id": None, "count": 3}, {"id": 4, "count": 1}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("[" * 1000, "expected JSON"),
        ("null", "expected {"),
        ("[]", "expected {"),
        ('{"type": "poses"}', "expected {"),
        ('{"type": "choice"}', "expected a model out of lightning, many, got 'None'"),
        ('{"type": "choice", "model": ["many"]}', "expected a model"),
        ('{"type": "choice", "model": "many", "smoothing": "no"}', "expected smoothing as true or false"),
        ('{"type": "choice", "model": "many", "exercise": "yoga"}', "expected an exercise"),
        (" " * 1025, "at most 1024 characters"),
    ],
)
def test_a_malformed_choice_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(DataError, match=sentence):
        wire.read_stream_settings(text, MODELS)


def test_an_answer_is_a_record_with_the_servers_times():
    pose = Pose(np.ones((17, 2), np.float32), np.full(17, 0.5, np.float32), 0.5, (1.0, 2.0, 3.0, 4.0), 9)
    record = Record("live", 7, 1.25, 640, 480, (pose,))
    text = wire.poses_message(record, wire.ServerTimes(0.1, 0.2, 0.3), 4)
    message = json.loads(text)
    assert message["type"] == "poses"
    assert message["server_s"] == {"waited": 0.1, "decoded": 0.2, "estimated": 0.3}
    assert message["dropped"] == 4
    back = from_json(text)
    assert (back.frame, back.time_s, back.width, back.height) == (7, 1.25, 640, 480)
    assert np.array_equal(back.poses[0].keypoints, pose.keypoints)
    assert back.poses[0].id == 9


def test_what_is_not_finite_is_null_in_an_answer():
    pose = Pose(np.full((17, 2), np.nan, np.float32), np.zeros(17, np.float32), 0.5)
    text = wire.poses_message(Record("live", 0, 0.0, 1, 1, (pose,)), wire.ServerTimes(0.0, 0.0, 0.0), 0)
    assert json.loads(text)["poses"][0]["keypoints"][0] == [None, None, 0.0]
