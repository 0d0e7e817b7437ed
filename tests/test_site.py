"""The page of `movenet export --format web`, and its models run in Node on the pixels that Python reads."""

import json
import re
import shutil
import subprocess
import tarfile
from itertools import chain

import numpy as np
import pytest
from typer.testing import CliRunner

from bodies import RATE_HZ, repeated
from javascript import BROWSER, ask_node, plain_pose
from movenet.analysis import RepetitionCounter
from movenet.calibration import probabilities
from movenet.cli import app
from movenet.engine import Runtime
from movenet.errors import DataError, FileError, ModelError
from movenet.estimator import Estimator
from movenet.live.models_table import web_models
from movenet.live.shared_models import browser_models
from movenet.live.site import PAGE, write_site
from movenet.media import open_source, read_photo
from movenet.models import DATA, MODELS
from movenet.pose import Pose
from movenet.synthetic.exercises import MOVES
from movenet.video import VideoEstimator

PROGRAM = """
import {{ Estimator, type Pose }} from "{module}";
const estimator = await Estimator.open({{ model: "lightning", threads: 1 }});
const poses: Pose[] = await estimator.stream({{ lock: [0.5, 0.5] }})(new ImageData(8, 8), 0);
const counted: number[] = estimator.counter("squat").step(0, poses).map(({{ count }}) => count);
const wrong: string = await estimator.estimate(new ImageData(8, 8));
"""
"""A program of which the last line mistakes a type."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    write_site(web_models(MODELS["lightning"], "many"), folder)
    return folder


@pytest.fixture(scope="module")
def frames():
    with open_source(DATA / "sample.mp4") as source:
        return [(np.asarray(frame.image), frame.time_s) for frame, _ in zip(source, range(5), strict=False)]


def run_in_node(site, folder, frames, model, *, video):
    """Return the poses that the JavaScript finds in frames, in each by itself or as a video."""
    listed = []
    for i, (image, time_s) in enumerate(frames):
        file = folder / f"{i}.rgba"
        file.write_bytes(np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]).tobytes())
        listed.append({"file": str(file), "width": image.shape[1], "height": image.shape[0]})
        if video:
            listed[-1]["time_s"] = time_s
    return ask_node(
        folder, "run_site.mjs", {"site": str(site), "model": model, "frames": listed, "smoothing": video}
    )


def distances_px(ours, theirs):
    """Return the distance of each keypoint between a pose of the JavaScript and one of Python."""
    return np.linalg.norm(np.array(ours["keypoints"])[:, :2] - theirs.keypoints, axis=1)


def test_the_pose_of_a_photo_is_that_of_python(site, tmp_path):
    photo = read_photo(DATA / "astronaut.jpg")
    [[ours]] = run_in_node(site, tmp_path, [(photo, 0.0)], "lightning", video=False)
    [theirs] = Estimator("lightning", runtime=Runtime("onnxruntime", "fp32"))(photo)
    assert distances_px(ours, theirs).max() < 0.05
    assert ours["score"] == pytest.approx(theirs.score, abs=1e-3)


@pytest.mark.parametrize(("model", "people"), [("lightning", "one"), ("many", "many")])
def test_tracks_of_a_video_are_those_of_python(model, people, site, frames, tmp_path):
    """Crops are interpolated in floating point here and in fixed point there, and each follows from the last pose."""
    found = run_in_node(site, tmp_path, frames, model, video=True)
    estimator = Estimator("lightning", people=people, runtime=Runtime("onnxruntime", "fp32"))
    stream = VideoEstimator(estimator).stream()
    expected = [stream(image, time_s) for image, time_s in frames]
    assert [[pose["id"] for pose in poses] for poses in found] == [
        [pose.id for pose in poses] for poses in expected
    ]
    for ours, theirs in zip(chain(*found), chain(*expected), strict=True):
        assert distances_px(ours, theirs)[theirs.scores > 0.3].max() < 0.5
        assert ours["score"] == pytest.approx(theirs.score, abs=0.02)


def hidden(keypoints, rng):
    """Return keypoints with noise, of which some are not found for a while, as a model gives them."""
    seen = keypoints + rng.normal(0, 1.5, keypoints.shape)
    scores = rng.uniform(0.3, 0.9, seen.shape[:2])
    for start in range(20, len(seen) - 20, 40):
        scores[start : start + 12, rng.integers(17, size=4)] = 0.05
    return [
        Pose(points.astype(np.float32), score.astype(np.float32), 0.6)
        for points, score in zip(seen, scores, strict=True)
    ]


def test_probabilities_are_those_of_python(tmp_path):
    scores = np.linspace(0, 1, 101)
    table = browser_models("thunder", probabilities=True).table()
    assert table["probabilities"]
    curve = next(model["calibration"] for model in table["models"] if model["name"] == "thunder")
    request = {"page": str(PAGE), "curve": curve, "scores": scores.tolist()}
    assert ask_node(tmp_path, "calibrate.mjs", request) == pytest.approx(
        probabilities(scores, "thunder"), abs=1e-9
    )


def test_repetitions_are_counted_as_in_python(tmp_path):
    rng = np.random.default_rng(3)
    cases, expected = [], []
    for exercise in MOVES:
        poses = hidden(repeated(exercise, 3), rng)
        counter = RepetitionCounter(exercise)
        times_s = [at / RATE_HZ for at in range(len(poses))]
        expected.append(
            [counter.step(time_s, [pose])[None] for time_s, pose in zip(times_s, poses, strict=True)]
        )
        frames = [
            {"time_s": time_s, "poses": [plain_pose(pose)]}
            for time_s, pose in zip(times_s, poses, strict=True)
        ]
        cases.append({"exercise": exercise, "frames": frames})
    request = {"page": str(PAGE), "table": browser_models().table(), "model": "lightning", "cases": cases}
    counts = ask_node(tmp_path, "count.mjs", request)
    assert [[person["count"] for [person] in case] for case in counts] == expected
    assert [case[-1] for case in expected] == [3] * len(MOVES)


def test_the_command_writes_a_site_and_replaces_only_a_site(tmp_path):
    site = tmp_path / "site"
    for people in ("one", "many"):
        arguments = ["export", "lightning", "--format", "web", "--people", people, "-o", str(site)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        table = json.loads((site / "models/models.json").read_text())
        assert table["models"][0]["people"] == people
    assert {path.name for path in tmp_path.iterdir()} == {"site"}
    other = tmp_path / "photos"
    other.mkdir()
    (other / "me.jpg").touch()
    with pytest.raises(FileError, match="expected a new folder"):
        write_site(web_models(MODELS["lightning"], "one"), other)
    assert (other / "me.jpg").exists()


def test_the_types_name_what_the_module_exports(tmp_path):
    modules = PAGE / "movenet"
    found = ask_node(tmp_path, "exports.mjs", {"module": str(modules / "movenet.js")})
    types = (modules / "movenet.d.ts").read_text()
    assert set(re.findall(r"export (?:class|const|function) (\w+)", types)) == found.keys()
    for name, members in found.items():
        declared = re.search(rf"^export class {name}\b.*?^}}", types, re.M | re.S)
        assert not members or declared, name
        for member in members:
            assert re.search(rf"^  (?:static |readonly )?{member}\b", declared[0], re.M), f"{name}.{member}"


def test_a_typed_program_is_accepted_and_a_wrong_one_is_not(tmp_path):
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("TypeScript is not installed")
    lines = PROGRAM.format(module=PAGE / "movenet" / "movenet.js").splitlines(keepends=True)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]
    for name, text, is_right in (("right", lines[:-1], True), ("wrong", lines, False)):
        program = tmp_path / f"{name}.mts"
        program.write_text("".join(text))
        done = subprocess.run([compiler, *options, program], capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is is_right, done.stdout


def test_the_service_worker_keeps_every_file(site):
    names = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    listed = json.loads((site / "sw.js").read_text().split("const FILES = ")[1].split(";\n")[0])
    assert sorted(listed) == sorted({"./", *names} - {"sw.js"})


def test_a_package_that_is_not_the_runtime_is_refused(tmp_path):
    (tmp_path / "text.tgz").write_text("no archive")
    with tarfile.open(tmp_path / "other.tgz", "w:gz") as archive:
        archive.add(BROWSER / "count.mjs", "package/dist/ort.webgpu.min.mjs")
    for name, error in (("text.tgz", DataError), ("other.tgz", DataError), ("missing.tgz", FileError)):
        with pytest.raises(error):
            write_site(web_models(MODELS["lightning"], "one"), tmp_path / "site", tmp_path / name)
    assert not (tmp_path / "site").exists()


def test_no_file_of_a_site_names_another_origin(site):
    for path in (
        *site.glob("page/*.js"),
        *site.glob("page/movenet/*.js"),
        site / "index.html",
        site / "sw.js",
    ):
        assert "https://" not in path.read_text(), path


@pytest.mark.parametrize("model", ["multipose", "posenet"])
def test_other_networks_are_refused(model):
    with pytest.raises(ModelError, match="expected a single-person MoveNet model"):
        web_models(MODELS[model], "one")


def test_options_of_other_formats_are_refused(tmp_path):
    for more in (["--precision", "int8"], ["--side", "128"], ["--people", "auto"]):
        arguments = ["export", "lightning", "--format", "web", "-o", str(tmp_path / "site"), *more]
        assert isinstance(CliRunner().invoke(app, arguments).exception, ModelError)
    for more in (["--people", "many"], ["--exercise", "squat"], ["--webgpu", "x.tgz"]):
        arguments = ["export", "lightning", "-o", str(tmp_path / "x.onnx"), *more]
        assert isinstance(CliRunner().invoke(app, arguments).exception, ModelError)
    assert list(tmp_path.iterdir()) == []
