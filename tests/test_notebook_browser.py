"""The notebook widget in a real JupyterLab, in a real browser whose camera plays the sample clip.

One visit is made and everything seen on it is kept; each test states one fact of it.
"""

import pickle
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browsers import Notebook, camera_film, chromium, jupyter_lab
from movenet import read_photo
from movenet.drawing import PALETTES
from movenet.media import open_source
from movenet.models import DATA
from movenet.records import read_records
from movenet.video import VideoEstimator

EXAMPLE = Path(__file__).parents[1] / "examples" / "camera.ipynb"
SHOW, COUNT, TABLE, STOP, AGAIN, BUSY, KEEP, SETTINGS, CHOICE, OWN, REMOVE, DIE = range(12)
MORE_CELLS = (
    "camera.stop()",
    "kept = []\ncamera.on_pose(lambda frame, poses: kept.append((frame, poses)))\ncamera.start()",
    "import time\n\n"
    "def wait_for(count, frames):\n"
    "    deadline_s = time.monotonic() + 120\n"
    "    while count() < frames and time.monotonic() < deadline_s:\n"
    "        time.sleep(0.02)\n\n"
    "before = len(camera.history)\nwait_for(lambda: len(camera.history), before + 4)\n"
    "print(len(camera.history) - before)",
    "import pickle\nfrom pathlib import Path\n\nwait_for(lambda: len(kept), 12)\n"
    "seen = [(frame.image, frame.time_s, [pose.keypoints for pose in poses]) for frame, poses in kept[:12]]\n"
    "size = Path('kept.pickle').write_bytes(pickle.dumps(seen))",
    "print(camera.mirror, camera.threshold, camera.status, len(camera.poses))",
    "print(camera.model, camera.people)",
    "import shutil\nfrom movenet.models import MODELS\n\n"
    "shutil.copy(MODELS['lightning'].path, 'own.onnx')\n"
    "own = movenet.notebook.Camera('own.onnx')\nown.stop()\nown",
    "Path('own.onnx').unlink()",
    "import os\n\nos._exit(1)",
)
PAINTED = """widget => {
    const canvas = widget.querySelector('canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = { left: [255, 159, 28], right: [86, 180, 233] };
    const count = colour => {
        let found = 0;
        for (let at = 0; at < pixels.length; at += 4)
            found += colour.every((value, k) => Math.abs(pixels[at + k] - value) < 12) && pixels[at + 3] > 250;
        return found;
    };
    return Object.fromEntries(Object.entries(colours).map(([name, colour]) => [name, count(colour)]));
}"""
KEEP_TRACKS = """window.tracks = [];
const devices = navigator.mediaDevices, open = devices.getUserMedia.bind(devices);
devices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
};"""
IS_LIT = "window.tracks.some(track => track.readyState === 'live')"


def notebook():
    """Return the example with the cells that the tests ask more with."""
    book = nbformat.read(EXAMPLE, 4)
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in MORE_CELLS]
    return book


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_lab(folder) as lab:
        yield lab


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return camera_film(tmp_path_factory.mktemp("film"), DATA / "sample.mp4")


@pytest.fixture(scope="module")
def visit(lab, film):
    """Go through the example notebook as somebody would, and return what was seen."""
    address = lab.write("camera.ipynb", notebook())
    with chromium(film) as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 3600}, permissions=["camera"])
        page.add_init_script(KEEP_TRACKS)
        return tour(Notebook(page, address), lab)


def most_painted(page, widget):
    """Return the most pixels of each colour over a while: a limb may be hidden in any one picture."""
    most = {"left": 0, "right": 0}
    for number in range(300):
        look = widget.evaluate(PAINTED)
        most = {name: max(count, look[name]) for name, count in most.items()}
        if number >= 10 and min(most.values()) > 50:
            break
        page.wait_for_timeout(100)
    return most


def text_with(page, element, word):
    """Return an element's text once it contains a word: between two frames a figure may be missing."""
    for _ in range(1200):
        if word in (text := element.inner_text()):
            break
        page.wait_for_timeout(100)
    return text


def downloads(page, lab, count, action):
    """Return the paths of the files that an action lets the browser download, by suffix."""
    files = []

    def keep(file):
        files.append(file)

    page.on("download", keep)
    action()
    for _ in range(600):
        if len(files) == count:
            break
        page.wait_for_timeout(100)
    page.remove_listener("download", keep)
    paths = {Path(file.suggested_filename).suffix: lab.folder / file.suggested_filename for file in files}
    for file in files:
        file.save_as(lab.folder / file.suggested_filename)
    return paths


def wait_for_output(book, number, text):
    """Run a cell until it prints a text: messages of the widget are handled beside the cells."""
    for _ in range(100):
        if text in (printed := book.run(number)).split():
            break
        book.page.wait_for_timeout(100)
    return printed


