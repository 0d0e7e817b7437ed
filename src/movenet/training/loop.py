"""The training loop.

    each step:      squares → network → losses → gradients → weights → EMA of the weights
    at intervals:   a row in the log · a checkpoint · AP and PCK of the EMA weights
    at the end:     model.onnx

It runs in one process on a CPU or GPU, or in several under torchrun. A run that was stopped or killed continues from
its last checkpoint when it is started again with the same settings, with the result of an uninterrupted run.
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
from movenet.training import checkpoint, layers
from movenet.training.dataset import Sample, load_batches
from movenet.training.distributed import Processes, join_processes
from movenet.training.finalize import final_network, write_model
from movenet.training.inputs import initial_network, read_samples, validation_labels
from movenet.training.losses import distillation_losses, label_losses
from movenet.training.run_folder import CHECKPOINT_FILE
from movenet.training.run_log import RunLog
from movenet.training.scaled_weights import scale_pretrained
from movenet.training.settings import Settings, TrainingSettings
from movenet.training.targets import make_targets, max_people
from movenet.training.teacher import Teacher
from movenet.training.validation import validate


class TrainingError(MoveNetError):
    """Training cannot continue: the loss is not finite."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run after a step."""

    step: int
    loss: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The row that was added to the log after this step; empty after most steps."""


def train(settings: Settings) -> Iterator[Progress]:
    """Train, yielding after every step. An interrupted run in `settings.out` is continued.

    Raises:
        DataError: if data is missing or malformed, or the folder holds a run with other settings.
        ModelError: if the initial model is unknown or not one of this package.
        TrainingError: if the loss is not finite; the message names its parts.
    """
    with join_processes(settings.training.device) as processes:
        yield from Run(settings, processes).steps()


class Run:
    """A training run: network, EMA, optimiser, teacher and validation labels."""

    def __init__(self, settings: Settings, processes: Processes):
        self.settings, self.processes = settings, processes
        self.device = processes.device
        self.precision = processes.resolve_precision(settings.training.precision)
        try:
            settings.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot make the run's folder {settings.out}: {error.strerror}") from None
        self.initial = initial_network(settings)
        teacher, options = settings.distillation.teacher, settings.training
        self.teacher = Teacher(teacher, len(settings.skeleton), self.device) if teacher else None
        self.network = scale_pretrained(self.initial.network, self.initial.pretrained).to(self.device)
        layers.freeze(self.network, options.freeze_until)
        layers.weight_names_until(
            self.network, options.wise_ft_until
        )  # raises for an unknown part before training
        self.ema = copy.deepcopy(self.network).requires_grad_(False)
        groups = layers.parameter_groups(self.network, options.backbone_rate_factor, options.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, lr=options.learning_rate)
        self.validation = [(v, validation_labels(v, settings.skeleton)) for v in settings.validation]
        self.step = self._resume()

    def steps(self) -> Iterator[Progress]:
        """Take the remaining steps, then write the model."""
        s, t = self.settings, self.settings.training
        run_log = RunLog(s.out, self.step) if self.processes.first else None
        network = self.processes.wrap(self.network)
        timer = LoadingTimer()
        for batch in timer.time(self._batches()):
            set_learning_rate(self.optimizer, t, self.step)
            measured = self.train_step(network, batch)
            self.step += 1
            update_ema(self.ema, self.network, min(t.ema_decay, (1 + self.step) / (10 + self.step)))
            numbers = to_numbers(measured)
            check_finite(numbers, self.step)

            metrics: dict[str, float] = {}
            last = self.step == t.steps
            if self.step % s.intervals.log == 0 or last:
                rate = learning_rate(t, self.step)
                metrics = {**numbers, "learning_rate": rate} | timer.metrics(t.batch_size)
            if run_log is not None:
                if self.step % s.intervals.validation == 0 or last:
                    metrics |= self.validate(run_log)
                    timer.restart()
                if metrics:
                    run_log.write(self.step, metrics)
                if self.step % s.intervals.checkpoint == 0 or last:
                    self.save()
            yield Progress(self.step, numbers["loss"], metrics)
        if run_log is not None:
            run_log.close()
            write_model(final_network(self.ema, s), s, self.initial)
        self.processes.wait()

    def train_step(self, network: nn.Module, batch: Sample) -> dict[str, Tensor]:
        """Update the weights on a batch; return the loss, its parts and the gradient's norm, still on the device."""
        parts = self.loss_parts(network, batch)
        loss = torch.stack(list(parts.values())).sum()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.training.gradient_clip)
        self.optimizer.step()
        return {"loss": loss, **{f"loss/{name}": part for name, part in parts.items()}, "gradient_norm": norm}

    def loss_parts(self, network: nn.Module, batch: Sample) -> dict[str, Tensor]:
        """Return the weighted loss of each head, and of each head of the teacher."""
        s, people = self.settings, max_people(batch.labelled)  # counted before the batch is on the device
        batch = Sample(*(tensor.to(self.device, non_blocking=True) for tensor in batch))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            heads = network(batch.image)
            teacher_heads = (
                self.teacher(batch.teacher_image, batch.ignored.shape[-1]) if self.teacher else None
            )
        heads = {name: head.float() for name, head in heads.items()}
        targets = make_targets(batch, list(heads), s.targets, people)
        parts = {
            name: getattr(s.loss_weights, name) * loss for name, loss in label_losses(heads, targets).items()
        }
        if teacher_heads is not None:
            distilled = distillation_losses(heads, teacher_heads, targets, s.distillation.labelled_weight)
            for name, loss in distilled.items():
                weight = getattr(s.loss_weights, name.removeprefix("teacher_"))
                parts[name] = s.distillation.weight * weight * loss
        return parts

    def validate(self, run_log: RunLog) -> dict[str, float]:
        """Return AP and PCK, on each validation dataset, of the model that would be written now."""
        network, metrics = final_network(self.ema, self.settings), dict[str, float]()
        for validation, labels in self.validation:
            measured = validate(network, labels, self.initial.side, validation.crop_factor, self.precision)
            metrics |= {f"{labels.name}/AP": measured.ap, f"{labels.name}/PCK": measured.pck}
            run_log.write_sheet(self.step, labels.name, measured.sheet)
        return metrics

    def save(self) -> None:
        """Write a checkpoint to the folder of the run."""
        state = checkpoint.Checkpoint(
            self.step,
            self.network.state_dict(),
            self.ema.state_dict(),
            self.optimizer.state_dict(),
            self.settings.plain(),
        )
        checkpoint.save(self.settings.out / CHECKPOINT_FILE, state)

    def _resume(self) -> int:
        """Load the checkpoint in the folder, if there is one; return its number of steps, else 0."""
        path = self.settings.out / CHECKPOINT_FILE
        if not path.is_file():
            return 0
        saved = checkpoint.load(path)
        checkpoint.check_settings(saved.settings, self.settings.plain(), path)
        try:
            self.network.load_state_dict(saved.network)
            self.ema.load_state_dict(saved.ema)
            self.optimizer.load_state_dict(dict(saved.optimizer))
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            first = str(error).partition("\n")[0]
            raise DataError(
                f"{path} is of another version of movenet ({first}): choose another folder (out)"
            ) from None
        return saved.step

    def _batches(self) -> Iterator[Sample]:
        """Yield this process's part of every remaining batch."""
        t, side = self.settings.training, self.initial.side
        if not self.processes.first:
            self.processes.wait()  # the first process writes the relabelled data, the others read it
        samples = read_samples(self.settings, side, self.teacher.card.side if self.teacher else 0)
        if self.processes.first:
            self.processes.wait()
        size = self.processes.local_batch_size(t.batch_size)
        start = self.step * t.batch_size + self.processes.rank * size
        firsts = range(start, t.steps * t.batch_size, t.batch_size)
        return load_batches(
            samples, [list(range(first, first + size)) for first in firsts], t.workers, self.device
        )


