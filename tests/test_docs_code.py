"""Every Python block of the README and the documentation runs; every command runs, or is listed with a reason.

They run in a folder that is not the checkout, with the bundled photo and a second of the bundled clip under the names
that the pages use, and see only the packages of the base install and of the extras that the page names.
"""

import json
import re
import shlex
import shutil
from itertools import dropwhile
from pathlib import Path

import numpy as np
import pytest
import typer

import movenet
from doc_blocks import blocks_of
from installed import EXTRAS, named_extras, run_installed
from movenet.analysis import train_classes
from movenet.cli import app
from movenet.models import DATA, MODELS

ROOT = Path(__file__).parents[1]
ELSEWHERE = {"api.md": "tests/test_api_page.py runs its blocks"}
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if ".ko." not in page.name and page.name not in ELSEWHERE
]
CLIPS = ("dance", "street", "crowd", "squats", "squat", "hall", "mine", "teacher", "class", "clips/a")
PHOTOS = ("photo", "crowd", "pose", "me", "teacher", "photos/a", "photos/b", "hands/pictures/0", "images/1")
NETWORKS = ("mine/run", "run", "yoga-set/run", "my", "hands/hand")
MODEL_FILES = (*(f"{folder}/model.onnx" for folder in NETWORKS), "hands.onnx", "yoga.onnx")

NOT_RUN = {
    r"movenet\.stream\(0": "needs a camera; tests/test_video_callbacks.py runs streams",
    r"websockets\.sync": "needs a server; tests/test_live_app.py speaks the protocol",
    r"MqttPublisher": "needs a broker; tests/test_integrations.py runs one",
    r"to_fiftyone": "FiftyOne has an environment of its own: scripts/integrations",
}
"""Pattern in a Python block that is compiled, but not run → the reason."""
ONLY_PARSED = {
    r"live|send": "runs until it is stopped; tests/test_live_cli.py, tests/test_integrations.py",
    r"run (0|rtsp:)": "needs a camera; tests/test_video_callbacks.py",
    r".*--device gpu": "needs a GPU; tests/test_engine_devices.py",
    r"train|dataset (build|apply)|eval-video|bench": "takes minutes; each has tests of its own",
    r"dataset check": "needs the data set that was not built; tests/test_dataset_check.py",
    r"classes (train|test)": "needs photos of several poses; tests/test_cli.py",
    r"export (?!.*web)": "takes minutes; tests/test_export.py",
    r"doctor": "runs every engine; tests/test_doctor.py",
    r"export .*--webgpu": "needs a package of npm; tests/test_site.py",
    r"run .*s3:": "needs a store; tests/test_scale_cloud.py",
    r"hub": "needs a hub; tests/test_integrations.py",
    r"eval .*--compare|eval .*best|eval .*mine": "needs the results of a longer run; tests/test_cli_evaluate.py",
    r"run .*--from-list|.*--workers": "needs many files; tests/test_cli_run_job.py",
}
"""Pattern at the beginning of a command, without "movenet", that is checked by its parser only → the reason."""
NEEDED_EXTRAS = {
    r"live": "live",
    r"train": "train",
    r"eval": "eval",
    r"export (?!.*web)": "export",
    r"explain": "explain",
    r"hub": "hub",
    r"send .*--osc": "osc",
    r"send .*--mqtt": "mqtt",
    r"classes (train|test)": "classes",
    r".*(s3|gs|abfs)://": "cloud",
    r".*--executor ray": "ray",
    r".*parquet": "parquet",
    r".*--smooth offline": "smooth",
}
"""Pattern at the beginning of a command, without "movenet" → the extra that it needs, also where it is only parsed."""
OTHER_PROGRAMS = {
    "pip": "the extras are compared with pyproject.toml; scripts/smoke installs the wheel",
    "scripts/demo": "installs an environment of its own",
    "scripts/test": "runs this",
    "python": "a server, or a benchmark of minutes: the file or module is looked up",
    "export": "of the shell",
    "uv": "the same extras as with pip",
    "npm": "fetches a package of the browser",
    "docker": "needs Docker",
    "haproxy": "runs until it is stopped; tests/test_live_balancer.py",
    "ray": "needs a cluster",
    "curl": "needs a server; tests/test_live_app.py asks the same",
    "open": "opens a browser",
    "hf": "signs in at the hub",
    "cvat-cli": "needs a CVAT server; tests/test_integrations.py runs the function",
    "find": "needs many files; tests/test_cli_run_job.py",
    "split": "of the system",
}


