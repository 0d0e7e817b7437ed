"""The page of `movenet export --format web` in a real browser, from a plain static server."""

import functools
import http.server
import json
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from browsers import camera_film, launch
from live_browser import LIMIT_S, LISTEN, wait_for_poses, wait_until
from live_stage import happens, models, serving
from movenet.live import browser_models
from movenet.live.models_table import web_models
from movenet.live.site import write_site
from movenet.models import DATA, MODELS
from movenet.records import from_json, to_json

ONNXRUNTIME_WEB = os.environ.get("MOVENET_ONNXRUNTIME_WEB")
"""The npm package onnxruntime-web (.tgz), for what is not part of this one."""
COMPARE_BACKENDS = """async () => {
  const { Estimator } = await import("/page/movenet/movenet.js");
  const video = Object.assign(document.createElementNS("http://www.w3.org/1999/xhtml", "video"), { muted: true });
  video.src = "/sample.mp4";
  await new Promise((done) => { video.oncanplay = done; });
  const found = [];
  for (const backend of ["wasm", "webgpu"]) {
    const [pose] = await (await Estimator.open({ backend })).estimate(video);
    found.push(pose.keypoints.map(([x, y]) => [x, y]));
  }
  return found;
}"""
COMPARE_RUNTIMES = """async ({ model, sizes }) => {
  const { openEngine } = await import("/page/movenet/engine.js");
  const engines = {};
  for (const runtime of ["litert", "onnxruntime"]) engines[runtime] = await openEngine(`/models/${model}`, { runtime });
  const found = [];
  for (const size of sizes) {
    const length = 3 * size.reduce((product, side) => product * side);
    const pixels = Uint8Array.from({ length }, (_, i) => (i * 37) % 251);
    const { litert, onnxruntime } = Object.fromEntries(
      await Promise.all(Object.entries(engines).map(async ([name, engine]) => [name, await engine.run(pixels, size)])),
    );
    for (const [head, { data, dims }] of Object.entries(onnxruntime)) {
      const difference = data.reduce((most, value, i) => Math.max(most, Math.abs(value - litert[head].data[i])), 0);
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      found.push({ head, sameShape: `${dims}` === `${litert[head].dims}`, error: difference / largest });
    }
  }
  return found;
}"""
"""Opens a model in both runtimes, and compares the heads on pictures of some sizes: (N, height, width)."""
NAME_ENGINE = """async (model) => {
  const { openEngine } = await import("/page/movenet/engine.js");
  const engine = await openEngine(`/models/${model}`);
  const heads = await engine.run(new Uint8Array(3 * 64 * 64), [1, 64, 64]);
  return [engine.constructor.name, Object.keys(heads)];
}"""
COUNTER = """
const lists = { models: ["lightning", "many"], backends: ["wasm"], exercises: ["squat"] };
self.onmessage = ({ data: { type, picture, timeS, frame } }) => {
  if (type === "choice") return self.postMessage({ type: "ready" });
  const { width, height } = picture;
  const record = { frame, time_s: timeS, width, height, poses: [] };
  const repetitions = [{ id: 1, count: 2 }, { id: 2, count: 1 }];
  self.postMessage({ type: "poses", ...record, repetitions, estimatedMs: 1, dropped: 0 });
};
self.postMessage({ type: "hello", ...lists, exercise: null, probabilities: false });
"""
"""A worker without models: it counts for two people, one after the other."""
EXAMPLE = Path(__file__).parents[1] / "examples" / "browser" / "index.html"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """The standard library's static server, without its log."""

    def log_message(self, *_):
        pass


