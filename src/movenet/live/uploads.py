"""Posted photos on their way in: how many at once, from whom, and how slowly."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request

from movenet.errors import MediaError
from movenet.live.settings import Limits

GRACE_S: Final = 2.0
"""Time before the slowest rate applies: a client may wait for "100 Continue", and its first packet takes a while."""


class TooManyUploadsError(Exception):
    """No further photo is received now."""


class Uploads:
    """Receives the bodies of requests."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._clients: Counter[str] = Counter()

    async def receive(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises:
            TooManyUploadsError: If so many are being received already, of all clients or of this address.
            MediaError: If it is larger than `Limits.photo_bytes`.
            asyncio.TimeoutError: If it takes longer than `Limits.stall_s`, or arrives more slowly than
                `Limits.upload_bytes_per_s`.
            starlette.requests.ClientDisconnect: If the client left.
        """
        with self._place(request.client.host if request.client else ""):
            return await self._read(request.stream())

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        most = self._limits.uploads
        if self._clients.total() >= most or self._clients[client] >= (most + 1) // 2:
            raise TooManyUploadsError
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            self._clients += Counter()  # forgets addresses without uploads

    async def _read(self, chunks: AsyncIterator[bytes]) -> bytes:
        body = bytearray()
        began_s = time.monotonic()
        while True:
            allowed_s = min(self._limits.stall_s, GRACE_S + len(body) / self._limits.upload_bytes_per_s)
            left_s = began_s + allowed_s - time.monotonic()
            chunk = await asyncio.wait_for(anext(chunks, None), left_s)
            if chunk is None:
                return bytes(body)
            body += chunk
            if len(body) > self._limits.photo_bytes:
                raise MediaError(f"expected a photo of at most {self._limits.photo_bytes} bytes, got more")
