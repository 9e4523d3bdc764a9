"""Is signing in through an identity provider set up? Asked by `groundskeeper doctor`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import httpx

from bot.review import Access
from ingest.errors import UsageError
from ingest.settings import Settings

SECRETS = Path(".streamlit") / "secrets.toml"
NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
CALLBACK = "/oauth2callback"
COOKIE_SECRET_CHARS = 32
OTHERS_MAY_READ = 0o077
SECONDS = 5.0
SEE = "See docs/moderators.md."


def check_provider(settings: Settings) -> str:
    """Return how moderators sign in. Raises UsageError, with what is missing, if they cannot."""
    if not Access.from_settings(settings).by_provider:
        return "local accounts"
    auth = _auth_section()
    if missing := [name for name in NEEDED if not isinstance(auth.get(name), str)]:
        raise UsageError(f"{SECRETS}, [auth] lacks {', '.join(missing)}.", hint=SEE)
    if not auth["redirect_uri"].endswith(CALLBACK):
        raise UsageError(f"redirect_uri in {SECRETS} has to end with {CALLBACK}.", hint=SEE)
    if len(auth["cookie_secret"]) < COOKIE_SECRET_CHARS:
        raise UsageError(
            f"cookie_secret in {SECRETS} is short enough to be guessed.",
            hint=f"Use {COOKIE_SECRET_CHARS} random characters or more.",
        )
    issuer = _issuer(auth["server_metadata_url"])
    return f"{issuer}{' and local accounts' if settings.local_accounts else ''}"


def _auth_section() -> dict[str, Any]:
    try:
        mode = SECRETS.stat().st_mode
        auth = tomllib.loads(SECRETS.read_text(encoding="utf-8")).get("auth")
    except OSError as error:
        raise UsageError(f"{SECRETS} cannot be read ({error.strerror}).", hint=SEE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{SECRETS} is not valid TOML: {error}.", hint=SEE) from None
    if mode & OTHERS_MAY_READ:
        raise UsageError(f"Other users may read {SECRETS}.", hint=f"chmod 600 {SECRETS}")
    return auth if isinstance(auth, dict) else {}


def _issuer(url: str) -> str:
    """Return who the provider says it is (OpenID Connect Discovery 1.0)."""
    try:
        found = httpx.get(url, timeout=SECONDS, follow_redirects=True).raise_for_status().json()
        return str(found["issuer"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The identity provider does not answer at {url} ({type(error).__name__}).",
            hint="Look whether it runs, and server_metadata_url in .streamlit/secrets.toml.",
        ) from None