def visit_captures(book, lab, widget, seen):
    """Take a snapshot, record, and choose another model meanwhile."""
    button = widget.get_by_role("button", name="Snapshot")
    seen["snapshot"] = downloads(book.page, lab, 1, button.click)
    widget.get_by_role("button", name="Record").click()
    expect(widget.locator(".recording")).to_have_text("0:02")
    widget.get_by_role("combobox", name="Model").select_option("thunder")
    widget.get_by_role("combobox", name="People").select_option("many")
    expect(widget.locator(".notice")).to_have_text("")
    seen["choice"] = wait_for_output(book, CHOICE, "many")
    expect(widget.locator(".figures")).to_contain_text("people", use_inner_text=True)
    stop = widget.get_by_role("button", name="Stop recording")
    seen["recording"] = downloads(book.page, lab, 2, stop.click)
    seen["saved"] = widget.locator(".saved").inner_text()
    found = Axe().run(book.page, context=".movenet-camera").response["violations"]
    seen["violations"] = [(one["id"], one["nodes"][0]["html"]) for one in found]
    widget.get_by_role("button", name="Record").click()
    seen["recording of a removed view"] = downloads(book.page, lab, 2, lambda: rerun(book, widget))


def rerun(book, widget):
    """Run the widget's cell once more after it has recorded for a while."""
    expect(widget.locator(".recording")).to_have_text("0:01")
    book.run(SHOW)


def visit_own_model(book, seen):
    """Choose between the user's own model, whose file is then removed, and Thunder."""
    book.run(OWN)
    widget = book.page.locator(".movenet-camera").last
    model = widget.get_by_role("combobox", name="Model")
    seen["models"] = model.locator("option").all_inner_texts()
    model.select_option("thunder")
    expect(widget.get_by_role("status")).to_have_text("The camera is off.")
    book.run(REMOVE)
    model.select_option(label="own.onnx")
    expect(widget.get_by_role("status")).to_contain_text("The kernel says:")
    seen["notice of a missing model"] = widget.get_by_role("status").inner_text()
    seen["model after a missing one"] = model.input_value()


def tour(book, lab):
    seen = {}
    widget = book.page.locator(".movenet-camera").first
    book.run(SHOW)
    expect(widget).to_have_attribute("data-state", "on")
    book.run(COUNT)
    expect(widget.locator(".figures")).to_contain_text("fps")
    seen["during a cell"] = int(book.run(BUSY))
    seen["painted"] = most_painted(book.page, widget)
    seen["figures"] = text_with(book.page, widget.locator(".figures"), "person")
    seen["table"] = book.run(TABLE)
    seen["records"] = list(read_records(lab.folder / "poses.csv"))
    book.run(STOP)
    expect(widget).to_have_attribute("data-state", "off")
    seen["lit after stop()"] = book.page.evaluate(IS_LIT)
    seen["painted after stop()"] = widget.evaluate(PAINTED)
    book.run(AGAIN)
    expect(widget).to_have_attribute("data-state", "on")
    book.page.get_by_label("Mirror").press("Space")
    book.page.get_by_label("Threshold").press("ArrowRight")
    expect(widget.locator(".figures")).to_contain_text("fps")
    seen["turned"] = not book.page.get_by_label("Mirror").is_checked()
    book.run(KEEP)
    seen["kept"] = pickle.loads((lab.folder / "kept.pickle").read_bytes())
    seen["settings"] = book.run(SETTINGS).split()
    book.page.get_by_role("button", name="Stop camera").click()
    expect(widget).to_have_attribute("data-state", "off")
    seen["status after the button"] = wait_for_output(book, SETTINGS, "off").split()[2]
    seen["notice after the button"] = widget.get_by_role("status").inner_text()
    book.page.get_by_role("button", name="Start camera").click()
    expect(widget).to_have_attribute("data-state", "on")
    visit_captures(book, lab, widget, seen)
    expect(widget).to_have_attribute("data-state", "on")
    visit_own_model(book, seen)
    book.start(DIE)
    expect(widget).to_have_attribute("data-problem", "gone")
    seen["notice after its death"] = widget.get_by_role("status").inner_text()
    seen["lit after its death"] = book.page.evaluate(IS_LIT)
    return seen


def test_skeletons_are_drawn_in_the_colours_of_both_sides(visit):
    images = [image.astype(int) for image, _, _ in visit["kept"]]
    for name, colour in zip(
        ("left", "right"), (PALETTES["clear"].left, PALETTES["clear"].right), strict=True
    ):
        in_the_film = max((np.abs(image - colour).max(axis=2) < 12).sum() for image in images)
        assert visit["painted"][name] > 2 * in_the_film + 50


def test_rate_latency_and_people_are_shown(visit):
    assert [part.split()[-1] for part in visit["figures"].split(" · ")] == ["fps", "ms", "person"]


