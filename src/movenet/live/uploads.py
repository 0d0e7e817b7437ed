"""Reception of posted photos: limits of their number, size and rate."""

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
"""Seconds before the minimum rate applies: a client may wait for "100 Continue" and for its connection."""


class TooManyUploadsError(Exception):
    """The limit of simultaneous uploads is reached."""


class Uploads:
    """Receives the bodies of requests within the limits."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._clients: Counter[str] = Counter()

    async def receive(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises:
            TooManyUploadsError: `Limits.uploads` are in progress, or half as many from this address.
            MediaError: It is larger than `Limits.photo_bytes`.
            asyncio.TimeoutError: It takes longer than `Limits.stall_s`, or arrives more slowly than
                `Limits.upload_bytes_per_s`.
            starlette.requests.ClientDisconnect: The client disconnected.
        """
        with self._counted(request.client.host if request.client else ""):
            return await self._read(request.stream())

    @contextmanager
    def _counted(self, client: str) -> Iterator[None]:
        most = self._limits.uploads
        if self._clients.total() >= most or self._clients[client] >= (most + 1) // 2:
            raise TooManyUploadsError
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            self._clients += Counter()  # removes addresses without uploads

    async def _read(self, chunks: AsyncIterator[bytes]) -> bytes:
        body = bytearray()
        start_s = time.monotonic()
        while True:
            allowed_s = min(self._limits.stall_s, GRACE_S + len(body) / self._limits.upload_bytes_per_s)
            left_s = start_s + allowed_s - time.monotonic()
            chunk = await asyncio.wait_for(anext(chunks, None), left_s)
            if chunk is None:
                return bytes(body)
            body += chunk
            if len(body) > self._limits.photo_bytes:
                raise MediaError(f"expected a photo of at most {self._limits.photo_bytes} bytes, got more")
