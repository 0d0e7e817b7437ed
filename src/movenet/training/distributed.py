"""One process, or several that torchrun started, each with its part of every batch."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn

from movenet.errors import DataError


@dataclass(frozen=True, slots=True)
class Processes:
    """Which of how many this is, and what it computes on."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and measures."""
        return self.rank == 0

    def arithmetic(self, asked: str) -> str:
        """Return "fp32" or "bf16": what was asked for, or for "auto" bf16 where the hardware has it."""
        if asked != "auto":
            return asked
        if self.device.type == "cpu":
            return "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "fp32"
        return "bf16" if self.device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"

    def share(self, batch: int) -> int:
        """Return how many samples of a batch are this process's.

        Raises:
            DataError: if they cannot be dealt out evenly.
        """
        if batch % self.count:
            raise DataError(f"expected a batch that {self.count} processes can share evenly, got {batch}")
        return batch // self.count

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return a network whose gradients are the mean over all processes."""
        if self.count == 1:
            return network
        ids = [self.device.index] if self.device.type == "cuda" else None
        wrapped: nn.Module = nn.parallel.DistributedDataParallel(network, device_ids=ids)
        return wrapped

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def join(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started, if it did.

    Raises:
        DataError: if torch does not know the device, or a process of this run's own begins the run again.
    """
    _refuse_to_begin_again()
    rank, count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    chosen = _device(device)
    if count == 1:
        yield Processes(0, 1, chosen)
        return
    options: dict[str, Any] = {"device_id": chosen} if chosen.type == "cuda" else {}
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo", **options)
    try:
        yield Processes(rank, count, chosen)
    finally:
        distributed.destroy_process_group()


def _refuse_to_begin_again() -> None:
    """Raise DataError in a process that reads pictures and first imports the script which trains.

    Without this it would train, too, and never read.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise DataError(
            "processes that read pictures import your script first: train below 'if __name__ == \"__main__\":', "
            "or with training.workers=0"
        )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        if device.type == "cuda":
            device = torch.device("cuda", device.index or int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DataError(
            f"torch cannot compute on the device '{name}': {str(error).partition(chr(10))[0]}"
        ) from None
    return device
