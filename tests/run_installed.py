"""Run code and commands of movenet in a process from which modules are hidden; installed.py starts it."""

import json
import sys
from importlib.abc import MetaPathFinder

HIDDEN = "is hidden: it is in an extra that is not installed"


class Hider(MetaPathFinder):
    """Finds no module of these names."""

    def __init__(self, names):
        self._names = frozenset(names)

    def find_spec(self, name, path=None, target=None):
        """Refuse a hidden module, as if it were not installed."""
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named '{name}': it {HIDDEN}", name=name)


def run_code(blocks):
    """Run blocks of code one after the other, with what a reader has at hand in the middle of a page."""
    import numpy as np

    import movenet

    names = {"movenet": movenet, "my_detector": lambda _: movenet.from_corners([[100.0, 0.0, 420.0, 512.0]])}
    try:
        names["image"] = movenet.read_photo("photo.jpg")
        names["images"] = [names["image"]]
    except movenet.MediaError:  # a folder without the photo
        pass
    try:
        import supervision

        names["detections"] = supervision.Detections(xyxy=np.array([[100.0, 0.0, 420.0, 512.0]]))
    except ImportError:
        pass
    for file, code in blocks:
        exec(compile(code, file, "exec"), names)


def run_commands(commands):
    """Return the exit code and the output of each command."""
    from typer.testing import CliRunner

    from movenet.cli import app

    for words in commands:
        done = CliRunner().invoke(app, words)
        yield done.exit_code, f"{done.output} {done.exception or ''}"


def main():
    """Do what the standard input says, and print the results of the commands as JSON in the last line."""
    work = json.load(sys.stdin)
    sys.meta_path.insert(0, Hider(work["hidden"]))
    if work["code"]:
        run_code(work["code"])
    sys.stdout.write("\n" + json.dumps(list(run_commands(work["commands"]))) + "\n")


if __name__ == "__main__":
    main()
