"""How much may be asked, and how long an answer may take: rate limits and time limits."""

from __future__ import annotations

import contextvars
import ipaddress
import os
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from bot.answer import Question
from bot.waiting_line import WaitingLine
from ingest.errors import LimitExceeded
from ingest.settings import Settings

Item = TypeVar("Item")

WINDOW_SECONDS = 60.0
MOST_ASKERS = 100_000
IPV6_BITS = 64
IDLE_SECONDS = 0.2
TOOK_TOO_LONG = "That took longer than it may, so I stopped."


class RateLimiter:
    """At most so many questions in any minute (or `window_seconds`) for each asker.

    Safe between threads. Not covered: other processes, each of which counts for itself, and
    whoever has many sessions and many addresses. Beyond 100,000 askers in a window the longest
    silent ones are forgotten.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._most = most
        self._clock = clock
        self._window = window_seconds
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, asker: str) -> bool:
        """Count a question and tell whether it may be answered now; no name, no limit.

        A question that is turned away does not count, so that waiting is enough.
        """
        if not asker:
            return True
        with self._lock:
            now = self._clock()
            self._forget(now)
            asked = self._asked.setdefault(asker, deque())
            while asked and now - asked[0] >= self._window:
                asked.popleft()
            if len(asked) >= self._most:
                return False
            asked.append(now)
            self._asked.move_to_end(asker)
            return True

    def _forget(self, now: float) -> None:
        """Drop the askers at the front, who were silent longest, while they do not matter."""
        while self._asked:
            asked = next(iter(self._asked.values()))
            silent = not asked or now - asked[-1] >= self._window
            if not silent and len(self._asked) <= MOST_ASKERS:
                return
            self._asked.popitem(last=False)


def address_block(address: str | None) -> str:
    """Return what to count an address by: itself, or the /64 network of one of IPv6.

    One customer of a provider has a whole /64 (RFC 6177), so each address in it would be a fresh
    start. Empty for what is no address, and for this machine itself.
    """
    try:
        found = ipaddress.ip_address((address or "").strip().partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            network = ipaddress.ip_network((found, IPV6_BITS), strict=False)
            return "" if found.is_loopback else str(network)
        found = found.ipv4_mapped
    return "" if found.is_loopback else str(found)


class Limits:
    """What the settings allow one process: how often is asked, how many are answered at once.

    `line` is for finding what there is to say, which takes a moment, `writing_line` for the model.
    """

    def __init__(self, settings: Settings) -> None:
        self._sessions = RateLimiter(settings.questions_per_minute)
        self._addresses = RateLimiter(settings.address_questions_per_minute)
        self.answer_seconds = settings.answer_seconds
        at_once = settings.concurrent_answers or processor_cores()
        length, seconds = settings.queue_length, settings.queue_seconds
        self.line = WaitingLine(at_once, length, seconds)
        self.writing_line = WaitingLine(at_once, length, seconds)

    def admits(self, question: Question) -> bool:
        """Count a question for its session and its address; False if one of them is too quick."""
        address = address_block(question.address)
        return self._sessions.admit(question.session) and self._addresses.admit(address)


def processor_cores() -> int:
    """Return how many cores this process may use, where the system tells, else how many there are.

    (`os.process_cpu_count` is not in Python 3.11.)
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Made(Generic[Item]):
    item: Item


# What the making thread hands over: items, at the end None, or what went wrong.
_Line: TypeAlias = "queue.SimpleQueue[_Made[Item] | Exception | None]"

# Set in the thread that makes an answer, once nobody wants it any more.
_UNWANTED: contextvars.ContextVar[threading.Event] = contextvars.ContextVar("unwanted")


def unwanted() -> bool:
    """Whether nobody wants any more what this thread is making."""
    event = _UNWANTED.get(None)
    return event is not None and event.is_set()


def within(
    seconds: float, work: Generator[Item, None, None], idle: Item | None = None
) -> Generator[Item, None, None]:
    """Yield what `work` yields, made in a thread of its own, for so many seconds in all.

    While there is nothing for `IDLE_SECONDS`, `idle` is yielded if there is one: it gives whoever
    listens the moment to stop. Raises LimitExceeded when the time is over, else whatever `work`
    raises. Once nobody wants any more, `unwanted` says so in that thread, `work` is closed where
    it yields next and what it made is dropped.

    Not covered: Python cannot end a thread, so what hangs goes on hanging there, unheard, until
    its own time limit ends it.
    """
    made: _Line[Item] = queue.SimpleQueue()
    not_wanted = threading.Event()
    context = contextvars.copy_context()
    making = (_make, work, made, not_wanted)
    threading.Thread(target=context.run, args=making, name="answer", daemon=True).start()
    end = time.monotonic() + seconds
    try:
        while (next_made := _next_made(made, end, idle)) is not None:
            yield next_made.item
    finally:
        not_wanted.set()


def _next_made(made: _Line[Item], end: float, idle: Item | None) -> _Made[Item] | None:
    """Return what comes next, `idle` where nothing has come for a while, None after the last.

    Raises what went wrong, or LimitExceeded once the time is over.
    """
    left = max(end - time.monotonic(), 0.0)
    try:
        got = made.get(timeout=left if idle is None else min(left, IDLE_SECONDS))
    except queue.Empty:
        if idle is not None and left > IDLE_SECONDS:
            return _Made(idle)
        raise LimitExceeded(
            TOOK_TOO_LONG, hint="Please ask again, or ask for less at once."
        ) from None
    if isinstance(got, Exception):
        raise got
    return got


def _make(
    work: Generator[Item, None, None], made: _Line[Item], not_wanted: threading.Event
) -> None:
    """Hand over what `work` yields until nobody wants it any more; runs in a thread of its own."""
    _UNWANTED.set(not_wanted)
    try:
        with closing(work):
            for item in work:
                made.put(_Made(item))
                if not_wanted.is_set():
                    return
        made.put(None)
    except Exception as error:
        made.put(error)
