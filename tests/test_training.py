"""A run learns, is taken up exactly where it was cut off, and ends in a model that the package runs."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from typer.testing import CliRunner

from figures import DOTS, write_set
from movenet.atomic import LOCK, MACHINE
from movenet.cli import app
from movenet.crop import Crop
from movenet.errors import DataError, FileError
from movenet.estimator import Estimator
from movenet.media import read_photo
from movenet.networks.onnx_file import read_network
from movenet.skeleton import BODY
from movenet.training import checkpoint
from movenet.training.augment import NO_AUGMENTATION
from movenet.training.distributed import Processes
from movenet.training.inputs import samples
from movenet.training.loop import Run, TrainingError, rate, read, train
from movenet.training.settings import (
    Data,
    Every,
    Model,
    Settings,
    Teacher,
    Training,
    Validation,
    read_settings,
)
from movenet.training.teacher import open_network

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # torch's exporter and its events
EXAMPLES = Path(__file__).parents[1] / "examples"
TINY = TrainingSettings(steps=10, batch=2, rate=1e-3, warm_up=2, precision="fp32", device="cpu")


def tiny(folder, out="run", **more):
    """Return settings of ten short steps from scratch on made-up pictures."""
    data = DataSettings(folder / "images", folder / "labels.json")
    fields = {
        "out": folder / out,
        "data": (data,),
        "model": ModelSettings("scratch", width=0.35, side=64, name="dots"),
        "skeleton": DOTS,
        "training": TINY,
        "every": Intervals(log=2, checkpoint=5, validation=100),
    }
    return Settings(**(fields | more))


def take(settings, steps):
    """Take so many steps of a run, then cut it off."""
    run = train(settings)
    reports = [next(run) for _ in range(steps)]
    run.close()
    return reports


def state_of(settings):
    saved = checkpoint.load(settings.out / checkpoint.NAME)
    moments = saved.optimizer["state"]
    tensors = {f"network.{name}": tensor for name, tensor in saved.network.items()}
    tensors |= {f"average.{name}": tensor for name, tensor in saved.average.items()}
    return saved.step, tensors | {f"{i}.{name}": t for i, one in moments.items() for name, t in one.items()}


def assert_same(ours, theirs):
    assert ours[0] == theirs[0]
    assert ours[1].keys() == theirs[1].keys()
    assert [name for name, tensor in ours[1].items() if not torch.equal(tensor, theirs[1][name])] == []


def log_of(settings):
    return (settings.out / "log.csv").read_text().splitlines()


def test_ten_steps_are_five_and_after_a_break_five_more(tmp_path):
    write_set(tmp_path)
    whole, broken = tiny(tmp_path, "whole"), tiny(tmp_path, "broken")
    undisturbed = take(whole, 10)
    first = take(broken, 7)
    second = take(broken, 5)
    assert [p.step for p in second] == [6, 7, 8, 9, 10]
    assert [p.loss for p in undisturbed] == [p.loss for p in first[:5] + second]
    assert_same(state_of(whole), state_of(broken))
    rows = [[row.split(",")[:3] for row in log_of(settings)] for settings in (whole, broken)]
    assert rows[0] == rows[1]


def work(settings, steps):
    """Train in a process of its own, telling each step."""
    torch.set_num_threads(1)
    for progress in train(settings):
        steps.send(progress.step)


def reached(settings):
    path = settings.out / checkpoint.NAME
    return checkpoint.load(path).step if path.is_file() else 0


def test_a_run_killed_ten_times_loses_nothing_but_the_steps_since_its_last_checkpoint(tmp_path):
    write_set(tmp_path)
    training, every = replace(TINY, steps=50), Intervals(log=5, checkpoint=2, validation=100)
    killed, whole = (tiny(tmp_path, out, training=training, every=every) for out in ("killed", "whole"))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["movenet.training.loop"])
    rng = np.random.default_rng(5)

    def run(settings, steps):
        """Run that many steps in a process of its own, then kill it somewhere in the next one."""
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(settings, theirs))
        process.start()
        theirs.close()
        told = [ours.recv() for _ in range(steps)]
        time.sleep(rng.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return told

    for _ in range(10):
        before = reached(killed)
        told = run(killed, int(rng.integers(1, 5)))
        assert told[0] == before + 1
        assert reached(killed) >= told[-1] // 2 * 2
    left = killed.out / f".movenet-{MACHINE}-0123abcd.part"
    left.mkdir()
    (left / LOCK).touch()
    run(killed, 50 - reached(killed))
    assert not left.exists()
    run(whole, 50)
    assert_same(state_of(killed), state_of(whole))


def test_a_script_that_trains_whenever_it_is_imported_is_told_so_and_ends(tmp_path):
    write_set(tmp_path, count=2)
    script = tmp_path / "script.py"
    script.write_text(f"""
from pathlib import Path
from movenet.skeleton import name_skeleton
from movenet.training.loop import train
from movenet.training.settings import Data, Model, Settings, Training

