"""Poses and models in other programs, each tested with the other program itself."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bodies import body
from hub import COMMIT, hub
from movenet.cli import app
from movenet.errors import DataError, EngineError, FileError, MissingExtraError
from movenet.integrations import (
    MqttPublisher,
    OscSender,
    pull_model,
    push_model,
    to_fiftyone,
    to_label_studio,
    write_label_studio,
)
from movenet.integrations.address import parse_address
from movenet.integrations.cvat import create, labels
from movenet.integrations.hub import model_card
from movenet.media.frame import Frame
from movenet.models import DATA, MODELS
from movenet.pose import KEYPOINTS, Pose
from movenet.records import Record

SIZE = (640, 480)


def pose(keypoints=None, number=None):
    keypoints = body() if keypoints is None else keypoints
    return Pose(np.asarray(keypoints, np.float32), np.full(17, 0.9, np.float32), 0.8, id=number)


def frame(time_s=0.0, index=0):
    return Frame(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), time_s, index, "camera 0")


# Addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("broker", ("broker", 1)),
        ("[::1]:7", ("::1", 7)),
        ("::1", ("::1", 1)),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert parse_address(text, 1) == address


@pytest.mark.parametrize("text", ["", ":9000", "host:port", "host:0", "host:70000"])
def test_a_malformed_address_is_refused(text):
    with pytest.raises(DataError, match=r"expected an address such as 127\.0\.0\.1:1"):
        parse_address(text, 1)


# OSC


@pytest.fixture
def osc():
    """Run a receiver of python-osc; yield its port and the messages it got."""
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import ThreadingOSCUDPServer

    got = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: got.append((address, values)))
    with ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1], got
        server.shutdown()


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen within 10 seconds")


def test_a_receiver_of_osc_gets_every_keypoint_and_who_is_lost(osc):
    port, got = osc
    someone = pose(number=3)
    with OscSender(f"127.0.0.1:{port}") as sender:
        sender(frame(0.5, 7), [someone])
        wait_for(lambda: len(got) == 19)
        messages = dict(got)
        assert messages["/movenet/frame"] == (7, 0.5, 1, *SIZE)
        assert messages["/movenet/person/3"][0] == pytest.approx(0.8)
        x, y, score = someone["left_wrist"]
        expected = pytest.approx((x / SIZE[0], y / SIZE[1], score))
        assert messages["/movenet/person/3/left_wrist"] == expected
        sender(frame(0.6, 8), [])
        wait_for(lambda: ("/movenet/lost", (3,)) in got)


def test_keypoints_that_are_not_known_are_not_sent(osc):
    port, got = osc
    unknown = pose()
    unknown.keypoints[9] = np.nan
    with OscSender(f"127.0.0.1:{port}", prefix="dance") as sender:
        sender(frame(), [unknown])
    wait_for(lambda: len(got) == 18)
    assert "/dance/person/0/left_elbow" in dict(got)
    assert "/dance/person/0/left_wrist" not in dict(got)


# MQTT


@pytest.fixture
def broker(tmp_path):
    """Run Mosquitto; yield its port."""
    program = shutil.which("mosquitto", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
    if program is None:
        pytest.skip("Mosquitto is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL) as server:
        wait_for(lambda: answers(port))
        yield port
        server.terminate()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listen(port):
    """Subscribe to everything; return the client and the newest payload of each topic."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client, newest = Client(CallbackAPIVersion.VERSION2), {}
    client.on_message = lambda _client, _data, message: newest.update({message.topic: message.payload})
    client.connect("127.0.0.1", port)
    client.subscribe("#")
    client.loop_start()
    return client, newest


def test_home_assistant_is_told_of_the_camera_and_of_a_fall(broker):
    client, newest = listen(broker)

    def state():
        return json.loads(newest["movenet/hall/state"])

    try:
        with MqttPublisher(f"127.0.0.1:{broker}", "hall") as publisher:
            wait_for(lambda: "movenet/hall/state" in newest)
            config = json.loads(newest["homeassistant/binary_sensor/movenet_hall/fallen/config"])
            assert config["state_topic"] == "movenet/hall/state"
            assert config["value_template"] == "{{ value_json.fallen }}"
            assert config["availability_topic"] == "movenet/hall/status"
            assert newest["movenet/hall/status"] == b"online"
            assert state() == {"occupancy": "OFF", "fallen": "OFF", "people": 0, "posture": "nobody"}
            for index in range(90):
                upright = body() if index < 45 else body()[:, ::-1]
                publisher(frame(index / 30, index), [pose(upright, 1)])
            wait_for(lambda: state()["fallen"] == "ON")
            assert state() == {"occupancy": "ON", "fallen": "ON", "people": 1, "posture": "fallen"}
            publisher(frame(60, 1800), [])
            wait_for(lambda: state()["posture"] == "nobody")
        wait_for(lambda: newest["movenet/hall/status"] == b"offline")
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_broker_that_is_not_there_is_an_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FileError, match=f"cannot reach the MQTT broker 127.0.0.1:{port}"):
        MqttPublisher(f"127.0.0.1:{port}")
    with pytest.raises(DataError, match="a name of letters"):
        MqttPublisher("127.0.0.1", "my hall")


# CVAT


