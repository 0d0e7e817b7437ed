"""A run trains, continues exactly where it was interrupted, and writes a model that the package runs."""

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
from movenet.training.default_settings import default_settings, find_settings
from movenet.training.distributed import Processes
from movenet.training.inputs import read_samples
from movenet.training.loop import Run, TrainingError, learning_rate, to_numbers, train
from movenet.training.run_folder import CHECKPOINT_FILE
from movenet.training.settings import (
    DataSettings,
    DistillationSettings,
    Intervals,
    ModelSettings,
    Settings,
    TrainingSettings,
    ValidationSettings,
    read_settings,
)
from movenet.training.teacher import open_network

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # torch's exporter and its events
EXAMPLES = Path(__file__).parents[1] / "examples"
TINY = TrainingSettings(
    steps=10, batch_size=2, learning_rate=1e-3, warm_up_steps=2, precision="fp32", device="cpu"
)


def tiny(folder, out="run", **more):
    """Return settings of ten short steps from scratch on made-up images."""
    data = DataSettings(folder / "images", folder / "labels.json")
    fields = {
        "out": folder / out,
        "data": (data,),
        "model": ModelSettings("random", width=0.35, side=64, name="dots"),
        "skeleton": DOTS,
        "training": TINY,
        "intervals": Intervals(log=2, checkpoint=5, validation=100),
    }
    return Settings(**(fields | more))


def take(settings, steps):
    """Take a number of steps of a run, then interrupt it."""
    run = train(settings)
    reports = [next(run) for _ in range(steps)]
    run.close()
    return reports


def state_of(settings):
    saved = checkpoint.load(settings.out / CHECKPOINT_FILE)
    moments = saved.optimizer["state"]
    tensors = {f"network.{name}": tensor for name, tensor in saved.network.items()}
    tensors |= {f"ema.{name}": tensor for name, tensor in saved.ema.items()}
    return saved.step, tensors | {f"{i}.{name}": t for i, one in moments.items() for name, t in one.items()}


def assert_same(ours, theirs):
    assert ours[0] == theirs[0]
    assert ours[1].keys() == theirs[1].keys()
    assert [name for name, tensor in ours[1].items() if not torch.equal(tensor, theirs[1][name])] == []


def log_of(settings):
    return (settings.out / "log.csv").read_text().splitlines()


def test_an_interrupted_run_continues_from_its_checkpoint_with_the_same_result(tmp_path):
    write_set(tmp_path)
    whole, interrupted = tiny(tmp_path, "whole"), tiny(tmp_path, "interrupted")
    uninterrupted = take(whole, 10)
    first = take(interrupted, 7)
    second = take(interrupted, 5)
    assert [p.step for p in second] == [6, 7, 8, 9, 10]
    assert [p.loss for p in uninterrupted] == [p.loss for p in first[:5] + second]
    assert_same(state_of(whole), state_of(interrupted))
    rows = [[row.split(",")[:3] for row in log_of(settings)] for settings in (whole, interrupted)]
    assert rows[0] == rows[1]


def work(settings, steps):
    """Train in this process, sending the number of each step."""
    torch.set_num_threads(1)
    for progress in train(settings):
        steps.send(progress.step)


def saved_step(settings):
    path = settings.out / CHECKPOINT_FILE
    return checkpoint.load(path).step if path.is_file() else 0


