"""The live server's addresses and its WebSocket, without a network in between."""

import json
import re
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import movenet
from live_stage import PERSON, happens, jpeg, models, packet
from movenet.calibration import probabilities
from movenet.engine import ScriptedEngine
from movenet.errors import DataError, ModelError
from movenet.estimator import Estimator, EstimatorSettings
from movenet.live import Limits, ServerSettings, SharedModels
from movenet.live.app import create_app
from movenet.live.pictures import stable_size
from movenet.live.site import PAGE
from movenet.live.wire import StreamSettings
from movenet.models import MODELS
from movenet.records import from_json
from movenet.video import VideoEstimator
from stage import Stage, heads, keypoints, scene

HERE = "http://127.0.0.1:8765"
SOCKET = "ws://127.0.0.1:8765/ws"


NAMED = {"http://www.w3.org/2000/svg", "http://localhost"}
"""Addresses that are written on the page or name a format: nothing is loaded from them."""
RUNTIMES = {"ort", "litert", "flatbuffers", "pbf"}
"""Folders of the page with files of npm packages."""


@pytest.fixture
def visit():
    """Return a function that opens the server, with other models or limits if wanted."""
    opened = []

    def visit(choice=None, **limits):
        settings = ServerSettings(limits=Limits(**limits))
        client = TestClient(create_app(choice or models(), settings), base_url=HERE)
        opened.append(client.__enter__())
        return client

    yield visit
    for client in opened:
        client.__exit__(None, None, None)


def ask(socket, frame, time_s, picture=None):
    socket.send_bytes(packet(frame, time_s, picture))
    return json.loads(socket.receive_text())


def test_the_page_and_all_it_loads_are_served(visit):
    client = visit()
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert client.get(f"/{address}").status_code == 200, address
    for module in PAGE.glob("*.js"):
        for address in re.findall(r'from "\./([^"]+)"', module.read_text(encoding="utf-8")):
            assert client.get(f"/page/{address}").status_code == 200, address


def test_the_page_loads_nothing_from_elsewhere():
    """Comments of the runtimes name addresses; what they load is watched in a browser (test_site_page.py)."""
    kinds = {".html", ".js", ".css", ".svg", ".webmanifest"}
    for file in (
        path for path in PAGE.rglob("*") if path.suffix in kinds and path.parent.name not in RUNTIMES
    ):
        found = re.findall(r"https?://[^\s\"')]+", file.read_text(encoding="utf-8"))
        assert {re.sub(r"\W+$", "", address) for address in found} <= NAMED, file.name


def test_health_says_which_version(visit):
    assert visit().get("/health").json() == {"status": "ok", "version": movenet.__version__}


def test_the_description_names_every_address_for_programs(visit):
    described = visit().get("/openapi.json").json()
    assert set(described["paths"]) == {"/health", "/metrics", "/api/pose"}
    assert described["info"]["version"] == movenet.__version__
    asked = described["paths"]["/api/pose"]["post"]["parameters"][0]["schema"]
    assert asked == {"enum": ["lightning", "thunder", "many"], "default": "lightning"}


def test_a_posted_photo_is_answered_with_its_record(visit):
    answer = visit().post("/api/pose", content=jpeg())
    assert answer.status_code == 200
    record = from_json(answer.text)
    assert (record.width, record.height) == (640, 480)
    assert np.allclose(record.poses[0].keypoints, keypoints(PERSON), atol=6)


def test_the_record_of_a_photo_has_what_the_description_says(visit):
    client = visit()
    record = client.post("/api/pose", content=jpeg()).json()
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert list(record) == schemas["Record"]["required"]
    assert list(record["poses"][0]) == schemas["Pose"]["required"]


def test_a_photo_is_asked_of_the_model_named(visit):
    crowd = scene((50, 50, 60, 200, 200), (300, 80, 70, 240, 220), width=640, height=480)
    client = visit()
    assert len(client.post("/api/pose?model=many", content=jpeg(crowd)).json()["poses"]) == 2
    assert len(client.post("/api/pose?model=lightning", content=jpeg(crowd)).json()["poses"]) == 1


def test_an_unknown_model_is_refused_with_those_there_are(visit):
    answer = visit().post("/api/pose?model=thunderbolt", content=jpeg())
    assert answer.status_code == 400
    assert answer.json()["error"] == "expected a model out of lightning, thunder, many, got 'thunderbolt'"


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", jpeg()[:200]], ids=["nothing", "text", "half a picture"]
)
def test_a_photo_that_is_none_is_refused_with_a_sentence(visit, data):
    answer = visit().post("/api/pose", content=data)
    assert answer.status_code == 400
    assert "the photo" in answer.json()["error"]


def test_too_many_photos_at_once_are_told_to_come_again(visit):
    begun, go_on = threading.Event(), threading.Event()

    def slow(squares):
        begun.set()
        assert go_on.wait(120)
        return heads(squares)

    stage = Stage()
    estimator = movenet.Estimator(
        ScriptedEngine(MODELS["lightning"], slow),
        settings=EstimatorSettings(),
        detector=stage.estimator().detector,
    )
    client = visit(SharedModels({"slow": estimator}), photos=1)
    first = threading.Thread(target=lambda: client.post("/api/pose", content=jpeg()))
    first.start()
    assert begun.wait(120)
    second = client.post("/api/pose", content=jpeg())
    go_on.set()
    first.join()
    assert (second.status_code, second.headers["retry-after"]) == (503, "1")
    assert client.post("/api/pose", content=jpeg()).status_code == 200