def test_cvat_gets_a_skeleton_of_each_person():
    import cvat_sdk.auto_annotation as cvat
    from cvat_sdk.auto_annotation.driver import _DetectionFunctionContextImpl as Context

    function = create("lightning", people="one")
    (label,) = function.spec.labels
    assert isinstance(function.spec, cvat.DetectionFunctionSpec)
    assert [point.name for point in label.sublabels] == list(KEYPOINTS)
    context = Context(frame_name="a.jpg", conf_threshold=None, conv_mask_to_poly=False)
    with Image.open(DATA / "astronaut.jpg") as image:
        (skeleton,) = function.detect(context, image)
        sure = Context(frame_name="a.jpg", conf_threshold=0.99, conv_mask_to_poly=False)
        assert function.detect(sure, image) == []
    assert skeleton.type.value == "skeleton"
    assert len(skeleton.elements) == 17
    assert np.hypot(*np.subtract(skeleton.elements[0].points, (223, 123))) < 12


def test_the_label_of_a_cvat_task_draws_every_keypoint():
    (label,) = labels()
    assert [point["name"] for point in label["sublabels"]] == list(KEYPOINTS)
    assert label["svg"].count("<circle") == 17


# Label Studio


def records():
    return [Record("photos/a.jpg", 0, 0.0, *SIZE, (pose(), pose(body() + 20)))]


def test_label_studio_gets_a_box_and_keypoints_of_each_person_in_per_cent():
    (task,) = to_label_studio(records(), url_of=lambda path: f"/data/local-files/?d={path}")
    assert task["data"]["image"] == "/data/local-files/?d=photos/a.jpg"
    results = task["predictions"][0]["result"]
    assert [result["type"] for result in results].count("rectanglelabels") == 2
    wrist = next(result for result in results if result["id"] == "person0_left_wrist")
    x, y, _ = pose()["left_wrist"]
    assert (wrist["value"]["x"], wrist["value"]["y"]) == pytest.approx((x / 6.4, y / 4.8))
    assert wrist["parentID"] == "person0"


def test_records_without_a_size_are_refused():
    with pytest.raises(DataError, match="the size of the picture"):
        to_label_studio([Record("a.jpg", 0, 0.0, 0, 0, ())])


def test_label_studio_files_are_written_whole(tmp_path):
    write_label_studio(tmp_path / "new", records())
    assert len(json.loads((tmp_path / "new" / "tasks.json").read_text())) == 1
    assert (tmp_path / "new" / "labels.xml").read_text().count("<Label ") == 18


# FiftyOne


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fiftyone", None)
    with pytest.raises(MissingExtraError, match="fiftyone"):
        to_fiftyone([pose()], *SIZE)
    with pytest.raises(DataError, match="width and height"):
        to_fiftyone([pose()], 0, 480)


# Hugging Face Hub


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Run a hub, and send `huggingface_hub` there."""
    from huggingface_hub import constants

    with hub() as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        yield server


def test_a_model_is_pushed_with_its_card_and_pulled_again(here, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(MODELS["lightning"].path, run / "model.onnx")
    (run / "log.csv").write_text("step,loss,val/AP\n100,2.5,\n200,2.1,0.71\n")
    address = push_model(run / "model.onnx", "me/yoga", note="Yoga, from 40 clips.")
    assert address.endswith("/me/yoga")
    assert "private" in here.created[0].values() or here.created[0]["private"]
    card = here.files["README.md"].decode()
    assert card.startswith(
        "---\nlicense: apache-2.0\nlibrary_name: movenet\npipeline_tag: keypoint-detection"
    )
    assert "| val/AP, at the end of training | 0.71 |" in card
    assert "Yoga, from 40 clips." in card
    pulled = pull_model("me/yoga")
    assert pulled.read_bytes() == MODELS["lightning"].path.read_bytes()
    assert COMMIT in str(pulled)


def test_what_the_hub_refuses_is_one_sentence(here, monkeypatch):
    with pytest.raises(FileError, match="me/none on the hub: "):
        pull_model("me/none")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(FileError, match="me/yoga on the hub: "):
        push_model(MODELS["lightning"].path, "me/yoga")
    with pytest.raises(FileError, match="no/such/name on the hub: "):
        pull_model("no/such/name")
    here.files["model.onnx"] = b"not a model"
    with pytest.raises(EngineError, match="cannot read"):
        pull_model("me/yoga")


def test_a_card_without_a_log_has_no_results():
    assert "at the end of training" not in model_card(MODELS["lightning"], "me/lightning")


# The command line


def test_the_command_sends_the_poses_of_a_video(osc):
    port, got = osc
    done = CliRunner().invoke(app, ["send", str(DATA / "sample.mp4"), "--osc", f"127.0.0.1:{port}"])
    assert done.exit_code == 0
    wait_for(lambda: any(address.endswith("/left_wrist") for address, _ in got))


@pytest.mark.parametrize(
    ("arguments", "message"), [([], "expected --osc"), (["--osc", "a", "--name", "hall"], "need --mqtt")]
)
def test_an_option_without_its_receiver_is_an_error(arguments, message):
    done = CliRunner().invoke(app, ["send", "0", *arguments])
    assert message in str(done.exception)


def test_the_command_pushes_and_pulls(here, tmp_path):
    model, copy = str(MODELS["lightning"].path), tmp_path / "copy.onnx"
    assert CliRunner().invoke(app, ["hub", "push", model, "me/yoga"]).output.startswith("http://127.0.0.1:")
    assert "--model" in CliRunner().invoke(app, ["hub", "pull", "me/yoga", "-o", str(copy)]).output
    assert copy.read_bytes() == MODELS["lightning"].path.read_bytes()
