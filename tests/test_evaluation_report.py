"""The report says everything, fetches nothing, and shows the worst."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from lists import guess, guesses, load, person, standing
from movenet.calibration import CalibrationCurve
from movenet.errors import FileError
from movenet.evaluation import assess
from movenet.evaluation.calibration import Calibration, reliability
from movenet.evaluation.matching import pair
from movenet.evaluation.plots import plot_classes, plot_costs, plot_reliability
from movenet.evaluation.report import write_report
from movenet.evaluation.worst import SIDE_PX, draw_worst, find_worst, to_jpeg


@pytest.fixture(scope="module")
def assessment(tmp_path_factory):
    rng = np.random.default_rng(5)
    people = [person(rng, image, 10 * image + i + 1) for image in range(10) for i in range(2)]
    truth, estimates = load(tmp_path_factory.mktemp("list"), people, 12, list(guesses(people, 7.0, seed=3)))
    return assess(truth, estimates)


@pytest.fixture(scope="module")
def page(assessment, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "r.html"
    worst = find_worst(assessment.truth.people, assessment.pairs, 3)
    entries = [(entry, to_jpeg(np.zeros((8, 8, 3), np.uint8))) for entry in worst]
    protocol = {"pictures": "whole picture, 2 looks", "model": "a <model> & more", "versions": "movenet 9.9"}
    write_report(path, "lightning on <made up>", assessment, protocol, entries)
    return path.read_text(encoding="utf-8")


class Tags(HTMLParser):
    """What the page opens and does not close, and whatever could be fetched."""

    VOID = ("meta", "img", "br", "link", "use", "path")

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.sources = [], [], []

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_well_formed(page):
    tags = Tags()
    tags.feed(page)
    assert (tags.open, tags.wrong) == ([], [])


def test_the_page_is_self_contained(page):
    tags = Tags()
    tags.feed(page)
    assert all(source.startswith(("data:", "#")) for source in tags.sources)
    assert not re.findall(r"url\((?!#)", page)
    assert "<script" not in page
    assert "@import" not in page


def test_the_page_states_the_protocol_the_file_and_the_metrics(page, assessment):
    for said in (
        "whole picture, 2 looks",
        "movenet 9.9",
        "truth.json: 12 pictures",
        f"{assessment.scores['AP']:.3f}",
        f"{assessment.pck.mean:.3f}",
        f"{assessment.costs.cumulative['miss']:.3f}",
        "2 pictures without people",
    ):
        assert said in page


def test_names_are_written_as_text_and_never_as_markup(page):
    assert "lightning on &lt;made up&gt;" in page
    assert "a &lt;model&gt; &amp; more" in page


def test_ids_of_different_plots_differ(page):
    ids = re.findall(r'<(?:clipPath|svg)[^>]* id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_report_is_written_without_calibration_and_with_all_people_missed(tmp_path):
    people = [standing(0, 1, 0, labelled=[0])]
    truth, estimates = load(tmp_path, people, 1, [guess(people[0], (400, 400), keypoint_score=2.0)])
    write_report(tmp_path / "r.html", "bad", assess(truth, estimates), {})
    assert "no probabilities" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_report_is_written_without_people_and_results(tmp_path):
    truth, estimates = load(tmp_path, [], 0, [])
    write_report(tmp_path / "r.html", "nothing", assess(truth, estimates), {})
    assert "truth.json" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_folder_that_does_not_exist_is_named(assessment, tmp_path):
    with pytest.raises(FileError, match="nowhere"):
        write_report(tmp_path / "nowhere" / "r.html", "t", assessment, {})


def plots(assessment):
    scores = np.array([0.2, 0.8])
    found = reliability(scores, np.array([False, True]))
    return [
        plot_costs(assessment.costs),
        plot_classes(assessment.diagnosis),
        plot_reliability(Calibration(found, CalibrationCurve(), found, found), "of two"),
    ]


def test_plots_are_wellformed_and_the_same_each_time(assessment):
    drawn = plots(assessment)
    assert all(ElementTree.fromstring(svg).tag.endswith("svg") for svg in drawn)
    assert drawn == plots(assessment)


def test_the_lowest_oks_comes_first_and_of_equals_the_most_labelled(tmp_path):
    people = [standing(i, i + 1, 0, labelled=range(5 + 3 * i)) for i in range(4)]
    results = [guess(people[0], (8, 0)), guess(people[1]), guess(people[2], (400, 400))]
    truth, estimates = load(tmp_path, people, 4, results)
    worst = find_worst(truth.people, pair(truth.people, estimates), 3)
    assert [entry.image_id for entry in worst] == [3, 2, 0]
    assert [entry.missed for entry in worst] == [1, 0, 0]
    assert worst[0].oks == 0.0


def test_pictures_without_people_are_not_among_the_worst(tmp_path):
    people = [standing(0, 1, 0)]
    truth, estimates = load(tmp_path, people, 5, [guess(people[0])])
    assert len(find_worst(truth.people, pair(truth.people, estimates), 12)) == 1


def test_truth_and_estimate_are_drawn_where_they_are(tmp_path):
    someone = standing(0, 1, 200)
    truth, estimates = load(tmp_path, [someone], 1, [guess(someone, (-150, 60))])
    grey = np.full((500, 500, 3), 128, np.uint8)
    square = draw_worst(grey, 0, truth.people, estimates, pair(truth.people, estimates))
    assert square.shape == (SIDE_PX, SIDE_PX, 3)
    columns = np.flatnonzero((square != 128).any(axis=2)[200:300].any(axis=0))
    # The estimate spans x = 50 … 110 and y to 240, the truth 200 … 260 and y from 20: a square of 1.25 × 220 px.
    left, scale = 155 - 1.25 * 220 / 2, 480 / (1.25 * 220)
    assert columns.min() == pytest.approx((50 - left) * scale, abs=8)
    assert columns.max() == pytest.approx((260 - left) * scale, abs=8)


def test_a_person_as_large_as_the_picture_is_drawn_with_all_of_it(tmp_path):
    someone = standing(0, 1, 20)
    truth, estimates = load(tmp_path, [someone], 1, [])
    image = np.full((180, 100, 3), 128, np.uint8)
    square = draw_worst(image, 0, truth.people, estimates, pair(truth.people, estimates))
    assert (square[:, SIDE_PX // 2] > 0).any(axis=1).all()


def test_a_jpeg_keeps_the_colours():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    decoded = cv2.imdecode(np.frombuffer(to_jpeg(red), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - red[..., ::-1]).max() < 8
