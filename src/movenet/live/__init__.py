"""The live server and its page: the browser sends camera pictures, the server estimates poses (extra `live`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from movenet.errors import MissingExtraError
from movenet.live.models_table import WebModel, WebModels
from movenet.live.settings import Limits, ServerSettings
from movenet.live.shared_models import SharedModels, browser_models, open_models

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from movenet.live.addresses import Addresses

__all__ = [
    "Limits",
    "ServerSettings",
    "SharedModels",
    "WebModel",
    "WebModels",
    "browser_models",
    "create_app",
    "open_models",
    "serve",
]


def serve(
    models: SharedModels | WebModels, settings: ServerSettings, on_ready: Callable[[Addresses], object]
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        models: the models that clients can choose; with `WebModels` they run in the browser only.
        settings: address, access and limits of the server.
        on_ready: called once with the page's addresses (`movenet.live.addresses.Addresses`).

    Raises:
        MissingExtraError: The extra `live` is not installed.
        MoveNetError: The port is taken or the certificate cannot be used.
    """
    with _extra_needed():
        import websockets  # noqa: F401 (without it uvicorn would fail later, with a less clear message)

        from movenet.live.server import Server
    Server(models, settings, on_ready).serve_until_stopped()


def create_app(models: SharedModels | WebModels, settings: ServerSettings) -> Starlette:
    """Return the ASGI application alone, for uvicorn or any other server; see `movenet.live.app.create_app`.

    Raises:
        DataError: The settings admit other computers without a token, or the exercise is unknown.
        MissingExtraError: The extra `live` is not installed.
    """
    with _extra_needed():
        from movenet.live import app
    return app.create_app(models, settings)


@contextmanager
def _extra_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(str(error.name).partition(".")[0], "live", "the live page") from None
