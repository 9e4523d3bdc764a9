"""A real OpenID provider on this machine, and the app set up to sign people in through it.

The provider is oidc-provider-mock: it asks no password, and else speaks the protocol (discovery,
authorization code, signed ID tokens, sign-out started by the app) over HTTP. The app is
registered with it, as an operator does with theirs.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from ingest.settings import SETTINGS_FILE
from tests.packs import Pack
from tools.screenshots import free_port, running_app, wait_for

SECRETS = """
[auth]
redirect_uri = "{redirect}"
cookie_secret = "{cookie}"
client_id = "{client_id}"
client_secret = "{client_secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""


@dataclass(frozen=True)
class Provider:
    """The provider at `issuer`."""

    issuer: str

    def register(self, redirect: str) -> dict[str, str]:
        """Return the id and the secret of a new client (RFC 7591)."""
        given = {
            "redirect_uris": [redirect],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        return json.loads(self._send("POST", "/oauth2/clients", given))

    def knows(self, subject: str, **claims: Any) -> None:
        """Make or change somebody's claims."""
        self._send("PUT", f"/users/{subject}", claims)

    def _send(self, method: str, path: str, body: object) -> bytes:
        request = Request(  # noqa: S310  our own server
            self.issuer + path,
            json.dumps(body).encode(),
            {"content-type": "application/json"},
            method=method,
        )
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.read()


@contextmanager
def running_provider() -> Iterator[Provider]:
    port = free_port()
    command = "-m oidc_provider_mock --require-registration true --require-nonce true --port"
    server = subprocess.Popen(
        [sys.executable, *command.split(), str(port)],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stderr=subprocess.DEVNULL,
    )
    try:
        provider = Provider(f"http://127.0.0.1:{port}")
        wait_for(f"{provider.issuer}/jwks")
        yield provider
    finally:
        server.terminate()
        server.wait(timeout=60)


@dataclass(frozen=True)
class SetUpApp:
    """The app at `address`, whose settings are in `folder`."""

    address: str
    folder: Path
    pack: Pack

    def set(self, **settings: Any) -> None:
        """Write the settings anew, as an operator does while the app runs."""
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        new = self.folder / f"{SETTINGS_FILE}.new"
        new.write_text(lines, encoding="utf-8")
        new.replace(self.folder / SETTINGS_FILE)


@contextmanager
def running_app_with(provider: Provider, folder: Path, **settings: Any) -> Iterator[SetUpApp]:
    port = free_port()
    redirect = f"http://127.0.0.1:{port}/oauth2callback"
    (folder / ".streamlit").mkdir()
    kept = folder / ".streamlit" / "secrets.toml"
    kept.touch(mode=0o600)
    kept.write_text(
        SECRETS.format(
            redirect=redirect,
            cookie=secrets.token_hex(32),
            issuer=provider.issuer,
            **provider.register(redirect),
        ),
        encoding="utf-8",
    )
    pack = Pack.make(folder / "pack")
    app = SetUpApp(f"http://127.0.0.1:{port}", folder, pack)
    app.set(**settings)
    with running_app(pack.settings, folder=folder, port=port):
        yield app
