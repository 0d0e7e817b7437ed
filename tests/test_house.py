"""The plan of the house is kept: who may import whom, what loads when, what is public."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import movenet

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "movenet"
LEVELS = [
    {"errors", "pose", "skeleton"},
    {
        "appearance",
        "atomic",
        "belief",
        "crop",
        "decode",
        "drawing",
        "interop",
        "machine",
        "models",
        "moving_camera",
        "motion",
        "network",
        "oks",
        "posenet",
        "reading",
        "smoothing",
        "scenes",
        "tracking",
    },
    {"annotations", "clips", "crowd_clips", "engine", "evaluation", "media", "records"},
    {"estimator", "explain", "export", "training"},
    {"batch", "bench", "dataset", "doctor", "streaming", "trial", "video", "video_evaluation"},
    {"cli", "live", "notebook"},
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
HEAVY = {
    "torch",
    "openvino",
    "onnxruntime",
    "av",
    "onnx",
    "scipy",
    "matplotlib",
    "rich",
    "pyarrow",
    "faster_coco_eval",
    "starlette",
    "uvicorn",
    "websockets",
    "psutil",
    "segno",
    "cryptography",
    "anywidget",
    "ipywidgets",
}


def modules():
    return [path for path in SRC.rglob("*.py") if path != SRC / "__init__.py"]


def room(path):
    first = path.relative_to(SRC).parts[0]
    return first.removesuffix(".py")


def imports(path, *, top_only):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_a_room_opens_only_doors_on_its_own_floor_or_below(path):
    mine = room(path)
    for name in imports(path, top_only=False):
        if name and name.startswith("movenet."):
            theirs = name.split(".")[1]
            assert LEVEL[theirs] <= LEVEL[mine] or (mine, theirs) == ("engine", "export"), (
                f"{mine} opens {theirs}"
            )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_no_room_below_the_engines_knows_a_runtime(path):
    names = {name.split(".")[0] for name in imports(path, top_only=False) if name}
    if LEVEL[room(path)] <= 1 and path.stem != "network":
        assert not names & {"torch", "openvino", "onnxruntime", "av", "onnx"}
    if path.stem == "network" and LEVEL[room(path)] <= 1:
        assert "cv2" not in names


def loaded_by(statement):
    code = f"import sys; {statement}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_importing_the_package_loads_numpy_and_opencv_at_most():
    assert not loaded_by("import movenet") & HEAVY


def test_the_command_line_imports_nothing_heavy_before_a_command_runs():
    assert not loaded_by("import movenet.cli") & (HEAVY - {"rich"})


def test_estimating_never_loads_torch():
    assert "torch" not in loaded_by(
        "import numpy as np; import movenet; movenet.Estimator()(np.zeros((64, 64, 3), np.uint8))"
    )


def test_what_is_public_is_there_and_described():
    for name in movenet.__all__:
        assert getattr(movenet, name).__doc__ or name.isupper(), name


def functions():
    for path in [SRC / "__init__.py", *modules()]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_functions_and_files_are_short():
    lengths = sorted(node.end_lineno - node.lineno + 1 for _, node in functions())
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 35
    assert lengths[-1] <= 80
    for path in modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_every_command_fits_on_a_page():
    for path in (SRC / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path.name}: {node.name}"


def test_no_file_is_a_drawer_for_everything():
    assert not {path.stem for path in modules()} & {"utils", "util", "common", "helpers", "core", "misc"}


def test_modules_are_tested_each_in_its_own_file():
    tests = {path.stem for path in (ROOT / "tests").glob("test_*.py")}
    rooms = {room(path) for path in modules()} - {"errors"}
    covered = {
        name
        for name in rooms
        if any(test == f"test_{name}" or test.startswith(f"test_{name}_") for test in tests)
    }
    assert rooms - covered <= {"media"}  # tested as photo, source, live_source and writer


def test_the_readme_opens_with_the_two_commands_that_exist():
    commands = re.findall(r"scripts/\w+", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert commands[:2] == ["scripts/demo", "scripts/test"]
    for command in {*commands}:
        assert (ROOT / command).is_file()
