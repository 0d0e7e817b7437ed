"""`movenet run` with several cameras or addresses: all at the same time."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest
from rich.console import Console
from typer.testing import CliRunner

from movenet.cli import app
from movenet.cli.stream_table import StreamTable, stream_line
from movenet.records import read_records
from movenet.scale.live_stream import StreamState
from servers import MOTION_JPEG, Http, free_port, jpegs, serving
from test_scale_streams import address, endless
from video_files import VideoFile

MAIN = (sys.executable, "-c", "from movenet.cli import main; main()", "run")


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["run", *map(str, arguments)])


def test_every_line_names_its_stream_and_a_dead_one_is_reported(tmp_path):
    dead = f"http://ann:s3cret@127.0.0.1:{free_port()}/video"
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(endless(0.02), Http, MOTION_JPEG)) for _ in range(3)]
        alive = {address(server) for server in servers}
        (tmp_path / "streams.txt").write_text("\n".join([dead, *alive]))
        running = subprocess.Popen(
            [*MAIN, "--from-list", "streams.txt"],
            cwd=tmp_path,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        found = set()
        while found != alive:
            line = running.stdout.readline()
            assert line, running.communicate()
            found.add(json.loads(line)["source"])
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert "s3cret" not in said
    assert "connection refused; 0 frames" in said
    assert all(f"{each}: " in said for each in alive)


def test_recordings_at_addresses_are_read_to_their_ends_at_the_same_time(invoke, tmp_path):
    counts = {}
    with ExitStack() as stack:
        for number in (3, 5):
            data = VideoFile(count=number).write(tmp_path / f"{number}.mp4").read_bytes()
            headers = (("Content-Type", "video/mp4"), ("Content-Length", str(len(data))))
            server = stack.enter_context(serving(lambda _, data=data: iter([data]), Http, headers))
            counts[address(server)] = number
        result = invoke(*counts, "--records", "r.jsonl")
    assert result.exit_code == 0, result.output
    found = [record.source for record in read_records(tmp_path / "r.jsonl")]
    assert {source: found.count(source) for source in counts} == counts


@pytest.mark.parametrize("options", [("-o", "out"), ("--smooth", "offline")])
def test_several_streams_are_not_drawn_or_smoothed_offline(invoke, options):
    result = invoke("rtsp://127.0.0.1:1/a", "rtsp://127.0.0.1:1/b", *options)
    assert result.exit_code == 1
    assert "one camera or stream at a time" in str(result.exception)


def test_a_person_with_an_id_needs_ids(invoke):
    with serving(lambda _: jpegs(20), Http, MOTION_JPEG) as server:
        result = invoke(address(server), address(server) + "2", "--lock", "id:1", "--json")
    assert "needs ids" in str(result.exception)


def test_the_table_has_a_row_of_each_stream():
    running, lost = StreamState("camera 0"), StreamState("rtsp://a/[b]")
    running.condition = "running"
    running.count([])
    lost.condition, lost.error, lost.losses = "lost", "rtsp://a/[b]: refused", 2
    console = Console(width=120)
    with console.capture() as shown:
        console.print(StreamTable([running, lost], on_terminal=True)._table())
    text = shown.get()
    assert "camera 0" in text
    assert "rtsp://a/[b]: refused" in text
    assert stream_line(lost) == "rtsp://a/[b]: refused; 0 frames, 0 dropped, 2 times lost"
