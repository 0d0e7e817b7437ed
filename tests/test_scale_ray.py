"""Jobs by Ray: the same records as by threads, whatever is killed.

Run in a process of their own, with all warnings of Ray's clean-up ignored (scripts/test).
"""

import gc
import os
import random
import subprocess
import sys
import threading

import pytest

import jobs
from movenet.errors import MoveNetError
from movenet.scale import JobCounts, RecordsFolder, list_names, run_job
from movenet.scale.ray_executor import PoseMapper, run_on_ray, to_file_poses

# Read when Ray is imported and when it starts: no telemetry, and more time than by default where cores are shared.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_agent_register_timeout_ms", "200000")
ray = pytest.importorskip("ray", reason="needs the extra [ray]")
Cluster = pytest.importorskip("ray.cluster_utils").Cluster

pytestmark = pytest.mark.filterwarnings("ignore")
"""Ray warns of its own use of Python and of its sockets."""
KILLS = int(os.environ.get("MOVENET_KILLS", "0"))
"""How many workers, and how many nodes, are killed in a job; 0 for few, as continuous integration has time for."""
NODE = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster():
    """A cluster of three nodes on this machine: the driver's, without a CPU for actors, and two with one each."""
    ray.cloudpickle.register_pickle_by_value(jobs)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE})
    nodes = [cluster.add_node(num_cpus=1, **NODE) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()
    gc.collect()  # Ray leaves its processes to the garbage collector, which warns of each


def run(inputs, out, sleep_s=0.0, *, actors=2, resume=False):
    counts = JobCounts()
    with RecordsFolder(out, {"format": "parquet"}, resume=resume, part_records=4) as folder:
        settings = jobs.settings(sleep_s)
        execute = lambda names: run_on_ray(names, settings, actors=actors)  # noqa: E731
        for _ in run_job(list_names([str(inputs)]), execute, folder, counts):
            pass
    return counts


def test_batches_of_names_and_of_pictures_become_rows_of_records(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 3, bad=[1])
    mapper, names = PoseMapper(jobs.settings()), sorted(list_names([str(inputs)]))
    table = mapper({"path": names})
    results = list(to_file_poses(table))
    assert [poses.source for poses in results] == names
    assert [poses.error is None for poses in results] == [True, False, True]
    assert results[2].records[0].poses[0].keypoints.shape == (17, 2)
    image = jobs.np.zeros((8, 8, 3), jobs.np.uint8)
    assert mapper({"image": [image, image]}).num_rows == 2


def test_ray_writes_what_threads_write_and_a_bad_photo_costs_itself_alone(tmp_path, cluster):
    inputs = jobs.photos(tmp_path / "in", 150, bad=[70])
    jobs.run_here(inputs, tmp_path / "threads", "parquet")
    counts = run(inputs, tmp_path / "ray")
    assert (counts.files, counts.failed) == (149, 1)
    assert jobs.values(jobs.records(tmp_path / "ray")) == jobs.values(jobs.records(tmp_path / "threads"))


def test_a_model_that_cannot_be_opened_is_an_error(tmp_path, cluster):
    def open_nothing(threads):
        raise MoveNetError("there is no such model")

    names = list_names([str(jobs.photos(tmp_path / "in", 2))])
    with pytest.raises(MoveNetError, match=r"Ray: .*no such model"):
        list(run_on_ray(names, jobs.FileSettings(open_nothing), actors=1))


def run_disturbed(inputs, out, kill, times, sleep_s):
    """Run a job while `kill` is called at random moments after its first result; return how often it was called."""
    ended, rng, calls = threading.Event(), random.Random(5), []

    def disturb():
        while not list(out.glob("part-*")):
            if ended.wait(0.05):
                return
        while len(calls) < times and not ended.wait(rng.uniform(0.2, 1.0)):
            calls.append(kill())

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        counts = run(inputs, out, sleep_s)
    finally:
        ended.set()
        thread.join()
    count = len(list(inputs.iterdir()))
    assert counts.files == count
    assert len(jobs.records(out)) == count
    return sum(calls)


def kill_a_worker():
    """Kill an actor with SIGKILL; return whether there was one."""
    import psutil

    processes = psutil.Process().children(recursive=True)
    workers = [process for process in processes if "MapWorker" in "".join(process.cmdline())]
    if workers:
        random.choice(workers).kill()
    return bool(workers)


def test_killed_workers_are_replaced_and_nothing_is_lost_or_done_twice(tmp_path, cluster):
    kills = KILLS or 3
    inputs = jobs.photos(tmp_path / "in", 70 * kills)
    assert run_disturbed(inputs, tmp_path / "out", kill_a_worker, kills, 0.04)


def test_a_killed_node_is_survived(tmp_path, cluster):
    (machines, nodes), killed = cluster, []

    def kill():
        machines.remove_node(nodes.pop(), allow_graceful=False)
        killed.append(True)
        nodes.insert(0, machines.add_node(wait=False, num_cpus=1, **NODE))
        return True

    kills = KILLS or 1
    run_disturbed(jobs.photos(tmp_path / "in", 200 * kills), tmp_path / "out", kill, kills, 0.1)
    assert killed


def test_the_command_starts_ray_itself_and_does_what_threads_do(tmp_path):
    jobs.photos(tmp_path / "in", 5, bad=[3])
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "movenet",
        "run",
        "in",
        "--method",
        "whole",
        "--workers",
        "1",
    ]
    for name, more in (("ray", ["--executor", "ray"]), ("threads", [])):
        result = subprocess.run(
            [*command, "--records", name, *more], cwd=tmp_path, capture_output=True, text=True, timeout=200
        )
        assert result.returncode == 1, result.stderr
        assert "4 files done, 0 skipped, 1 failed" in result.stderr
    assert jobs.values(jobs.records(tmp_path / "ray")) == jobs.values(jobs.records(tmp_path / "threads"))
