"""A live server in a process of its own, which may open only so many files: `python live_process.py FILES CONNECTIONS`.

It prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from live_stage import models
from movenet.live import Limits, ServerSettings
from movenet.live.server import Server


@contextmanager
def serving_with(files: int, connections: int) -> Iterator[tuple[int, list[str]]]:
    """Start such a server; yield its port and a list that holds what it has logged once the block has ended."""
    command = [sys.executable, __file__, str(files), str(connections)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    log: list[str] = []
    with subprocess.Popen(command, text=True, env=paths, **pipes) as process:
        try:
            yield int(process.stdout.readline()), log
        finally:
            log += process.communicate(timeout=120)[1].splitlines()


def main(files: int, connections: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    settings = ServerSettings(port=0, limits=Limits(connections=connections))
    server = Server(models(), settings, lambda _: say(server.socket.getsockname()[1]))

    def say(port: int) -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    def stop_with_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=stop_with_input, daemon=True).start()
    server.serve_until_stopped()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