def test_a_run_killed_ten_times_loses_nothing_but_the_steps_since_its_last_checkpoint(tmp_path):
    write_set(tmp_path)
    training, intervals = replace(TINY, steps=50), Intervals(log=5, checkpoint=2, validation=100)
    killed, whole = (
        tiny(tmp_path, out, training=training, intervals=intervals) for out in ("killed", "whole")
    )
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["movenet.training.loop"])
    rng = np.random.default_rng(5)

    def run(settings, steps):
        """Take a number of steps in another process, then kill it somewhere in the next one."""
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(settings, theirs))
        process.start()
        theirs.close()
        taken = [ours.recv() for _ in range(steps)]
        time.sleep(rng.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return taken

    for _ in range(10):
        before = saved_step(killed)
        taken = run(killed, int(rng.integers(1, 5)))
        assert taken[0] == before + 1
        assert saved_step(killed) >= taken[-1] // 2 * 2
    leftover = killed.out / f".movenet-{MACHINE}-0123abcd.part"
    leftover.mkdir()
    (leftover / LOCK).touch()
    run(killed, 50 - saved_step(killed))
    assert not leftover.exists()
    run(whole, 50)
    assert_same(state_of(killed), state_of(whole))


def test_a_script_that_trains_on_import_with_loader_processes_ends_with_the_remedy(tmp_path):
    write_set(tmp_path, count=2)
    script = tmp_path / "script.py"
    script.write_text(f"""
from pathlib import Path
from movenet.skeleton import make_skeleton
from movenet.training.loop import train
from movenet.training.settings import DataSettings, ModelSettings, Settings, TrainingSettings

folder = Path({str(tmp_path)!r})
settings = Settings(
    out=folder / "run",
    data=(DataSettings(folder / "images", folder / "labels.json"),),
    model=ModelSettings("random", width=0.35, side=64),
    skeleton=make_skeleton({DOTS.names!r}),
    training=TrainingSettings(steps=2, batch_size=2, device="cpu", workers=1),
)
for progress in train(settings):
    pass
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode
    assert "if __name__ ==" in done.stderr


def test_a_trained_model_runs_in_an_estimator(tmp_path):
    write_set(tmp_path)
    validation = ValidationSettings(tmp_path / "labels.json", tmp_path / "images", name="dots")
    settings = tiny(tmp_path, validation=(validation,))
    *_, last = train(settings)
    assert {"dots/AP", "dots/PCK", "images/s", "data_wait", "loss/heatmap"} <= last.metrics.keys()
    estimator = Estimator(settings.out / "model.onnx", method="whole", min_score=0.0)
    assert (estimator.engine.card.name, estimator.engine.card.side) == ("dots", 64)
    pose = estimator.estimate_crops([read_photo(tmp_path / "images" / "0.png")], [Crop.whole(80, 64, 64)])[0]
    assert pose.keypoints.shape == (3, 2)
    assert (settings.out / "sheets" / "dots-0000010.jpg").is_file()
    assert list((settings.out / "events").iterdir())
    assert list(train(settings)) == []


def test_wise_ft_of_a_finished_run_can_be_changed(tmp_path):
    write_set(tmp_path)
    settings = tiny(
        tmp_path,
        model=ModelSettings("lightning", side=64),
        training=replace(TINY, steps=1, freeze_until="backbone"),
    )
    name = "heads.offset.hidden.pointwise.weight"
    official = open_network("lightning")[0].get_parameter(name)
    changes = []
    for weight in (1.0, 0.25):
        list(train(replace(settings, training=replace(settings.training, wise_ft=weight))))
        changes.append((read_network(settings.out / "model.onnx").get_parameter(name) - official).detach())
    assert changes[0].abs().max() > 1e-5
    torch.testing.assert_close(changes[1], changes[0] / 4, rtol=0, atol=1e-6)


def test_a_loss_that_is_not_finite_stops_the_run_and_the_error_has_its_parts(tmp_path):
    write_set(tmp_path)
    settings = tiny(tmp_path, training=replace(TINY, learning_rate=1e18, warm_up_steps=0, gradient_clip=1e30))
    with pytest.raises(
        TrainingError, match=r"not finite in step \d+: center .*, heatmap .*, regress .*, offset"
    ):
        list(train(settings))


def test_a_folder_with_another_run_is_refused(tmp_path):
    write_set(tmp_path)
    take(tiny(tmp_path), 5)
    with pytest.raises(DataError, match=r"a run with other settings in \[training\]"):
        take(tiny(tmp_path, training=replace(TINY, learning_rate=2e-3)), 1)


def test_an_unknown_device_is_refused(tmp_path):
    write_set(tmp_path)
    with pytest.raises(DataError, match="device 'abacus'"):
        take(tiny(tmp_path, training=replace(TINY, device="abacus")), 1)


def test_images_loaded_by_other_processes_are_the_same(tmp_path):
    write_set(tmp_path)
    without, with_loader = (tiny(tmp_path, f"w{n}", training=replace(TINY, workers=n)) for n in (0, 1))
    assert [p.loss for p in take(without, 3)] == [p.loss for p in take(with_loader, 3)]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_several_processes_share_a_batch(tmp_path):
    write_set(tmp_path)
    (tmp_path / "run.toml").write_text(
        '[model]\ninitial_weights = "random"\nwidth = 0.35\nside = 64\n'
        '[skeleton]\nnames = ["red", "green", "blue"]\n[[data]]\nimages = "images"\nannotations = "labels.json"\n'
        '[training]\nsteps = 2\nbatch_size = 4\nprecision = "fp32"\ndevice = "cpu"\n[intervals]\nlog = 1\n'
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
    outputs = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    assert (tmp_path / "run" / "model.onnx").is_file()
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 3


class Synchronizations(TorchDispatchMode):
    """Records operations that make the CPU wait for the GPU: reads of numbers, and results of unknown size."""

    OPERATIONS = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "equal", "is_nonzero")

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name.startswith(self.OPERATIONS) or (name.startswith("index") and self._by_mask(args)):
            self.found.append(name)
        return func(*args, **(kwargs or {}))

    def _by_mask(self, args):
        return any(part is not None and part.dtype == torch.bool for part in args[1]) if args else False


def test_the_losses_of_a_step_do_not_synchronize_with_the_device(tmp_path):
    write_set(tmp_path)
    settings = tiny(
        tmp_path,
        skeleton=BODY,
        data=(DataSettings(tmp_path / "images"),),
        distillation=DistillationSettings("lightning"),
    )
    run = Run(settings, Processes(0, 1, torch.device("cpu")))
    batch = next(run._batches())
    with Synchronizations() as waits:
        parts = run.loss_parts(run.network, batch)
        torch.stack(list(parts.values())).sum().backward()
    # The one read is the number of people, while the batch is still on the CPU.
    assert waits.found == ["_local_scalar_dense"]


def test_the_numbers_of_a_step_are_read_in_one_transfer():
    with Synchronizations() as waits:
        numbers = to_numbers(
            {"loss": torch.tensor(1.5), "gradient_norm": torch.tensor(2.0, dtype=torch.float64)}
        )
    assert numbers == {"loss": 1.5, "gradient_norm": 2.0}
    assert waits.found == []


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    write_set(tmp_path)
    settings = tiny(tmp_path)
    take(settings, 5)
    path = settings.out / CHECKPOINT_FILE
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


def test_images_without_labels_are_trained_on_by_distillation(tmp_path):
    write_set(tmp_path)
    settings = tiny(
        tmp_path,
        data=(DataSettings(tmp_path / "images"),),
        skeleton=BODY,
        distillation=DistillationSettings("lightning"),
        training=replace(TINY, freeze_until="stem"),
    )
    run = Run(settings, Processes(0, 1, torch.device("cpu")))
    batch = next(run._batches())
    parts = run.loss_parts(run.network, batch)
    assert parts["regress"].item() == parts["offset"].item() == 0
    assert all(part.item() > 0 for name, part in parts.items() if name.startswith("teacher_"))


def test_the_learning_rate_rises_linearly_and_falls_along_a_cosine():
    training = TrainingSettings(steps=110, warm_up_steps=10, learning_rate=1.0)
    assert [learning_rate(training, step) for step in (0, 9, 10, 60, 110)] == pytest.approx(
        [0.1, 1, 1, 0.5, 0]
    )


def test_the_command_trains_and_prints_the_path_of_the_model(tmp_path):
    write_set(tmp_path)
    (tmp_path / "dots.toml").write_text(
        '[model]\ninitial_weights = "random"\nwidth = 0.35\n[skeleton]\nnames = ["red", "green", "blue"]\n'
        '[[data]]\nimages = "images"\nannotations = "labels.json"\n[training]\nwarm_up_steps = 1\n'
    )
    arguments = ["--steps", "1", "--batch-size", "1", "--device", "cpu", "-o", str(tmp_path / "out"), "--set"]
    done = CliRunner().invoke(app, ["train", str(tmp_path / "dots.toml"), *arguments, "model.side=64"])
    assert done.exit_code == 0, done.output
    model, report = tmp_path / "out" / "model.onnx", tmp_path / "out" / "report.html"
    assert done.stdout.strip() == str(model)
    assert "      1  loss" in done.stderr
    assert "labels (trained on): AP " in done.stderr
    assert f"next: movenet run photo.jpg --model {model}" in done.stderr
    page = report.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 2
    assert "these images were trained on" in page


def test_a_data_set_without_settings_gets_some_and_they_are_kept(tmp_path):
    folder = tmp_path / "dots"
    labels = json.loads(write_set(folder).read_text())
    labels["categories"][0] |= {"keypoints": ["left_dot", "right_dot", "tail"], "name": "dots"}
    (folder / "train.json").write_text(json.dumps(labels))
    (folder / "val.json").write_text(json.dumps(labels))
    done = CliRunner().invoke(app, ["train", "--init", str(folder)])
    assert done.stdout.strip() == str(folder / "train.toml")
    assert f"next: movenet train {folder}" in done.stderr
    settings = read_settings(folder / "train.toml")
    assert settings.skeleton.names == ("left_dot", "right_dot", "tail")
    assert settings.validation[0].annotations == folder / "val.json"
    assert settings.out == folder / "run"
    assert find_settings(folder) == (folder / "train.toml", False)
    assert "is there already" in str(CliRunner().invoke(app, ["train", "--init", str(folder)]).exception)


def test_the_default_settings_of_a_data_set_of_people_are_those_of_the_example(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "train.toml").write_text(default_settings(tmp_path))
    written, example = read_settings(tmp_path / "train.toml"), read_settings(EXAMPLES / "fine_tune.toml")
    assert written.training == example.training
    assert written.data[0].yolo_labels == tmp_path / "labels"
    assert written.skeleton == BODY


def test_a_folder_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected a data set in"):
        find_settings(tmp_path)


def test_the_hands_of_the_example_are_drawn_and_trained_on(tmp_path):
    subprocess.run([sys.executable, EXAMPLES / "draw_hands.py", tmp_path], check=True)
    settings = read_settings(tmp_path / "hand.toml", ["training.device=cpu", "training.batch_size=2"])
    assert read_samples(settings, 96, 0).epoch_size == 64
    first = take(settings, 1)[0]
    assert first.loss > 0


@pytest.mark.parametrize("name", ["hand", "fine_tune", "sports"])
def test_the_settings_of_the_examples_are_read(name):
    assert read_settings(EXAMPLES / f"{name}.toml").training.steps > 0


def test_a_run_overfits_eight_images(shared, tmp_path):
    """Images of COCO, Lightning at two thirds of its side: half a minute on two cores."""
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
            steps=100,
            batch_size=8,
            learning_rate=5e-4,
            warm_up_steps=20,
            ema_decay=0.9,
            precision="fp32",
            device="cpu",
        ),
        intervals=Intervals(log=10, checkpoint=1000, validation=1000),
    )
    *_, last = take(settings, 100)
    assert last.metrics["eight/AP"] >= 0.95
