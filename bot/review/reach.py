"""How many people meet an answer: how often its question is asked, by its hash alone.

Counting never stands in the way of answering: a question is counted in memory, and a thread of
its own writes all that came within a few seconds in one transaction.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import sqlalchemy as sa

from bot.answer import Answer
from bot.counts_file import today_utc
from bot.privacy import Masker
from bot.review.cases import group_of
from bot.review.priority import REACH_DAYS
from bot.review.schema import asked
from bot.review.store import ReportStore
from bot.review.upserts import upsert
from ingest.errors import GroundskeeperError
from ingest.paths import ReportsLocation

log = logging.getLogger(__name__)

WRITE_AFTER_SECONDS = 5.0
MOST_WAITING = 10_000


class AskedCounts:
    """Counts of questions beside the reports at `location`; safe between threads and processes.

    What is kept are days, numbers, and hashes of questions without personal data, as in a report's
    `group_key`; a question that many ask can be guessed from its hash. A process that is killed
    loses the counts of its last seconds, and days that no longer matter are removed.
    """

    def __init__(
        self,
        location: ReportsLocation,
        masker: Masker | None = None,
        *,
        today: Callable[[], date] = today_utc,
        write_after: float = WRITE_AFTER_SECONDS,
    ) -> None:
        self._store = ReportStore(location)
        self._masker = masker or Masker()
        self._today = today
        self._write_after = write_after
        self._lock = threading.Lock()
        self._turn_to_write = threading.Lock()
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, answer: Answer) -> None:
        """Count a question that got an answer, or was refused one."""
        if answer.status == "failed" or answer.reason == "limit":
            return
        key = group_of(self._masker.mask(answer.question)), self._today().isoformat()
        with self._lock:
            if key in self._waiting or len(self._waiting) < MOST_WAITING:
                self._waiting[key] += 1
            if self._timer is None:
                self._timer = threading.Timer(self._write_after, self.save)
                self._timer.daemon = True
                self._timer.start()

    def save(self) -> None:
        """Write what was counted since; where that fails, these counts are lost, with a log."""
        with self._turn_to_write:
            with self._lock:
                counted, self._waiting = self._waiting, Counter()
                self._timer = None
            if not counted:
                return
            try:
                with self._store.writing() as connection:
                    self._write(connection, counted)
            except (GroundskeeperError, sa.exc.SQLAlchemyError) as error:
                log.warning("Questions could not be counted: %s", error)

    def close(self) -> None:
        """Write what still waits, and close the database."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self.save()
        with self._turn_to_write:
            self._store.close()

    def _write(self, connection: sa.Connection, counted: Counter[tuple[str, str]]) -> None:
        first = self._today() - timedelta(days=REACH_DAYS - 1)
        connection.execute(sa.delete(asked).where(asked.c.day < first.isoformat()))
        # In order, so that two processes never wait for each other.
        for (group, day), times in sorted(counted.items()):
            row = {"group_key": group, "day": day, "times": times}
            upsert(connection, asked, row, times=asked.c.times + times)
