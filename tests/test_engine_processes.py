"""Engines and estimators work in other processes, after a fork or as pickles."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from movenet.engine import ENGINES, LoadedEngine, Runtime, open_engine
from movenet.estimator import Estimator
from movenet.models import DATA, MODELS

SQUARE = np.random.default_rng(0).integers(0, 256, (1, 192, 192, 3), dtype=np.uint8)

FORK = """
import multiprocessing, os, sys, threading, warnings
import numpy as np
from movenet import Estimator, Runtime
from movenet.media import read_photo
from movenet.models import DATA

warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads: what is tested
image = read_photo(DATA / "astronaut.jpg")
estimator = Estimator(runtime=Runtime(sys.argv[1], "fp32"))
(before,) = estimator(image)

def work(answers):
    poses = [[], []]
    def estimate(i):
        poses[i] = estimator(image)
    threads = [threading.Thread(target=estimate, args=(i,)) for i in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    answers.send([float(np.abs(pose.keypoints - before.keypoints).max()) for (pose,) in poses])

estimator.engine._lock.acquire() if sys.argv[2] == "in use" else None
fork = multiprocessing.get_context("fork")
ours, theirs = fork.Pipe()
child = fork.Process(target=work, args=(theirs,), daemon=True)
child.start()
print(max(ours.recv()) if ours.poll(120) else "no answer", flush=True)
os._exit(0)
"""

EXIT = """
import os, sys, warnings
import numpy as np
from movenet import Runtime, open_engine

warnings.simplefilter("ignore", DeprecationWarning)
engine = open_engine("lightning", Runtime("openvino", "fp32"))
square = np.zeros((1, 192, 192, 3), np.uint8)
engine(square)
child = os.fork()
engine(square)
if child == 0:
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
forks = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone forks by default")


def output_of(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.strip()


@forks
@pytest.mark.parametrize("engine", ENGINES)
def test_an_estimator_used_before_a_fork_works_in_the_child(engine):
    assert float(output_of(FORK, engine, "idle")) < 0.05


@forks
def test_an_engine_in_use_by_a_thread_at_the_fork_works_in_the_child():
    assert float(output_of(FORK, "openvino", "in use")) == 0


@forks
def test_a_forked_child_exits_with_its_own_exit_code():
    assert output_of(EXIT) == "7"


@pytest.mark.parametrize("model", ["lightning", DATA / "lightning.onnx"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_pickled_engine_is_opened_again_by_its_model_and_runtime(engine, model):
    original = open_engine(model, Runtime(engine, "fp32", threads=1))
    again = pickle.loads(pickle.dumps(original))
    assert (type(again), again.card, again.precision) == (type(original), original.card, "fp32")
    for name, head in original(SQUARE).items():
        np.testing.assert_array_equal(again(SQUARE)[name], head, err_msg=name)


def test_a_model_of_the_package_is_pickled_by_its_name_and_another_by_its_absolute_path(
    tmp_path, monkeypatch
):
    (tmp_path / "mine.onnx").write_bytes(MODELS["lightning"].path.read_bytes())
    monkeypatch.chdir(tmp_path)
    named: LoadedEngine = open_engine("lightning", Runtime(precision="fp32"))
    own: LoadedEngine = open_engine("mine.onnx")
    assert named.__reduce__()[1][0] == "lightning"
    assert own.__reduce__()[1][0] == tmp_path / "mine.onnx"


def test_a_pickled_estimator_gives_the_same_poses():
    image = np.tile(SQUARE[0], (2, 2, 1))
    estimator = Estimator(people="many", min_score=0.0)
    again = pickle.loads(pickle.dumps(estimator))
    for pose, other in zip(again(image), estimator(image), strict=True):
        np.testing.assert_array_equal(pose.keypoints, other.keypoints)
