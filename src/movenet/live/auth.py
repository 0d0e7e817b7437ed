"""Access control of every request, and the security headers of every response."""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from movenet.live.settings import ServerSettings
from movenet.live.wire import TOKEN_NEEDED

PUBLIC_PATHS: Final = frozenset({"/health"})
"""Paths that need no token."""
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this computer in the header Host."""

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every response: the page loads nothing from other origins, cannot be framed, sends no referrer, and is
cross-origin isolated, so that models in the browser run in threads."""


def new_token() -> str:
    """Return a token of 192 random bits."""
    return secrets.token_urlsafe(24)


class AuthMiddleware:
    """Middleware that checks Host, Origin and token of every request."""

    def __init__(self, app: ASGIApp, settings: ServerSettings):
        self._app = app
        self._settings = settings
        self._names = (LOCAL_HOSTS | {settings.host, *map(_host, settings.origins)}) - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request to the application, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_allowed_host(headers) or not self._is_allowed_origin(headers):
            await _refuse(scope, receive, send, "this Host or Origin is not allowed")
        elif not self._has_token(scope, headers):
            await _ask_for_token(scope, receive, send)
        else:
            await self._app(scope, receive, self._with_headers(scope, send))

    def _is_allowed_host(self, headers: Headers) -> bool:
        """Tell whether the header Host is allowed; without a token only names of this computer are.

        This stops DNS rebinding: the Host of a foreign page is its own name, even if that resolves to this computer.
        """
        return self._settings.token is not None or _host(f"//{headers.get('host', '')}") in self._names

    def _is_allowed_origin(self, headers: Headers) -> bool:
        """Tell whether the header Origin is absent (no browser), this server's own, or one of the settings'."""
        origin = headers.get("origin")
        if origin is None or origin in self._settings.origins:
            return True
        try:
            return urlsplit(origin).netloc == headers.get("host")
        except ValueError:
            return False

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        token = self._settings.token
        if token is None or scope["path"] in PUBLIC_PATHS:
            return True
        tokens = (
            headers.get("authorization", "").removeprefix("Bearer "),
            _cookie(headers, cookie_name(scope)),
            _query_token(scope),
        )
        return any(_is_same(token, one) for one in tokens)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds the security headers, and a cookie if the token is in the URL."""
        cookie = self._cookie(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS.items():
                    headers.setdefault(name, value)
                if cookie:
                    headers.append("Set-Cookie", cookie)
            await send(message)

        return send_with_headers

    def _cookie(self, scope: Scope) -> str:
        token = self._settings.token
        if token is None or not _is_same(token, _query_token(scope)):
            return ""
        secure = "; Secure" if scope["scheme"] in ("https", "wss") else ""
        return f"{cookie_name(scope)}={token}; HttpOnly; SameSite=Strict; Path=/{secure}"


def cookie_name(scope: Scope) -> str:
    """Return the name of the token's cookie; it contains the port, because cookies are shared between ports.

    That is the port that the browser sees, in the header Host: behind a load balancer all servers have the same
    cookie.
    """
    try:
        port = urlsplit(f"//{Headers(scope=scope).get('host', '')}").port
    except ValueError:
        port = None
    return f"movenet-live-{port or 0}"


def _is_same(token: str, received: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(token.encode(), received.encode())


def _query_token(scope: Scope) -> str:
    return QueryParams(scope["query_string"]).get("token", "")


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _host(address: str) -> str:
    """Return the host of an address such as "https://name:80"; "" if it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        # Closing before acceptance makes the server answer 403.
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await JSONResponse({"error": why}, 403)(scope, receive, send)


async def _ask_for_token(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request without a token; a WebSocket gets a close code of its own, so that the page can show why."""
    reason = "a token is needed: open the address that the server printed when it started"
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": TOKEN_NEEDED, "reason": reason})
        return
    await JSONResponse({"error": reason}, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
