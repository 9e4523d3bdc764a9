"""What the app's headers allow: its own page, and the sites that may frame the chat alone."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette

from ingest.settings import Settings
from ui.headers import SHELL, content_policy, security_headers

SITE = "https://www.example.edu"


def headers_of(address: str, embedded_on: tuple[str, ...]) -> httpx.Headers:
    """The headers of a small application with ours around it; it has nothing at any address."""
    app = Starlette(middleware=security_headers(embedded_on))

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(address)

    # In a thread of its own: where a browser was driven before, this one has an event loop already.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, get()).result().headers


def policy_of(address: str, *embedded_on: str) -> dict[str, str]:
    policy = headers_of(address, embedded_on)["Content-Security-Policy"]
    return dict(directive.strip().split(" ", 1) for directive in policy.split(";"))


def test_scripts_run_from_here_alone_and_only_those_that_streamlit_wrote() -> None:
    policy = policy_of("/")
    script = SHELL.read_text(encoding="utf-8").split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' blob: 'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_a_page_without_inline_scripts_needs_no_hash() -> None:
    assert "script-src 'self' blob:;" in content_policy('<script src="a.js"></script>')


@pytest.mark.parametrize(
    ("address", "framed_by"),
    [
        ("/?embed=true", SITE),
        ("/?q=what&embed=true", SITE),
        ("/", "'none'"),
        ("/?embed=false", "'none'"),
        ("/moderation?embed=true", "'none'"),
        ("/sign-in?embed=true", "'none'"),
        ("/?embed=true&embed=false", "'none'"),
    ],
)
def test_only_the_chat_alone_may_be_framed(address: str, framed_by: str) -> None:
    assert policy_of(address, SITE)["frame-ancestors"] == framed_by


def test_nobody_frames_the_chat_where_no_site_is_named() -> None:
    assert policy_of("/?embed=true")["frame-ancestors"] == "'none'"


def test_the_other_headers_are_on_every_answer() -> None:
    headers = headers_of("/nowhere", ("*",))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("source", ["example.edu", "https://a; script-src *", "'self'", "https://"])
def test_a_site_that_is_no_address_is_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        Settings(embedded_on=(source,))


@pytest.mark.parametrize("source", ["*", SITE, "https://*.example.edu:8443", "http://localhost"])
def test_a_site_is_an_address_with_or_without_its_subdomains(source: str) -> None:
    assert Settings(embedded_on=(source,)).embedded_on == (source,)
