"""Tables in the pages of the documentation: each stands between two markers, the sentences around it stay."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def put(page: str, name: str, text: str) -> None:
    """Write new text between the markers of a name in docs/PAGE.md."""
    path = DOCS / f"{page}.md"
    before = path.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(before):
        raise SystemExit(f"{path.name} has no markers for {name}")
    path.write_text(pattern.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", before), encoding="utf-8")
    print(f"{path.name}: {name} written", flush=True)
