"""`movenet eval`, as a user types it."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from lists import guess, standing, write_list
from movenet.annotations import write_results
from movenet.cli import app
from movenet.errors import DataError
from movenet.models import DATA

BASE = ["AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "ms_per_image"]


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["eval", *map(str, arguments)], catch_exceptions=False)

    return invoke


@pytest.fixture
def scored(tmp_path):
    """A list of two people and the results of some other program: one right, one wrong."""
    people = [standing(0, 1, 0), standing(1, 2, 0)]
    path = write_list(tmp_path / "two.json", people, 2)
    write_results(tmp_path / "theirs.json", [guess(people[0]), guess(people[1], (300, 300), score=0.1)])
    return "--annotations", path, "--score-results", tmp_path / "theirs.json"


@pytest.fixture
def photographed(tmp_path):
    """A list of one photo in which the pose is unknown but for a box."""
    shutil.copy(DATA / "astronaut.jpg", tmp_path / "0.jpg")
    person = {**standing(0, 1, 120), "bbox": [120.0, 20.0, 250.0, 400.0]}
    return "--annotations", write_list(tmp_path / "one.json", [person], 1), "--images", tmp_path


def test_results_of_another_program_are_scored_without_running_a_model(evaluate, scored):
    answer = json.loads(evaluate(*scored, "--json").stdout)
    assert list(answer)[: len(BASE)] == BASE
    assert answer["AP"] == pytest.approx(0.5, abs=0.01)
    assert answer["ms_per_image"] is None
    assert "theirs.json" in answer["protocol"]["pictures"]


def test_the_figures_are_printed_for_people_too(evaluate, scored):
    said = evaluate(*scored).stdout
    assert "AP75" in said
    assert "PCK@0.2 0.500" in said


def test_a_report_is_written_without_pictures_where_their_folder_is_not_given(evaluate, scored, tmp_path):
    assert "→ new/report.html" in evaluate(*scored, "-o", "new/report.html").stderr
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "theirs.json on two.json" in page
    assert "<img" not in page


def test_saved_results_score_the_same_again(evaluate, photographed, tmp_path):
    first = json.loads(evaluate(*photographed, "--json", "--save-results", "ours.json").stdout)
    assert first["protocol"]["pictures"] == "whole picture, one person, method top-down, no box given"
    assert first["ms_per_image"] > 0
    again = json.loads(evaluate(*photographed[:2], "--score-results", "ours.json", "--json").stdout)
    assert {name: again[name] for name in BASE[:-1]} == {name: first[name] for name in BASE[:-1]}


def test_the_worst_pictures_are_in_the_report(evaluate, photographed, tmp_path):
    assert evaluate(*photographed, "--crop-to-box", "1.25", "-o", "report.html").exit_code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 1
    assert "square of 1.25 × the annotated box, no detection" in page


def test_without_pictures_and_results_it_says_what_is_needed(evaluate, scored):
    result = evaluate(*scored[:2])
    assert result.exit_code == 2
    assert "--score-results" in result.output


def test_a_missing_file_of_results_is_named(evaluate, scored):
    with pytest.raises(DataError, match=r"none\.json"):
        evaluate(*scored[:2], "--score-results", "none.json")


def test_two_files_of_results_are_compared(evaluate, scored, tmp_path):
    better = [guess(standing(image, image + 1, 0)) for image in range(2)]
    write_results(tmp_path / "better.json", better)
    comparison = "--compare", "theirs.json", "better.json"
    said = evaluate(*scored[:2], *comparison).stdout
    assert "better.json" in said
    assert "difference +0.4950" in said
    plain = json.loads(evaluate(*scored[:2], *comparison, "--json").stdout)
    assert plain["first"] == pytest.approx(0.5, abs=0.01)
    assert plain["second"] == pytest.approx(1)
    assert plain["low"] <= plain["difference"] <= plain["high"]


@pytest.mark.parametrize("more", [("--model", "thunder"), ("--images", "."), ("-o", "report.html")])
def test_options_that_a_comparison_would_ignore_are_refused(evaluate, scored, more):
    result = evaluate(*scored[:2], "--compare", "theirs.json", "theirs.json", *more)
    assert result.exit_code == 2
    assert "--compare runs no model" in result.output
