"""Training, from the first step to the last, in the order in which it happens.

    for each step:   squares → network → losses → gradients → weights → running average
    now and then:    a line in the log · a checkpoint · AP and PCK of the running average
    at the end:      model.onnx, which every engine of the package reads

One process on a CPU or a GPU, or several under torchrun. Whoever stops the iteration, or is killed, goes on from the
last checkpoint by running the same settings again, and gets what an undisturbed run would have got.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from movenet.errors import DataError, FileError, MoveNetError
from movenet.networks.movenet import Network
from movenet.training import checkpoint, layers, scaled_weights
from movenet.training.dataset import Sample, read_from
from movenet.training.distributed import Processes, join
from movenet.training.finalize import finish, publish
from movenet.training.inputs import Start, samples, start, validation_labels
from movenet.training.losses import lessons, losses
from movenet.training.run_log import Journal
from movenet.training.settings import Settings, Training
from movenet.training.targets import count_people, make_targets
from movenet.training.teacher import Teacher
from movenet.training.validation import validate


class TrainingError(MoveNetError):
    """Training cannot go on: the loss is no number any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is after a step."""

    step: int
    loss: float
    figures: Mapping[str, float] = field(default_factory=dict)
    """What was written to the log after this step; empty after most."""


def train(settings: Settings) -> Iterator[Progress]:
    """Train, yielding after every step. A run in `settings.out` that was cut off is taken up again.

    Raises:
        DataError: if data is missing or malformed, or the folder holds a run with other settings.
        ModelError: if the model to begin with is unknown or not one of ours.
        TrainingError: if the loss is not finite any more; its parts are named.
    """
    with join(settings.training.device) as processes:
        yield from Run(settings, processes).steps()


class Run:
    """Everything that lives as long as a run."""

    def __init__(self, settings: Settings, processes: Processes):
        self.settings, self.processes = settings, processes
        self.device = processes.device
        self.precision = processes.arithmetic(settings.training.precision)
        try:
            settings.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot make the run's folder {settings.out}: {error.strerror}") from None
        self.start: Start = start(settings)
        teacher = settings.teacher.model
        self.teacher = Teacher(teacher, len(settings.skeleton), self.device) if teacher else None
        self.network = scaled_weights.begin(self.start.network, self.start.known).to(self.device)
        layers.freeze(self.network, settings.training.frozen)
        layers.names_until(self.network, settings.training.adopt)  # a part that is not there is found out now
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        groups = layers.groups(self.network, settings.training.backbone, settings.training.decay)
        self.optimizer = torch.optim.AdamW(groups, lr=settings.training.rate)
        self.lists = [(v, validation_labels(v, settings.skeleton)) for v in settings.validation]
        self.step = self._resume()

    def steps(self) -> Iterator[Progress]:
        """Take the steps that are left, then write the model."""
        s, t = self.settings, self.settings.training
        journal = Journal(s.out, self.step) if self.processes.first else None
        network = self.processes.wrap(self.network)
        watch = Stopwatch()
        for batch in watch.waits(self._batches()):
            set_rate(self.optimizer, t, self.step)
            measured = self.learn(network, batch)
            self.step += 1
            follow(self.average, self.network, min(t.average, (1 + self.step) / (10 + self.step)))
            taken = read(measured)
            check_finite(taken, self.step)

            figures: dict[str, float] = {}
            last = self.step == t.steps
            if self.step % s.every.log == 0 or last:
                figures = {**taken, "rate": rate(t, self.step)} | watch.figures(t.batch)
            if journal is not None:
                if self.step % s.every.validation == 0 or last:
                    figures |= self.measure(journal)
                    watch.restart()
                if figures:
                    journal.write(self.step, figures)
                if self.step % s.every.checkpoint == 0 or last:
                    self.save()
            yield Progress(self.step, taken["loss"], figures)
        if journal is not None:
            journal.close()
            publish(finish(self.average, s), s, self.start)
        self.processes.wait()

    def learn(self, network: nn.Module, batch: Sample) -> dict[str, Tensor]:
        """Move the weights by a batch; return, still on the device, the loss, its parts and the gradient's norm."""
        found = self.parts(network, batch)
        loss = torch.stack(list(found.values())).sum()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.training.clip)
        self.optimizer.step()
        return {"loss": loss, **{f"loss/{name}": part for name, part in found.items()}, "gradient": norm}

    def parts(self, network: nn.Module, batch: Sample) -> dict[str, Tensor]:
        """Return the parts of the loss on a batch, each weighed as the settings say."""
        s, people = self.settings, count_people(batch.labelled)  # counted before it is on the device
        batch = Sample(*(tensor.to(self.device, non_blocking=True) for tensor in batch))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            heads = network(batch.image)
            taught = self.teacher(batch.clear, batch.unknown.shape[-1]) if self.teacher else None
        heads = {name: head.float() for name, head in heads.items()}
        targets = make_targets(batch, list(heads), s.targets, people)
        weighed = {name: getattr(s.losses, name) * part for name, part in losses(heads, targets).items()}
        if taught is not None:
            for name, part in lessons(heads, taught, targets, s.teacher.beside).items():
                weight = getattr(s.losses, name.removeprefix("teacher_"))
                weighed[name] = s.teacher.weight * weight * part
        return weighed

    def measure(self, journal: Journal) -> dict[str, float]:
        """Return AP and PCK, on each list, of what the model would be if training ended here."""
        model, figures = finish(self.average, self.settings), dict[str, float]()
        for validation, labels in self.lists:
            found = validate(model, labels, self.start.side, validation.factor, self.precision)
            figures |= {f"{labels.name}/AP": found.ap, f"{labels.name}/PCK": found.pck}
            journal.show(self.step, labels.name, found.sheet)
        return figures

    def save(self) -> None:
        """Put everything that the next step depends on in the folder."""
        state = checkpoint.Checkpoint(
            self.step,
            self.network.state_dict(),
            self.average.state_dict(),
            self.optimizer.state_dict(),
            self.settings.plain(),
        )
        checkpoint.save(self.settings.out / checkpoint.NAME, state)

    def _resume(self) -> int:
        """Take up the run that is in the folder, if there is one; return the steps it took."""
        path = self.settings.out / checkpoint.NAME
        if not path.is_file():
            return 0
        saved = checkpoint.load(path)
        checkpoint.check_same(saved.settings, self.settings.plain(), path)
        try:
            self.network.load_state_dict(saved.network)
            self.average.load_state_dict(saved.average)
            self.optimizer.load_state_dict(dict(saved.optimizer))
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            first = str(error).partition("\n")[0]
            raise DataError(
                f"{path} is of another version of movenet ({first}): begin in another folder"
            ) from None
        return saved.step

    def _batches(self) -> Iterator[Sample]:
        """Yield this process's part of every batch that is left."""
        t, side = self.settings.training, self.start.side
        if not self.processes.first:
            self.processes.wait()  # the first process completes labels, the others read what it wrote
        data = samples(self.settings, side, self.teacher.card.side if self.teacher else 0)
        if self.processes.first:
            self.processes.wait()
        mine = self.processes.share(t.batch)
        begin = self.step * t.batch + self.processes.rank * mine
        numbers = [list(range(first, first + mine)) for first in range(begin, t.steps * t.batch, t.batch)]
        return read_from(data, numbers, t.workers, self.device)


