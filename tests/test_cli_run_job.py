"""`movenet run --records FOLDER`: a job of many files."""

import json

import pytest
from typer.testing import CliRunner

import jobs
from movenet.cli import app
from movenet.cli.job_progress import progress_line
from movenet.errors import MoveNetError
from movenet.scale import JobCounts


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **how: CliRunner().invoke(app, ["run", *map(str, arguments)], **how)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_job_says_what_it_did_and_fails_if_a_file_failed(invoke, tmp_path, form):
    jobs.photos(tmp_path / "in", 4, bad=[2])
    result = invoke("in", "--records", "out", "--records-format", form, "--method", "whole", "--workers", 2)
    assert result.exit_code == 1
    assert "in/0002.png" in result.stderr
    assert "3 files done, 0 skipped, 1 failed; 3 frames" in result.stderr
    assert len(jobs.records(tmp_path / "out")) == 3
    jobs.photos(tmp_path / "in", 4)
    again = invoke(
        "in", "--records", "out", "--records-format", form, "--method", "whole", "--workers", 1, "--resume"
    )
    assert again.exit_code == 0
    assert "1 files done, 3 skipped, 0 failed" in again.stderr
    assert len(jobs.records(tmp_path / "out")) == 4


def test_names_come_from_a_list_or_from_stdin(invoke, tmp_path):
    jobs.photos(tmp_path / "in", 3)
    (tmp_path / "list.txt").write_text("in/0000.png\nin/0001.png\n")
    assert invoke("--from-list", "list.txt", "--records", "a", "--method", "whole").exit_code == 0
    assert sorted(jobs.records(tmp_path / "a")) == ["in/0000.png", "in/0001.png"]
    piped = invoke("--from-list", "-", "--records", "b", "--method", "whole", input=b"in/0002.png\n")
    assert piped.exit_code == 0
    assert sorted(jobs.records(tmp_path / "b")) == ["in/0002.png"]
    lines = invoke("--from-list", "list.txt", "--json", "--method", "whole").stdout.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["in/0000.png", "in/0001.png"]


@pytest.mark.parametrize(
    "options",
    [
        ("-o", "x"),
        ("--json",),
        ("--palette", "clear"),
        ("--angles",),
        ("--every", "2"),
        ("--lock", "largest"),
    ],
)
def test_options_that_a_job_does_not_have_are_refused(invoke, tmp_path, options):
    jobs.photos(tmp_path / "in", 1)
    result = invoke("in", "--records", "out", *options)
    assert isinstance(result.exception, MoveNetError)
    assert "is not for a folder of records" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [("--resume",), ("--records-format", "jsonl")])
def test_options_of_a_job_need_a_folder_of_records(invoke, tmp_path, options):
    jobs.photos(tmp_path / "in", 1)
    result = invoke("in", "--records", "out.jsonl", *options)
    assert "is for a folder of records" in str(result.exception)


def test_a_run_needs_inputs_or_a_list(invoke):
    result = invoke("--records", "out")
    assert result.exit_code == 2
    assert "expected INPUTS or --from-list" in result.stderr


def test_progress_shows_rate_and_time_left_over_all_files():
    counts = JobCounts(listed=700, skipped=200, files=490, failed=10)
    line = progress_line(counts, 10_700, 100.0)
    assert line == "700 of 10,700 files, 5.0 per second, 0:33:20 left, 10 failed"
    assert progress_line(JobCounts(files=5), None, 1.0) == "5 files, 5.0 per second"
