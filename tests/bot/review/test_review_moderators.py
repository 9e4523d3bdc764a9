"""Accounts and sessions: who gets in, for how long, and who does not."""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.review import Access, Account, Case, Moderator, Moderators, ReportQuery, ReviewQueue
from bot.review.history import told
from ingest.errors import LimitExceeded, NotSignedIn, ReviewError
from ingest.paths import ReportsLocation
from tests.bot.review.places import change, rows

PASSWORD = "correct horse battery"
OPERATOR = Moderators.operator()


def test_signing_in_gives_a_session(moderators: Moderators) -> None:
    moderators.add(OPERATOR, "Birch", PASSWORD)
    session = moderators.sign_in(" BIRCH ", PASSWORD)
    who = moderators.moderator(session.token)
    assert (session.name, who.name, moderators.names(OPERATOR)) == ("birch", "birch", ["birch"])
    assert session.token not in repr(session) and who.session not in repr(who)


def test_neither_password_nor_token_is_stored(moderators: Moderators, path: Path) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert PASSWORD.encode() not in everything and token.encode() not in everything
    assert b"$argon2id$" in everything


def test_wrong_name_and_wrong_password_read_the_same(moderators: Moderators) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    said = set()
    for name, password in (("birch", "wrong horse battery"), ("fir", PASSWORD), ("\x00", "x")):
        with pytest.raises(NotSignedIn) as refused:
            moderators.sign_in(name, password)
        said.add(str(refused.value))
    assert len(said) == 1


