"""The base install works without every extra, and says which command adds one, from where the package came."""

import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from installed import ROOT, hidden_modules, requirements, run_installed
from movenet.installation import install_command, installer, requirement
from movenet.models import DATA

REMEDIES = {
    "live --no-browser": "live",
    "train yoga-set/": "train",
    "explain photo.jpg -o steps.png": "explain",
    "export lightning -o lightning.onnx": "export",
    "run photo.jpg --engine onnxruntime": "onnxruntime",
    "run photo.jpg --engine torch": "torch",
    "run photo.jpg --records poses.parquet": "parquet",
    "run clip.mp4 --smooth offline": "smooth",
    "run s3://bucket/photo.jpg": "cloud",
    "run photo.jpg --records out/ --executor ray": "ray",
    "send clip.mp4 --osc 127.0.0.1:9000": "osc",
    "send clip.mp4 --mqtt 127.0.0.1": "mqtt",
    "hub pull somebody/yoga": "hub",
}
"""Command → the extra that it needs."""
PUBLIC = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("## Modules for a purpose")[2]
NAMES = """
import importlib
from movenet import MissingExtraError

missing = set()
for module, names in {modules}:
    for name in [None, *names]:
        try:
            found = importlib.import_module(module)
            if name is not None:
                getattr(found, name)
            if name == "create_app":
                found.create_app(None, None)
        except MissingExtraError as error:
            missing.add((module, error.extra))
assert missing == {expected}, missing
"""


@pytest.fixture
def folder(tmp_path):
    shutil.copy(DATA / "astronaut.jpg", tmp_path / "photo.jpg")
    shutil.copy(DATA / "sample.mp4", tmp_path / "clip.mp4")
    (tmp_path / "yoga-set").mkdir()
    return tmp_path


def public_modules():
    """Return the modules of the API page's last table, each with its names."""
    rows = re.findall(r"^\| `(movenet\.[\w.]+)` \| (.*?) \|", PUBLIC, re.MULTILINE)
    return [(module, re.findall(r"`([A-Za-z]\w+)`", text)) for module, text in rows]


def test_the_base_install_hides_what_is_in_an_extra_only():
    assert {"matplotlib", "torch", "starlette", "scipy", "pytest"} <= {*hidden_modules(())}
    assert not {"numpy", "cv2", "openvino", "av", "typer", "movenet"} & {*hidden_modules(())}
    assert not {"starlette", "h11", "cv2"} & {*hidden_modules(("live",))}


def test_every_command_that_needs_an_extra_says_which_one(folder):
    results = run_installed((), folder, commands=[line.split() for line in REMEDIES])
    for (line, extra), (code, output) in zip(REMEDIES.items(), results, strict=True):
        assert code == 1, line
        assert install_command(extra) in output, f"{line}: {output}"


def test_public_modules_have_their_names_or_say_which_extra_is_missing(folder):
    expected = {
        ("movenet.live", "live"),
        ("movenet.notebook", "notebook"),
        ("movenet.training", "train"),
    }
    code = NAMES.format(modules=public_modules(), expected=expected)
    assert len(public_modules()) >= 10
    run_installed((), folder, code)


def test_the_container_has_packages_that_the_project_allows():
    text = (ROOT / "docker" / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==([\w.]+)", text, re.MULTILINE))
    for wanted in requirements(("live",)):
        if wanted.marker is None or wanted.marker.evaluate({"python_version": "3.13"}):
            assert wanted.specifier.contains(pinned[wanted.name]), wanted
    assert all(Requirement(line).specifier for line in text.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "'movenet[live]'"),
        ({}, "'movenet[live]'"),
        ({"url": "file:///home/a%20b/movenet", "dir_info": {}}, "'/home/a b/movenet[live]'"),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "-e '/src[live]'"),
        (
            {"url": "https://host/movenet.git", "vcs_info": {"vcs": "git", "commit_id": "0ecf529"}},
            "'movenet[live] @ git+https://host/movenet.git@0ecf529'",
        ),
        ({"url": "file:///a.whl", "archive_info": {}}, "'movenet[live] @ file:///a.whl'"),
    ],
)
def test_an_extra_comes_from_where_the_package_came(origin, expected):
    assert requirement(origin, "live") == expected


def test_a_checkout_installs_from_itself():
    assert install_command("live") == f"{installer(Path(sys.prefix))} -e '{ROOT}[live]'"


UV = "uv pip install --python {environment}"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("pyvenv.cfg", "home = /usr/bin\n", "pip install"),
        ("pyvenv.cfg", "home = /usr/bin\nuv = 0.13.9\n", "pip install" if find_spec("pip") else UV),
        ("uv-receipt.toml", "[tool]\n", UV),
        ("pipx_metadata.json", "{}", "pipx runpip movenet install"),
    ],
)
def test_the_installer_is_that_of_the_environment(tmp_path, file, text, expected):
    (tmp_path / file).write_text(text)
    assert installer(tmp_path) == expected.format(environment=tmp_path)
