"""Telling another program of a report: one signed HTTP request, as Standard Webhooks describes it.

The body names a report and never quotes it. Redirects are not followed, and no more than the
status of the response is read: whoever answers there can neither send us elsewhere nor fill our
memory. A 2xx is a delivery, 410 says that nobody listens there any more.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.review.outbox import Message, Undelivered
from ingest.errors import SettingsError

SECRET_PREFIX = "whsec_"  # noqa: S105  how every secret of the standard begins
SECRET_BYTES = range(24, 65)
CONNECT_SECONDS, SILENCE_SECONDS = 5.0, 15.0
GONE = 410


class Webhook:
    """Sends messages to `url`, signed with `secret` ("whsec_" and 24 to 64 bytes in base64).

    Raises SettingsError for an address or a secret that cannot be used; neither is ever told,
    since both may give access.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        clock: Callable[[], float] = time.time,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._url = _address(url)
        self._limits = httpx.Timeout(silence_seconds, connect=CONNECT_SECONDS)
        self._key = _key(secret)
        self._clock = clock

    def send(self, message: Message) -> None:
        """Deliver a message. Raises Undelivered."""
        body = _body(message)
        headers = {"content-type": "application/json", **self._signed(message.identity, body)}
        try:
            with (
                httpx.Client(timeout=self._limits, follow_redirects=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                status = response.status_code
        except httpx.HTTPError as error:
            raise Undelivered(
                f"The webhook could not be reached ({type(error).__name__})."
            ) from error
        if not httpx.codes.is_success(status):
            raise Undelivered(f"The webhook answered {status}.", final=status == GONE)

    def _signed(self, identity: str, body: bytes) -> dict[str, str]:
        timestamp = int(self._clock())
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, identity, timestamp, body),
        }


def signature(key: bytes, identity: str, timestamp: int, body: bytes) -> str:
    """Return "v1," and the HMAC-SHA256 of `identity.timestamp.body` in base64."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _body(message: Message) -> bytes:
    body: dict[str, Any] = {
        "type": "report.filed",
        "timestamp": datetime.fromtimestamp(message.at / 1e9, tz=UTC).isoformat(),
        "data": {"reference": message.reference, **message.payload},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _address(url: str) -> str:
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        found = httpx.URL()
    if found.scheme not in ("http", "https") or not found.host:
        raise SettingsError(
            "Setting 'webhook_url' is not the address of a web server.",
            hint="It begins with https:// (or http:// within your own network).",
        )
    return url


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in SECRET_BYTES:
        raise SettingsError(
            "Setting 'webhook_secret' is not 24 to 64 bytes in base64.",
            hint=f"Make one: echo {SECRET_PREFIX}$(openssl rand -base64 32)",
        )
    return key
