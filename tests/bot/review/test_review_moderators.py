"""Accounts and sessions: who gets in, for how long, and who does not."""

from __future__ import annotations

import copy
import dataclasses
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.review import Case, Moderator, Moderators, ReviewQueue
from ingest.errors import LimitExceeded, NotSignedIn, ReviewError

PASSWORD = "correct horse battery"


def _rows(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _change(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute(statement, values)
        connection.commit()
    finally:
        connection.close()


def test_signing_in_gives_a_session(moderators: Moderators) -> None:
    moderators.add("Birch", PASSWORD)
    session = moderators.sign_in(" BIRCH ", PASSWORD)
    who = moderators.moderator(session.token)
    assert (session.name, who.name, moderators.names()) == ("birch", "birch", ["birch"])
    assert session.token not in repr(session) and who.session not in repr(who)


def test_neither_password_nor_token_is_stored(moderators: Moderators, path: Path) -> None:
    moderators.add("birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert PASSWORD.encode() not in everything and token.encode() not in everything
    assert b"$argon2id$" in everything


def test_wrong_name_and_wrong_password_read_the_same(moderators: Moderators) -> None:
    moderators.add("birch", PASSWORD)
    said = set()
    for name, password in (("birch", "wrong horse battery"), ("fir", PASSWORD), ("\x00", "x")):
        with pytest.raises(NotSignedIn) as refused:
            moderators.sign_in(name, password)
        said.add(str(refused.value))
    assert len(said) == 1


def test_an_unknown_name_is_checked_against_a_hash_too(
    moderators: Moderators, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderators.add("birch", PASSWORD)
    verified = []
    real = PasswordHasher.verify

    def watched(hasher: PasswordHasher, password_hash: str, password: bytes) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return real(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    for name in ("birch", "fir"):
        with pytest.raises(NotSignedIn):
            moderators.sign_in(name, "wrong horse battery")
    assert len(verified) == 2
    assert verified[0] == verified[1], "the same parameters cost the same time"


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1_001])
def test_passwords_have_a_length(moderators: Moderators, password: str) -> None:
    with pytest.raises(ReviewError, match="12 to 1,000"):
        moderators.add("birch", password)
    moderators.add("birch", PASSWORD)
    with pytest.raises(ReviewError, match="12 to 1,000"):
        moderators.set_password("birch", password)
    moderators.sign_in("birch", PASSWORD)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", password)


@pytest.mark.parametrize("password", ["pa\u0308sswörter 日本", "x\x00yzxyzxyzxyz", "\ud800" * 12])
def test_any_characters_make_a_password(moderators: Moderators, password: str) -> None:
    moderators.add("birch", password)
    moderators.sign_in("birch", password)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", password + " ")


def test_accents_may_be_composed_either_way(moderators: Moderators) -> None:
    moderators.add("birch", "ein schönes Wort")
    moderators.sign_in("birch", "ein scho\u0308nes Wort")


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a" * 65, "a;b", "operator", "Operator", "reporter", "a\nb", "\x1b[1m"],
)
def test_names_are_plain(moderators: Moderators, name: str) -> None:
    with pytest.raises(ReviewError):
        moderators.add(name, PASSWORD)
    assert moderators.names() == []


def test_a_name_is_taken_once(moderators: Moderators) -> None:
    moderators.add("birch@example.org", PASSWORD)
    with pytest.raises(ReviewError, match="already"):
        moderators.add("Birch@Example.ORG", "another long password")
    moderators.sign_in("birch@example.org", PASSWORD)


def test_accounts_that_are_not_there(moderators: Moderators) -> None:
    for act in (
        lambda: moderators.remove("fir"),
        lambda: moderators.set_password("fir", PASSWORD),
        lambda: moderators.sign_in_verified("fir"),
    ):
        with pytest.raises(ReviewError):
            act()


def test_sessions_end(moderators: Moderators, clock: Any) -> None:
    moderators.add("birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    clock.forward(seconds=3_599)
    moderators.moderator(token)
    clock.forward(seconds=1)
    with pytest.raises(NotSignedIn):
        moderators.moderator(token)


def test_session_minutes_are_a_setting(path: Path, clock: Any) -> None:
    with Moderators(path, session_minutes=5, clock=clock) as moderators:
        moderators.add("birch", PASSWORD)
        session = moderators.sign_in("birch", PASSWORD)
        assert session.expires_at.timestamp() * 1e9 == pytest.approx(clock.now + 300e9)
        clock.forward(seconds=301)
        with pytest.raises(NotSignedIn):
            moderators.moderator(session.token)


def test_ended_sessions_are_not_kept(moderators: Moderators, clock: Any, path: Path) -> None:
    moderators.add("birch", PASSWORD)
    for _ in range(3):
        moderators.sign_in("birch", PASSWORD)
        clock.forward(hours=2)
    moderators.sign_in("birch", PASSWORD)
    assert _rows(path, "SELECT count(*) FROM sessions") == [(1,)]


def test_signing_out_ends_one_session(moderators: Moderators) -> None:
    moderators.add("birch", PASSWORD)
    here, there = (moderators.sign_in("birch", PASSWORD).token for _ in range(2))
    moderators.sign_out(here)
    moderators.sign_out(here)
    moderators.sign_out("\ud800 never was")
    moderators.moderator(there)
    for token in (here, "", "\ud800", there[:-1]):
        with pytest.raises(NotSignedIn):
            moderators.moderator(token)


def test_whoever_is_removed_is_out_at_once(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue
) -> None:
    token = moderators.sign_in("birch", PASSWORD).token
    queue.count(birch)
    moderators.remove("Birch")
    for refused in (lambda: queue.count(birch), lambda: moderators.moderator(token)):
        with pytest.raises(NotSignedIn):
            refused()
    # An account of the same name is somebody else.
    moderators.add("birch", PASSWORD)
    with pytest.raises(NotSignedIn):
        queue.count(birch)


def test_a_new_password_ends_all_sessions(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue
) -> None:
    moderators.set_password("birch", "another long password")
    with pytest.raises(NotSignedIn):
        queue.count(birch)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", PASSWORD)
    moderators.sign_in("birch", "another long password")


def test_verified_names_need_an_account(moderators: Moderators) -> None:
    moderators.add("birch@example.org", PASSWORD)
    session = moderators.sign_in_verified("Birch@example.org")
    assert moderators.moderator(session.token).name == "birch@example.org"


def test_a_moderator_cannot_be_made_up(
    birch: Moderator, moderators: Moderators, queue: ReviewQueue
) -> None:
    with pytest.raises(NotSignedIn):
        Moderator("operator", "", object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(birch, name="operator", session="")
    with pytest.raises(dataclasses.FrozenInstanceError):
        birch.name = "fir"  # type: ignore[misc]
    forged = copy.copy(birch)
    object.__setattr__(forged, "name", "fir")
    with pytest.raises(NotSignedIn):
        queue.count(forged)


def test_five_failures_close_the_door_for_five_minutes(moderators: Moderators, clock: Any) -> None:
    moderators.add("birch", PASSWORD)
    moderators.add("fir", PASSWORD)
    for name in ("birch", "stranger"):
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                moderators.sign_in(name, "wrong horse battery")
        with pytest.raises(LimitExceeded, match="Too many"):
            moderators.sign_in(name.upper(), PASSWORD)
    moderators.sign_in("fir", PASSWORD)
    clock.forward(seconds=301)
    moderators.sign_in("birch", PASSWORD)


def test_signing_in_forgets_earlier_failures(moderators: Moderators) -> None:
    moderators.add("birch", PASSWORD)
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(NotSignedIn):
                moderators.sign_in("birch", "wrong horse battery")
        moderators.sign_in("birch", PASSWORD)


def test_failures_count_in_every_process(moderators: Moderators, path: Path, clock: Any) -> None:
    moderators.add("birch", PASSWORD)
    for _ in range(5):
        with Moderators(path, clock=clock) as fresh, pytest.raises(NotSignedIn):
            fresh.sign_in("birch", "wrong horse battery")
    with pytest.raises(LimitExceeded):
        moderators.sign_in("birch", PASSWORD)


def test_attempts_at_once_are_all_counted(moderators: Moderators) -> None:
    moderators.add("birch", PASSWORD)
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def guess() -> None:
        start.wait()
        try:
            moderators.sign_in("birch", "wrong horse battery")
        except (NotSignedIn, LimitExceeded) as refused:
            outcomes.append(type(refused).__name__)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["LimitExceeded"] * 3 + ["NotSignedIn"] * 5


def test_hashes_of_other_parameters_are_renewed_when_signing_in(
    moderators: Moderators, path: Path
) -> None:
    moderators.add("birch", PASSWORD)
    [(cheap,)] = _rows(path, "SELECT password_hash FROM moderators")
    with Moderators(path) as dearer:
        dearer.sign_in("birch", PASSWORD)
        [(renewed,)] = _rows(path, "SELECT password_hash FROM moderators")
        assert renewed != cheap
        assert "$m=65536,t=3,p=4$" in renewed, "RFC 9106, for limited memory"
        dearer.sign_in("birch", PASSWORD)


def test_a_damaged_hash_lets_nobody_in(moderators: Moderators, path: Path) -> None:
    moderators.add("birch", PASSWORD)
    _change(path, "UPDATE moderators SET password_hash = ?", "")
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", PASSWORD)


def test_assigning_needs_an_account(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue, make_case: Callable[..., Case]
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    assert queue.assign(birch, reference, 1, "BIRCH").assignee == "birch"
    assert queue.assign(birch, reference, 2, None).assignee is None
    with pytest.raises(ReviewError, match="no moderator"):
        queue.assign(birch, reference, 3, "operator")