@contextmanager
def static_server(folder):
    """Serve a folder, and yield its address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    write_site(web_models(MODELS["lightning"], "one"), folder)
    return folder


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright, tmp_path_factory):
    film = camera_film(tmp_path_factory.mktemp("film"), DATA / "sample.mp4", count=20)
    browser = launch(playwright, film)
    yield browser
    browser.close()


@pytest.fixture
def context(browser):
    context = browser.new_context(permissions=["camera"], locale="en-US")
    context.set_default_timeout(1000 * LIMIT_S)
    yield context
    context.close()


def visit(context, address):
    """Open the page; return it, and the addresses that it and its workers ask for."""
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.failures = []
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("console", lambda line: page.failures.append(line.text) if line.type == "error" else None)
    page.add_init_script(LISTEN)
    page.goto(address)
    return page, asked


def test_the_camera_gets_a_skeleton_and_nothing_leaves_the_page(site, context):
    with static_server(site) as address:
        page, asked = visit(context, address)
        page.wait_for_selector("#status[data-state=open]")
        page.click("#start-camera")
        [*_, frame] = wait_for_poses(page, 5)
        [pose] = frame["record"]["poses"]
        assert pose["score"] > 0.3
        assert page.inner_text("#status-text") == "Ready"
        assert page.is_hidden("#place-row")
        page.select_option("#exercise", "squat")
        wait_until(page, "document.getElementById('repetitions').textContent === '0'")
        page.check("[name=model][value=many]")
        wait_until(page, "window.poses.at(-1).record.poses.some(({ id }) => id === 1)")
        origin = urlsplit(address).netloc
        assert {urlsplit(url).netloc for url in asked if not url.startswith("blob:")} == {origin}
        assert page.failures == []


def test_a_recording_has_the_digits_of_other_records(site, context):
    with static_server(site) as address:
        page, _ = visit(context, address)
        page.wait_for_selector("#status[data-state=open]")
        page.click("#start-camera")
        wait_for_poses(page)
        page.click("#record")
        wait_for_poses(page)
        files = []
        page.on("download", lambda file: files.append(file))
        page.click("#record")
        assert happens(lambda: page.wait_for_timeout(50) or len(files) == 2)
        [records] = [file for file in files if file.suggested_filename.endswith(".jsonl")]
        lines = Path(records.path()).read_text().splitlines()
        assert [json.loads(line) for line in lines] == [
            json.loads(to_json(from_json(line))) for line in lines
        ]
        assert any(json.loads(line)["poses"] for line in lines)


def test_the_second_visit_needs_no_network_and_may_use_threads(site, context):
    with static_server(site) as address:
        page, _ = visit(context, address)
        page.wait_for_selector("#status[data-state=open]")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wait_until(page, "navigator.serviceWorker.controller !== null")
    page.reload()  # the server is gone
    page.wait_for_selector("#status[data-state=open]")
    assert page.evaluate("crossOriginIsolated")
    page.click("#start-camera")
    assert wait_for_poses(page)[-1]["record"]["poses"]
    page.click("#pause")
    page.select_option("#source", "sample")
    assert wait_for_poses(page)[-1]["record"]["poses"]


def test_one_person_has_one_number_of_repetitions_and_many_have_theirs(site, context):
    with static_server(site) as address:
        context.route(
            "**/local_worker.js", lambda route: route.fulfill(body=COUNTER, content_type="text/javascript")
        )
        page, _ = visit(context, address)
        page.wait_for_selector("#status[data-state=open]")
        page.click("#start-camera")
        page.select_option("#exercise", "squat")
        for model, shown in (("lightning", "3"), ("many", "#1 2 · #2 1")):
            page.check(f"[name=model][value={model}]")
            wait_until(page, f"document.getElementById('repetitions').textContent === '{shown}'")


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (
            "lightning.onnx",
            [(1, 192, 192), (2, 128, 160), *((1, 32, 32 * i) for i in range(1, 6)), (1, 192, 192)],
        ),
        ("multipose.onnx", [(1, 96, 128)]),
    ],
)
def test_both_runtimes_compute_the_same_heads(model, sizes, site, context):
    with static_server(site) as address:
        page, _ = visit(context, address)
        found = page.evaluate(COMPARE_RUNTIMES, {"model": model, "sizes": sizes})
    assert len(found) == len(sizes) * len(MODELS[Path(model).stem].heads)
    assert all(head["sameShape"] and head["error"] < 1e-3 for head in found), found


def test_a_model_that_litert_cannot_run_runs_in_onnx_runtime(site, context):
    shutil.copyfile(DATA / "lightning-int8.onnx", site / "models" / "int8.onnx")
    with static_server(site) as address:
        page, _ = visit(context, address)
        assert page.evaluate(NAME_ENGINE, "lightning.onnx")[0] == "LiteRtEngine"
        name, heads = page.evaluate(NAME_ENGINE, "int8.onnx")
    assert name == "OnnxEngine"
    assert sorted(heads) == ["center", "heatmap", "offset", "regress"]


@pytest.mark.parametrize("file", ["multipose.onnx", "litert_wasm_internal.wasm.gz"])
def test_a_missing_file_is_named(file, site, context):
    with static_server(site) as address:
        context.route(f"**/{file}", lambda route: route.fulfill(status=404))
        page, _ = visit(context, address)
        page.wait_for_selector("#status[data-state=failed]")
        assert f"{file}: status 404" in page.inner_text("#notice")


def test_the_example_page_finds_poses_with_the_modules_alone(site, context, tmp_path):
    (tmp_path / "site").symlink_to(site)
    shutil.copy(EXAMPLE, tmp_path)
    assert len(EXAMPLE.read_text().splitlines()) <= 40
    with static_server(tmp_path) as address:
        page, _ = visit(context, address)
        page.get_by_text("wrist is higher").wait_for()
        assert page.failures == []


def test_a_camera_that_is_refused_is_explained(site, browser):
    context = browser.new_context(locale="en-US")
    with static_server(site) as address:
        page, _ = visit(context, address)
        page.click("#start-camera")
        page.wait_for_selector("#notice:visible")
        assert "not allowed to use the camera" in page.inner_text("#notice")
    context.close()


def test_without_a_graphics_card_the_page_says_so_and_goes_on_with_the_processor(site, context):
    table = json.loads((site / "models/models.json").read_text())
    answer = json.dumps(table | {"backends": ["wasm", "webgpu"]})
    with static_server(site) as address:
        context.route(
            "**/models.json", lambda route: route.fulfill(body=answer, content_type="application/json")
        )
        page, _ = visit(context, address)
        page.wait_for_selector("#status[data-state=open]")
        page.check("[name=backend][value=webgpu]")
        page.wait_for_selector("#status[data-state=failed]")
        assert "no graphics card; choose the processor" in page.inner_text("#notice")
        page.check("[name=backend][value=wasm]")
        page.wait_for_selector("#status[data-state=open]")


@pytest.mark.skipif(ONNXRUNTIME_WEB is None, reason="MOVENET_ONNXRUNTIME_WEB does not name the npm package")
def test_a_graphics_card_finds_the_pose_that_the_processor_finds(playwright, tmp_path):
    write_site(web_models(MODELS["lightning"], "one"), tmp_path / "site", Path(ONNXRUNTIME_WEB))
    browser = launch(playwright, None, "--enable-unsafe-webgpu")
    with static_server(tmp_path / "site") as address:
        page = browser.new_page()
        page.goto(address + "page/icon.svg")
        on_wasm, on_webgpu = page.evaluate(COMPARE_BACKENDS)
    browser.close()
    assert np.abs(np.array(on_wasm) - np.array(on_webgpu)).max() < 0.5


def test_a_server_offers_both_places(context):
    """The server's scripted engines find bright boxes; the browser runs the models themselves."""
    with serving(models(), exercise="squat") as server:
        page, asked = visit(context, server.url)
        page.wait_for_selector("#status[data-state=open]")
        assert page.inner_text("#status-text") == "Connected"
        page.click("#start-camera")
        page.uncheck("#angles")
        page.check("[name=place][value=browser]")
        page.wait_for_selector("#status[data-state=open]")
        assert page.inner_text("#status-text") == "Ready"
        wait_until(page, "window.poses.at(-1)?.record.poses[0]?.score > 0.3")
        assert page.evaluate("crossOriginIsolated")
        assert (page.is_checked("#angles"), page.input_value("#exercise")) == (False, "squat")
        page.check("[name=place][value=server]")
        page.wait_for_selector("#status[data-state=open]")
        assert page.inner_text("#status-text") == "Connected"
        assert wait_for_poses(page)[-1]["serverMs"] > 0
        assert {urlsplit(url).netloc for url in asked if not url.startswith("blob:")} == {
            urlsplit(server.url).netloc
        }
        assert page.failures == []


def test_a_server_for_browsers_runs_no_model(context):
    with serving(browser_models("thunder", "squat")) as server:
        page, asked = visit(context, server.url)
        page.wait_for_selector("#status[data-state=open]")
        assert page.is_hidden("#place-row")
        assert page.input_value("#exercise") == "squat"
        assert page.is_checked("[name=model][value=thunder]")
        page.click("#start-camera")
        assert wait_for_poses(page)[-1]["record"]["poses"][0]["score"] > 0.3
        assert not any(url.startswith("ws") or url.endswith("sw.js") for url in asked)
        assert page.failures == []
