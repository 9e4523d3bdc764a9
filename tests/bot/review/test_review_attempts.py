"""The brakes on guessing passwords, for names that exist and names that do not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bot.review import Moderator, Moderators, ReviewQueue
from bot.review.attempts import LONGEST_WAIT, MINUTE, wait_after
from ingest.errors import LimitExceeded, NotSignedIn
from ingest.paths import ReportsLocation
from tests.bot.review.places import rows

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"
OPERATOR = Moderators.operator()


def fail(moderators: Moderators, name: str, times: int = 5, **more: str) -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            moderators.sign_in(name, WRONG, **more)


@pytest.fixture(autouse=True)
def _accounts(moderators: Moderators) -> None:
    for name in ("ash", "fir"):
        moderators.add(OPERATOR, name, PASSWORD)


def test_waits_grow_and_have_an_end() -> None:
    minutes = [wait_after(failures) // MINUTE for failures in range(14)]
    assert minutes == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert wait_after(10**9) == LONGEST_WAIT


def test_each_failure_makes_the_next_wait_longer(moderators: Moderators, clock: Any) -> None:
    fail(moderators, "ash")
    for wait in (60, 120, 240):
        with pytest.raises(LimitExceeded):
            moderators.sign_in("ash", PASSWORD)
        clock.forward(seconds=wait - 1)
        with pytest.raises(LimitExceeded) as refused:
            moderators.sign_in("ash", PASSWORD)
        assert refused.value.hint == "Wait a minute."
        clock.forward(seconds=1)
        fail(moderators, "ash", 1)
    clock.forward(seconds=480)
    moderators.sign_in("ash", PASSWORD)
    moderators.sign_in("ash", PASSWORD)


def test_a_name_that_nobody_has_is_locked_in_the_same_words(moderators: Moderators) -> None:
    said = set()
    for name in ("ash", "nobody", "ASH ", "\ud800"):
        fail(moderators, name, 5 if name != "ASH " else 0)
        with pytest.raises(LimitExceeded) as refused:
            moderators.sign_in(name, PASSWORD)
        said.add(str(refused.value))
    assert said == {"Too many attempts to sign in with this name. Wait a minute."}
    moderators.sign_in("fir", PASSWORD)


def test_a_lock_out_leaves_open_sessions_alone(moderators: Moderators, queue: ReviewQueue) -> None:
    token = moderators.sign_in("ash", PASSWORD).token
    fail(moderators, "ash")
    with pytest.raises(LimitExceeded):
        moderators.sign_in("ash", PASSWORD)
    queue.count(moderators.moderator(token))


def test_signing_in_forgets_earlier_failures(moderators: Moderators) -> None:
    for _ in range(3):
        fail(moderators, "ash", 4)
        moderators.sign_in("ash", PASSWORD)


def test_a_day_forgets_them_too(
    moderators: Moderators, location: ReportsLocation, clock: Any
) -> None:
    fail(moderators, "ash", 4)
    clock.forward(hours=24)
    fail(moderators, "ash", 4)
    moderators.sign_in("ash", PASSWORD)
    assert rows(location, "SELECT count(*) FROM sign_in_attempts") == [(0,)]


def test_failures_count_in_every_process(
    moderators: Moderators, location: ReportsLocation, clock: Any
) -> None:
    for _ in range(5):
        with Moderators(location, clock=clock) as fresh:
            fail(fresh, "ash", 1)
    with pytest.raises(LimitExceeded):
        moderators.sign_in("ash", PASSWORD)


def test_attempts_at_once_are_all_counted(moderators: Moderators) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def guess() -> None:
        start.wait()
        try:
            moderators.sign_in("ash", WRONG)
        except (NotSignedIn, LimitExceeded) as refused:
            outcomes.append(type(refused).__name__)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["LimitExceeded"] * 3 + ["NotSignedIn"] * 5


def test_administrators_see_and_lift_a_lock(moderators: Moderators, clock: Any) -> None:
    fail(moderators, "fir")
    locked = {account.name: account.locked_until for account in moderators.accounts(OPERATOR)}
    assert locked["ash"] is None
    assert locked["fir"] is not None
    assert locked["fir"].timestamp() * 1e9 == pytest.approx(clock.now + MINUTE)
    moderators.unlock(OPERATOR, "Fir")
    assert moderators.accounts(OPERATOR)[1].locked_until is None
    moderators.sign_in("fir", PASSWORD)


def test_a_new_password_lifts_a_lock(moderators: Moderators) -> None:
    fail(moderators, "fir")
    moderators.set_password(OPERATOR, "fir", "another long password")
    moderators.sign_in("fir", "another long password")


def test_one_address_may_not_try_many_names(moderators: Moderators, clock: Any) -> None:
    for number in range(20):
        fail(moderators, f"name{number}", 1, address="2001:db8::1")
    for address in ("2001:db8::1", "2001:db8:0:0:ffff::2"):
        with pytest.raises(LimitExceeded, match="from your network"):
            moderators.sign_in("ash", PASSWORD, address=address)
    moderators.sign_in("ash", PASSWORD, address="2001:db8:0:1::1")
    moderators.sign_in("ash", PASSWORD, address="203.0.113.7")
    moderators.sign_in("ash", PASSWORD)
    clock.forward(seconds=601)
    moderators.sign_in("ash", PASSWORD, address="2001:db8::1")


def test_an_office_that_signs_in_rightly_is_never_braked(
    moderators: Moderators, clock: Any
) -> None:
    for _ in range(25):
        moderators.sign_in("ash", PASSWORD, address="203.0.113.7")
        clock.forward(seconds=1)


def test_what_was_typed_as_a_name_is_not_kept(
    moderators: Moderators, location: ReportsLocation
) -> None:
    fail(moderators, PASSWORD, 1, address="203.0.113.7")
    kept = str(rows(location, "SELECT name FROM sign_in_attempts"))
    assert "horse" not in kept and "203" not in kept


def test_a_lock_is_of_no_use_against_the_form_for_ones_own_password(
    moderators: Moderators, birch: Moderator
) -> None:
    fail(moderators, "birch")
    moderators.change_own_password(birch, PASSWORD, "another long password")
