"""Hook of MkDocs: let the search of the site understand questions (docs_search.js)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REWRITE = Path(__file__).with_name("docs_search.js")


def on_post_build(config: Any) -> None:
    """Put the rewriting of queries before the theme's search worker."""
    rewrite = REWRITE.read_text(encoding="utf-8")
    (worker,) = Path(config["site_dir"], "assets", "javascripts", "workers").glob("search.*.min.js")
    code = worker.read_text(encoding="utf-8")
    if not code.startswith(rewrite):  # done with the first language
        worker.write_text(rewrite + code, encoding="utf-8")