def test_the_server_greets_with_its_models_and_limits(visit):
    with visit(frame_pixels=1000).websocket_connect(SOCKET) as socket:
        hello = json.loads(socket.receive_text())
    assert hello["type"] == "hello"
    assert hello["models"] == ["lightning", "thunder", "many"]
    assert hello["limits"] == {"frame_bytes": 1 << 20, "frame_pixels": 1000, "rate_hz": 60.0}


def test_keypoint_scores_can_be_probabilities_in_every_answer(visit):
    plain = visit().post("/api/pose", content=jpeg()).json()["poses"][0]
    client = visit(replace(models(), probabilities=True))
    photo = client.post("/api/pose", content=jpeg()).json()["poses"][0]
    with client.websocket_connect(SOCKET) as socket:
        assert json.loads(socket.receive_text())["probabilities"] is True
        frame = ask(socket, 0, 0.5)["poses"][0]
    expected = probabilities([score for _, _, score in plain["keypoints"]], "lightning")
    assert photo["score"] == plain["score"]
    for sent in (photo, frame):
        np.testing.assert_allclose([score for _, _, score in sent["keypoints"]], expected, atol=0.002)


def test_a_model_without_a_calibration_keeps_a_server_of_probabilities_from_starting():
    estimators = {"posenet": Estimator(ScriptedEngine(MODELS["posenet"], lambda squares: {}), method="whole")}
    with pytest.raises(ModelError, match="made from one of lightning"):
        SharedModels(estimators, probabilities=True)


def test_a_picture_is_answered_with_its_poses_number_and_time(visit):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        message = ask(socket, 41, 2.5)
    assert (message["type"], message["frame"], message["time_s"]) == ("poses", 41, 2.5)
    record = from_json(json.dumps(message))
    assert np.allclose(record.poses[0].keypoints, keypoints(PERSON), atol=6)


def test_a_stream_gives_what_following_the_same_pictures_gives(visit):
    frames = [scene((200 + 4 * i, 60, 120, 240, 200), width=640, height=480) for i in range(6)]
    stream = VideoEstimator(Stage().estimator()).stream()
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        for i, image in enumerate(frames):
            picture = jpeg(image)
            seen = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
            (expected,) = stream(np.ascontiguousarray(seen), i / 30)
            record = from_json(json.dumps(ask(socket, i, i / 30, picture)))
            assert np.allclose(record.poses[0].keypoints, expected.keypoints, atol=0.01)


def test_many_people_bear_ids_that_stay(visit):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        socket.send_text('{"type": "choice", "model": "many"}')
        ids = []
        for i in range(4):
            crowd = scene((60 + 5 * i, 50, 60, 200, 200), (300, 80, 70, 240, 220), width=640, height=480)
            ids.append(sorted(pose["id"] for pose in ask(socket, i, i / 30, jpeg(crowd))["poses"]))
    assert ids == [[1, 2]] * 4


def test_a_new_choice_is_a_new_stream(visit):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        ask(socket, 0, 10.0)
        socket.send_text('{"type": "choice", "model": "thunder"}')
        assert ask(socket, 1, 1.0)["type"] == "poses"  # of a stream that goes on, this time would be past


def test_a_picture_that_is_none_costs_an_error_and_the_stream_goes_on(visit):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        message = ask(socket, 5, 0.0, b"not a picture at all")
        assert (message["type"], message["frame"]) == ("error", 5)
        assert ask(socket, 6, 0.1)["type"] == "poses"


def test_time_running_backwards_costs_an_error_and_the_stream_goes_on(visit):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        ask(socket, 0, 1.0)
        assert "expected a frame later than the last one at 1.0 s" in ask(socket, 1, 0.5)["message"]
        assert ask(socket, 2, 1.1)["type"] == "poses"


def test_of_pictures_that_wait_only_the_newest_is_looked_at(visit):
    begun, go_on = threading.Event(), threading.Event()

    def slow(squares):
        begun.set()
        assert go_on.wait(120)
        return heads(squares)

    estimator = movenet.Estimator(
        ScriptedEngine(MODELS["lightning"], slow),
        settings=EstimatorSettings(),
        detector=Stage().estimator().detector,
    )
    client = visit(SharedModels({"slow": estimator}))
    with client.websocket_connect(SOCKET) as socket:
        socket.receive_text()
        socket.send_bytes(packet(0, 0.0))
        assert begun.wait(120)
        for frame in range(1, 6):
            socket.send_bytes(packet(frame, frame / 30))
        socket.send_text("{}")  # answered at once, so all before it has been taken in
        assert json.loads(socket.receive_text())["type"] == "error"
        go_on.set()
        answers = [json.loads(socket.receive_text()) for _ in range(2)]
    assert [(answer["frame"], answer["dropped"]) for answer in answers] == [(0, 4), (5, 4)]


