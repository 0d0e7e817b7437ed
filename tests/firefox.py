"""Firefox without a screen, driven through WebDriver BiDi, which it speaks itself; its camera is a test picture."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

LIMIT_S = 120
"""Of waiting for a condition, on the slowest machine."""
NAMES = ("firefox-esr", "firefox")
SETTINGS = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class FirefoxPage:
    """One page."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = itertools.count()
        self.ask("session.new", {"capabilities": {}})
        self._context = self.ask("browsingContext.getTree", {})["contexts"][0]["context"]

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        """Send a command of the protocol, and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(LIMIT_S))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        self.ask("browsingContext.navigate", {"context": self._context, "url": address, "wait": "complete"})

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which JSON can hold."""
        target = {"context": self._context}
        text = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        found = self.ask("script.evaluate", {"expression": text, "target": target, "awaitPromise": True})
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def choose_file(self, selector: str, file: Path) -> None:
        """Choose a file in an input element."""
        context = {"context": self._context}
        found = self.ask(
            "browsingContext.locateNodes", {**context, "locator": {"type": "css", "value": selector}}
        )
        element = {"sharedId": found["nodes"][0]["sharedId"]}
        self.ask("input.setFiles", {**context, "element": element, "files": [str(file)]})

    def wait_until(self, condition: str) -> Any:
        """Wait until a JavaScript expression is true and return its value."""
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            if value := self.evaluate(condition):
                return value
            time.sleep(0.05)
        return pytest.fail(f"waited {LIMIT_S} s for {condition}")


@contextmanager
def firefox(profile: Path) -> Iterator[FirefoxPage]:
    """Start Firefox with a new profile in a folder, and end it."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        pytest.skip("Firefox is not installed: apt-get install firefox-esr")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in SETTINGS.items()]
    (profile / "user.js").write_text("\n".join(lines))
    log = profile / "firefox.log"
    command = [
        found[0],
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        "--remote-debugging-port",
        "0",
    ]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            with connect(_address(log) + "/session", max_size=None) as socket:
                yield FirefoxPage(socket)
        finally:
            process.terminate()
            process.wait(LIMIT_S)


def _address(log: Path) -> str:
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    return pytest.fail(f"Firefox does not start: {log.read_text(errors='replace')[-2000:]}")
