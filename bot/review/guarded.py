"""The reports' database, with the check of whoever asks in the same transaction as what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from bot.review.access import Access
from bot.review.moderators import Moderator, require_moderator
from bot.review.store import ReportStore
from ingest.paths import ReportsLocation

Requirement = Callable[[sa.Connection, object, int, Access], Moderator]


class Guarded:
    """What works on the reports at `location`; safe to share between threads and processes.

    `clock` tells nanoseconds since 1970, `access` the rules of the moment.
    """

    def __init__(
        self,
        location: ReportsLocation,
        *,
        clock: Callable[[], int] = time.time_ns,
        access: Callable[[], Access] = Access,
    ) -> None:
        self._store = ReportStore(location)
        self._clock = clock
        self._access = access

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._store.close()

    @contextmanager
    def _reading(
        self, who: Moderator, require: Requirement = require_moderator
    ) -> Iterator[sa.Connection]:
        """One consistent view for somebody who may have it. Raises NotSignedIn."""
        with self._store.reading() as connection:
            require(connection, who, self._clock(), self._access())
            yield connection

    @contextmanager
    def _writing(
        self, who: Moderator, require: Requirement = require_moderator
    ) -> Iterator[sa.Connection]:
        """One change by somebody who may make it, all of it or nothing. Raises NotSignedIn."""
        with self._store.writing() as connection:
            require(connection, who, self._clock(), self._access())
            yield connection
