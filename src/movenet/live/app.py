"""ASGI application: the page, its WebSocket, and an HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from movenet._version import __version__
from movenet.analysis import EXERCISES, find_exercise
from movenet.errors import DataError, MoveNetError
from movenet.live import wire
from movenet.live.auth import AuthMiddleware
from movenet.live.connection import CameraConnection
from movenet.live.live_metrics import LiveMetrics
from movenet.live.models_table import WebModels
from movenet.live.openapi import describe
from movenet.live.page_routes import page_routes
from movenet.live.pictures import decode_picture
from movenet.live.session import CameraSession
from movenet.live.settings import ServerSettings
from movenet.live.shared_models import SharedModels
from movenet.live.uploads import TooManyUploadsError, Uploads
from movenet.machine import usable_cores
from movenet.metrics import CONTENT_TYPE
from movenet.records import Record
from movenet.records.record import to_plain


class LiveApp:
    """Handlers of all routes, with the models, threads and counters that they share."""

    def __init__(self, models: SharedModels, settings: ServerSettings):
        self.models = models
        self.limits = settings.limits
        chosen = None if settings.exercise is None else find_exercise(settings.exercise)
        self.exercise = chosen.name if chosen else None
        """Name of the exercise that pages count from the start."""
        self.exercises = {**EXERCISES, **({chosen.name: chosen} if chosen else {})}
        self.clients = 0
        """Number of connected cameras."""
        self.photos = 0
        """Number of posted pictures in work."""
        self.metrics = LiveMetrics()
        self._uploads = Uploads(settings.limits)
        # Pictures are decoded while another is in the network: 1.5 times the throughput (docs/live.md).
        self._cameras_pool = ThreadPoolExecutor(usable_cores(), "movenet-live")
        # A separate thread, so that decoding a large photo does not delay cameras.
        self._photos_pool = ThreadPoolExecutor(1, "movenet-photo")

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Stop the threads when the application ends."""
        yield
        self._cameras_pool.shutdown()
        self._photos_pool.shutdown()

    async def report_metrics(self, request: Request) -> Response:
        """GET /metrics: counters and times, in Prometheus' text format."""
        text = self.metrics.text(lambda: self.clients, lambda: self.photos)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    async def openapi(self, request: Request) -> Response:
        """GET /openapi.json: the description of the HTTP API."""
        return JSONResponse(describe(__version__, self.models.names, self.limits))

    async def camera(self, socket: WebSocket) -> None:
        """WebSocket /ws: estimate the pictures of one page until it disconnects."""
        with suppress(WebSocketDisconnect):
            await socket.accept()
            if self.clients >= self.limits.clients:
                await socket.close(wire.BUSY, "too many cameras are connected")
                return
            self.clients += 1
            try:
                await self._run_connection(socket)
            finally:
                self.clients -= 1

    async def _run_connection(self, socket: WebSocket) -> None:
        names = (tuple(self.exercises), self.exercise)
        hello = wire.hello_message(
            __version__, self.models.names, self.limits, *names, probabilities=self.models.probabilities
        )
        await socket.send_text(hello)
        session = CameraSession(self.models, self.limits, self.exercises, self.metrics)
        await CameraConnection(socket, session, self.limits, self._cameras_pool).run()

    async def pose(self, request: Request) -> Response:
        """POST /api/pose: the poses in one picture."""
        try:
            self._refuse_if_busy()
            data = await self._uploads.receive(request)
            model = request.query_params.get("model", self.models.names[0])
            return JSONResponse(await self._estimate_in_thread(data, model))
        except TooManyUploadsError:
            busy = {"error": "too many photos at a time: try again in a second"}
            return JSONResponse(busy, 503, {"Retry-After": "1"})
        except asyncio.TimeoutError:
            return JSONResponse({"error": "the photo took too long to arrive"}, 408)
        except ClientDisconnect:
            return Response(status_code=400)
        except MoveNetError as error:
            self.metrics.errors.add()
            return JSONResponse({"error": str(error)}, 400)

    def _refuse_if_busy(self) -> None:
        if self.photos >= self.limits.photos:
            raise TooManyUploadsError

    async def _estimate_in_thread(self, data: bytes, model: str) -> dict[str, object]:
        self._refuse_if_busy()
        self.photos += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._photos_pool, self._estimate, data, model)
        finally:
            self.photos -= 1

    def _estimate(self, data: bytes, model: str) -> dict[str, object]:
        image = decode_picture(data, self.limits.photo_pixels, "the photo")
        poses = self.models.scored(self.models.estimate(image, model), model)
        self.metrics.photos.add()
        height, width = image.shape[:2]
        return to_plain(Record("photo", 0, 0.0, width, height, poses))


def create_app(models: SharedModels | WebModels, settings: ServerSettings) -> Starlette:
    """Return the application, for uvicorn or any other ASGI server.

    With `WebModels` the server runs no model: it has the page alone, which runs them in the browser.

    Raises:
        DataError: The settings admit other computers without a token, or the exercise is unknown.
    """
    if settings.token is None and not settings.is_local:
        raise DataError(f"expected a token for a server at {settings.host}, which others can reach")
    middleware = [Middleware(AuthMiddleware, settings=settings)]
    if isinstance(models, WebModels):
        return Starlette(routes=page_routes(models, browser_only=True), middleware=middleware)
    live = LiveApp(models, settings)
    routes = [*_live_routes(live), *page_routes(models.for_browsers(settings.exercise), browser_only=False)]
    app = Starlette(routes=routes, middleware=middleware, lifespan=live.lifespan)
    app.state.live = live
    return app


def _live_routes(live: LiveApp) -> list[BaseRoute]:
    """Return the routes of the server that runs models."""
    return [
        Route("/metrics", live.report_metrics),
        Route("/openapi.json", live.openapi),
        Route("/api/pose", live.pose, methods=["POST"]),
        WebSocketRoute("/ws", live.camera),
    ]
