"""The live page in a real browser, with a camera that shows a clip."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from live_browser import browser, opened, shows, wait_for_poses, wait_to_show, wait_until, write_clip
from live_stage import happens, models, serving
from movenet.engine import Runtime
from movenet.estimator import Estimator
from movenet.live import SharedModels
from movenet.live.wire import StreamSettings
from movenet.media import open_source, read_photo
from movenet.models import DATA
from movenet.pose import KEYPOINTS
from movenet.records import read_records
from movenet.video import VideoEstimator
from stage import keypoints, scene

ACTOR = (150, 60, 140, 320, 200)
EXTRA = (420, 120, 110, 250, 190)
WIDTH, HEIGHT = 640, 480
LEFT, RIGHT = (255, 159, 28), (86, 180, 233)


@dataclass(frozen=True)
class Remembering(SharedModels):
    """Models that keep what they were asked for, and every picture with what was found in it."""

    choices: list[StreamSettings] = field(default_factory=list)
    pictures: list = field(default_factory=list)

    def open_stream(self, settings):
        self.choices.append(settings)
        watch = SharedModels.open_stream(self, settings)

        def remember(image, time_s):
            poses = watch(image, time_s)
            self.pictures.append((image, time_s, poses))
            return poses

        return remember


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def stage_browser(playwright, tmp_path_factory):
    crowd = scene(ACTOR, EXTRA, width=WIDTH, height=HEIGHT)
    clip = write_clip(tmp_path_factory.mktemp("stage") / "stage.mjpeg", [crowd] * 3)
    with browser(playwright, clip) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def served():
    choice = Remembering(models().estimators)
    with serving(choice) as server:
        yield server, choice


@pytest.fixture
def page(stage_browser, served):
    with opened(stage_browser, served[0].url) as page:
        yield page


@pytest.fixture
def playing(page):
    page.click("#start-camera")
    wait_for_poses(page)
    return page


def place(name, person=ACTOR):
    return keypoints(person)[KEYPOINTS.index(name)]


def upper_arm(side):
    return (place(f"{side}_shoulder") + place(f"{side}_elbow")) / 2


def test_the_camera_is_drawn_with_a_skeleton_whose_sides_have_their_colours(playing):
    playing.uncheck("#mirror")
    wait_for_poses(playing)
    wait_to_show(playing, *upper_arm("left"), LEFT)
    wait_to_show(playing, *upper_arm("right"), RIGHT)


def test_in_the_mirror_the_picture_is_turned_and_the_sides_stay_anatomical(playing):
    assert playing.is_checked("#mirror")  # as a camera that faces the user starts
    (x, y), (other_x, other_y) = upper_arm("left"), upper_arm("right")
    wait_to_show(playing, WIDTH - x, y, LEFT)
    wait_to_show(playing, WIDTH - other_x, other_y, RIGHT)
    drawn = wait_for_poses(playing)[-1]["record"]["poses"][0]["keypoints"]
    assert np.allclose(np.array(drawn)[:, :2], keypoints(ACTOR), atol=6)  # records know no mirror


def test_the_figures_tell_rate_latency_and_people(playing):
    wait_until(playing, "Number(document.getElementById('fps').textContent) >= 5")
    wait_until(playing, "document.getElementById('people').textContent === '1'")
    latency = wait_until(playing, "document.getElementById('latency').textContent.match(/^\\d+ ms$/)?.[0]")
    assert 0 < int(latency.removesuffix(" ms")) < 5000


def test_latency_is_counted_from_when_the_camera_took_the_picture(playing):
    drawn = wait_for_poses(playing, 5)
    taken = [frame["takenAt"] for frame in drawn]
    assert taken == sorted(taken)
    assert all(frame["latencyMs"] > frame["serverMs"] for frame in drawn)
    assert all(
        frame["record"]["time_s"] == pytest.approx(frame["takenAt"] / 1000, abs=1e-5) for frame in drawn
    )


def test_many_people_are_drawn_each_with_an_id(playing):
    playing.check("[name=model][value=many]")
    wait_until(playing, "document.getElementById('people').textContent === '2'")
    poses = wait_for_poses(playing)[-1]["record"]["poses"]
    assert sorted(pose["id"] for pose in poses) == [1, 2]


def test_model_and_smoothing_are_asked_of_the_server(playing, served):
    playing.check("[name=model][value=thunder]")
    playing.uncheck("#smoothing")
    wait_for_poses(playing, 6)
    assert served[1].choices[-1] == StreamSettings("thunder", smoothing=False)


def test_the_model_chosen_is_chosen_again_on_the_next_visit(playing, served):
    playing.check("[name=model][value=thunder]")
    playing.reload()
    playing.wait_for_selector("#status[data-state=open]")
    assert playing.is_checked("[name=model][value=thunder]")


def test_of_probabilities_those_from_a_half_on_are_drawn(stage_browser):
    choice = replace(models(), probabilities=True)
    with serving(choice) as server, opened(stage_browser, server.url) as page:
        wait_until(page, "document.getElementById('threshold-value').textContent === '0.50'")
        assert page.input_value("#threshold") == "0.5"


def test_keypoints_under_the_threshold_are_not_drawn(playing):
    playing.uncheck("#mirror")
    playing.fill("#threshold", "0.95")
    wait_for_poses(playing)
    assert playing.text_content("#threshold-value") == "0.95"
    assert not shows(playing, *upper_arm("left"), LEFT)


def test_joint_angles_are_shown_on_demand(playing):
    assert not playing.is_visible("#angle-table")
    playing.check("#angles")
    # Read in the same moment: where no answer comes for a second there is a dash again.
    shown = wait_until(
        playing, "document.querySelector('[data-angle=left_elbow]').textContent.match(/^\\d+°$/)?.[0]"
    )
    shoulder, elbow, wrist = (place(f"left_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    one, other = shoulder - elbow, wrist - elbow
    expected = np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    assert abs(int(shown.removesuffix("°")) - expected) < 6


def test_pause_stops_and_goes_on(playing):
    playing.click("#pause")
    assert playing.text_content("#pause-text") == "Resume"

    def rests():  # the answer to a picture already sent is not drawn any more
        before = playing.evaluate("window.poses.length")
        playing.wait_for_timeout(500)
        return playing.evaluate("window.poses.length") == before

    assert any(rests() for _ in range(10))
    playing.click("#pause")
    wait_for_poses(playing)


def test_a_recording_is_a_video_and_records_of_the_same_time(playing, tmp_path):
    files = []
    playing.on("download", lambda file: files.append(file))
    playing.click("#record")
    assert playing.get_attribute("#record", "aria-pressed") == "true"
    wait_for_poses(playing, 20)
    playing.click("#record")
    playing.wait_for_selector("#kept li")
    assert happens(lambda: playing.wait_for_timeout(50) or len(files) == 2)
    saved = {file.suggested_filename.rpartition(".")[2]: file for file in files}
    for suffix, file in saved.items():
        file.save_as(tmp_path / f"kept.{suffix}")
    records = list(read_records(tmp_path / "kept.jsonl"))
    assert [record.frame for record in records] == list(range(len(records)))
    times_s = [record.time_s for record in records]
    assert times_s == sorted(times_s)
    assert len(records) >= 20
    with open_source(tmp_path / "kept.webm") as film:
        frames = list(film)
    assert (film.width, film.height) == (WIDTH, HEIGHT)
    assert len(frames) >= 5
    assert frames[-1].time_s <= times_s[-1] + 1


def test_the_browser_asks_before_a_page_that_records_is_left(playing):
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    playing.on("dialog", stay)
    playing.click("#record")
    playing.close(run_before_unload=True)
    assert happens(lambda: playing.wait_for_timeout(50) or asked == ["beforeunload"])
    playing.click("#record")
    playing.wait_for_selector("#kept li")
    playing.reload()
    assert asked == ["beforeunload"]


def test_a_snapshot_counts_down_and_saves_what_is_seen(playing, tmp_path):
    playing.evaluate(
        """() => {
             window.counted = [];
             const count = document.getElementById("count");
             new MutationObserver(() => count.hidden || window.counted.push(count.textContent))
               .observe(count, { childList: true, attributes: true });
           }"""
    )
    with playing.expect_download() as download:
        playing.click("#snapshot")
    assert list(dict.fromkeys(playing.evaluate("window.counted"))) == ["3", "2", "1"]
    download.value.save_as(tmp_path / "snapshot.png")
    assert read_photo(tmp_path / "snapshot.png").shape == (HEIGHT, WIDTH, 3)


def test_a_video_file_is_a_source(page, served):
    page.set_input_files("#file", DATA / "sample.mp4")
    drawn = wait_for_poses(page)
    assert not page.is_checked("#mirror")
    assert (drawn[-1]["record"]["width"], drawn[-1]["record"]["height"]) == (640, 360)
    assert page.input_value("#source") == "file"


def test_a_photo_is_a_source(page):
    page.set_input_files("#file", DATA / "astronaut.jpg")
    assert wait_for_poses(page, 2)[-1]["record"]["width"] == 512


def test_the_sample_clip_needs_no_camera(page):
    page.click("#start-sample")
    wait_for_poses(page)


def test_a_file_that_cannot_be_shown_is_refused_with_a_sentence(page, tmp_path):
    (tmp_path / "words.mp4").write_bytes(b"these are no pictures")
    page.set_input_files("#file", tmp_path / "words.mp4")
    page.wait_for_selector("#notice:visible")
    assert "cannot show that file" in page.text_content("#notice")
    assert page.is_visible("#start-camera")


def test_a_camera_refused_is_explained(stage_browser, served):
    with opened(stage_browser, served[0].url, camera=False) as page:
        page.click("#start-camera")
        page.wait_for_selector("#notice:visible")
        assert "not allowed to use the camera" in page.text_content("#notice")
        assert page.is_visible("#start-camera")


def test_the_page_comes_back_when_the_server_does(stage_browser):
    with ExitStack() as stack:
        with serving() as server:
            port = server.socket.getsockname()[1]
            page = stack.enter_context(opened(stage_browser, server.url))
            page.click("#start-camera")
            wait_for_poses(page)
        page.wait_for_selector("#status[data-state=reconnecting]")
        assert page.text_content("#status") == "Connection lost, trying again …"
        with serving(port=port):
            page.wait_for_selector("#status[data-state=open]")
            wait_for_poses(page)


def test_the_token_leaves_the_address_and_a_wrong_one_is_explained(stage_browser):
    with ExitStack() as stack:
        with serving(token="the-first") as server:
            port = server.socket.getsockname()[1]
            page = stack.enter_context(opened(stage_browser, server.url))
            assert page.url == f"http://127.0.0.1:{port}/"
            page.click("#start-camera")
            wait_for_poses(page)
        with serving(port=port, token="the-second"):
            page.wait_for_selector("#status[data-state=refused]")
            assert "token is needed" in page.text_content("#notice")


def test_everything_works_by_keyboard(page):
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "start-camera":
            break
    page.keyboard.press("Enter")
    wait_for_poses(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("m")
    assert not page.is_checked("#mirror")
    page.keyboard.press("a")
    assert page.is_visible("#angle-table")
    page.keyboard.press("Space")
    assert page.text_content("#pause-text") == "Resume"
    page.keyboard.press("r")
    assert page.is_visible("#recording")


def test_everything_that_can_be_used_has_a_name_for_screen_readers(playing):
    nameless = playing.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas, summary, a")]
             .filter((e) => e.checkVisibility() && !e.closest("[aria-hidden=true]"))
             .filter((e) => !(e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent).trim())
             .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    wait_until(
        playing, "document.getElementById('canvas').getAttribute('aria-label') === 'Live picture, 1 person'"
    )


def test_the_page_speaks_korean(playing):
    playing.click("#language")
    assert playing.get_attribute("html", "lang") == "ko"
    assert playing.text_content("#record-text") == "녹화"
    assert playing.text_content("#status") == "연결됨"
    english = playing.evaluate(
        """() => [...document.querySelectorAll("[data-word]")]
             .filter((e) => !/[\\uac00-\\ud7a3]/.test(e.textContent)).map((e) => e.textContent)"""
    )
    assert set(english) <= {"fps"}


def test_both_languages_say_the_same_things_with_the_same_gaps(page):
    words = page.evaluate("import('/page/words.js').then(({ WORDS }) => WORDS)")
    gaps = {
        language: {
            key: sorted(part.split("}")[0] for part in word.split("{")[1:]) for key, word in own.items()
        }
        for language, own in words.items()
    }
    assert gaps["en"] == gaps["ko"]


def test_every_word_asked_for_is_known(page):
    assert (
        page.evaluate(
            """import('/page/words.js').then(({ WORDS }) =>
             [...document.querySelectorAll("[data-word], [data-word-label]")]
             .flatMap(({ dataset }) => [dataset.word, dataset.wordLabel])
             .filter((key) => key && !(key in WORDS.en)))"""
        )
        == []
    )


@pytest.mark.parametrize(("width", "height"), [(360, 740), (412, 915), (1440, 900)])
def test_the_page_fits_the_screen(stage_browser, served, width, height):
    with opened(stage_browser, served[0].url, width=width, height=height) as page:
        page.click("#start-camera")
        wait_for_poses(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for name in ("#canvas", "#snapshot", "#record"):
            box = page.locator(name).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height


def test_pictures_shrink_when_they_stand_in_a_queue_and_grow_again_when_not(page):
    steps = page.evaluate(
        """import("/page/quality.js?not-the-one-that-keeps-its-size").then(({ Quality, STEPS }) => {
             const quality = new Quality();
             const place = () => STEPS.indexOf(quality.step);
             let now = 0;
             const run = (ms, wayMs) => {
               for (const end = now + ms; now < end; now += 33) quality.observe(wayMs(now), now);
               return place();
             };
             return [run(2000, () => 20), run(1500, (at) => 20 + at % 5), run(3000, () => 400), run(60000, () => 20)];
           })"""
    )
    assert steps[0] == steps[1] == 1
    assert steps[2] > 2
    assert steps[3] == 0


@pytest.mark.parametrize(("delays", "shrinks"), [("", True), ("{ long: 200, short: 80 }", False)])
def test_which_delay_makes_pictures_shrink_can_be_chosen(page, delays, shrinks):
    before, after = page.evaluate(
        f"""import("/page/quality.js?not-the-one-that-keeps-its-size").then(({{ Quality }}) => {{
             const quality = new Quality({delays});
             const side = () => quality.step[0];
             const before = side();
             for (let now = 0; now < 3000; now += 33) quality.observe(now < 600 ? 20 : 170, now);
             return [before, side()];
           }})"""
    )
    assert (after < before) == shrinks


def test_skeletons_agree_with_following_the_same_frames_offline(playwright, tmp_path):
    with open_source(DATA / "sample.mp4") as source:
        frames = [
            cv2.resize(
                np.ascontiguousarray(frame.image[:, 200:920]), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
            )
            for frame in islice(source, 60)
        ]
    estimator = Estimator("lightning", runtime=Runtime(threads=1))
    choice = Remembering({"lightning": estimator})
    with (
        browser(playwright, write_clip(tmp_path / "clip.mjpeg", frames)) as chromium,
        serving(choice) as server,
        opened(chromium, server.url) as page,
    ):
        page.uncheck("#smoothing")
        page.click("#start-camera")
        drawn = {frame["record"]["time_s"]: frame["record"] for frame in wait_for_poses(page, 30)}
    offline = VideoEstimator(estimator, smoothing=None).stream()
    compared = 0
    for image, time_s, _ in choice.pictures:
        assert min(np.abs(image.astype(int) - frame).mean() for frame in frames) < 12
        poses = offline(image, time_s)
        record = drawn.get(round(time_s, 6))
        if record is None:
            continue
        assert len(record["poses"]) == len(poses)
        for pose, shown in zip(poses, record["poses"], strict=True):
            np.testing.assert_allclose(np.array(shown["keypoints"])[:, :2], pose.keypoints, atol=0.1)
            compared += 1
    assert compared > 10


def test_the_colours_are_those_of_the_drawings_in_python(page):
    from movenet.drawing import PALETTES, PERSON_COLOURS

    palettes, people = page.evaluate(
        "import('/page/skeleton.js').then(({ PALETTES, PERSON_COLOURS }) => [PALETTES, PERSON_COLOURS])"
    )
    assert [tuple(colour) for colour in people] == list(PERSON_COLOURS)
    assert palettes == {name: [f"rgb{colour}" for colour in palette] for name, palette in PALETTES.items()}


def test_what_the_page_knows_of_the_body_is_what_python_knows(page):
    names = page.evaluate("import('/page/skeleton.js').then(({ KEYPOINTS }) => KEYPOINTS)")
    assert tuple(names) == KEYPOINTS


def test_what_is_no_record_is_not_drawn(page):
    for text in ("null", "{}", json.dumps({"poses": [{"keypoints": 3}]})):
        failed = page.evaluate(
            "text => import('/page/skeleton.js').then(({ parseRecord }) => {"
            "  try { parseRecord(text); return false; } catch (error) { return error instanceof TypeError; } })",
            text,
        )
        assert failed


def test_over_https_from_another_address_the_camera_and_the_socket_work(stage_browser, tmp_path, monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path))
    with serving(host="0.0.0.0", tls=True) as server:
        # A machine without a network has no other address than its own.
        address = [server.url, *server.addresses.remote_urls][-1]
        with opened(stage_browser, address) as page:
            assert page.url.startswith("https://")
            assert page.evaluate("isSecureContext")
            page.click("#start-camera")
            wait_for_poses(page)


def test_over_http_from_another_address_the_page_says_what_the_camera_needs(stage_browser):
    with serving(host="0.0.0.0") as server:
        if server.addresses.remote_urls:
            with opened(stage_browser, server.addresses.remote_urls[0]) as page:
                page.click("#start-camera")
                page.wait_for_selector("#notice:visible")
                assert "--tls" in page.text_content("#notice")


def test_an_exercise_is_counted_where_it_is_chosen(playing):
    assert not playing.is_visible("#repetitions-box")
    playing.select_option("#exercise", "squat")
    wait_until(playing, "document.getElementById('repetitions').textContent === '0'")
    wait_until(playing, "!document.getElementById('repetitions-box').hidden")


def test_a_click_on_a_person_follows_only_them(playing, served):
    playing.uncheck("#mirror")
    canvas = playing.locator("#canvas").bounding_box()
    scale = min(canvas["width"] / WIDTH, canvas["height"] / HEIGHT)
    x, y = EXTRA[0] + EXTRA[2] / 2, EXTRA[1] + EXTRA[3] / 2
    left = canvas["x"] + (canvas["width"] - WIDTH * scale) / 2
    top = canvas["y"] + (canvas["height"] - HEIGHT * scale) / 2
    playing.mouse.click(left + x * scale, top + y * scale)
    happens(lambda: served[1].choices[-1].lock is not None)
    chosen = served[1].choices[-1].lock
    assert chosen == pytest.approx((x / WIDTH, y / HEIGHT), abs=0.02)
    assert playing.is_visible("#follow-all")
    wait_until(
        playing,
        f"window.latestPose?.[0] > {EXTRA[0]} || (document.addEventListener('poses', "
        "({ detail }) => (window.latestPose = detail.record.poses[0]?.keypoints[0])), false)",
    )
    playing.click("#follow-all")
    happens(lambda: served[1].choices[-1].lock is None)


def test_space_pauses_after_a_click_on_a_switch(playing):
    playing.click("label:has(#smoothing)")
    before = playing.is_checked("#smoothing")
    wait_until(playing, "document.activeElement === document.body")
    playing.keyboard.press("Space")
    wait_until(playing, "document.getElementById('pause-text').dataset.word === 'resume'")
    assert playing.is_checked("#smoothing") == before


def test_a_light_system_gets_a_light_page_with_a_dark_picture(page):
    brightness = (
        "(name) => getComputedStyle(document.querySelector(name)).backgroundColor.match(/\\d+/g).map(Number)"
    )
    page.emulate_media(color_scheme="dark")
    assert max(page.evaluate(brightness, "body")) < 60
    page.emulate_media(color_scheme="light")
    assert min(page.evaluate(brightness, "body")) > 200
    assert max(page.evaluate(brightness, "#stage")) < 60


def test_one_person_is_a_person_and_pictures_stay_on_this_computer(playing, page):
    wait_until(playing, "document.getElementById('people').textContent === '1'")
    wait_until(playing, "document.getElementById('people-word').textContent === 'person'")
    assert "Pictures stay on this computer" in page.text_content("#welcome-text")


def test_a_file_dropped_on_the_page_is_a_source(page):
    script = """
      const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
      canvas.getContext("2d").fillRect(0, 0, 64, 48);
      canvas.toBlob((blob) => {
        const dropped = new DataTransfer();
        dropped.items.add(new File([blob], "photo.png", { type: "image/png" }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
      });
    """
    page.evaluate(script)
    wait_until(page, "!document.getElementById('figures').hidden")
    assert page.input_value("#source") == "file"


def test_the_resolution_of_the_camera_can_be_chosen(playing):
    playing.select_option("#resolution", "480")
    wait_until(playing, "!document.getElementById('figures').hidden")
    assert playing.input_value("#resolution") == "480"
