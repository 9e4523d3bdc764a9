"""What the doctor says of a provider that is not, or not rightly, set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import UsageError
from ingest.settings import load_settings
from tools.screenshots import free_port
from ui.provider_check import SECRETS, check_provider

RIGHT = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef" * 4,
    "client_id": "app",
    "client_secret": "hush",
    "server_metadata_url": "http://127.0.0.1:{port}/.well-known/openid-configuration",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SECRETS.parent.mkdir()


def write(auth: dict[str, str], mode: int = 0o600) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in auth.items())
    SECRETS.write_text(f"[auth]\n{lines}", encoding="utf-8")
    SECRETS.chmod(mode)


def said() -> str:
    with pytest.raises(UsageError) as refused:
        check_provider(load_settings(oidc_moderators=["ada@example.org"]))
    return str(refused.value)


def test_without_one_nothing_is_needed() -> None:
    assert check_provider(load_settings()) == "local accounts"


def test_secrets_that_are_missing_or_damaged() -> None:
    assert "cannot be read (No such file" in said()
    SECRETS.write_text("[auth", encoding="utf-8")
    assert "not valid TOML" in said()
    SECRETS.write_bytes(b"\xff")
    assert "not valid TOML" in said()
    SECRETS.write_text("auth = 7", encoding="utf-8")
    SECRETS.chmod(0o600)
    assert "lacks redirect_uri" in said()


@pytest.mark.parametrize("name", RIGHT)
def test_each_part_is_needed(name: str) -> None:
    write({key: value for key, value in RIGHT.items() if key != name})
    assert f"lacks {name}." in said()


def test_what_would_not_work_or_not_be_safe() -> None:
    write(RIGHT, 0o644)
    assert "Other users may read" in said()
    write({**RIGHT, "redirect_uri": "http://localhost:8501/"})
    assert "has to end with /oauth2callback" in said()
    write({**RIGHT, "cookie_secret": "short"})
    assert "short enough to be guessed" in said()


@pytest.mark.parametrize("url", [RIGHT["server_metadata_url"], "nowhere", "http://[", ""])
def test_a_provider_that_does_not_answer(url: str) -> None:
    write({**RIGHT, "server_metadata_url": url.format(port=free_port())})
    assert "does not answer" in said() and "hush" not in said()
