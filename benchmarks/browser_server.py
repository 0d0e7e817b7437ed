"""The server of benchmarks/browser.py: our site, packages of npm, and the frame that Python shows to the browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from movenet.pose import Pose

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class BenchServer(http.server.ThreadingHTTPServer):
    """Serves folders under names; `frame` is an (H, W, 3) image that /frame answers as RGBA."""

    daemon_threads = True

    def __init__(self, folders: Mapping[str, Path], *, isolated: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders = folders
        self.isolated = isolated
        self.frame: NDArray[np.uint8] = np.zeros((1, 1, 3), np.uint8)
        self.sent: list[tuple[str, int]] = []
        """Path and bytes of every file sent."""

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://localhost:{self.server_port}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: BenchServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/frame":
            self._send_frame()
        else:
            super().do_GET()

    def _send_frame(self) -> None:
        height, width = self.server.frame.shape[:2]
        body = np.dstack([self.server.frame, np.full((height, width), 255, np.uint8)]).tobytes()
        self.send_response(200)
        self.send_header("X-Size", f"{width} {height}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def translate_path(self, path: str) -> str:
        name, _, rest = urlsplit(path).path.lstrip("/").partition("/")
        folder = self.server.folders.get(name)
        return str(folder / rest) if folder is not None else "/nowhere"

    def end_headers(self) -> None:
        for name, value in ISOLATION.items() if self.server.isolated else ():
            self.send_header(name, value)
        super().end_headers()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        self.server.sent.append((self.path, len(data)))
        outputfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folders: Mapping[str, Path], *, isolated: bool) -> Iterator[BenchServer]:
    """Serve until the block ends."""
    with BenchServer(folders, isolated=isolated) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class BenchPage:
    """The page of benchmarks/browser/ in a browser."""

    def __init__(self, browser: Browser, server: BenchServer) -> None:
        self.server = server
        self.page: Page = browser.new_page()
        self.page.set_default_timeout(300_000)
        self.page.on("pageerror", lambda error: print("in the page:", error))
        self.page.goto(f"{server.url}/bench/index.html")
        self.page.wait_for_function("window.bench")

    def ask(self, name: str, *arguments: Any) -> Any:
        """Call a function of `window.bench`."""
        return self.page.evaluate("([name, given]) => window.bench[name](...given)", [name, list(arguments)])

    def start(self, kind: str, **options: Any) -> Callable[[NDArray[np.uint8], float], Sequence[Pose]]:
        """Start a method; return it as a function of a frame and its time in seconds."""
        name = f"{kind} {sorted(options.items())}"
        self.ask("start", name, kind, options)

        def estimate(image: NDArray[np.uint8], time_s: float) -> Sequence[Pose]:
            self.server.frame = image
            return [_pose(plain) for plain in self.ask("step", name, time_s)]

        return estimate


def _pose(plain: Mapping[str, Any]) -> Pose:
    keypoints = np.array(plain["keypoints"], np.float32)
    box = None if plain["box"] is None else tuple(plain["box"])
    return Pose(keypoints[:, :2], keypoints[:, 2], plain["score"], id=plain["id"], box=box)
