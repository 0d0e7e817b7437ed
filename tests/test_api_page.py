"""The API reference names every public name, once, with an example that runs."""

import re
import shutil
from collections import Counter
from pathlib import Path

import movenet
from movenet.models import DATA

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_public_name_is_on_the_page_once():
    named = Counter(re.findall(r"^::: movenet\.(\w+)$", PAGE, re.MULTILINE))
    assert named == Counter(movenet.__all__)


def test_every_public_name_is_in_an_example_or_returned_by_one():
    returned = {"Detection", "Engine", "Frame", "ModelCard", "Pose", "RunningStream", "Skeleton"}
    errors = {name for name in movenet.__all__ if name.endswith("Error")}
    used = set(re.findall(r"movenet\.(\w+)", "".join(EXAMPLES)))
    assert set(movenet.__all__) - used - returned - errors == set()


def test_every_public_name_has_a_docstring():
    assert all(getattr(movenet, name).__doc__ for name in movenet.__all__)


def test_the_examples_run_one_after_the_other(tmp_path, monkeypatch):
    shutil.copy(DATA / "astronaut.jpg", tmp_path / "photo.jpg")
    shutil.copy(DATA / "sample.mp4", tmp_path / "dance.mp4")
    monkeypatch.chdir(tmp_path)
    exec(compile("".join(EXAMPLES), "docs/api.md", "exec"), {})
    assert {"drawn.jpg", "out.mp4", "poses.jsonl", "copy.png"} <= {path.name for path in tmp_path.iterdir()}