folder = Path({str(tmp_path)!r})
settings = Settings(
    out=folder / "run",
    data=(DataSettings(folder / "images", folder / "labels.json"),),
    model=ModelSettings("scratch", width=0.35, side=64),
    skeleton=name_skeleton({DOTS.names!r}),
    training=TrainingSettings(steps=2, batch=2, device="cpu", workers=1),
)
for progress in train(settings):
    pass
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode
    assert "if __name__ ==" in done.stderr


def test_a_finished_model_runs_wherever_a_model_runs(tmp_path):
    write_set(tmp_path)
    validation = ValidationSettings(tmp_path / "labels.json", tmp_path / "images", name="dots")
    settings = tiny(tmp_path, validation=(validation,))
    *_, last = train(settings)
    assert {"dots/AP", "dots/PCK", "pictures/s", "waiting", "loss/heatmap"} <= last.figures.keys()
    estimator = Estimator(settings.out / "model.onnx", method="whole", min_score=0.0)
    assert (estimator.engine.card.name, estimator.engine.card.side) == ("dots", 64)
    pose = estimator.estimate_crops([read_photo(tmp_path / "images" / "0.png")], [Crop.whole(80, 64, 64)])[0]
    assert pose.keypoints.shape == (3, 2)
    assert (settings.out / "sheets" / "dots-0000010.jpg").is_file()
    assert list((settings.out / "events").iterdir())
    assert list(train(settings)) == []


def test_a_finished_run_can_be_blended_anew(tmp_path):
    write_set(tmp_path)
    settings = tiny(
        tmp_path, model=ModelSettings("lightning", side=64), training=replace(TINY, steps=1, frozen="backbone")
    )
    name = "heads.offset.hidden.pointwise.weight"
    official = open_network("lightning")[0].get_parameter(name)
    changes = []
    for share in (1.0, 0.25):
        list(train(replace(settings, training=replace(settings.training, blend=share))))
        changes.append((read_network(settings.out / "model.onnx").get_parameter(name) - official).detach())
    assert changes[0].abs().max() > 1e-5
    torch.testing.assert_close(changes[1], changes[0] / 4, rtol=0, atol=1e-6)


def test_a_loss_that_is_no_number_stops_the_run_and_names_its_parts(tmp_path):
    write_set(tmp_path)
    settings = tiny(tmp_path, training=replace(TINY, rate=1e18, warm_up=0, clip=1e30))
    with pytest.raises(
        TrainingError, match=r"no number in step \d+: center .*, heatmap .*, regress .*, offset"
    ):
        list(train(settings))


def test_a_folder_with_another_run_is_refused(tmp_path):
    write_set(tmp_path)
    take(tiny(tmp_path), 5)
    with pytest.raises(DataError, match=r"a run with another \[training\]"):
        take(tiny(tmp_path, training=replace(TINY, rate=2e-3)), 1)


def test_an_unknown_device_is_refused(tmp_path):
    write_set(tmp_path)
    with pytest.raises(DataError, match="device 'abacus'"):
        take(tiny(tmp_path, training=replace(TINY, device="abacus")), 1)


def test_pictures_read_by_other_processes_are_the_same(tmp_path):
    write_set(tmp_path)
    alone, helped = (tiny(tmp_path, f"w{n}", training=replace(TINY, workers=n)) for n in (0, 1))
    assert [p.loss for p in take(alone, 3)] == [p.loss for p in take(helped, 3)]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_several_processes_share_a_batch(tmp_path):
    write_set(tmp_path)
    (tmp_path / "run.toml").write_text(
        '[model]\nstart = "scratch"\nwidth = 0.35\nside = 64\n'
        '[skeleton]\nnames = ["red", "green", "blue"]\n[[data]]\nimages = "images"\nannotations = "labels.json"\n'
        '[training]\nsteps = 2\nbatch = 4\nprecision = "fp32"\ndevice = "cpu"\n[every]\nlog = 1\n'
    )
    code = "import sys; from movenet.cli import main; sys.argv[0] = 'movenet'; main()"
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, "train", str(tmp_path / "run.toml")],
            env=environment | {"RANK": str(rank), "WORLD_SIZE": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], told
    assert (tmp_path / "run" / "model.onnx").is_file()
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 3


class Waits(TorchDispatchMode):
    """Counts what makes a CPU wait for its GPU: numbers read from tensors, and results whose size depends on them."""

    WAIT = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "equal", "is_nonzero")

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name.startswith(self.WAIT) or (name.startswith("index") and self._by_mask(args)):
            self.found.append(name)
        return func(*args, **(kwargs or {}))

    def _by_mask(self, args):
        return any(part is not None and part.dtype == torch.bool for part in args[1]) if args else False


def test_the_losses_of_a_step_never_wait_for_the_device(tmp_path):
    write_set(tmp_path)
    settings = tiny(tmp_path, skeleton=BODY, data=(DataSettings(tmp_path / "images"),), teacher=DistillationSettings("lightning"))
    run = Run(settings, Processes(0, 1, torch.device("cpu")))
    batch = next(run._batches())
    with Waits() as waits:
        found = run.parts(run.network, batch)
        torch.stack(list(found.values())).sum().backward()
    # Of the batch, still on the CPU: how many people there are.
    assert waits.found == ["_local_scalar_dense"]


