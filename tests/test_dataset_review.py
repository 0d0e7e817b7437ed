"""The review sheet, as somebody uses it in a browser."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from browsers import chromium
from movenet.cli import app
from movenet.dataset import BuildSettings, build
from movenet.dataset.labelling import Label
from movenet.dataset.review import write_review_page
from movenet.dataset.selection import SelectionSettings
from movenet.dataset.store import read_manifest
from movenet.media import write_photo
from movenet.models import DATA
from stage import keypoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set of five pictures; how sure a label is rises with their number."""
    root = tmp_path_factory.mktemp("review")
    (root / "clip").mkdir()
    for i in range(5):
        image = np.random.default_rng(i).integers(0, 255, (240, 320, 3), np.uint8)
        image[0, 0] = i
        write_photo(root / "clip" / f"{i}.png", image)

    def label(image):
        points = keypoints((100, 20, 80, 200, 0)).astype(np.float32)
        points[7:11, 1] -= 20.0 * image[0, 0, 0]
        return [Label(points, np.ones(17, bool), 0.5 + image[0, 0, 0] / 20, 0.9, (100, 20, 80, 200))]

    build([root / "clip"], root / "set", label, BuildSettings(SelectionSettings(interval_s=1 / 30)))
    return root / "set"


def names(folder):
    return [entry["image"]["file_name"] for entry in read_manifest(folder)]


def test_the_sheet_fetches_nothing(folder):
    page = write_review_page(folder).read_text(encoding="utf-8")
    assert page.count("<figure") == 5
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|url\(|https?://|@import""", page)


def test_the_least_sure_come_first(folder):
    page = write_review_page(folder).read_text(encoding="utf-8")
    assert re.findall(r'data-name="([^"]+)"', page) == names(folder)


@pytest.fixture
def page(folder):
    with chromium() as browser:
        page = browser.new_page(accept_downloads=True)
        page.goto(write_review_page(folder).as_uri())
        yield page


def test_keys_and_clicks_decide_and_the_file_saved_is_applied(page, folder, tmp_path):
    page.keyboard.press("r")  # the first, which has the focus; then the second has it
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    page.keyboard.press("u")
    page.locator("figure").nth(4).click()
    with page.expect_download() as download:
        page.keyboard.press("s")
    download.value.save_as(tmp_path / "decisions.json")
    first, second, *_, last = names(folder)
    saved = json.loads((tmp_path / "decisions.json").read_text())["decisions"]
    assert saved == {first: "reject", second: "accept", last: "reject"}
    result = CliRunner().invoke(
        app, ["dataset", "apply", str(folder), str(tmp_path / "decisions.json"), "--json"]
    )
    assert json.loads(result.stdout)["rejected"] == 2


def test_the_rest_can_be_accepted_at_once(page):
    page.get_by_text("Accept the rest").click()
    assert page.locator("#left").inner_text() == "0"


def test_a_data_set_is_built_and_its_sheet_written_on_the_command_line(tmp_path):
    out = tmp_path / "set"
    clip = str(DATA / "sample.mp4")
    result = CliRunner().invoke(app, ["dataset", "build", clip, "-o", str(out), "--every", "2", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["pictures"]["train"] == len(names(out)) > 0
    assert (out / "review.html").is_file()