def test_a_client_too_many_is_told_so_and_let_in_when_another_left(visit):
    client = visit(clients=1)
    with client.websocket_connect(SOCKET) as first:
        first.receive_text()
        with client.websocket_connect(SOCKET) as second, pytest.raises(WebSocketDisconnect) as end:
            second.receive_text()
        assert end.value.code == 1013
    assert happens(lambda: not client.app.state.live.clients)
    with client.websocket_connect(SOCKET) as third:
        assert json.loads(third.receive_text())["type"] == "hello"


def test_a_silent_client_is_disconnected(visit):
    with visit(idle_s=0.05).websocket_connect(SOCKET) as socket:
        socket.receive_text()
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
    assert end.value.code == 4408


def test_many_malformed_messages_in_a_row_end_the_connection(visit):
    with visit(bad_messages=3).websocket_connect(SOCKET) as socket:
        socket.receive_text()
        for _ in range(3):
            socket.send_text("nonsense")
            assert json.loads(socket.receive_text())["type"] == "error"
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
    assert end.value.code == 1008


def test_a_mistake_now_and_then_is_forgiven(visit):
    with visit(bad_messages=2).websocket_connect(SOCKET) as socket:
        socket.receive_text()
        for i in range(4):
            socket.send_text("nonsense")
            socket.receive_text()
            assert ask(socket, i, float(i))["type"] == "poses"


def test_the_server_offers_exercises_and_counts_the_one_it_was_started_with():
    with (
        TestClient(create_app(models(), ServerSettings(exercise="squat")), base_url=HERE) as client,
        client.websocket_connect(SOCKET) as socket,
    ):
        hello = json.loads(socket.receive_text())
        assert hello["exercise"] == "squat"
        assert {"squat", "push-up"} <= {*hello["exercises"]}
        socket.send_text('{"type": "choice", "model": "lightning", "exercise": "squat", "lock": [0.4, 0.4]}')
        assert ask(socket, 0, 0.5)["repetitions"] == [{"id": 1, "count": 0}]
        socket.send_text('{"type": "choice", "model": "many", "lock": [0.4, 0.4]}')
        assert "tracks one person" in ask(socket, 1, 1.0)["message"]


def picture_of(side):
    """Return a JPEG file of the person on the stage in a picture of 640 × 480 px, as sent with another longer side."""
    image = scene(PERSON, width=640, height=480)
    return jpeg(cv2.resize(image, (side, side * 3 // 4), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("lock", [None, [0.41, 0.38]])
def test_a_person_keeps_the_id_while_the_page_sends_smaller_pictures(visit, lock):
    with visit().websocket_connect(SOCKET) as socket:
        socket.receive_text()
        socket.send_text(json.dumps({"type": "choice", "model": "lightning", "lock": lock}))
        answers = [
            ask(socket, at, at / 10, picture_of(side)) for at, side in enumerate([512, 640, 400, 256, 640])
        ]
    assert [answer["width"] for answer in answers] == [512, 640, 640, 640, 640]
    assert [[pose["id"] for pose in answer["poses"]] for answer in answers] == [[1], [2], [2], [2], [2]]
    for answer in answers[1:]:
        assert answer["poses"][0]["box"] == pytest.approx(PERSON[:4], abs=8)


def test_pictures_of_another_shape_are_another_camera():
    assert stable_size((512, 341), (640, 427)) == (640, 427)
    assert stable_size((341, 512), (640, 427)) == (341, 512)
    assert stable_size((512, 300), (640, 427)) == (512, 300)


def test_a_person_is_followed_by_a_click_at_every_size_of_the_picture():
    follow = models().open_stream(StreamSettings("lightning", smoothing=False, lock=(0.9, 0.5)))
    for time_s, (width, height) in enumerate([(640, 360), (360, 640)]):
        person = (round(0.9 * width) - 30, height // 2 - 60, 60, 120, 200)
        [pose] = follow(scene(person, (20, 20, 100, 200, 220), width=width, height=height), float(time_s))
        assert pose.box == pytest.approx(person[:4], abs=8)


def test_an_unknown_exercise_keeps_the_server_from_starting():
    with pytest.raises(DataError, match="one of the exercises"):
        create_app(models(), ServerSettings(exercise="yoga"))


def test_the_table_of_angles_is_served_as_a_module(visit):
    answer = visit().get("/page/angles.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "ANGLE_TABLE" in answer.text


def test_metrics_count_frames_photos_errors_and_clients(visit):
    client = visit()
    with client.websocket_connect(SOCKET) as socket:
        socket.receive_text()
        ask(socket, 0, 0.0), ask(socket, 1, 0.1), ask(socket, 2, 0.2, b"no picture")
        client.post("/api/pose", content=jpeg())
        client.post("/api/pose", content=b"no picture")
        socket.send_text("no message")
        socket.receive_text()
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert values["movenet_frames_total"] == "2"
    assert values["movenet_errors_total"] == "3"
    assert values["movenet_photos_total"] == "1"
    assert values["movenet_clients"] == "1"
    assert values["movenet_estimate_seconds_count"] == "2"
