"""A callback gets the poses of each frame and can end the stream, in the foreground and in the background."""

import subprocess
import sys
import threading
from itertools import chain, count, pairwise
from pathlib import Path

import numpy as np
import pytest

from movenet.errors import MediaError, ModelError
from movenet.media import Frame
from movenet.media.sources.base import LiveSettings
from movenet.media.sources.live import LiveSource, ReceivedFrame
from movenet.media.sources.opening import open_source
from movenet.video import VideoEstimator
from movenet.video.callbacks import start_stream, stream
from servers import MOTION_JPEG, Http, jpegs, serving, silence
from stage import Stage, keypoints, scene
from video_files import VideoFile

ADA = (100, 60, 90, 240, 230)
BOB = (450, 120, 60, 160, 200)
QUICK = LiveSettings(stall_s=0.4, first_wait_s=0.02, longest_wait_s=0.1, give_up_after_s=1.5)


@pytest.fixture
def model():
    return VideoEstimator(Stage().estimator(), smoothing=None)


def frames(people=(ADA,), length=5, rate_hz=30):
    return [Frame(scene(*people), i / rate_hz, i, "video") for i in range(length)]


def is_on(pose, person):
    return np.abs(pose.keypoints - keypoints(person)).max() < person[3] / 20


def streaming():
    return [thread.name for thread in threading.enumerate() if thread.name == "movenet-stream"]


class Recorder:
    """A callback that records its calls and returns False at the given one."""

    def __init__(self, last=None):
        self.calls = []
        self.threads = set()
        self.last = last
        self.once = threading.Event()

    def __call__(self, frame, poses):
        self.calls.append((frame, poses))
        self.threads.add(threading.current_thread().name)
        self.once.set()
        return False if len(self.calls) == self.last else None

    @property
    def indices(self):
        return [frame.index for frame, _ in self.calls]


class BrokenError(Exception):
    """What a callback of the tests raises."""


def fail(frame, poses):
    raise BrokenError


def endless(people=(ADA,)):
    for i in count():
        yield Frame(scene(*people), i / 30, i, "camera")


def test_the_callback_gets_each_frame_in_order(model):
    recorder = Recorder()
    stream(frames(), recorder, model)
    assert recorder.indices == [0, 1, 2, 3, 4]
    assert all(is_on(poses[0], ADA) for _, poses in recorder.calls)


def test_a_path_is_opened_and_read_to_its_end(model, tmp_path):
    recorder = Recorder()
    stream(VideoFile(count=7).write(tmp_path / "video.mp4"), recorder, model)
    assert recorder.indices == list(range(7))


def test_a_model_may_be_given_by_name(tmp_path):
    recorder = Recorder()
    stream(str(VideoFile(count=2).write(tmp_path / "video.mp4")), recorder, "lightning")
    assert recorder.indices == [0, 1]


def test_an_open_source_is_left_open(model, tmp_path):
    with open_source(VideoFile(count=7).write(tmp_path / "video.mp4")) as source:
        stream(source, Recorder(last=3), model)
        assert next(source).index == 3


def test_an_estimator_of_many_people_finds_all_people_in_each_frame():
    recorder = Recorder()
    stream(frames((ADA, BOB)), recorder, Stage().estimator(people="many"))
    assert [len(poses) for _, poses in recorder.calls] == [2] * 5


def test_bare_images_get_the_time_at_which_they_are_yielded(model):
    recorder = Recorder()
    stream([scene(ADA)] * 4, recorder, model)
    times = [frame.time_s for frame, _ in recorder.calls]
    assert len(set(times)) == 4
    assert times == sorted(times)
    assert 0 <= times[0] < 0.1


def test_the_callback_ends_the_stream_by_returning_false(model):
    recorder = Recorder(last=2)
    stream(endless(), recorder, model)
    assert recorder.indices == [0, 1]


@pytest.mark.parametrize("answer", [None, 0, "", True, []])
def test_no_other_return_value_ends_the_stream(model, answer):
    calls = []

    def on_pose(frame, poses):
        calls.append(frame.index)
        return answer

    stream(frames(), on_pose, model)
    assert len(calls) == 5


def test_an_error_of_the_callback_is_raised(model):
    with pytest.raises(BrokenError):
        stream(frames(), fail, model)


def test_a_source_of_another_type_is_refused():
    with pytest.raises(MediaError, match="got NoneType"):
        stream(None, Recorder())


def test_frames_that_are_no_images_are_refused(model):
    with pytest.raises(MediaError, match="got"):
        stream(scene(ADA), Recorder(), model)