def rate(training: Training, step: int) -> float:
    """Return the learning rate of a step, 0 …: a straight rise, then half a cosine down to 0."""
    if step < training.warm_up:
        return training.rate * (step + 1) / training.warm_up
    done = (step - training.warm_up) / max(training.steps - training.warm_up, 1)
    return training.rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def set_rate(optimizer: torch.optim.Optimizer, training: Training, step: int) -> None:
    """Give each group of weights its share of the step's learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["share"] * rate(training, step)


def follow(average: Network, network: Network, decay: float) -> None:
    """Move the running average towards the network; what batch norm counts is copied."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), network.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)
        for counted, now in zip(average.buffers(), network.buffers(), strict=True):
            counted.copy_(now)


def read(measured: Mapping[str, Tensor]) -> dict[str, float]:
    """Return numbers that lie on the device. This waits for it, and is the one time that a step does."""
    values = torch.stack([value.detach().float() for value in measured.values()]).tolist()
    return dict(zip(measured, values, strict=True))


def check_finite(taken: Mapping[str, float], step: int) -> None:
    """Raise TrainingError, which names all parts of the loss, if one of them is no number."""
    parts = {name.removeprefix("loss/"): value for name, value in taken.items() if name.startswith("loss/")}
    if not all(map(math.isfinite, parts.values())):
        told = ", ".join(f"{name} {value:.4g}" for name, value in parts.items())
        raise TrainingError(
            f"the loss is no number in step {step}: {told}; lower training.rate or training.clip "
            "and go on from the last checkpoint"
        )


class Stopwatch:
    """How fast it goes, and how much of the time is spent waiting for data."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget the time so far."""
        self._since, self._waited, self._steps = time.perf_counter(), 0.0, 0

    def waits(self, batches: Iterator[Sample]) -> Iterator[Sample]:
        """Yield the batches, measuring how long each takes to come."""
        self.restart()
        while True:
            before = time.perf_counter()
            batch = next(batches, None)
            self._waited += time.perf_counter() - before
            if batch is None:
                return
            self._steps += 1
            yield batch

    def figures(self, batch: int) -> dict[str, float]:
        """Return pictures per second and the share of time spent waiting, since the last time."""
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        figures = {"pictures/s": batch * self._steps / elapsed, "waiting": self._waited / elapsed}
        self.restart()
        return figures
