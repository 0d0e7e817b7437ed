"""The summary of a recording, its JSON and CSV, and the page that shows it."""

import csv
import json
import math
import re

import cv2
import numpy as np
import pytest

from bodies import frames, repeated, track_of
from browsers import chromium
from movenet import analysis
from movenet.analysis.charts import Curve, Mark, chart, skeleton
from movenet.analysis.report import Compared, Report, make_page, peak_times, write_report
from movenet.analysis.summary import comparison_to_plain, summarize, to_plain, write_angles
from movenet.errors import FileError
from movenet.records import Record


def records(keypoints):
    return [
        Record("squats.mp4", at, time_s, 640, 480, tuple(poses))
        for at, (time_s, poses) in enumerate(frames(keypoints))
    ]


@pytest.fixture(scope="module")
def squats():
    return summarize(records(repeated("squat", 3)), analysis.EXERCISES["squat"])


def test_a_summary_counts_and_measures_each_person(squats):
    (person,) = squats
    assert len(person.repetitions) == 3
    assert person.angles["left_knee"].min_deg < 110 < 170 < person.angles["left_knee"].max_deg
    assert person.angles["left_knee"].known == 1
    assert person.swapped == 0


def test_the_json_has_repetitions_and_angles_of_each_person_and_no_nan(squats):
    (plain,) = to_plain(squats)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert {"start_s", "peak_s", "end_s"} <= plain["repetitions"][0].keys()
    assert plain["angles"]["trunk"]["max_deg"] == pytest.approx(90, abs=1)
    assert plain["gait"]["cadence_per_min"] is None


def test_nobody_and_everything_unknown_are_empty_results():
    assert summarize([Record("x", 0, 0.0, 1, 1), Record("x", 1, 0.1, 1, 1)]) == []
    unknown = records(repeated("squat", 1))
    for record in unknown:
        record.poses[0].scores[:] = 0.02
    (person,) = summarize(unknown, analysis.EXERCISES["squat"])
    assert person.repetitions == ()
    assert math.isnan(person.angles["trunk"].mean_deg)
    assert "Not enough is known" in make_page(Report("x.mp4", [person], analysis.EXERCISES["squat"]))


def test_short_glimpses_of_others_are_left_out():
    made = records(repeated("squat", 1))
    glimpse = [
        Record("x", r.frame, r.time_s, 1, 1, (*r.poses, *(_other(r) if r.frame < 3 else ()))) for r in made
    ]
    assert [person.track.id for person in summarize(glimpse)] == [None]


def _other(record):
    (pose,) = record.poses
    return (type(pose)(pose.keypoints, pose.scores, pose.score, id=7),)


def test_the_csv_has_a_row_per_frame_and_empty_cells_for_the_unknown(tmp_path, squats):
    write_angles(tmp_path / "angles.csv", squats)
    rows = list(csv.DictReader((tmp_path / "angles.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(squats[0].track)
    assert float(rows[0]["left_knee"]) == pytest.approx(squats[0].track.angle("left_knee")[0], abs=0.01)
    assert 0.5 < float(rows[0]["left_knee_reliability"]) <= 1


def test_a_report_that_cannot_be_written_is_an_error(tmp_path, squats):
    with pytest.raises(FileError):
        write_report(tmp_path / "none" / "r.html", Report("x", squats))


def compared(squats):
    other = track_of(repeated("jumping-jack", 3))
    return Compared(analysis.compare_sequences(squats[0].track, other), "jacks.mp4", squats[0].track, other)


def pictures(time_s):
    return cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes(), 640, 480


def test_the_page_is_self_contained_and_escapes_names(squats):
    page = make_page(Report("<b>.mp4", squats, analysis.EXERCISES["squat"], compared(squats), pictures))
    assert "<b>.mp4" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count('class="peak"') == 3
    assert page.count("data:image/jpeg") >= len(peak_times(squats[0])) == 3


@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_on_a_phone_and_on_a_screen(tmp_path, squats, width):
    report = Report("squats.mp4", squats, analysis.EXERCISES["squat"], compared(squats), pictures)
    write_report(tmp_path / "r.html", report)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto((tmp_path / "r.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".tiles dd").nth(3).inner_text() == "3"
        assert page.locator("svg.skeleton").count() == 3 + 2 * 4


def test_a_comparison_is_plain_numbers(squats):
    plain = comparison_to_plain(compared(squats).found)
    assert set(plain) == {"similarity", "mirrored", "offset_s", "offset_similarity", "difference_deg"}
    assert json.dumps(plain, allow_nan=False)


def test_a_chart_leaves_gaps_open_and_marks_intervals():
    times_s = np.arange(6) / 2
    values = np.array([1.0, 2.0, np.nan, 3.0, 2.0, 1.0])
    drawn = chart(times_s, [Curve("a", values, "red")], [Mark(0.5, 1.0, 0.8)])
    line = re.search(r'stroke="red" d="([^"]+)"', drawn)[1]
    assert line.count("M") == 2
    assert 'class="mark"' in drawn
    assert "Not enough" in chart(times_s, [Curve("a", np.full(6, np.nan), "red")])


def test_nobody_makes_no_skeleton():
    assert "Nobody" in skeleton(np.full((17, 2), np.nan), np.zeros(17))
