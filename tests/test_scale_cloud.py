"""Inputs and outputs in a store with the protocol of S3: moto, in a process of its own, is the server."""

import json
import subprocess
import sys
import time
import urllib.request
import zlib
from urllib.error import URLError

import pytest
from typer.testing import CliRunner

import jobs
from movenet.cli import app
from movenet.errors import DataError, FileError, MediaError
from movenet.media import open_source
from movenet.media.cloud import CloudObject
from movenet.media.location import Address
from movenet.scale import list_names, read_list
from movenet.scale.files import FileEstimator, read_file
from movenet.scale.storage import CloudFolder
from servers import free_port
from video_files import VideoFile


@pytest.fixture(scope="module")
def server():
    """Serve a store on this computer, and return its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address, until_s = f"http://127.0.0.1:{port}", time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=20).close()
            break
        except (URLError, TimeoutError):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < until_s
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def bucket(server, monkeypatch, request):
    """Make an empty bucket, and return its address; the environment leads to the server."""
    settings = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": server,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{zlib.crc32(request.node.name.encode()):x}"
    urllib.request.urlopen(urllib.request.Request(f"{server}/{name}", method="PUT"), timeout=20).close()
    return f"s3://{name}"


def at(address):
    return CloudObject(Address(address))


def put(address, folder):
    for path in sorted(folder.iterdir()):
        at(f"{address}/{path.name}").upload(path)


def names(address):
    return at(address).children()


def test_a_job_reads_and_writes_in_a_store_and_resumes(bucket, tmp_path):
    put(f"{bucket}/in", jobs.photos(tmp_path / "in", 12, bad=[5]))
    counts = jobs.run_here(f"{bucket}/in/", f"{bucket}/out", "parquet")
    assert (counts.files, counts.failed) == (11, 1)
    assert names(f"{bucket}/out") == [
        "failed.jsonl",
        "job.json",
        "part-000000.parquet",
        "part-000001.parquet",
    ]
    put(f"{bucket}/in", jobs.photos(tmp_path / "in", 14))
    with pytest.raises(DataError, match="add --resume"):
        jobs.run_here(f"{bucket}/in/", f"{bucket}/out", "parquet")
    counts = jobs.run_here(f"{bucket}/in/", f"{bucket}/out", "parquet", resume=True)
    assert (counts.skipped, counts.files, counts.failed) == (11, 3, 0)
    assert "failed.jsonl" not in names(f"{bucket}/out")
    for name in names(f"{bucket}/out"):
        (tmp_path / name).write_bytes(at(f"{bucket}/out/{name}").read())
    assert sorted(jobs.records(tmp_path)) == [f"{bucket}/in/{i:04d}.png" for i in range(14)]


def test_the_command_takes_addresses_of_folders_lists_and_outputs(bucket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(f"{bucket}/in", jobs.photos(tmp_path / "in", 3))
    (tmp_path / "list.txt").write_text(f"{bucket}/in/0001.png\n")
    at(f"{bucket}/list.txt").upload(tmp_path / "list.txt")
    run = ("run", "--from-list", f"{bucket}/list.txt", "--method", "whole")
    result = CliRunner().invoke(app, [*run, "--records", f"{bucket}/out", "--workers", "1"])
    assert result.exit_code == 0, result.output
    (line,) = at(f"{bucket}/out/part-000000.jsonl").read().splitlines()
    assert json.loads(line)["source"] == f"{bucket}/in/0001.png"
    assert {"job.json", "metrics.prom"} <= {*names(f"{bucket}/out")}
    printed = CliRunner().invoke(app, ["run", f"{bucket}/in/", "--method", "whole", "--json"])
    assert [json.loads(line)["source"] for line in printed.stdout.splitlines()] == [
        f"{bucket}/in/{i:04d}.png" for i in range(3)
    ]


def test_a_recording_is_read_from_the_store(bucket, tmp_path):
    at(f"{bucket}/a.mp4").upload(VideoFile(count=5).write(tmp_path / "a.mp4"))
    with open_source(f"{bucket}/a.mp4") as source:
        assert not source.live
        assert [frame.index for frame in source] == [0, 1, 2, 3, 4]
    counts = jobs.run_here(f"{bucket}/a.mp4", tmp_path / "out")
    assert counts.failed == 1  # the scripted estimator takes photos only
    assert "top-down" in (tmp_path / "out" / "failed.jsonl").read_text()


def test_folders_and_globs_of_a_store_are_listed(bucket, tmp_path):
    for name in ("a.jpg", "b.mp4", "c.txt", ".d.jpg", "e.pose.jpg", "sub/f.png", "sub/deep/g.png"):
        at(f"{bucket}/in/{name}").upload(jobs.photos(tmp_path / "in", 1) / "0000.png")

    def found(address):
        return sorted(name.removeprefix(f"{bucket}/in/") for name in list_names([address]))

    assert found(f"{bucket}/in/") == ["a.jpg", "b.mp4"]
    assert found(f"{bucket}/in/*.jpg") == ["a.jpg"]
    assert found(f"{bucket}/in/*/*.png") == ["sub/f.png"]
    assert found(f"{bucket}/in/**/*.*") == ["a.jpg", "b.mp4", "sub/deep/g.png", "sub/f.png"]
    assert found(f"{bucket}/in/c.txt") == ["c.txt"]
    with pytest.raises(FileError, match="nothing to read in s3://"):
        found(f"{bucket}/in/*.bmp")


def test_what_is_missing_is_an_error_without_the_secret(bucket, server, tmp_path):
    host = server.removeprefix("http://")
    address = f"{bucket.replace('//', '//key:s3cret@')}/none.jpg?endpoint_override={host}&scheme=http"
    for fails in (at(address).read, lambda: open_source(address)):
        with pytest.raises(MediaError, match="cannot read s3://key:") as error:
            fails()
        assert "s3cret" not in str(error.value)
    with pytest.raises(FileError, match="cannot write s3://missing/out"):
        at("s3://missing/out").upload(jobs.photos(tmp_path / "in", 1) / "0000.png")
    with pytest.raises(FileError, match="cannot read s3://"):
        list(read_list(f"{bucket}/none.txt"))
    at(f"{bucket}/empty.jpg").upload(touched(tmp_path / "empty.jpg"))
    with pytest.raises(MediaError, match="is empty"):
        open_source(f"{bucket}/empty.jpg")


def touched(path):
    path.touch()
    return path


def test_a_store_that_takes_no_part_is_an_error(bucket):
    folder = CloudFolder(at("s3://missing/out"))
    with folder.claim():
        (folder.staging / "job.json").write_text("{}")
        with pytest.raises(FileError, match=r"cannot write s3://missing/out/job\.json"):
            folder.publish("job.json")


def test_an_estimator_reads_a_photo_by_its_content(bucket, tmp_path):
    at(f"{bucket}/photo").upload(jobs.photos(tmp_path / "in", 1) / "0000.png")
    file = read_file(f"{bucket}/photo")
    (record,) = FileEstimator(jobs.settings()).records(file)
    assert (record.source, record.width) == (f"{bucket}/photo", 8)