def commands(page):
    """Yield the commands of a page as lists of words."""
    for block in blocks_of(page):
        if block.language == "sh":
            for line in block.code.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words:
                    yield words


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A folder with everything that the pages name."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("photos", "clips", "images", "yoga", "hands/pictures", *NETWORKS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with movenet.open_source(DATA / "sample.mp4") as source:
        frames = [frame.image.copy() for frame, _ in zip(source, range(24), strict=False)]
    for photo in PHOTOS:
        movenet.write_photo(folder / f"{photo}.jpg", frames[-1])
    with movenet.open_writer(folder / "dance.mp4", rate_fps=12) as video:
        for index, image in enumerate(frames[::2]):
            video.write(image, index / 12)
    for clip in CLIPS[1:]:
        shutil.copy(folder / "dance.mp4", folder / f"{clip}.mp4")
    for file in MODEL_FILES:
        shutil.copy(MODELS["lightning"].path, folder / file)
    frames_with_poses = list(movenet.watch(folder / "dance.mp4"))
    for name in ("dance", "squats", "mine", "teacher"):
        with movenet.open_records(folder / f"{name}.jsonl") as records:
            for frame, poses in frames_with_poses:
                record = (name, frame.index, frame.time_s, frame.width, frame.height, tuple(poses))
                records.write(movenet.Record(*record))
    poses = [found[0] for _, found in frames_with_poses if found]
    train_classes(poses[:8], ["tree"] * 4 + ["warrior"] * 4)[0].save(folder / "yoga.npz")
    (folder / "single.json").write_text(json.dumps(labels_of(poses[-1])))
    return folder


def labels_of(pose):
    """Return COCO annotations of one picture with one person."""
    points = np.column_stack([pose.keypoints - 0.25, np.full(17, 2)]).ravel().tolist()
    x, y, width, height = pose.bounds()
    person = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": points,
        "num_keypoints": 17,
    }
    return {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 960, "height": 540}],
        "annotations": [person | {"bbox": [x, y, width, height], "area": width * height}],
        "categories": [{"id": 1, "name": "person", "keypoints": list(movenet.KEYPOINTS)}],
    }


@pytest.fixture(scope="session")
def already_run():
    """The commands that ran on an earlier page, with the extras that they had."""
    return set()


@pytest.fixture
def here(inputs, tmp_path, monkeypatch):
    """A copy of that folder, as the current one."""
    folder = tmp_path / "work"
    shutil.copytree(inputs, folder, copy_function=lambda source, target: Path(target).symlink_to(source))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_blocks_of_a_page_run_with_the_extras_that_it_names(page, here):
    blocks = []
    for block in blocks_of(page):
        if block.language == "python":
            code = "\n" * (block.line - 1) + block.code
            compile(code, str(page), "exec")
            if not any(re.search(pattern, block.code) for pattern in NOT_RUN):
                blocks.append([str(page), code])
    if blocks:
        run_installed(named_extras(page), here, blocks)


def parse(words):
    """Check the words of a command of movenet with its parser.

    Raises:
        typer's error of usage, or LookupError for an unknown command.
    """
    command, context, words = typer.main.get_command(app), None, list(words)
    while hasattr(command, "get_command"):
        context = command.make_context(command.name, words[:], parent=context, allow_extra_args=True)
        name, *words = words
        command = command.get_command(context, name)
        if command is None:
            raise LookupError(f"no command '{name}'")
    command.make_context(command.name, words, parent=context)


