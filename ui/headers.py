"""The headers with which the app is served: what its pages may run and fetch, and who frames them.

A second wall behind `ui/rendering.py`: were a text ever drawn as markup, the browser would still
run none of its scripts and send nothing to another host (W3C Content Security Policy Level 3).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHELL = Path(st.__file__).parent / "static" / "index.html"
INLINE_SCRIPT = re.compile(r"<script(?:\s+type=\"\w+\")?>(.*?)</script>", re.DOTALL)

# What no page of ours asks a browser for.
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders:
    """ASGI middleware that sets the headers on whatever is served.

    The chat alone, `?embed=true` at the app's root, may be framed by `embedded_on`, sources of
    `frame-ancestors`; every other page, moderation among them, by nobody.
    """

    def __init__(self, app: ASGIApp, embedded_on: Sequence[str]) -> None:
        self._app = app
        self._root = f"/{str(st.get_option('server.baseUrlPath')).strip('/')}"
        policy = content_policy(SHELL.read_text(encoding="utf-8"))
        self._alone = f"{policy}; frame-ancestors 'none'"
        allowed = " ".join(embedded_on) or "'none'"
        self._framed = f"{policy}; frame-ancestors {allowed}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and set the headers of its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = self._framed if self._is_chat_alone(scope) else self._alone

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Permissions-Policy"] = PERMISSIONS
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _is_chat_alone(self, scope: Scope) -> bool:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        at_root = (scope["path"].rstrip("/") or "/") == self._root
        return at_root and query.get("embed") == ["true"]


def content_policy(shell: str) -> str:
    """Return the policy for Streamlit's page, whose own inline scripts are allowed by their hash.

    `blob:` scripts are how Streamlit loads a component (`ui/browser.js`); only a script that runs
    already can make one. `'unsafe-inline'` styles are what its widgets and our own colours are.
    """
    hashes = " ".join(_source_of(script) for script in INLINE_SCRIPT.findall(shell))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def _source_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def security_headers(embedded_on: Sequence[str]) -> list[Middleware]:
    """Return what `streamlit.App` takes as its middleware."""
    return [Middleware(SecurityHeaders, embedded_on=embedded_on)]
