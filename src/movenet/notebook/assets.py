"""The widget's JavaScript as a single module, as anywidget requires, and its style sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from movenet.analysis.definitions import javascript_module

_HERE: Final = Path(__file__).parent
_ANGLES: Final = "angles.js"
"""The module with the table of angles, which is no file."""
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=const|function|class|async)", re.MULTILINE)


def script() -> str:
    """Return widget.js after all modules that it imports, those of the live page too, without imports."""
    modules: dict[Path, str] = {}
    _add(_HERE / "widget.js", modules)
    return "".join(modules.values())


def style() -> str:
    """Return the widget's style sheet."""
    return (_HERE / "widget.css").read_text(encoding="utf-8")


def _add(path: Path, modules: dict[Path, str]) -> None:
    """Add a module after those that it imports, each once; their names at the top level must differ."""
    text = javascript_module() if path.name == _ANGLES else path.read_text(encoding="utf-8")
    for name in _IMPORT.findall(text):
        imported = (path.parent / name).resolve()
        if imported not in modules:
            _add(imported, modules)
    modules[path] = _EXPORT.sub("", _IMPORT.sub("", text))
