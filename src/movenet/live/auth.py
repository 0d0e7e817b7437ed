"""Who may come in: the door in front of every request, and what browsers are told about the page."""

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

OPEN_PATHS: Final = frozenset({"/health"})
"""What anybody may ask without a token."""
THIS_COMPUTER: Final = frozenset({"localhost", "127.0.0.1", "::1"})

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
"""The page loads nothing from elsewhere, sits in nobody's frame, and tells nobody its address."""


def new_token() -> str:
    """Return a token of 192 random bits."""
    return secrets.token_urlsafe(24)


class Gate:
    """Middleware that lets in who may: by the name they call us, by the page they come from, by their token."""

    def __init__(self, app: ASGIApp, settings: ServerSettings):
        self._app = app
        self._settings = settings
        self._names = (THIS_COMPUTER | {settings.host, *map(_host, settings.origins)}) - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._knows_host(headers) or not self._knows_origin(headers):
            await _refuse(scope, receive, send, "this server does not answer that name or that page")
        elif not self._has_token(scope, headers):
            await _ask_for_token(scope, receive, send)
        else:
            await self._app(scope, receive, self._dressed(scope, send))

    def _knows_host(self, headers: Headers) -> bool:
        """Without a token, only names of this computer will do.

        A page from elsewhere whose name is made to point here (DNS rebinding) still calls us by its own name.
        """
        return self._settings.token is not None or _host(f"//{headers.get('host', '')}") in self._names

    def _knows_origin(self, headers: Headers) -> bool:
        """Browsers say which page asks: ours, or one of the settings'. Programs that are no browsers say nothing."""
        origin = headers.get("origin")
        if origin is None or origin in self._settings.origins:
            return True
        try:
            return urlsplit(origin).netloc == headers.get("host")
        except ValueError:
            return False

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        token = self._settings.token
        if token is None or scope["path"] in OPEN_PATHS:
            return True
        shown = (
            headers.get("authorization", "").removeprefix("Bearer "),
            _cookie(headers, cookie_name(scope)),
            _asked(scope),
        )
        return any(_is_same(token, one) for one in shown)

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds our headers, and a cookie for those who show the token in the address."""
        cookie = self._cookie(scope)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS.items():
                    headers.setdefault(name, value)
                if cookie:
                    headers.append("Set-Cookie", cookie)
            await send(message)

        return dressed

    def _cookie(self, scope: Scope) -> str:
        token = self._settings.token
        if token is None or not _is_same(token, _asked(scope)):
            return ""
        secure = "; Secure" if scope["scheme"] in ("https", "wss") else ""
        return f"{cookie_name(scope)}={token}; HttpOnly; SameSite=Strict; Path=/{secure}"


def cookie_name(scope: Scope) -> str:
    """Return the name of the token's cookie; cookies do not know ports, and two servers must not share one."""
    server = scope.get("server")
    return f"movenet-live-{server[1] if server else 0}"


def _is_same(token: str, shown: str) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return hmac.compare_digest(token.encode(), shown.encode())


def _asked(scope: Scope) -> str:
    return QueryParams(scope["query_string"]).get("token", "")


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _host(address: str) -> str:
    """Return the name in an address such as "https://name:80", without its port, or nothing."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        # Closed before it was accepted: the server answers 403.
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await JSONResponse({"error": why}, 403)(scope, receive, send)


async def _ask_for_token(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that a token is needed; to a page by a code that it can tell from a server that is gone."""
    why = "a token is needed: open the address that the server printed when it started"
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": TOKEN_NEEDED, "reason": why})
        return
    await JSONResponse({"error": why}, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
