"""The SQLite file of what is counted from day to day; a failure to count never stops an answer."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ingest.errors import GroundskeeperError

log = logging.getLogger(__name__)

BUSY_SECONDS = 2.0
Statement = tuple[str, Sequence[Any]]


def today_utc() -> date:
    """Return the day to count by."""
    return datetime.now(tz=UTC).date()


class CountsFile:
    """A table in the file at `path`, made with the first count; safe between threads, processes."""

    def __init__(self, path: Path, table: str) -> None:
        self._path = path
        self._table = table
        self._lock = threading.Lock()

    def change(self, *statements: Statement) -> None:
        """Run statements in one transaction; what fails is logged, and counts nothing."""
        try:
            with self._lock, self._opened(create=True) as connection, connection:
                for statement, values in statements:
                    connection.execute(statement, values)
        except (sqlite3.Error, OSError) as error:
            log.warning("A question could not be counted (%s: %s)", self._path.name, error)

    def rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query, none where nothing was counted yet.

        Raises GroundskeeperError if the file cannot be read.
        """
        if not self._path.exists():
            return []
        try:
            with self._opened(create=False) as connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            if "no such table" in str(error):  # of a version that did not count this yet
                return []
            raise GroundskeeperError(
                f"The counts cannot be read ({self._path.name}: {error}).",
                hint="Remove the file if it is damaged; a new one is begun with the next question.",
            ) from error

    @contextmanager
    def _opened(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        """Open the file anew each time: cheap, and right where it was removed meanwhile."""
        if create:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        address = f"{self._path.absolute().as_uri()}?mode={'rwc' if create else 'ro'}"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            if create:
                # No waiting for the disk: a power cut may cost the counts, which answers are not.
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
                connection.execute(self._table)
            yield connection
