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
RUNTIMES = {"torch", "openvino", "onnxruntime", "onnx"}
KNOW_RUNTIMES = {"bench", "cli", "dataset", "doctor", "engine", "export", "machine", "networks", "training"}
"""The only packages that import a runtime."""
HEAVY = {
    "PIL",
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
    "sklearn",
    "ezc3d",
    "ray",
}


def modules():
    return [path for path in SRC.rglob("*.py") if path != SRC / "__init__.py"]


def package(path):
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


def test_packages_import_only_what_lies_below_them_as_the_contract_says():
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_few_packages_know_a_runtime(path):
    names = {name.split(".")[0] for name in imports(path, top_only=False) if name}
    if package(path) not in KNOW_RUNTIMES:
        assert not names & RUNTIMES


def loaded_by(statement):
    code = f"import sys; {statement}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_importing_the_package_loads_not_even_numpy():
    assert not loaded_by("import movenet") & (HEAVY | {"numpy", "cv2"})


def test_the_first_public_name_loads_numpy_and_opencv_at_most():
    assert not loaded_by("import movenet; movenet.Estimator") & HEAVY


@pytest.mark.parametrize("arguments", ["--help", "run --help", "live --help", "train --help", "models"])
def test_the_command_line_loads_nothing_heavy_before_a_command_needs_it(arguments):
    run = "from contextlib import redirect_stdout, suppress; import os; from movenet.cli import app"
    quiet = "redirect_stdout(open(os.devnull, 'w')), suppress(SystemExit)"
    assert not loaded_by(f"{run}\nwith {quiet}: app({arguments.split()})\nimport sys") & HEAVY


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
    packages = {package(path) for path in modules()} - {"errors", "_public", "_version", "__main__"}
    covered = {
        name
        for name in packages
        if any(test == f"test_{name}" or test.startswith(f"test_{name}_") for test in tests)
    }
    assert packages - covered <= {"media"}  # tested as photo, source, live_source and writer


def test_the_readme_opens_with_the_two_commands_that_exist():
    commands = re.findall(r"scripts/\w+", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert commands[:2] == ["scripts/demo", "scripts/test"]
    for command in {*commands}:
        assert (ROOT / command).is_file()