def test_the_notebooks_cells_find_the_poses(visit):
    assert visit["table"].startswith("The nose is at ")
    assert re.search(r"of \d+ x \d+ pixels\.\n\d+ frames in", visit["table"])


def test_the_history_is_saved_with_rising_times(visit):
    times = [record.time_s for record in visit["records"]]
    assert len(times) > 10
    assert times == sorted(set(times))


def test_frames_come_while_a_cell_runs(visit):
    assert visit["during a cell"] > 3


def test_poses_are_those_of_the_same_frames_estimated_offline(visit):
    stream, seen = VideoEstimator("lightning").stream(), 0
    for image, time_s, keypoints in visit["kept"]:
        found = [pose.keypoints for pose in stream(image, time_s)]
        assert len(found) == len(keypoints) <= 1
        seen += len(found)
        np.testing.assert_allclose(found, keypoints, rtol=0, atol=1)
    assert seen >= len(visit["kept"]) / 2  # which frames of the film the camera shows depends on the machine


def test_the_frames_are_those_of_the_camera(visit):
    for image, _, _ in visit["kept"]:
        rows = image.mean(axis=(1, 2)).reshape(-1, len(image) // 24).mean(axis=1)
        assert rows[:2].max() < 8 < rows[4:20].min()


def test_stopping_turns_the_camera_off_and_clears_the_picture(visit):
    assert not visit["lit after stop()"]
    assert visit["painted after stop()"] == {"left": 0, "right": 0}


def test_controls_work_by_keyboard_and_arrive_in_python(visit):
    assert visit["turned"]
    assert visit["settings"] == ["False", "0.35", "on", "1"]


def test_the_button_stops_the_camera_and_python_knows(visit):
    assert visit["status after the button"] == "off"
    assert visit["notice after the button"] == "The camera is off."


def test_a_snapshot_is_the_cameras_own_picture(visit):
    image = read_photo(visit["snapshot"][".png"])
    assert image.shape == (480, 640, 3)
    rows = image.mean(axis=(1, 2))
    assert rows[:40].max() < 8 < rows[80:400].min()


@pytest.mark.parametrize("name", ["recording", "recording of a removed view"])
def test_a_recording_is_a_video_and_records_of_the_same_time(visit, name):
    records = list(read_records(visit[name][".jsonl"]))
    times_s = [record.time_s for record in records]
    assert times_s == sorted(set(times_s))
    assert [record.frame for record in records] == list(range(len(records)))
    with open_source(visit[name][".webm"]) as film:
        frames = list(film)
    assert (film.width, film.height) == (640, 480)
    assert len(frames) >= 2
    assert frames[-1].time_s <= times_s[-1] + 1


def test_axe_finds_nothing_to_mend_in_the_widget(visit):
    assert visit["violations"] == []


def test_what_was_saved_is_listed_with_links(visit):
    newest, first = visit["saved"].splitlines()
    assert re.fullmatch(r"0:\d\d long: video and poses", newest)
    assert first == "Snapshot: picture"


def test_model_and_people_chosen_in_the_widget_arrive_in_python(visit):
    assert visit["choice"].split() == ["thunder", "many"]


def test_a_model_of_ones_own_is_offered_beside_the_others(visit):
    assert visit["models"] == ["own.onnx", "Lightning", "Thunder"]


def test_a_model_that_cannot_be_loaded_is_explained_and_the_one_before_stays(visit):
    assert "own.onnx does not exist" in visit["notice of a missing model"]
    assert visit["model after a missing one"] == "thunder"


def test_when_the_kernel_dies_the_widget_says_so_and_the_camera_goes_off(visit):
    assert "restarted" in visit["notice after its death"]
    assert not visit["lit after its death"]


def test_the_example_run_from_top_to_bottom_ends_with_a_running_camera(lab, film):
    with chromium(film) as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 2600}, permissions=["camera"])
        book = Notebook(page, lab.write("example.ipynb", nbformat.read(EXAMPLE, 4)))
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        expect(page.locator(".jp-InputPrompt").last).to_have_text(re.compile(r"\[\d+\]:"))
        widget = page.locator(".movenet-camera")
        expect(widget.locator(".figures")).to_contain_text("fps")
        expect(widget).to_have_attribute("data-state", "on")
        assert book.run(TABLE)


def test_a_camera_that_is_refused_is_explained_in_the_widget_and_in_python(lab, film):
    with chromium(film) as browser:
        address = lab.write("refused.ipynb", notebook())
        book = Notebook(browser.new_page(viewport={"width": 1100, "height": 2600}), address)
        book.run(SHOW)
        widget = book.page.locator(".movenet-camera")
        expect(widget).to_have_attribute("data-problem", "cameraRefused")
        expect(widget.get_by_role("status")).to_contain_text("The camera was refused. Allow it")
        assert "The camera was refused. Allow it" in book.run(SETTINGS)