def test_the_numbers_of_a_step_are_read_together_and_not_one_by_one():
    with Waits() as waits:
        figures = read({"loss": torch.tensor(1.5), "gradient": torch.tensor(2.0, dtype=torch.float64)})
    assert figures == {"loss": 1.5, "gradient": 2.0}
    assert waits.found == []


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    write_set(tmp_path)
    settings = tiny(tmp_path)
    take(settings, 5)
    path = settings.out / checkpoint.NAME
    saved = checkpoint.load(path)
    for odd in ({"network": {}}, {"optimizer": {}}, {"optimizer": {"state": [], "param_groups": [1]}}):
        checkpoint.save(path, replace(saved, **odd))
        with pytest.raises(DataError, match=r"checkpoint\.pt is of another version of movenet"):
            take(settings, 1)


def test_a_run_in_a_file_instead_of_a_folder_is_refused(tmp_path):
    write_set(tmp_path)
    (tmp_path / "run").touch()
    with pytest.raises(FileError, match="cannot make the run's folder"):
        take(tiny(tmp_path), 1)


def test_a_student_learns_from_a_teacher_on_pictures_without_labels(tmp_path):
    write_set(tmp_path)
    settings = tiny(
        tmp_path,
        data=(DataSettings(tmp_path / "images"),),
        skeleton=BODY,
        teacher=DistillationSettings("lightning"),
        training=replace(TINY, frozen="stem"),
    )
    run = Run(settings, Processes(0, 1, torch.device("cpu")))
    batch = next(run._batches())
    found = run.parts(run.network, batch)
    assert found["regress"].item() == found["offset"].item() == 0
    assert all(part.item() > 0 for name, part in found.items() if name.startswith("teacher_"))


def test_the_rate_rises_in_a_straight_line_and_falls_along_a_cosine():
    training = TrainingSettings(steps=110, warm_up=10, rate=1.0)
    assert [rate(training, step) for step in (0, 9, 10, 60, 110)] == pytest.approx([0.1, 1, 1, 0.5, 0])


def test_the_command_trains_and_says_where_the_model_is(tmp_path):
    write_set(tmp_path)
    (tmp_path / "dots.toml").write_text(
        '[model]\nstart = "scratch"\nwidth = 0.35\n[skeleton]\nnames = ["red", "green", "blue"]\n'
        '[[data]]\nimages = "images"\nannotations = "labels.json"\n[training]\nwarm_up = 1\n'
    )
    arguments = ["--steps", "1", "--batch", "1", "--device", "cpu", "-o", str(tmp_path / "out"), "--set"]
    done = CliRunner().invoke(app, ["train", str(tmp_path / "dots.toml"), *arguments, "model.side=64"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / "out" / "model.onnx")
    assert "      1  loss" in done.stderr


def test_the_hand_of_the_examples_is_drawn_and_its_settings_are_right(tmp_path):
    subprocess.run([sys.executable, EXAMPLES / "draw_hands.py", tmp_path], check=True)
    settings = read_settings(tmp_path / "hand.toml", ["training.device=cpu", "training.batch=2"])
    data = samples(settings, 96, 0)
    assert data.epoch == 64
    first = take(settings, 1)[0]
    assert first.loss > 0


@pytest.mark.parametrize("name", ["hand", "fine_tune", "sports"])
def test_the_settings_of_the_examples_are_settings(name):
    assert read_settings(EXAMPLES / f"{name}.toml").training.steps > 0


def test_eight_pictures_are_learned_by_heart(shared, tmp_path):
    """Of COCO, by Lightning at two thirds of its side, in half a minute on two cores."""
    folder = shared / "data" / "coco-train-small"
    whole = json.loads((folder / "train.json").read_text())
    people = [a for a in whole["annotations"] if a["num_keypoints"] >= 12 and min(a["bbox"][2:]) > 60]
    few = {a["image_id"]: a for a in people}
    few = dict(list(few.items())[:8])
    images = [image for image in whole["images"] if image["id"] in few]
    eight = {"images": images, "annotations": list(few.values()), "categories": whole["categories"]}
    (tmp_path / "eight.json").write_text(json.dumps(eight))
    data = DataSettings(folder / "images", tmp_path / "eight.json")
    settings = Settings(
        tmp_path / "run",
        (data,),
        ModelSettings(side=128),
        validation=(ValidationSettings(tmp_path / "eight.json", folder / "images"),),
        augmentation=NO_AUGMENTATION,
        training=TrainingSettings(
            steps=100, batch=8, rate=5e-4, warm_up=20, average=0.9, precision="fp32", device="cpu"
        ),
        every=Intervals(log=10, checkpoint=1000, validation=1000),
    )
    *_, last = take(settings, 100)
    assert last.figures["eight/AP"] >= 0.95
