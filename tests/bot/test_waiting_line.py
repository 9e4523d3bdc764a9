from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bot import waiting_line
from bot.waiting_line import WaitingLine
from ingest.errors import LimitExceeded


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.002)


class Visitor:
    """Somebody who stands in a line in a thread of their own, and stays until told to leave."""

    def __init__(self, line: WaitingLine, served: list[str], name: str) -> None:
        self.places: list[int] = []
        self.error: LimitExceeded | None = None
        self.leave = threading.Event()
        self._line, self._served, self._name = line, served, name
        self._thread = threading.Thread(target=self._stand)
        self._thread.start()

    def _stand(self) -> None:
        try:
            with self._line.turn() as places:
                for place in places:
                    if self.places[-1:] != [place]:
                        self.places.append(place)
                self._served.append(self._name)
                assert self.leave.wait(60)
        except LimitExceeded as error:
            self.error = error

    def go(self) -> None:
        self.leave.set()
        self._thread.join()


def test_places_count_down_and_the_first_comes_first() -> None:
    line, served = WaitingLine(1, 10, 20), list[str]()
    visitors = []
    for number in range(4):
        visitors.append(Visitor(line, served, str(number)))
        wait_until(lambda: bool(served))
        wait_until(lambda n=number: not n or visitors[n].places == [n])  # type: ignore[misc]
    for number in range(4):
        wait_until(lambda n=number: len(served) == n + 1)  # type: ignore[misc]
        visitors[number].go()

    assert served == ["0", "1", "2", "3"]
    assert visitors[0].places == []
    for number, visitor in enumerate(visitors[1:], start=1):
        # Two places may become free before somebody who waits looks up.
        assert (visitor.places[0], visitor.places[-1]) == (number, 0)
        assert visitor.places == sorted(set(visitor.places), reverse=True)


def test_no_more_are_served_at_once_than_may_be() -> None:
    line, most, now, lock = WaitingLine(3, 100, 20), [0], [0], threading.Lock()

    def work() -> None:
        for _ in range(5):
            with line.turn() as places:
                list(places)
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                time.sleep(0.002)
                with lock:
                    now[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [3]
    with line.turn() as places:
        assert list(places) == []


def test_who_leaves_the_line_makes_room() -> None:
    line, served = WaitingLine(1, 10, 20), list[str]()
    first = Visitor(line, served, "first")
    wait_until(lambda: bool(served))
    with line.turn() as places:
        assert next(places) == 1
        last = Visitor(line, served, "last")
        wait_until(lambda: last.places == [2])
    wait_until(lambda: last.places == [2, 1])
    first.go()
    last.go()
    assert served == ["first", "last"]


def test_a_full_line_says_so_at_once() -> None:
    line = WaitingLine(1, 1, 20)
    with line.turn(), line.turn() as places:
        assert next(places) == 1
        with pytest.raises(LimitExceeded, match="Too many people"), line.turn():
            pytest.fail("there was no room")
    with line.turn() as places:
        assert list(places) == []


def test_nobody_waits_longer_than_they_may() -> None:
    line = WaitingLine(1, 5, 0.2)
    started = time.monotonic()
    with line.turn():
        with pytest.raises(LimitExceeded, match="did not come in time"), line.turn() as places:
            list(places)
        assert 0.15 < time.monotonic() - started < 60
        with pytest.raises(LimitExceeded, match="did not come"), line.turn() as places:
            list(places)  # the first that gave up has left the line


def test_the_place_is_told_again_so_that_who_has_gone_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_line, "HEARTBEAT_SECONDS", 0.01)
    line = WaitingLine(1, 5, 20)
    with line.turn(), line.turn() as places:
        assert [next(places) for _ in range(3)] == [1, 1, 1]


def test_who_is_in_no_hurry_goes_when_nobody_is_served() -> None:
    line = WaitingLine(at_once=1, length=1, seconds=60)
    line.wait_until_free(60)
    with line.turn():
        line.wait_until_free(0.01)
        assert line.busy
        waiting = threading.Thread(target=line.wait_until_free, args=(60,))
        waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()
