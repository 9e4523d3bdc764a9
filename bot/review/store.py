"""The review queue's own database, opened when needed, never disposable; its failures explained.

A commit is on disk before anybody is told so. Readers see one consistent view; writers wait for
one another, for a bounded time, instead of failing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.review.migrations import VERSIONS
from bot.review.postgresql import PostgresqlSchema
from bot.review.schema import chain_head, metadata
from bot.review.sqlite_file import SqliteFile
from ingest.errors import ReviewError
from ingest.paths import DatabaseSchema, ReportsLocation


class ReportStore:
    """Transactions on the reports at `location`; safe to share between threads.

    `location` is a SQLite file, or a schema of a PostgreSQL database; `bot` sees no difference.
    Every failure of the database becomes a ReviewError of one sentence. `versions` are the
    folders with migrations.
    """

    def __init__(
        self,
        location: ReportsLocation,
        *,
        versions: Sequence[Path] = VERSIONS,
        busy_seconds: float = 10.0,
    ) -> None:
        self._database: SqliteFile | PostgresqlSchema
        if isinstance(location, DatabaseSchema):
            self._database = PostgresqlSchema(location, versions, busy_seconds)
        else:
            self._database = SqliteFile(location, versions, busy_seconds)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view; where nothing was ever saved, of an empty queue."""
        with failures_explained(self._database.name), self._database.reading() as connection:
            if connection is not None:
                yield connection
            else:
                with _empty_queue() as nothing:
                    yield nothing

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One write transaction: all of it is on disk at the end, or nothing of it."""
        with (
            failures_explained(self._database.name, saving=True),
            self._database.writing() as connection,
        ):
            yield connection

    def forget_deleted(self) -> None:
        """Remove what was deleted from where it may still be readable."""
        with failures_explained(self._database.name):
            self._database.forget_deleted()

    def close(self) -> None:
        """Close every connection; the next use opens again."""
        self._database.close()


@contextmanager
def failures_explained(name: str, *, saving: bool = False) -> Iterator[None]:
    """Turn what the database and the file system refuse into a ReviewError that says what to do.

    Broken constraints pass through: they are our own bugs and are loud.
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (sa.exc.OperationalError, sa.exc.DatabaseError, sa.exc.TimeoutError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        if saving and getattr(error, "connection_invalidated", False):
            raise _lost(name) from error
        raise _refusal(name, cause.rstrip("."), saving) from error
    except (sqlite3.Error, OSError) as error:
        raise _refusal(name, str(error), saving) from error


def _refusal(name: str, cause: str, saving: bool) -> ReviewError:
    what = (
        "Nothing was saved: the reports cannot be written"
        if saving
        else "The reports cannot be read"
    )
    return ReviewError(f"{what} ({name}: {cause}).", hint=_remedy(cause.lower()))


def _lost(name: str) -> ReviewError:
    """Say no more than is known: the server may have saved it and been unable to say so."""
    return ReviewError(
        f"The connection was lost while saving ({name}).",
        hint="Look whether it is there before you do it again.",
    )


def _remedy(cause: str) -> str:
    for signs, remedy in _REMEDIES:
        if any(sign in cause for sign in signs):
            return remedy
    return "Give the user who runs this the right to read and write there."


# What the causes of SQLite, PostgreSQL and the file system have in them; the first that fits.
_REMEDIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("queuepool", "too many"), "Too many want them at once; try again in a moment."),
    (
        ("connection", "resolve host", "authentication"),
        "Look whether the database server runs, and whether DATABASE_URL is right.",
    ),
    (("lock", "timeout"), "Another program holds them; try again in a moment."),
    (("full", "space", "i/o"), "Look whether the disk is full or failing, and try again."),
    (("not a database", "malformed"), "The file is damaged: put back the last copy of it."),
    (("does not exist",), "Something was removed from them: put back the last copy."),
)


@contextmanager
def _empty_queue() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            connection.execute(sa.insert(chain_head).values(id=1, events=0, hash=""))
            yield connection
    finally:
        engine.dispose()
