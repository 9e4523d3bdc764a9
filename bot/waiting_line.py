"""The waiting line in front of the answers: so many are made at once, the others wait in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import LimitExceeded

HEARTBEAT_SECONDS = 1.0


class WaitingLine:
    """First come, first served; `at_once` are served together and `length` may wait.

    Nobody waits longer than `seconds`. Safe between threads.

    Not covered: other processes, each of which has a line of its own.
    """

    def __init__(self, at_once: int, length: int, seconds: float) -> None:
        self._at_once = at_once
        self._length = length
        self._seconds = seconds
        # In the order in which they came: the first `at_once` of them are being served.
        self._tickets: list[object] = []
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether anybody is being served at this moment."""
        with self._changed:
            return bool(self._tickets)

    def wait_until_free(self, seconds: float) -> None:
        """Wait until nobody is being served, or until the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: not self._tickets, seconds)

    @contextmanager
    def turn(self) -> Iterator[Iterator[int]]:
        """Stand in line until the `with` block is left, however it is left.

        Inside, an iterator tells the place in line, 1 for the next to be served: at once, then
        when it changes, and each second, so that a caller who has gone can be noticed. It ends
        with 0 when it is one's turn, or at once where nobody has to wait. Raises LimitExceeded
        if the line is full, and from the iterator when the wait is over.
        """
        ticket = self._join()
        try:
            yield self._places(ticket)
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _join(self) -> object:
        ticket = object()
        with self._changed:
            if len(self._tickets) >= self._at_once + self._length:
                raise LimitExceeded(
                    "Too many people are asking at this moment.", hint="Please try again soon."
                )
            self._tickets.append(ticket)
        return ticket

    def _places(self, ticket: object) -> Iterator[int]:
        end = time.monotonic() + self._seconds
        told = place = self._place(ticket)
        while place > 0:
            yield place
            left = end - time.monotonic()
            if left <= 0:
                raise LimitExceeded(
                    "It is busy here, and your turn did not come in time.",
                    hint="Please try again soon.",
                )
            place = self._next_place(ticket, place, min(left, HEARTBEAT_SECONDS))
        if told:
            yield 0

    def _place(self, ticket: object) -> int:
        with self._changed:
            return max(self._tickets.index(ticket) - self._at_once + 1, 0)

    def _next_place(self, ticket: object, told: int, seconds: float) -> int:
        """Wait until the place is another, or until the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._place(ticket) != told, seconds)
            return self._place(ticket)
