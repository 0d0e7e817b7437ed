"""The live server and its page: the browser sends camera pictures, the server estimates poses (extra `live`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from movenet.errors import MissingExtraError
from movenet.live.models_table import WebModel, WebModels
from movenet.live.settings import Limits, ServerSettings
from movenet.live.shared_models import SharedModels, browser_models, open_models

if TYPE_CHECKING:
    from movenet.live.addresses import Addresses

__all__ = [
    "Limits",
    "ServerSettings",
    "SharedModels",
    "WebModel",
    "WebModels",
    "browser_models",
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
    try:
        import websockets  # noqa: F401 (without it uvicorn would fail later, with a less clear message)

        from movenet.live.server import Server
    except ImportError as error:
        raise MissingExtraError(str(error.name).partition(".")[0], "live", "the live page") from None
    Server(models, settings, on_ready).serve_until_stopped()
