"""Hook of MkDocs: put the browser build into the site, as its live demo. Without movenet installed it is left out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

LOG = logging.getLogger("mkdocs.hooks.demo")


def on_post_build(config: Any) -> None:
    """Write the page that runs Lightning in the visitor's browser to site/live-demo.

    Its name does not begin with that of the page that links to it: the theme takes such links for other languages.
    """
    target = Path(config["site_dir"]) / "live-demo"
    if target.exists():  # built with the first language
        return
    try:
        from movenet.live.models_table import web_models
        from movenet.live.site import write_site
        from movenet.models import MODELS
    except ImportError as problem:
        LOG.info("no live demo: %s", problem)
        return
    size = write_site(web_models(MODELS["lightning"], "many"), target)
    LOG.info("live demo: %.1f MB in %s", size / 1e6, target)
