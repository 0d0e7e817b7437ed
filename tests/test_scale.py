"""Jobs of many files: nothing twice, nothing lost, whatever ends the process."""

import json
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import jobs
from movenet.errors import DataError, FileError
from movenet.scale import JobCounts, RecordsFolder, list_names, read_list, run_in_threads
from movenet.scale.files import FileEstimator, FilePoses
from movenet.scale.job import run_job
from movenet.scale.name_set import MERGE, NameSet
from movenet.scale.shards import read_sources
from movenet.scale.storage import LocalFolder
from stage import Stage
from video_files import VideoFile

TESTS = Path(__file__).parent
FORMATS = ("jsonl", "parquet")


def failures(out):
    return [json.loads(line) for line in (out / "failed.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("form", FORMATS)
def test_every_file_is_recorded_once_and_a_bad_one_costs_itself_alone(tmp_path, form):
    inputs = jobs.photos(tmp_path / "in", 40, bad=[3, 17])
    counts = jobs.run_here(inputs, tmp_path / "out", form, workers=3)
    found = jobs.records(tmp_path / "out")
    assert sorted(found) == [str(inputs / f"{i:04d}.png") for i in range(40) if i not in (3, 17)]
    assert {each["source"] for each in failures(tmp_path / "out")} == {
        str(inputs / f"{i:04d}.png") for i in (3, 17)
    }
    assert (counts.files, counts.failed, counts.frames, counts.people) == (38, 2, 38, 38)
    assert len(list((tmp_path / "out").glob(f"part-*.{form}"))) == 6


def test_poses_are_those_of_the_picture(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 5)
    jobs.run_here(inputs, tmp_path / "out")
    found = jobs.records(tmp_path / "out")
    scores = [found[str(inputs / f"{i:04d}.png")][0].poses[0].score for i in range(5)]
    assert scores == sorted({*scores})


@pytest.mark.parametrize("smooth", ["off", "causal", "offline"])
def test_a_video_is_one_file_with_all_its_frames(tmp_path, smooth):
    path = VideoFile(count=6).write(tmp_path / "a.mp4")
    estimator = FileEstimator(jobs.FileSettings(lambda threads: Stage().estimator(), smooth))
    (poses,) = run_in_threads([str(path)], [estimator])
    assert [record.frame for record in poses.records] == list(range(6))
    assert {record.source for record in poses.records} == {str(path)}


def test_a_camera_and_a_missing_file_are_errors_of_their_own(tmp_path):
    names = ["0", str(tmp_path / "none.jpg")]
    results = list(run_in_threads(names, [FileEstimator(jobs.settings())]))
    assert {poses.source for poses in results} == {*names}
    assert all(poses.error and not poses.records for poses in results)


# --- resume ---


def test_a_folder_with_records_is_not_overwritten(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 3)
    jobs.run_here(inputs, tmp_path / "out")
    with pytest.raises(DataError, match="add --resume"):
        jobs.run_here(inputs, tmp_path / "out")


@pytest.mark.parametrize("form", FORMATS)
def test_resume_does_what_is_left_and_tries_failed_files_again(tmp_path, form):
    inputs = jobs.photos(tmp_path / "in", 20, bad=[5])
    jobs.run_here(inputs, tmp_path / "out", form)
    jobs.photos(inputs, 30)
    counts = jobs.run_here(inputs, tmp_path / "out", form, resume=True)
    assert (counts.listed, counts.skipped, counts.files, counts.failed) == (30, 19, 11, 0)
    assert len(jobs.records(tmp_path / "out")) == 30
    assert not (tmp_path / "out" / "failed.jsonl").exists()


def test_resume_with_other_settings_is_refused(tmp_path):
    RecordsFolder(tmp_path, {"format": "jsonl", "model": "lightning"}).__exit__(None, None, None)
    with pytest.raises(DataError, match="begun with model lightning"):
        RecordsFolder(tmp_path, {"format": "jsonl", "model": "thunder"}, resume=True)


def test_two_processes_do_not_write_in_one_folder(tmp_path):
    settings = {"format": "jsonl"}
    with RecordsFolder(tmp_path, settings), pytest.raises(FileError, match="another process writes in"):
        RecordsFolder(tmp_path, settings, resume=True)


def test_a_damaged_part_is_named(tmp_path):
    jobs.run_here(jobs.photos(tmp_path / "in", 3), tmp_path / "out")
    (tmp_path / "out" / "part-000000.jsonl").write_text('{"source"')
    with pytest.raises(DataError, match=r"part-000000.jsonl in .* is damaged .* remove it"):
        jobs.run_here(tmp_path / "in", tmp_path / "out", resume=True)


def test_an_error_keeps_the_complete_parts_and_an_interrupt_the_last_one_too(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 20)

    def run(out, ending):
        def execute(names):
            yield from (
                FilePoses(name, jobs.FileEstimator(jobs.settings()).records(jobs_photo(name)))
                for name in take
            )
            raise ending

        take = list(list_names([str(inputs)]))[:10]
        with pytest.raises(type(ending)), RecordsFolder(out, {"format": "jsonl"}, part_records=7) as folder:
            list(run_job([], execute, folder, JobCounts()))
        return len(jobs.records(out))

    def jobs_photo(name):
        from movenet.scale.files import read_file

        return read_file(name)

    assert run(tmp_path / "error", ValueError()) == 7
    assert run(tmp_path / "interrupt", KeyboardInterrupt()) == 10


@pytest.mark.parametrize("form", FORMATS)
def test_after_kill_9_at_random_moments_the_records_are_those_of_an_undisturbed_run(tmp_path, form):
    inputs = jobs.photos(tmp_path / "in", 150, bad=[70])
    jobs.run_here(inputs, tmp_path / "whole", form)
    command = [sys.executable, str(TESTS / "jobs.py"), str(inputs), str(tmp_path / "out"), form]
    rng, kills = random.Random(7), 0
    while True:
        process = subprocess.Popen(command)
        try:
            code = process.wait(rng.uniform(0.6, 1.4) if kills < 10 else None)
            assert code == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    assert jobs.values(jobs.records(tmp_path / "out")) == jobs.values(jobs.records(tmp_path / "whole"))
    assert failures(tmp_path / "out") == failures(tmp_path / "whole")
    assert not list((tmp_path / "out").glob(".movenet-*"))


def test_a_full_disk_stops_with_a_clear_error_and_resumes(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 60)
    limited = (
        "import resource, sys, jobs; from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "jobs.run_here(Path(sys.argv[1]), Path(sys.argv[2]), part=30)"
    )
    command = [sys.executable, "-c", limited, str(inputs), str(tmp_path / "out")]
    result = subprocess.run(command, cwd=TESTS, capture_output=True, text=True)
    assert result.returncode == 1
    assert "FileError: cannot write" in result.stderr
    jobs.run_here(inputs, tmp_path / "out", resume=True)
    assert len(jobs.records(tmp_path / "out")) == 60


# --- listing ---


def test_folders_and_globs_are_listed_without_hidden_annotated_and_other_files(tmp_path):
    for name in ("a.jpg", "b.mp4", "c.txt", ".d.jpg", "e.pose.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.png").touch()
    names = [Path(name).name for name in list_names([str(tmp_path)])]
    assert sorted(names) == ["a.jpg", "b.mp4"]
    assert list(list_names([str(tmp_path / "*.jpg")])) == [str(tmp_path / "a.jpg")]
    assert sorted(list_names([str(tmp_path / "**" / "*.*")])) == [
        str(tmp_path / name) for name in ("a.jpg", "b.mp4", "sub/f.png")
    ]
    assert list(list_names(["x.jpg", "https://h/a.jpg"])) == ["x.jpg", "https://h/a.jpg"]


def test_a_folder_with_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(FileError, match="nothing to read"):
        list(list_names([str(tmp_path)]))


def test_a_list_is_text_or_parquet_with_a_path_or_url(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "a.txt").write_text("x.jpg\n\nhttps://h/y.jpg\r\n")
    assert list(read_list(str(tmp_path / "a.txt"))) == ["x.jpg", "https://h/y.jpg"]
    pq.write_table(pa.table({"id": [1, 2], "url": ["u", "v"]}), tmp_path / "b.parquet")
    assert list(read_list(str(tmp_path / "b.parquet"))) == ["u", "v"]
    pq.write_table(pa.table({"id": [1]}), tmp_path / "c.parquet")
    with pytest.raises(DataError, match="expected a column path or url"):
        list(read_list(str(tmp_path / "c.parquet")))
    with pytest.raises(FileError, match="cannot read the list"):
        list(read_list(str(tmp_path / "none.txt")))


def test_names_are_read_only_as_far_as_they_are_needed(tmp_path):
    inputs, asked = jobs.photos(tmp_path / "in", 1), []

    def names():
        for _ in range(10**7):
            asked.append(1)
            yield str(inputs / "0000.png")

    results = run_in_threads(names(), [FileEstimator(jobs.settings())])
    for _ in range(10):
        next(results)
    results.close()
    assert len(asked) < 30


def test_a_set_of_names_takes_about_eight_bytes_of_each():
    names = NameSet()
    tracemalloc.start()
    for i in range(3 * MERGE):
        assert names.add(f"/photos/{i:09d}.jpg")
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(names) == 3 * MERGE
    assert size < 20 * 3 * MERGE
    assert "/photos/000000000.jpg" in names
    assert not names.add("/photos/000123456.jpg")
    assert "other" not in names


def test_a_name_listed_twice_is_done_once(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 2)
    counts = JobCounts()
    names = [str(inputs / "0000.png"), str(inputs / "0001.png")] * 2
    with RecordsFolder(tmp_path / "out", {"format": "jsonl"}) as folder:
        estimators = [FileEstimator(jobs.settings())]
        list(run_job(names, lambda todo: run_in_threads(todo, estimators), folder, counts))
    assert (counts.listed, counts.skipped, counts.files) == (4, 2, 2)


def test_names_that_are_no_unicode_are_for_json_lines(tmp_path):
    inputs = jobs.photos(tmp_path / "in", 1)
    (inputs / "0000.png").rename(inputs / "\udcff.png")
    assert jobs.run_here(inputs, tmp_path / "a", "jsonl").files == 1
    assert list(read_sources(LocalFolder(tmp_path / "a"), "part-000000.jsonl")) == [
        str(inputs / "\udcff.png")
    ]
    assert jobs.run_here(inputs, tmp_path / "b", "parquet").failed == 1
    assert "use --records-format jsonl" in failures(tmp_path / "b")[0]["error"]