def test_an_unknown_name_is_checked_against_a_hash_too(
    moderators: Moderators, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
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
        moderators.add(OPERATOR, "birch", password)
    moderators.add(OPERATOR, "birch", PASSWORD)
    with pytest.raises(ReviewError, match="12 to 1,000"):
        moderators.set_password(OPERATOR, "birch", password)
    moderators.sign_in("birch", PASSWORD)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", password)


@pytest.mark.parametrize("password", ["pa\u0308sswörter 日本", "x\x00yzxyzxyzxyz", "\ud800" * 12])
def test_any_characters_make_a_password(moderators: Moderators, password: str) -> None:
    moderators.add(OPERATOR, "birch", password)
    moderators.sign_in("birch", password)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", password + " ")


def test_accents_may_be_composed_either_way(moderators: Moderators) -> None:
    moderators.add(OPERATOR, "birch", "ein schönes Wort")
    moderators.sign_in("birch", "ein scho\u0308nes Wort")


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a" * 65, "a;b", "operator", "Operator", "reporter", "a\nb", "\x1b[1m"],
)
def test_names_are_plain(moderators: Moderators, name: str) -> None:
    with pytest.raises(ReviewError):
        moderators.add(OPERATOR, name, PASSWORD)
    assert moderators.names(OPERATOR) == []


def test_a_name_is_taken_once(moderators: Moderators) -> None:
    moderators.add(OPERATOR, "birch@example.org", PASSWORD)
    with pytest.raises(ReviewError, match="already"):
        moderators.add(OPERATOR, "Birch@Example.ORG", "another long password")
    moderators.sign_in("birch@example.org", PASSWORD)


def test_accounts_that_are_not_there(moderators: Moderators) -> None:
    for act in (
        lambda: moderators.remove(OPERATOR, "fir"),
        lambda: moderators.set_password(OPERATOR, "fir", PASSWORD),
        lambda: moderators.set_role(OPERATOR, "fir", "moderator"),
        lambda: moderators.unlock(OPERATOR, "fir"),
    ):
        with pytest.raises(ReviewError, match="no moderator of this name"):
            act()


def test_sessions_end_however_busy(moderators: Moderators, clock: Any) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    for _ in range(3):
        clock.forward(seconds=1_199)
        moderators.moderator(token)
    clock.forward(seconds=3)
    with pytest.raises(NotSignedIn):
        moderators.moderator(token)


def test_a_session_that_nobody_uses_ends_sooner(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue, clock: Any
) -> None:
    token = moderators.sign_in("birch", PASSWORD).token
    clock.forward(seconds=1_799)
    moderators.moderator(token)
    queue.count(birch)
    clock.forward(seconds=1)
    moderators.moderator(token)
    with pytest.raises(NotSignedIn):
        queue.count(birch)


def test_how_long_nobody_may_use_it_is_a_setting(
    location: ReportsLocation, moderators: Moderators, clock: Any
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    strict = Access(idle=timedelta(minutes=5))
    with Moderators(location, access=lambda: strict, clock=clock) as others:
        clock.forward(seconds=299)
        others.moderator(token)
        clock.forward(seconds=301)
        with pytest.raises(NotSignedIn):
            others.moderator(token)


def test_looking_at_pages_hardly_writes(
    moderators: Moderators, location: ReportsLocation, clock: Any
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    token = moderators.sign_in("birch", PASSWORD).token
    seen = []
    for _ in range(4):
        clock.forward(seconds=25)
        moderators.moderator(token)
        seen += rows(location, "SELECT seen_at FROM sessions")
    assert len(set(seen)) == 2


def test_session_minutes_are_a_setting(location: ReportsLocation, clock: Any) -> None:
    with Moderators(location, session_minutes=5, clock=clock) as moderators:
        moderators.add(OPERATOR, "birch", PASSWORD)
        session = moderators.sign_in("birch", PASSWORD)
        assert session.expires_at.timestamp() * 1e9 == pytest.approx(clock.now + 300e9)
        clock.forward(seconds=301)
        with pytest.raises(NotSignedIn):
            moderators.moderator(session.token)


def test_ended_sessions_are_not_kept_for_ever(
    moderators: Moderators, clock: Any, location: ReportsLocation
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    for _ in range(3):
        moderators.sign_out(moderators.sign_in("birch", PASSWORD).token)
        clock.forward(hours=2)
    moderators.sign_in("birch", PASSWORD)
    assert rows(location, "SELECT count(*) FROM sessions") == [(1,)]


def test_signing_out_ends_one_session_for_ever(
    moderators: Moderators, queue: ReviewQueue, clock: Any
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    here, there = (moderators.sign_in("birch", PASSWORD).token for _ in range(2))
    who = moderators.moderator(here)
    moderators.sign_out(here)
    moderators.sign_out(here)
    moderators.sign_out("\ud800 never was")
    clock.forward(seconds=90)
    moderators.moderator(there)
    for token in (here, "", "\ud800", there[:-1]):
        with pytest.raises(NotSignedIn):
            moderators.moderator(token)
    with pytest.raises(NotSignedIn):
        queue.count(who)


def test_whoever_is_removed_is_out_at_once(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue
) -> None:
    token = moderators.sign_in("birch", PASSWORD).token
    queue.count(birch)
    moderators.remove(OPERATOR, "Birch")
    for refused in (lambda: queue.count(birch), lambda: moderators.moderator(token)):
        with pytest.raises(NotSignedIn):
            refused()
    # An account of the same name is somebody else.
    moderators.add(OPERATOR, "birch", PASSWORD)
    with pytest.raises(NotSignedIn):
        queue.count(birch)


def test_what_whoever_is_removed_held_is_everybodys_again(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue, make_case: Callable[..., Case]
) -> None:
    open_one, closed = (queue.file(make_case(q), "other").reference for q in ("open?", "closed?"))
    queue.assign(birch, open_one, 1, "birch")
    queue.move(birch, closed, 1, "dismissed")
    queue.save_view(birch, "mine alone", ReportQuery(text="river"))
    moderators.remove(OPERATOR, "birch")
    assert queue.show(OPERATOR, open_one).assignee is None
    assert told(queue.show(OPERATOR, open_one).events[-1]) == "the operator took it from birch"
    assert queue.show(OPERATOR, closed).assignee == "birch", "what is over stays as it was"
    assert queue.verify(OPERATOR) == []
    moderators.add(OPERATOR, "birch", PASSWORD)
    again = moderators.moderator(moderators.sign_in("birch", PASSWORD).token)
    assert queue.views(again) == {}


def test_a_new_password_ends_all_sessions(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue
) -> None:
    moderators.set_password(OPERATOR, "birch", "another long password")
    with pytest.raises(NotSignedIn):
        queue.count(birch)
    with pytest.raises(NotSignedIn):
        moderators.sign_in("birch", PASSWORD)
    moderators.sign_in("birch", "another long password")


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


def test_hashes_of_other_parameters_are_renewed_when_signing_in(
    moderators: Moderators, location: ReportsLocation
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    [(cheap,)] = rows(location, "SELECT password_hash FROM moderators")
    with Moderators(location) as dearer:
        dearer.sign_in("birch", PASSWORD)
        [(renewed,)] = rows(location, "SELECT password_hash FROM moderators")
        assert renewed != cheap
        assert "$m=65536,t=3,p=4$" in renewed, "RFC 9106, for limited memory"
        dearer.sign_in("birch", PASSWORD)


def test_a_damaged_hash_lets_nobody_in(moderators: Moderators, location: ReportsLocation) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD)
    change(location, "UPDATE moderators SET password_hash = :none", none="")
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


# --- roles ------------------------------------------------------------------------------------


@pytest.fixture
def ash(moderators: Moderators) -> Moderator:
    """An administrator who is signed in."""
    moderators.add(OPERATOR, "ash", PASSWORD, "administrator")
    return moderators.moderator(moderators.sign_in("ash", PASSWORD).token)


def _roles(moderators: Moderators) -> dict[str, str | None]:
    return {account.name: account.role for account in moderators.accounts(OPERATOR)}


def test_the_first_account_is_an_administrators(moderators: Moderators) -> None:
    for name in ("ash", "birch"):
        moderators.add(OPERATOR, name, PASSWORD)
    moderators.add(OPERATOR, "fir", PASSWORD, "administrator")
    assert _roles(moderators) == {
        "ash": "administrator",
        "birch": "moderator",
        "fir": "administrator",
    }


def test_an_administrator_manages_accounts(moderators: Moderators, ash: Moderator) -> None:
    moderators.add(ash, "birch", PASSWORD)
    moderators.set_role(ash, "birch", "administrator")
    moderators.set_password(ash, "birch", "another long password")
    session = moderators.sign_in("birch", "another long password")
    assert moderators.moderator(session.token).role == "administrator"
    moderators.remove(ash, "birch")
    assert _roles(moderators) == {"ash": "administrator"}


def test_a_new_role_counts_from_the_next_action(
    moderators: Moderators, birch: Moderator, ash: Moderator
) -> None:
    with pytest.raises(NotSignedIn, match="Only an administrator"):
        moderators.accounts(birch)
    moderators.set_role(ash, "birch", "administrator")
    moderators.set_role(birch, "ash", "moderator")
    with pytest.raises(NotSignedIn, match="Only an administrator"):
        moderators.set_role(ash, "birch", "moderator")


def test_a_role_that_there_is_not(moderators: Moderators, ash: Moderator) -> None:
    with pytest.raises(ReviewError, match="no such role"):
        moderators.set_role(ash, "ash", "owner")  # type: ignore[arg-type]


def test_the_last_administrator_stays(moderators: Moderators, ash: Moderator) -> None:
    moderators.add(ash, "birch", PASSWORD)
    for act in (
        lambda: moderators.remove(ash, "ash"),
        lambda: moderators.set_role(ash, "ash", "moderator"),
    ):
        with pytest.raises(ReviewError, match="last administrator"):
            act()
    assert _roles(moderators) == {"ash": "administrator", "birch": "moderator"}
    moderators.set_role(ash, "birch", "administrator")
    moderators.remove(ash, "ash")
    assert _roles(moderators) == {"birch": "administrator"}


def test_the_operator_may_do_even_that(moderators: Moderators, ash: Moderator) -> None:
    moderators.set_role(OPERATOR, ash.name, "moderator")
    moderators.remove(OPERATOR, ash.name)
    assert _roles(moderators) == {}


def test_two_administrators_cannot_both_demote_the_other(
    moderators: Moderators, location: ReportsLocation, ash: Moderator, clock: Any
) -> None:
    moderators.add(OPERATOR, "birch", PASSWORD, "administrator")
    birch = moderators.moderator(moderators.sign_in("birch", PASSWORD).token)
    said: list[str] = []
    start = threading.Barrier(2)

    def demote(who: Moderator, other: str) -> None:
        with Moderators(location, clock=clock) as mine:
            start.wait()
            try:
                mine.set_role(who, other, "moderator")
            except ReviewError as refused:
                said.append(refused.message)

    threads = [
        threading.Thread(target=demote, args=pair) for pair in ((ash, "birch"), (birch, "ash"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(_roles(moderators).values(), key=str) == ["administrator", "moderator"]
    assert said == ["Only an administrator may do this."]


def test_accounts_tell_when_somebody_signed_in(moderators: Moderators, clock: Any) -> None:
    moderators.add(OPERATOR, "ash", PASSWORD)
    added = datetime.fromtimestamp(clock.now / 1e9, tz=UTC)
    assert moderators.accounts(OPERATOR) == [
        Account("ash", "administrator", True, added, None, None)
    ]
    clock.forward(hours=2)
    moderators.sign_in("ash", PASSWORD)
    [account] = moderators.accounts(OPERATOR)
    assert account.signed_in_at == added + timedelta(hours=2)


def test_one_may_change_ones_own_password(
    moderators: Moderators, birch: Moderator, queue: ReviewQueue
) -> None:
    elsewhere = moderators.sign_in("birch", PASSWORD).token
    with pytest.raises(NotSignedIn, match="until now is wrong"):
        moderators.change_own_password(birch, "wrong horse battery", "another long password")
    moderators.change_own_password(birch, PASSWORD, "another long password")
    queue.count(birch)
    with pytest.raises(NotSignedIn):
        moderators.moderator(elsewhere)
    moderators.sign_in("birch", "another long password")


def test_who_finds_an_open_page_cannot_guess_the_password(
    moderators: Moderators, birch: Moderator
) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            moderators.change_own_password(birch, "wrong horse battery", "another long password")
    with pytest.raises(LimitExceeded):
        moderators.change_own_password(birch, PASSWORD, "another long password")
