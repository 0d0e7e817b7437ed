"""Weak scaling: as many photos for each node, on 1, 2, 4 and 8 logical nodes of Ray on this machine.

    python benchmarks/scale_nodes.py [--photos 300] [--sleep 0.05]

The engine is scripted and sleeps, so that nodes do not compete for the cores. Efficiency is the rate of n nodes over n
times the rate of one, from when every actor has done its first photo to the end of the last one.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import psutil
from numpy.typing import NDArray

import jobs
from movenet.decode import Heads
from movenet.engine import ScriptedEngine
from movenet.estimator import Estimator
from movenet.scale import FileSettings, list_names
from movenet.scale.ray_executor import run_on_ray

NODES = (1, 2, 4, 8)
NODE = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


def open_estimator(sleep_s: float, folder: Path) -> Estimator:
    """Open a scripted estimator that sleeps, and notes when it has done each photo in a file of its process."""
    plain = jobs.scripted_estimator()
    answer = plain.engine

    def sleep_and_answer(squares: NDArray[np.uint8]) -> Heads:
        time.sleep(sleep_s)
        with (folder / f"{os.getpid()}.txt").open("a") as file:
            file.write(f"{time.time()}\n")
        return answer(squares)

    return Estimator(ScriptedEngine(answer.card, sleep_and_answer), method="whole")


def rate(names: list[str], nodes: int, sleep_s: float) -> float:
    """Return the photos per second of a job with one actor a node, from when all have begun to the end of the last."""
    with tempfile.TemporaryDirectory() as folder:
        opening = partial(open_estimator, sleep_s, Path(folder))
        settings = FileSettings(lambda threads: opening())
        count = sum(1 for _ in run_on_ray(names, settings, actors=nodes))
        assert count == len(names)
        done_s = [sorted(map(float, path.read_text().split())) for path in Path(folder).iterdir()]
    assert len(done_s) == nodes
    begun_s = max(own[0] for own in done_s)
    end_s = max(own[-1] for own in done_s)
    return sum(each > begun_s for own in done_s for each in own) / (end_s - begun_s)


def main() -> None:
    """Add nodes to one cluster, and run a job on each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--sleep", type=float, default=0.05)
    arguments = parser.parse_args()
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_agent_register_timeout_ms": "200000",
    }  # read at import
    warnings.simplefilter("ignore")
    import ray
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(jobs)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE})
    ray.init(address=cluster.address, log_to_driver=False)
    first = None
    with tempfile.TemporaryDirectory() as folder:
        names = sorted(list_names([str(jobs.photos(Path(folder) / "in", arguments.photos * NODES[-1]))]))
        for nodes in NODES:
            while len(cluster.worker_nodes) < nodes:
                cluster.add_node(num_cpus=1, **NODE)
            found = rate(names[: nodes * arguments.photos], nodes, arguments.sleep)
            first = first or found
            load = psutil.getloadavg()[0]
            print(
                f"{nodes} nodes: {nodes * arguments.photos} photos, {found:.1f} a second, "
                f"efficiency {found / nodes / first:.2f}, load {load:.0f}",
                flush=True,
            )
    ray.shutdown()
    cluster.shutdown()
    gc.collect()


if __name__ == "__main__":
    main()
