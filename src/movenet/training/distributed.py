"""One training process, or several started by torchrun, each with its part of every batch."""

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
    """The rank of this process, the number of processes, and the device of this one."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and validates."""
        return self.rank == 0

    def resolve_precision(self, precision: str) -> str:
        """Return "fp32" or "bf16"; "auto" is bf16 where the hardware supports it."""
        if precision != "auto":
            return precision
        if self.device.type == "cpu":
            return "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "fp32"
        return "bf16" if self.device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"

    def local_batch_size(self, batch_size: int) -> int:
        """Return how many samples of a batch each process takes.

        Raises:
            DataError: if the batch cannot be divided evenly.
        """
        if batch_size % self.count:
            raise DataError(
                f"expected a batch_size that is a multiple of the {self.count} processes, got {batch_size}"
            )
        return batch_size // self.count

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return the network wrapped so that its gradients are averaged over all processes."""
        if self.count == 1:
            return network
        ids = [self.device.index] if self.device.type == "cuda" else None
        wrapped: nn.Module = nn.parallel.DistributedDataParallel(network, device_ids=ids)
        return wrapped

    def wait(self) -> None:
        """Wait until all processes have called this."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def join_processes(device: str) -> Iterator[Processes]:
    """Join the process group if torchrun started this process.

    Raises:
        DataError: if torch cannot use the device, or a loader process of this run would train, too.
    """
    _refuse_in_loader()
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


def _refuse_in_loader() -> None:
    """Raise DataError in a process that loads images: it imports the main script first, which would train again."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise DataError(
            "processes that load images import your script first: train below 'if __name__ == \"__main__\":', "
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


def is_first_process() -> bool:
    """Return whether this process writes the outputs: it runs alone, or is the first of those of torchrun."""
    return int(os.environ.get("RANK", 0)) == 0