def expanded(words):
    """Return the words with the globs of a shell expanded in the current folder."""
    found = [sorted(map(str, Path().glob(word))) if "*" in word else [] for word in words]
    return [one for word, paths in zip(words, found, strict=True) for one in paths or [word]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_valid_or_run_with_the_extras_that_it_names(page, here, already_run):
    extras, lines = named_extras(page), []
    for words in commands(page):
        line = " ".join(words[1:])
        if words[0] != "movenet":
            check_other_program(words)
        elif any(re.match(pattern, line) for pattern in ONLY_PARSED):
            parse(words[1:])
        elif (line, extras) not in already_run:
            already_run.add((line, extras))
            lines.append(expanded(words[1:]))
    if lines:
        results = run_installed(extras, here, commands=lines)
        failed = [(line, *result) for line, result in zip(lines, results, strict=True) if result[0]]
        assert failed == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_the_extra_of_each_command_that_needs_one(page):
    lines = [" ".join(words[1:]) for words in commands(page) if words[0] == "movenet"]
    needed = {extra for line in lines for pattern, extra in NEEDED_EXTRAS.items() if re.match(pattern, line)}
    assert needed <= {*named_extras(page)} | (needed if "all" in named_extras(page) else set())


@pytest.mark.parametrize("line", ["run --nope", "dataset nope", "live --port x", "train"])
def test_a_command_that_is_not_valid_is_found(line):
    with pytest.raises(Exception, match=r"nope|valid integer|Missing parameter"):
        parse(line.split())


def check_other_program(words):
    words = list(dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words))  # variables of the environment
    assert words[0] in OTHER_PROGRAMS, words
    if words[:2] == ["pip", "install"]:
        assert not any(word.startswith("movenet") for word in words), f"no package index has it: {words}"
        extras = re.findall(r"\[([\w,]+)\]", " ".join(words))
        known = re.findall(
            r"^([\w-]+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
        )
        assert {extra for group in extras for extra in group.split(",")} <= {*known}
    if words[0].startswith("scripts/") or (words[0] == "python" and words[1].endswith(".py")):
        assert (ROOT / words[0 if words[0] != "python" else 1]).is_file()


def test_every_extra_is_in_the_table_of_the_page_about_installing():
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = " ".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))
    assert {*re.findall(r"`(\w+)`", rows)} == {*EXTRAS} - {"all"}


def test_the_code_of_a_translated_page_is_that_of_the_original():
    for page in (ROOT / "docs").glob("*.ko.md"):
        original = page.with_name(page.name.replace(".ko.md", ".md"))
        same, translated = (
            [
                re.sub(r" *#.*", "", block.code)
                for block in blocks_of(one)
                if block.language in ("python", "sh")
            ]
            for one in (original, page)
        )
        assert same == translated, page.name
        pictures, of_translation = (
            re.findall(r"\]\((img/[^)]+)\)", one.read_text(encoding="utf-8")) for one in (original, page)
        )
        assert pictures == of_translation


def test_the_programs_of_the_cookbook_are_twelve_and_short():
    lengths = {
        block.heading: sum(bool(line.strip()) for line in block.code.splitlines())
        for block in blocks_of(ROOT / "docs" / "cookbook.md")
    }
    assert len(lengths) == 12
    assert max(lengths.values()) <= 10
    assert lengths["Count squats, with the number in the picture"] <= 10
    assert lengths["An alarm when somebody falls"] <= 8
    assert lengths["My pose against the teacher's"] <= 6
    text = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    assert len(set(re.findall(r"img/cookbook/\w+\.webp", text))) == 12


def test_no_reason_is_left_over():
    python = [block.code for page in PAGES for block in blocks_of(page) if block.language == "python"]
    lines = [" ".join(words[1:]) for page in PAGES for words in commands(page) if words[0] == "movenet"]
    assert [pattern for pattern in NOT_RUN if not any(re.search(pattern, code) for code in python)] == []
    assert [pattern for pattern in ONLY_PARSED if not any(re.match(pattern, line) for line in lines)] == []
