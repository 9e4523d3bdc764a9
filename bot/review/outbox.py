"""The outbox: what others are to be told, saved with the event itself and sent afterwards.

A message is written in the transaction of what it tells of, so that neither is there without the
other (a "transactional outbox"). A sender claims one message for a few minutes; no other sender
gets it meanwhile. If it dies in between, the message is sent again, so it arrives at least once;
its identity stays the same, and tells a receiver that it came twice.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.review.schema import outbox
from bot.review.store import ReportStore

SECOND = 10**9
CLAIM_NS = 300 * SECOND  # more than any sender takes
# Together about a day: 30 s, 2 min, 8 min, 32 min, 2 h, 8.5 h, 12 h.
MOST_ATTEMPTS = 8
FIRST_WAIT_NS, WAIT_FACTOR, LONGEST_WAIT_NS = 30 * SECOND, 4, 12 * 3_600 * SECOND
KEPT_NS = 30 * 86_400 * SECOND


class Undelivered(Exception):
    """A message was not delivered; `final` says that another attempt is of no use."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Message:
    """What is to be told: `kind` says by which way, `at` when it happened (ns since 1970)."""

    number: int
    at: int
    kind: str
    reference: str
    payload: dict[str, Any]
    attempts: int
    error: str = ""

    @property
    def identity(self) -> str:
        """What is the same at every attempt, and of no other message."""
        return f"{self.reference}-{self.number}"


def put(
    connection: sa.Connection, kind: str, reference: str, payload: dict[str, Any], now: int
) -> None:
    """Add a message, to be sent once this transaction is committed."""
    row = {"at": now, "kind": kind, "reference": reference, "payload": json.dumps(payload)}
    connection.execute(sa.insert(outbox).values(**row, attempts=0, next_at=now, error=""))


def counted(connection: sa.Connection, kind: str, since: int) -> int:
    """Return how many messages of a kind were added since then, sent or not."""
    added = sa.select(sa.func.count()).select_from(outbox)
    return connection.execute(added.where(outbox.c.kind == kind, outbox.c.at > since)).scalar_one()


def forget(connection: sa.Connection, reference: str) -> None:
    """Remove the messages about a report, sent or not: they may hold addresses."""
    connection.execute(sa.delete(outbox).where(outbox.c.reference == reference))


class Outbox:
    """The messages that are in the reports' database; safe between threads and processes.

    `jitter` gives numbers from 0 to 1, so that what failed together is not tried together again.
    """

    def __init__(
        self,
        store: ReportStore,
        *,
        clock: Callable[[], int] = time.time_ns,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._jitter = jitter

    def claim(self, kinds: Collection[str]) -> Message | None:
        """Return the next message that is due, for this caller alone, or None.

        The claim is one statement. It counts as an attempt, and lapses after five minutes.
        """
        now = self._clock()
        due = _unsent(kinds, outbox.c.attempts < MOST_ATTEMPTS, outbox.c.next_at <= now)
        with self._store.reading() as connection:
            if connection.execute(sa.select(due.exists())).scalar_one() is False:
                return None
        # SQLite has no row locks and needs none; there the clause is left out.
        first = due.order_by(outbox.c.next_at, outbox.c.number).limit(1)
        chosen = first.with_for_update(skip_locked=True).scalar_subquery()
        claimed = (
            sa.update(outbox)
            .where(outbox.c.number == chosen, outbox.c.next_at <= now, outbox.c.done_at.is_(None))
            .values(attempts=outbox.c.attempts + 1, next_at=now + CLAIM_NS)
            .returning(*outbox.c)
        )
        with self._store.writing() as connection:
            row = connection.execute(claimed).one_or_none()
        return None if row is None else _message(row)

    def delivered(self, message: Message) -> None:
        """Note that a message has arrived; what it said is forgotten, and old notes with it."""
        now = self._clock()
        done = {"done_at": now, "payload": "{}", "error": ""}
        with self._store.writing() as connection:
            connection.execute(_still_ours(message).values(done))
            connection.execute(sa.delete(outbox).where(outbox.c.done_at < now - KEPT_NS))

    def failed(self, message: Message, reason: str, *, final: bool = False) -> None:
        """Note why a message did not arrive, and when it is tried again, if ever."""
        attempts = MOST_ATTEMPTS if final else message.attempts
        again = self._clock() + wait_after(attempts, self._jitter())
        values = {"attempts": attempts, "next_at": again, "error": reason}
        with self._store.writing() as connection:
            connection.execute(_still_ours(message).values(values))

    def waiting(self) -> int:
        """Return how many messages are still to be sent."""
        counted = sa.select(sa.func.count()).select_from(outbox)
        unsent = counted.where(outbox.c.done_at.is_(None), outbox.c.attempts < MOST_ATTEMPTS)
        with self._store.reading() as connection:
            return connection.execute(unsent).scalar_one()

    def given_up(self) -> list[Message]:
        """Return the messages that are not tried any more, the oldest first."""
        left = sa.select(outbox).where(*_given_up(self._clock()))
        with self._store.reading() as connection:
            return [_message(row) for row in connection.execute(left.order_by(outbox.c.number))]

    def try_again(self) -> int:
        """Make what was given up due at once; return how many messages that are."""
        now = self._clock()
        again = sa.update(outbox).where(*_given_up(now)).values(attempts=0, next_at=now)
        with self._store.writing() as connection:
            return connection.execute(again).rowcount


def wait_after(attempts: int, jitter: float) -> int:
    """Return how long to wait after so many attempts, in ns: exponential, half of it random."""
    wait = min(FIRST_WAIT_NS * WAIT_FACTOR ** (attempts - 1), LONGEST_WAIT_NS)
    return int(wait * (0.5 + jitter / 2))


def _unsent(kinds: Collection[str], *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    return sa.select(outbox.c.number).where(
        outbox.c.done_at.is_(None), outbox.c.kind.in_(kinds), *conditions
    )


def _given_up(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The last attempt is over when its claim has lapsed, or when it has said why it failed."""
    over = sa.or_(outbox.c.error != "", outbox.c.next_at <= now)
    return outbox.c.done_at.is_(None), outbox.c.attempts >= MOST_ATTEMPTS, over


def _still_ours(message: Message) -> sa.Update:
    """Change a message only while no other sender has claimed it since."""
    return sa.update(outbox).where(
        outbox.c.number == message.number, outbox.c.attempts == message.attempts
    )


def _message(row: sa.Row[Any]) -> Message:
    return Message(
        number=row.number,
        at=row.at,
        kind=row.kind,
        reference=row.reference,
        payload=json.loads(row.payload),
        attempts=row.attempts,
        error=row.error,
    )
