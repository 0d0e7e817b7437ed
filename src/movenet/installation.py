"""The command that adds an extra to this installation, from where it was installed."""

from __future__ import annotations

import json
import os
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def install_command(extra: str) -> str:
    """Return the command that installs an extra of movenet into the environment of this process.

    A package from a folder, a file or a repository is not asked for at a package index, where it may be missing or be
    another version: pip notes its origin in direct_url.json (PEP 610).
    """
    return f"{installer(Path(sys.prefix))} {requirement(_origin(), extra)}"


def installer(environment: Path) -> str:
    """Return the command that installs into an environment; those of uv have no pip, those of pipx hide it."""
    if (environment / "pipx_metadata.json").is_file():
        return "pipx runpip movenet install"
    if (environment / "uv-receipt.toml").is_file() or _is_without_pip(environment):
        return f"uv pip install --python {_quoted(str(environment))}"
    return "pip install"


def _is_without_pip(environment: Path) -> bool:
    """Tell whether uv made the environment, and did not put pip into it."""
    try:
        made_by_uv = "\nuv = " in (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:  # no virtual environment
        return False
    return made_by_uv and find_spec("pip") is None


def requirement(origin: dict[str, Any] | None, extra: str) -> str:
    """Return the arguments of pip for an extra, given the content of direct_url.json; None for an index."""
    url = (origin or {}).get("url", "")
    if origin is None or not url:
        return _quoted(f"movenet[{extra}]")
    if "dir_info" in origin:
        from urllib.request import url2pathname  # loads much

        editable = "-e " if origin["dir_info"].get("editable") else ""
        return f"{editable}{_quoted(f'{url2pathname(urlsplit(url).path)}[{extra}]')}"
    if repository := origin.get("vcs_info"):
        url = f"{repository['vcs']}+{url}@{repository['commit_id']}"
    return _quoted(f"movenet[{extra}] @ {url}")


def _quoted(argument: str) -> str:
    """Return an argument as the shell takes it: that of Windows does not know single quotes."""
    return f'"{argument}"' if os.name == "nt" else shlex.quote(argument)


def _origin() -> dict[str, Any] | None:
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():  # imported from the checkout
        return {"url": checkout.as_uri(), "dir_info": {"editable": True}}
    try:
        text = distribution("movenet").read_text("direct_url.json")
        origin: dict[str, Any] | None = json.loads(text) if text else None
    except (PackageNotFoundError, ValueError, OSError):
        return None
    return origin
