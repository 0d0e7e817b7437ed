"""The code blocks of Markdown pages, by heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    """Name of the file."""
    heading: str
    """The heading above it."""
    language: str
    """Word after the fence; "" if there is none."""
    code: str
    line: int
    """Number of the first line of code in the page, from 1."""


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    heading, fence, start, lines = "", None, 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        mark = re.match(r" *```(\w*)", line)
        if fence is None and mark:
            fence, start, lines = mark[1], number + 1, []
        elif mark:
            yield Block(page.name, heading, str(fence), "\n".join(lines) + "\n", start)
            fence = None
        elif fence is not None:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
