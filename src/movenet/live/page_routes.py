"""Routes of the page's files, and of the models that the page can run in the browser."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from movenet._version import __version__
from movenet.analysis.definitions import javascript_module
from movenet.live.models_table import TABLE, WebModels
from movenet.live.site import BROWSER_PLACE, PAGE, SERVER_PLACE
from movenet.models import DATA

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(models: WebModels | None, *, browser_only: bool) -> list[BaseRoute]:
    """Return the routes of the page.

    Args:
        models: what the page can run in the browser; None if it cannot run anything there.
        browser_only: whether there is no server for the models.
    """
    place = BROWSER_PLACE if browser_only else SERVER_PLACE if models is None else None
    written = {"/page/angles.js": javascript_module(), **({} if place is None else {"/page/place.js": place})}
    return [
        Route("/", _file(PAGE / "index.html")),
        Route("/sample.mp4", _file(DATA / "sample.mp4")),
        Route("/health", _health),
        *(Route(path, _text(text, "text/javascript")) for path, text in written.items()),
        *([] if models is None else _model_routes(models)),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]


def _model_routes(models: WebModels) -> list[BaseRoute]:
    table = json.dumps(models.table())
    return [
        Route(f"/models/{TABLE}", _text(table, "application/json")),
        *(Route(f"/models/{name}", _file(path)) for name, path in models.files().items()),
    ]


async def _health(request: Request) -> Response:
    """GET /health: status and version."""
    return JSONResponse({"status": "ok", "version": __version__})


def _file(path: Path) -> Endpoint:
    async def answer(request: Request) -> Response:
        return FileResponse(path)

    return answer


def _text(text: str, media_type: str) -> Endpoint:
    async def answer(request: Request) -> Response:
        return Response(text, media_type=media_type)

    return answer
