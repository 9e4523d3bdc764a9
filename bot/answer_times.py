"""How long questions took to answer, day by day: numbers in a few classes, never text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.answer import Answer
from bot.counts_file import CountsFile, today_utc

# The last class has no upper bound.
BOUNDS_MS = (250, 500, 1_000, 2_000, 5_000, 10_000, 30_000)

_TABLE = """
    CREATE TABLE IF NOT EXISTS answer_times (
        day TEXT NOT NULL, class INTEGER NOT NULL, questions INTEGER NOT NULL,
        PRIMARY KEY (day, class)
    ) WITHOUT ROWID
"""
_ADD = """
    INSERT INTO answer_times (day, class, questions) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET questions = questions + 1
"""
_READ = "SELECT class, sum(questions) FROM answer_times WHERE day >= ? GROUP BY class"


@dataclass(frozen=True)
class TimeClass:
    """So many questions took up to `bound_ms` milliseconds, and longer than the class before.

    None is for what took longer than any bound.
    """

    bound_ms: int | None
    questions: int


class AnswerTimes:
    """The times in the SQLite database at `path`; safe between threads and processes.

    A time is that from the question to its whole answer, waiting in line included.
    """

    def __init__(self, path: Path, *, today: Callable[[], date] = today_utc) -> None:
        self._file = CountsFile(path, _TABLE)
        self._today = today

    def add(self, answer: Answer) -> None:
        """Count an answer. Counting never stands in the way of answering: a failure is logged."""
        place = bisect_left(BOUNDS_MS, answer.timings_ms.get("total", 0.0))
        self._file.change((_ADD, (self._today().isoformat(), place)))

    def close(self) -> None:
        """Nothing waits: each question was written when it was counted."""

    def read(self, days: int) -> list[TimeClass]:
        """Return all classes with the counts of the last days, today among them, quickest first.

        Raises GroundskeeperError if the file cannot be read.
        """
        first = self._today() - timedelta(days=days - 1)
        counted = dict(self._file.rows(_READ, (first.isoformat(),)))
        bounds = (*BOUNDS_MS, None)
        return [TimeClass(bound, counted.get(i, 0)) for i, bound in enumerate(bounds)]


def within_ms(classes: Sequence[TimeClass], share: float) -> int | None:
    """Return by when that share of the questions was answered, as the bound of its class.

    None where that is longer than any bound, or where there are no questions.
    """
    wanted = share * sum(one.questions for one in classes)
    done = 0
    for one in classes:
        done += one.questions
        if done and done >= wanted:
            return one.bound_ms
    return None
