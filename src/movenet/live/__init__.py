"""The live server and its page: the camera is in the browser, the model is in Python (extra `live`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from movenet.errors import MissingExtraError
from movenet.live.settings import Limits, ServerSettings
from movenet.live.shared_models import SharedModels, open_models

if TYPE_CHECKING:
    from movenet.live.addresses import Addresses

__all__ = ["Limits", "ServerSettings", "SharedModels", "open_models", "serve"]


def serve(models: SharedModels, settings: ServerSettings, ready: Callable[[Addresses], object]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        models: what pages can choose from.
        settings: where to listen, and what anybody may ask.
        ready: called once with the page's addresses (`movenet.live.addresses.Addresses`).

    Raises:
        MissingExtraError: If the extra `live` is not installed.
        MoveNetError: If the port is taken or the certificate cannot be used.
    """
    try:
        import websockets  # noqa: F401 (uvicorn would find out later, and say less)

        from movenet.live.server import Server
    except ImportError as error:
        raise MissingExtraError(str(error.name).partition(".")[0], "live", "the live page") from None
    Server(models, settings, ready).serve_until_stopped()
