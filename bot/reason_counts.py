"""How many questions a day ended in which way, and for which reason: numbers, never text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from bot.answer import Answer
from bot.counts_file import CountsFile, today_utc

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

    def __init__(self, path: Path, *, today: Callable[[], date] = today_utc) -> None:
        self._file = CountsFile(path, _TABLE)
        self._today = today

    def add(self, answer: Answer) -> None:
        """Count an answer. Counting never stands in the way of answering: a failure is logged."""
        row = (self._today().isoformat(), answer.status, answer.reason, answer.dropped_sentences)
        self._file.change((_ADD, row))

    def close(self) -> None:
        """Nothing waits: each question was written when it was counted."""

    def read(self, days: int) -> list[ReasonCount]:
        """Return the counts of the last days, today among them, the oldest first.

        Raises GroundskeeperError if the file cannot be read.
        """
        first = self._today() - timedelta(days=days - 1)
        rows = self._file.rows(_READ, (first.isoformat(),))
        return [ReasonCount(date.fromisoformat(day), *rest) for day, *rest in rows]
