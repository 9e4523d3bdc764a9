"""How many questions a day ended in which way, and for which reason: numbers, never text."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.answer import Answer
from ingest.errors import GroundskeeperError

log = logging.getLogger(__name__)

BUSY_SECONDS = 2.0

_TABLE = """
    CREATE TABLE IF NOT EXISTS reasons (
        day TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
        questions INTEGER NOT NULL, dropped INTEGER NOT NULL,
        PRIMARY KEY (day, status, reason)
    ) WITHOUT ROWID
"""
_ADD = """
    INSERT INTO reasons (day, status, reason, questions, dropped) VALUES (?, ?, ?, 1, ?)
    ON CONFLICT DO UPDATE SET questions = questions + 1, dropped = dropped + excluded.dropped
"""
_READ = """
    SELECT day, status, reason, questions, dropped FROM reasons
    WHERE day >= ? ORDER BY day, status, reason
"""


@dataclass(frozen=True)
class ReasonCount:
    """On a day (UTC) so many questions ended with a status for a reason, "" when answered.

    `dropped` is how many of the model's sentences did not pass the verifier meanwhile.
    """

    day: date
    status: str
    reason: str
    questions: int
    dropped: int


def _today() -> date:
    return datetime.now(tz=UTC).date()


class AnswerCounter(Protocol):
    """What is told how each question ended; it never raises, and never keeps an answer waiting."""

    def add(self, answer: Answer) -> None:
        """Count an answer."""
        ...

    def close(self) -> None:
        """Write what was counted."""
        ...


class ReasonCounts:
    """The counts in the SQLite database at `path`; safe between threads and processes.

    The file holds days, statuses, reasons (ids of the pack's rules among them) and numbers.
    """

    def __init__(self, path: Path, *, today: Callable[[], date] = _today) -> None:
        self._path = path
        self._today = today
        self._lock = threading.Lock()

    def add(self, answer: Answer) -> None:
        """Count an answer. Counting never stands in the way of answering: a failure is logged."""
        row = (self._today().isoformat(), answer.status, answer.reason, answer.dropped_sentences)
        try:
            with self._lock, self._opened(create=True) as connection, connection:
                connection.execute(_ADD, row)
        except (sqlite3.Error, OSError) as error:
            log.warning("A question could not be counted (%s: %s)", self._path.name, error)

    def close(self) -> None:
        """Nothing waits: each question was written when it was counted."""

    def read(self, days: int) -> list[ReasonCount]:
        """Return the counts of the last days, today among them, the oldest first.

        Raises GroundskeeperError if the file cannot be read.
        """
        if not self._path.exists():
            return []
        first = self._today() - timedelta(days=days - 1)
        try:
            with self._opened(create=False) as connection:
                rows = connection.execute(_READ, (first.isoformat(),)).fetchall()
        except sqlite3.Error as error:
            raise GroundskeeperError(
                f"The counts cannot be read ({self._path.name}: {error}).",
                hint="Remove the file if it is damaged; a new one is begun with the next question.",
            ) from error
        return [ReasonCount(date.fromisoformat(day), *rest) for day, *rest in rows]

    @contextmanager
    def _opened(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        """Open the file anew each time: cheap, and right where it was removed meanwhile."""
        if create:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if create else "ro"
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            if create:
                # No waiting for the disk: a power cut may cost the counts, which answers are not.
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute(_TABLE)
            yield connection
