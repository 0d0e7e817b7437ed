"""Jobs by Ray: the same records as by threads, whatever is killed."""

import gc
import os
import random
import threading

import pytest

import jobs
from movenet.errors import MoveNetError
from movenet.scale import JobCounts, RecordsFolder, list_names, run_job
from movenet.scale.ray_executor import PoseMapper, run_on_ray, to_file_poses

# Ray's own limits are too short for a machine on which the tests share two cores; read when Ray is imported.
os.environ.setdefault("RAY_raylet_start_wait_time_s", "200")
os.environ.setdefault("RAY_agent_register_timeout_ms", "200000")
ray = pytest.importorskip("ray", reason="needs the extra [ray], which only its own CI job installs")
Cluster = pytest.importorskip("ray.cluster_utils").Cluster

pytestmark = pytest.mark.filterwarnings("ignore")
"""Ray warns of its own use of Python and of its sockets."""
STORE = 80 * 2**20


@pytest.fixture(scope="module", autouse=True)
def by_value():
    ray.cloudpickle.register_pickle_by_value(jobs)
    yield
    ray.shutdown()
    gc.collect()  # Ray leaves its processes to the garbage collector, which warns of each


@pytest.fixture
def cluster():
    """A cluster of three nodes on this machine: the driver's, without a CPU for actors, and two with one each."""
    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE})
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def local():
    if not ray.is_initialized():
        ray.init(num_cpus=2, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)


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


def test_ray_writes_what_threads_write_and_a_bad_photo_costs_itself_alone(tmp_path, local):
    inputs = jobs.photos(tmp_path / "in", 150, bad=[70])
    jobs.run_here(inputs, tmp_path / "threads", "parquet")
    counts = run(inputs, tmp_path / "ray")
    assert (counts.files, counts.failed) == (149, 1)
    assert jobs.values(jobs.records(tmp_path / "ray")) == jobs.values(jobs.records(tmp_path / "threads"))


def test_a_model_that_cannot_be_opened_is_an_error(tmp_path, local):
    def open_nothing(threads):
        raise MoveNetError("there is no such model")

    names = list_names([str(jobs.photos(tmp_path / "in", 2))])
    with pytest.raises(MoveNetError, match=r"Ray: .*no such model"):
        list(run_on_ray(names, jobs.FileSettings(open_nothing), actors=1))


def run_disturbed(inputs, out, kill, times, sleep_s=0.04):
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
    assert counts.files == 300
    assert len(jobs.records(out)) == 300
    return sum(calls)


def kill_a_worker():
    """Kill an actor with SIGKILL; return whether there was one."""
    import psutil

    processes = psutil.Process().children(recursive=True)
    workers = [process for process in processes if "MapWorker" in "".join(process.cmdline())]
    if workers:
        random.choice(workers).kill()
    return bool(workers)


def test_killed_workers_are_replaced_and_nothing_is_lost_or_done_twice(tmp_path, local):
    assert run_disturbed(jobs.photos(tmp_path / "in", 300), tmp_path / "out", kill_a_worker, 4)


def test_a_killed_node_is_survived(tmp_path, cluster):
    (machines, nodes), killed = cluster, []

    def kill():
        machines.remove_node(nodes.pop(), allow_graceful=False)
        killed.append(True)
        nodes.insert(0, machines.add_node(wait=False, num_cpus=1, object_store_memory=STORE))
        return True

    run_disturbed(jobs.photos(tmp_path / "in", 300), tmp_path / "out", kill, 1, 0.15)
    assert killed
