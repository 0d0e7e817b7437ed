"""Many live streams at once: equal shares, and one that is dead or comes back costs the others nothing."""

import threading
import time
from contextlib import ExitStack
from itertools import pairwise

import numpy as np
import pytest

from movenet.engine import ScriptedEngine
from movenet.errors import EngineError
from movenet.estimator import Estimator
from movenet.media.sources.base import LiveSettings
from movenet.models import MODELS
from movenet.scale import streams as module
from movenet.scale.live_stream import StreamState
from movenet.scale.streams import Streams, share_engines
from movenet.video import VideoEstimator
from servers import MOTION_JPEG, Http, free_port, jpegs, serving
from stage import Stage

QUICK = LiveSettings(stall_s=0.5, first_wait_s=0.02, longest_wait_s=0.1, give_up_after_s=1.0)


def endless(pause_s):
    def play(_):
        start = 0
        while True:
            yield from jpegs(10, start, pause_s)
            start += 10

    return play


def slow_estimator(pause_s):
    """Return an estimator that finds nobody, and takes a time for each square."""
    stage = Stage()

    def slowly(run):
        def answer(squares):
            time.sleep(pause_s * len(squares))
            return run(squares)

        return answer

    single = ScriptedEngine(MODELS["lightning"], slowly(stage.run_single))
    detector = ScriptedEngine(MODELS["multipose"], slowly(stage.run_detector))
    return share_engines(Estimator(single, detector=detector))


@pytest.fixture
def serve():
    """Serve an endless stream of pictures and return the server."""
    with ExitStack() as stack:
        yield lambda pause_s=0.01: stack.enter_context(serving(endless(pause_s), Http, MOTION_JPEG))


def address(server):
    return f"http://127.0.0.1:{server.port}/video"


def take(streams, count):
    return [result for result, _ in zip(streams, range(count), strict=False)]


def test_streams_of_any_rate_have_equal_shares_and_a_dead_one_costs_nothing(serve):
    addresses = [address(serve(pause_s)) for pause_s in (0.002, 0.01, 0.01, 0.01)]
    dead = f"http://127.0.0.1:{free_port()}/video"
    lost = []
    model = VideoEstimator(slow_estimator(0.02))
    with Streams([*addresses, dead], model, on_loss=lost.append, settings=QUICK) as streams:
        deadline_s = time.monotonic() + 60
        while min(state.frames for state in streams.states[:4]) < 3 and time.monotonic() < deadline_s:
            take(streams, 1)
        before = [state.frames for state in streams.states[:4]]
        found = take(streams, 300)
        shares = [state.frames - frames for state, frames in zip(streams.states, before, strict=False)]
    assert min(shares) >= 0.8 * np.mean(shares)
    assert {frame.source for frame, _ in found} == {*addresses}
    assert streams.states[0].dropped > streams.states[0].frames
    assert [state.name for state in lost] == [dead]
    assert streams.states[4].condition == "lost"
    assert "refused" in streams.states[4].error


def test_a_stream_that_comes_back_goes_on_in_number_and_time(serve, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.05)
    server, lost = serve(), []
    model = VideoEstimator(share_engines(Stage().estimator()))
    with Streams([address(server)], model, on_loss=lost.append, settings=QUICK) as streams:
        frames = take(streams, 3)
        server.stop()
        results = iter(streams)
        while not lost:
            frames += [next(results)] if not streams._results.empty() else []
            time.sleep(0.01)
        server.start()
        losses = streams.states[0].losses
        frames += [next(results) for _ in range(3)]
    assert losses > 0
    for (earlier, _), (later, _) in pairwise(frames):
        assert later.index > earlier.index
        assert later.time_s > earlier.time_s


def test_an_error_of_the_model_ends_the_streams(serve):
    def fail(squares):
        raise EngineError("out of memory")

    engine = ScriptedEngine(MODELS["lightning"], fail)
    model = VideoEstimator(
        share_engines(Estimator(engine, detector=ScriptedEngine(MODELS["multipose"], fail)))
    )
    with (
        Streams([address(serve())], model, settings=QUICK) as streams,
        pytest.raises(EngineError, match="out of memory"),
    ):
        take(streams, 1)


def test_closing_ends_all_threads(serve):
    model = VideoEstimator(share_engines(Stage().estimator()))
    with Streams([address(serve()) for _ in range(3)], model, settings=QUICK) as streams:
        take(streams, 5)
    deadline_s = time.monotonic() + 20
    names = {"movenet-stream", "movenet-receive"}
    while any(thread.name in names for thread in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_the_rate_is_that_of_the_last_seconds(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("movenet.scale.live_stream.time.monotonic", lambda: clock[0])
    state = StreamState("camera 0")
    assert state.rate_fps == 0
    for _ in range(40):
        clock[0] += 0.1
        state.count([])
    assert state.rate_fps == pytest.approx(40 / 3.9)
    for _ in range(60):
        clock[0] += 0.1
        state.count([])
    assert state.rate_fps == pytest.approx(10, abs=0.3)
    clock[0] += 60
    assert state.rate_fps == 0
