"""What an installation of movenet with some extras can import: all other packages are hidden from a Python process."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info < (3, 11):
    import tomli as tomllib
else:
    import tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def requirements(extras):
    """Yield the requirements of the base install and of these extras."""
    yield from map(Requirement, PROJECT["dependencies"])
    for extra in extras:
        for requirement in map(Requirement, EXTRAS[extra]):
            if requirement.name == "movenet":
                yield from requirements(requirement.extras)
            else:
                yield requirement


@cache
def distributions(extras):
    """Return the names of the packages that pip would install with a tuple of extras."""
    found, waiting = {}, list(requirements(extras))
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and requirement.extras <= found[name]:
            continue
        found[name] = found.get(name, set()) | requirement.extras
        try:
            needed = map(Requirement, metadata.requires(name) or ())
        except metadata.PackageNotFoundError:  # for another system, or not installed
            continue
        wanted = ("", *requirement.extras)
        waiting += [
            one
            for one in needed
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in wanted)
        ]
    return {*found}


@cache
def hidden_modules(extras):
    """Return the names of all installed modules that an installation with a tuple of extras lacks, sorted."""
    present = {"movenet", *distributions(extras)}
    return sorted(module for module, packages in installed_modules().items() if not present & packages)


@cache
def installed_modules():
    """Return the top modules that are installed, each with the names of the packages that have files in it.

    `importlib.metadata.packages_distributions` finds few of them before Python 3.11.
    """
    found = defaultdict(set)
    for package in metadata.distributions():
        name = canonicalize_name(package.metadata["Name"])
        for file in package.files or ():
            top = file.parts[0]
            if len(file.parts) > 1 and "." not in top:
                found[top].add(name)
            elif len(file.parts) == 1 and file.suffix in {".py", ".so", ".pyd"}:
                found[top.partition(".")[0]].add(name)
    return found


def named_extras(page):
    """Return the extras that a page tells to install, as a sorted tuple: `pip install '.[live]'`, `[live]`."""
    groups = re.findall(r"[.`]\[([\w,]+)\]", page.read_text(encoding="utf-8"))
    return tuple(sorted({extra for group in groups for extra in group.split(",")} & {*EXTRAS}))


def run_installed(extras, folder, code="", commands=()):
    """Run Python code, then commands of movenet, in a folder, with these extras only.

    Args:
        extras: tuple of their names.
        folder: the current folder.
        code: list of pairs of a file name and its source, or source.
        commands: lists of words after "movenet".

    Returns:
        What it printed and the exit codes of the commands.
    """
    work = {
        "hidden": hidden_modules(tuple(extras)),
        "code": [["<code>", code]] if isinstance(code, str) else code,
        "commands": commands,
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_installed.py")],
        cwd=folder,
        input=json.dumps(work),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
