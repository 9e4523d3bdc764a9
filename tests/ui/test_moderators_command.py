"""`groundskeeper moderators`: accounts, and passwords that are never shown."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.review import Moderators
from ingest.domain import load_card
from ingest.errors import NotSignedIn
from ingest.paths import domain_paths
from ingest.settings import load_settings
from ui.cli import run

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "corpus" / "auto-parts"
PASSWORD = "correct horse battery"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def accounts_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(tmp_path / "data"))
    return domain_paths(load_settings(domain=PACK), load_card(PACK)).reports


@pytest.fixture
def command(
    accounts_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run `groundskeeper moderators ARGUMENTS`; `stdin` is what comes through the pipe."""

    def command(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = run(["moderators", *arguments, "--domain", str(PACK)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_an_account_from_its_first_to_its_last_day(command: Run, accounts_path: Path) -> None:
    password = f"{PASSWORD}\n".encode()
    assert command("add", "Birch", "--password-stdin", stdin=password)[:2] == (0, "Birch: added.\n")
    assert command("list") == (0, "birch  administrator  last sign-in never\n", "")
    with Moderators(accounts_path) as moderators:
        token = moderators.sign_in("birch", PASSWORD).token
        changed = command("passwd", "birch", "--password-stdin", stdin="zwölf Wörter, ja".encode())
        assert changed[0] == 0
        with pytest.raises(NotSignedIn):
            moderators.moderator(token)
        token = moderators.sign_in("birch", "zwölf Wörter, ja").token
        status, out, _ = command("remove", "birch", "--json")
        assert (status, json.loads(out)) == (0, {"removed": "birch"})
        with pytest.raises(NotSignedIn):
            moderators.moderator(token)
    status, out, _ = command("list", "--json")
    assert (status, json.loads(out)) == (0, {"moderators": []})


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nsecond line\n"])
def test_the_password_is_the_first_line(command: Run, accounts_path: Path, end: bytes) -> None:
    assert command("add", "fir", "--password-stdin", stdin=PASSWORD.encode() + end)[0] == 0
    with Moderators(accounts_path) as moderators:
        moderators.sign_in("fir", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["add", "fir", "--password-stdin"], b"short\n", "12 to 1,000"),
        (["add", "fir", "--password-stdin"], b"", "12 to 1,000"),
        (["add", "fir", "--password-stdin"], b"x" * 20_000, "12 to 1,000"),
        (["add", "fir", "--password-stdin"], b"\xff" * 20, "not UTF-8"),
        (["add", "fir"], PASSWORD.encode(), "--password-stdin"),
        (["add", "operator", "--password-stdin"], PASSWORD.encode(), "reserved"),
        (["add", "a b", "--password-stdin"], PASSWORD.encode(), "cannot be a moderator's name"),
        (["remove", "fir"], b"", "no moderator of this name"),
        (["role", "fir", "moderator"], b"", "no moderator of this name"),
        (["unlock", "fir"], b"", "no moderator of this name"),
        (["passwd", "fir", "--password-stdin"], PASSWORD.encode(), "no moderator of this name"),
        (["add", "fir", PASSWORD], b"", ""),
        (["add"], b"", ""),
    ],
)
def test_what_cannot_be_done_is_said(
    command: Run, arguments: list[str], stdin: bytes, says: str
) -> None:
    status, out, err = command(*arguments, stdin=stdin)
    assert (status, out) == (2, "")
    assert says in err and "Traceback" not in err
    assert json.loads(command("list", "--json")[1]) == {"moderators": []}


def test_roles_are_given_and_shown(command: Run, accounts_path: Path) -> None:
    password = PASSWORD.encode()
    for arguments in (["ash"], ["birch"], ["fir", "--role", "administrator"]):
        assert command("add", *arguments, "--password-stdin", stdin=password)[0] == 0
    assert command("role", "Birch", "administrator")[:2] == (0, "Birch: changed.\n")
    assert command("role", "ash", "moderator")[0] == 0
    assert command("role", "ash", "owner")[0] == 2
    listed = json.loads(command("list", "--json")[1])["moderators"]
    assert [(one["name"], one["role"]) for one in listed] == [
        ("ash", "moderator"),
        ("birch", "administrator"),
        ("fir", "administrator"),
    ]
    assert listed[0].keys() == {
        *("name", "role", "local", "added_at", "signed_in_at", "locked_until")
    }


def test_the_operator_hears_when_no_administrator_is_left(command: Run) -> None:
    for name in ("ash", "birch"):
        command("add", name, "--password-stdin", stdin=PASSWORD.encode())
    status, out, err = command("role", "ash", "moderator", "--json")
    assert (status, json.loads(out)) == (0, {"changed": "ash"})
    assert "no administrator now" in err
    assert "no administrator now" in command("remove", "birch")[2]
    assert command("remove", "ash")[2] == "", "nobody is left to need one"


def test_a_lock_is_shown_and_lifted(command: Run, accounts_path: Path) -> None:
    command("add", "ash", "--password-stdin", stdin=PASSWORD.encode())
    with Moderators(accounts_path) as moderators:
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                moderators.sign_in("ash", "wrong horse battery")
        assert "locked until 20" in command("list")[1]
        assert command("unlock", "ASH") == (0, "ASH: unlocked.\n", "")
        assert "locked" not in command("list")[1]
        moderators.sign_in("ash", PASSWORD)
    assert f"last sign-in {datetime.now(UTC):%Y-%m-%d}" in command("list")[1]


def test_listing_makes_no_file(command: Run, accounts_path: Path) -> None:
    status, out, err = command("list")
    assert (status, out) == (0, "") and "moderators add" in err
    assert not accounts_path.exists()


def test_a_name_is_taken_once(command: Run) -> None:
    password = PASSWORD.encode()
    command("add", "birch", "--password-stdin", stdin=password)
    status, _, err = command("add", "BIRCH", "--password-stdin", stdin=password)
    assert status == 2 and "already" in err


def test_the_prompt_asks_twice_and_shows_nothing(tmp_path: Path, accounts_path: Path) -> None:
    """On a real terminal: what is typed must not come back."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "moderators", "add", "birch", "--domain", str(PACK)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=ROOT,
        start_new_session=True,
        env={**os.environ, "GROUNDSKEEPER_DATA_DIR": str(tmp_path / "data")},
    )
    os.close(terminal)
    try:
        shown = _read_until(master, b"assword: ")
        os.write(master, f"{PASSWORD}\n".encode())
        shown += _read_until(master, b": ")
        os.write(master, f"{PASSWORD}\n".encode())
        shown += _read_until(master, b"added")
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert PASSWORD.encode() not in shown
    with Moderators(accounts_path) as moderators:
        moderators.sign_in("birch", PASSWORD)


def _read_until(master: int, words: bytes) -> bytes:
    """Return what the terminal shows up to some words; fails after a minute."""
    shown = b""
    deadline = time.monotonic() + 120
    while words not in shown:
        ready, _, _ = select.select([master], [], [], max(deadline - time.monotonic(), 0))
        assert ready, shown
        shown += os.read(master, 1024)
    return shown
