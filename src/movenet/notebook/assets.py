"""The widget's JavaScript as a single module, as anywidget requires, and its style sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from movenet.analysis.definitions import javascript_module

_HERE: Final = Path(__file__).parent
_ANGLES: Final = 'import { ANGLE_TABLE } from "./angles.js";\n'
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=const|function|class)", re.MULTILINE)


def script() -> str:
    """Return widget.js with the modules that it imports inserted in place of its import statements."""
    return _IMPORT.sub(lambda line: _inlined(line[1]), _read("widget.js"))


def style() -> str:
    """Return the widget's style sheet."""
    return _read("widget.css")


def _inlined(name: str) -> str:
    """Return a module without its `export`s, with the table of angles in place of its import."""
    return _EXPORT.sub("", _read(name).replace(_ANGLES, javascript_module()))


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