def test_a_missing_file_is_an_error_at_once_in_the_background_too(model, tmp_path):
    with pytest.raises(MediaError, match="No such file"):
        start_stream(tmp_path / "none.mp4", Recorder(), model)
    assert not streaming()


def test_an_unknown_model_is_an_error_at_once(tmp_path):
    with pytest.raises(ModelError):
        start_stream(VideoFile(count=2).write(tmp_path / "video.mp4"), Recorder(), "thunderbolt")


def test_in_the_background_the_caller_goes_on_and_can_wait_for_the_end(model):
    recorder = Recorder()
    running = start_stream(frames(), recorder, model)
    assert running.wait()
    assert not running.running
    assert recorder.indices == [0, 1, 2, 3, 4]
    assert recorder.threads == {"movenet-stream"}


def test_waiting_has_a_limit(model):
    with start_stream(endless(), Recorder(), model) as running:
        assert not running.wait(0.05)
        assert running.running


def test_stop_returns_after_the_last_callback(model):
    recorder = Recorder()
    running = start_stream(endless(), recorder, model)
    recorder.once.wait()
    assert running.stop()
    calls = len(recorder.calls)
    assert not streaming()
    assert len(recorder.calls) == calls


def test_stop_may_be_called_twice(model):
    running = start_stream(endless(), Recorder(), model)
    assert running.stop()
    assert running.stop()


def test_the_callback_may_stop_its_own_stream(model):
    handles = []
    ready = threading.Event()

    def on_pose(frame, poses):
        ready.wait()
        handles[0].stop()

    handles.append(start_stream(endless(), on_pose, model))
    ready.set()
    assert handles[0].wait()


def test_a_live_source_gives_its_newest_frame_to_a_slow_callback(model):
    seen = []

    def play():
        for i in range(400):
            yield ReceivedFrame(lambda: scene(ADA, width=64, height=48))
            pause.wait(0.002)
            del i

    def on_pose(frame, poses):
        pause.wait(0.03)
        seen.append(frame.index)
        return len(seen) < 5

    pause = threading.Event()
    with LiveSource("camera", play, QUICK) as camera:
        stream(camera, on_pose, model)
    assert all(after > before for before, after in pairwise(seen))
    assert seen[-1] > 5


def test_stop_does_not_wait_for_a_camera_that_sends_no_frames(model):
    recorder = Recorder()
    with serving(lambda _: chain(jpegs(3), silence(30)), Http, MOTION_JPEG) as server:
        running = start_stream(f"http://127.0.0.1:{server.port}/video", recorder, model)
        recorder.once.wait()
        assert running.stop()
    assert not streaming()


def test_an_error_of_the_callback_is_logged_and_raised_by_wait(model, caplog):
    running = start_stream(frames(), fail, model)
    with pytest.raises(BrokenError):
        running.wait()
    with pytest.raises(BrokenError):
        running.stop()
    assert "a stream ended early: BrokenError()" in caplog.text


def test_leaving_the_context_raises_the_error_that_ended_the_stream(model):
    begun = threading.Event()

    def on_pose(frame, poses):
        begun.set()
        raise BrokenError

    with pytest.raises(BrokenError), start_stream(frames(), on_pose, model):
        begun.wait()


def test_an_error_of_the_block_is_not_hidden_by_one_of_the_stream(model):
    with pytest.raises(KeyError), start_stream(frames(), fail, model):
        raise KeyError


def test_streams_that_share_a_model_are_independent(model):
    people = [(40 + 150 * i, 60, 90, 240, 230) for i in range(3)]
    recorder = [Recorder() for _ in people]
    running = [
        start_stream(frames((person,), 20), each, model)
        for person, each in zip(people, recorder, strict=True)
    ]
    assert all(each.wait() for each in running)
    for person, each in zip(people, recorder, strict=True):
        assert all(is_on(poses[0], person) for _, poses in each.calls)
        assert len(each.calls) == 20


def test_a_program_ends_while_a_stream_still_runs(tmp_path):
    video = VideoFile(count=300).write(tmp_path / "video.mp4")
    program = (
        "import sys, threading, movenet.video.callbacks as s\n"
        "once = threading.Event()\n"
        "running = s.start_stream(sys.argv[1], lambda frame, poses: once.set())\n"
        "once.wait(); print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(video)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "done\n"
    assert done.stderr == ""


def test_the_source_is_closed_however_the_stream_ends(model, tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    video = VideoFile(count=30).write(tmp_path / "video.mp4")
    for _ in range(5):
        stream(video, Recorder(last=2), model)
        start_stream(video, Recorder(), model).stop()
        with pytest.raises(BrokenError):
            stream(video, fail, model)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
