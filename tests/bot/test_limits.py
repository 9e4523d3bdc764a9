from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from bot import limits
from bot.answer import Question
from bot.limits import Limits, RateLimiter, address_block, unwanted, within
from ingest.errors import LimitExceeded
from ingest.settings import Settings


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- how often -------------------------------------------------------------------------------


def test_so_many_a_minute_and_then_again() -> None:
    clock = Clock()
    limiter = RateLimiter(2, clock)

    assert [limiter.admit("one") for _ in range(3)] == [True, True, False]
    clock.now += 59.9
    assert not limiter.admit("one")
    clock.now += 0.2
    assert [limiter.admit("one") for _ in range(3)] == [True, True, False]


def test_the_window_slides_and_refusals_do_not_count() -> None:
    clock = Clock()
    limiter = RateLimiter(2, clock)

    assert limiter.admit("one")
    clock.now += 40
    assert limiter.admit("one")
    assert not limiter.admit("one")
    clock.now += 20  # the first is a minute old, the second is not
    assert [limiter.admit("one") for _ in range(2)] == [True, False]


def test_one_asker_does_not_stand_in_the_way_of_another() -> None:
    limiter = RateLimiter(1)

    assert limiter.admit("one") and limiter.admit("two")
    assert not limiter.admit("one")
    assert all(limiter.admit("") for _ in range(5))


def test_threads_together_are_admitted_no_more_than_one() -> None:
    limiter, admitted = RateLimiter(50), []

    def work() -> None:
        admitted.extend(limiter.admit("one") for _ in range(100))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(admitted) == 50


def test_who_has_been_silent_for_a_minute_is_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(1, clock)
    for number in range(1000):
        limiter.admit(str(number))
    clock.now += 60
    limiter.admit("new")

    assert list(limiter._asked) == ["new"]


def test_memory_is_bounded_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ASKERS", 10)
    limiter = RateLimiter(1)
    for number in range(100):
        limiter.admit(str(number))

    assert len(limiter._asked) <= 11
    assert not limiter.admit("99")


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        (None, ""),
        ("'; DROP TABLE", ""),
    ],
)
def test_addresses_are_counted_by_who_has_them(address: str | None, block: str) -> None:
    assert address_block(address) == block


def test_new_sessions_do_not_get_round_the_limit_of_an_address() -> None:
    allowed = Limits(Settings(questions_per_minute=2, address_questions_per_minute=3))

    def ask(session: str, address: str) -> bool:
        return allowed.admits(Question(text="?", session=session, address=address))

    assert [ask(f"s{n}", f"2001:db8::{n}") for n in range(4)] == [True, True, True, False]
    assert ask("s9", "2001:db9::1")
    assert [ask("local", "127.0.0.1") for _ in range(3)] == [True, True, False]


def test_as_many_answers_at_once_as_there_are_cores() -> None:
    assert limits.processor_cores() >= 1


# --- how long --------------------------------------------------------------------------------


class Work:
    """Work of two items that waits between them until it may go on, and remembers its end."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ended = threading.Event()
        self.made = 0

    def __call__(self) -> Generator[int, None, None]:
        try:
            for item in range(3):
                self.made += 1
                yield item
                assert self.go_on.wait(60)
        finally:
            self.ended.set()


def test_items_come_as_they_are_made() -> None:
    work = Work()
    items = within(10, work())

    assert next(items) == 0
    work.go_on.set()
    assert list(items) == [1, 2]
    assert work.ended.wait(60)


def test_what_hangs_ends_in_time_and_its_late_items_are_not_heard() -> None:
    work = Work()
    items = within(0.2, work())
    started = time.monotonic()

    assert next(items) == 0
    with pytest.raises(LimitExceeded, match="longer than it may"):
        next(items)
    assert time.monotonic() - started < 60

    work.go_on.set()  # what hung comes back, much too late
    assert work.ended.wait(60)
    assert work.made == 2
    assert list(items) == []


def test_who_stops_listening_ends_the_work_at_its_next_item() -> None:
    work = Work()
    items = within(10, work())
    next(items)
    items.close()
    work.go_on.set()

    assert work.ended.wait(60)
    assert work.made == 2


def test_who_listens_may_stop_in_the_middle_of_an_item() -> None:
    told = threading.Event()

    def work() -> Generator[int, None, None]:
        while not unwanted():
            time.sleep(0.01)
        told.set()
        yield 1

    items = within(60, work(), idle=0)

    assert next(items) == 0
    assert not told.is_set()
    items.close()
    assert told.wait(60)
    assert not unwanted()


def test_an_error_comes_out_where_the_items_do() -> None:
    def work() -> Generator[int, None, None]:
        yield 1
        raise ZeroDivisionError("a bug")

    items = within(10, work())

    assert next(items) == 1
    with pytest.raises(ZeroDivisionError, match="a bug"):
        next(items)