def learning_rate(training: TrainingSettings, step: int) -> float:
    """Return the learning rate of a step, counted from 0: linear warm-up, then half a cosine down to 0."""
    if step < training.warm_up_steps:
        return training.learning_rate * (step + 1) / training.warm_up_steps
    done = (step - training.warm_up_steps) / max(training.steps - training.warm_up_steps, 1)
    return training.learning_rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def set_learning_rate(optimizer: torch.optim.Optimizer, training: TrainingSettings, step: int) -> None:
    """Set the learning rate of each parameter group for a step."""
    for group in optimizer.param_groups:
        group["lr"] = group["rate_factor"] * learning_rate(training, step)


def update_ema(ema: Network, network: Network, decay: float) -> None:
    """Move the EMA weights towards those of the network; buffers, such as batch norm statistics, are copied."""
    with torch.no_grad():
        for averaged, new in zip(ema.parameters(), network.parameters(), strict=True):
            averaged.lerp_(new, 1 - decay)
        for copied, current in zip(ema.buffers(), network.buffers(), strict=True):
            copied.copy_(current)


def to_numbers(measured: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the values of scalar tensors, all in one transfer: the only time that a step waits for the device."""
    values = torch.stack([value.detach().float() for value in measured.values()]).tolist()
    return dict(zip(measured, values, strict=True))


def check_finite(numbers: Mapping[str, float], step: int) -> None:
    """Raise TrainingError, with all parts of the loss, if one is not finite."""
    parts = {name.removeprefix("loss/"): value for name, value in numbers.items() if name.startswith("loss/")}
    if not all(map(math.isfinite, parts.values())):
        values = ", ".join(f"{name} {value:.4g}" for name, value in parts.items())
        raise TrainingError(
            f"the loss is not finite in step {step}: {values}; lower training.learning_rate or "
            "training.gradient_clip and continue from the last checkpoint"
        )


class LoadingTimer:
    """Measures images per second, and the fraction of the time spent waiting for data."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start a new measurement."""
        self._since, self._waited, self._steps = time.perf_counter(), 0.0, 0

    def time(self, batches: Iterator[Sample]) -> Iterator[Sample]:
        """Yield the batches, measuring the wait for each."""
        self.restart()
        while True:
            before = time.perf_counter()
            batch = next(batches, None)
            self._waited += time.perf_counter() - before
            if batch is None:
                return
            self._steps += 1
            yield batch

    def metrics(self, batch_size: int) -> dict[str, float]:
        """Return images per second and the fraction of time spent waiting since the last measurement; start anew."""
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        metrics = {"images/s": batch_size * self._steps / elapsed, "data_wait": self._waited / elapsed}
        self.restart()
        return metrics
