"""One domain's reports in a SQLite file: private, durable, copied before it is migrated."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock

from bot.review.migrations import migrate, newest_version, schema_version
from ingest.database import open_engine, writing

PRIVATE = 0o600
SHORT_SECONDS = 0.2


class SqliteFile:
    """The file at `path`: made when first written to, opened anew when it was replaced.

    A file that was replaced or removed under a running app is noticed, so that nothing is written
    to a file without a name.
    """

    def __init__(self, path: Path, versions: Sequence[Path], busy_seconds: float) -> None:
        self.name = path.name
        self._path = path
        self._versions = versions
        self._busy_seconds = busy_seconds
        self._engine: sa.Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """One consistent view; None where there is no file."""
        engine = self._open(create=False)
        if engine is None:
            yield None
        else:
            with engine.connect() as connection, connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The one write transaction that the file allows; on disk at the end."""
        engine = self._open(create=True)
        assert engine is not None  # noqa: S101  create=True made it
        with (
            engine.connect().execution_options(writes=True) as connection,
            self._turn(connection),
        ):
            yield connection

    def _turn(self, connection: sa.Connection) -> sa.RootTransaction:
        """Begin as soon as nobody else writes, and give up when the time is over.

        While SQLite waits it asks ever more seldom, so under load who waits longest would be served
        last. Begun again and again for a short time, the wait is the same for everybody.
        """
        end = time.monotonic() + self._busy_seconds
        with _busy_timeout(connection, min(SHORT_SECONDS, self._busy_seconds)):
            while True:
                try:
                    return connection.begin()
                except sa.exc.OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > end:
                        raise

    def forget_deleted(self) -> None:
        """Empty the write-ahead log, where what was deleted may still be readable."""
        engine = self._open(create=False)
        if engine is not None:
            with _outside_transactions(engine) as raw:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection; the next use opens again."""
        with self._lock:
            self._dispose()

    def _open(self, *, create: bool) -> sa.Engine | None:
        with self._lock:
            found = _identity(self._path)
            if self._engine is not None and found == self._opened:
                return self._engine
            self._dispose()
            if found is None and not create:
                return None
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait for a turn to switch to WAL, so first openings take turns here.
            with self._first_opening():
                if found is None:
                    make_private(self._path)
                self._engine = self._opened_engine()
            self._opened = _identity(self._path)
            return self._engine

    def _first_opening(self) -> FileLock:
        name = f"{self._path}.lock"
        return FileLock(name, timeout=self._busy_seconds, mode=PRIVATE, poll_interval=0.01)

    def _opened_engine(self) -> sa.Engine:
        engine = _open_durable(self._path, self._busy_seconds)
        try:
            self._bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _bring_up_to_date(self, engine: sa.Engine) -> None:
        with engine.connect() as connection, connection.begin():
            current = schema_version(connection)
        if current == newest_version(self._versions):
            return
        with writing(engine) as connection:
            if current:
                # Nobody writes while this transaction is open, so the copy is the last state.
                copy_file(engine, self._path.with_name(f"{self._path.name}.v{current}"))
            migrate(connection, self._versions)

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._opened = None


def copy_file(engine: sa.Engine, target: Path) -> None:
    """Copy the database to `target`, replacing a copy that an earlier attempt left."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    make_private(unfinished)
    with _outside_transactions(engine) as raw:
        raw.execute("VACUUM INTO ?", (str(unfinished),))
    unfinished.replace(target)


def make_private(path: Path) -> None:
    """Create the file for its owner alone, unless it is there."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))


def _open_durable(path: Path, busy_seconds: float) -> sa.Engine:
    engine = open_engine(path)

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        # FULL: a commit survives a power cut. secure_delete: what is purged is overwritten.
        wait = f"busy_timeout = {int(busy_seconds * 1000)}"
        for pragma in ("synchronous = FULL", "secure_delete = ON", wait):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _outside_transactions(engine: sa.Engine) -> Iterator[sqlite3.Connection]:
    """Lend a plain connection for the statements that SQLite refuses inside a transaction."""
    pooled = engine.raw_connection()
    try:
        raw = pooled.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101  the engine is SQLite's
        yield raw
    finally:
        pooled.close()


@contextmanager
def _busy_timeout(connection: sa.Connection, seconds: float) -> Iterator[None]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101  the engine is SQLite's
    [(before,)] = raw.execute("PRAGMA busy_timeout")
    raw.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {before}")


def _is_busy(error: sa.exc.OperationalError) -> bool:
    """Tell whether somebody else writes, or repairs what somebody left who died writing."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return bool(code & 0xFF == sqlite3.SQLITE_BUSY)  # the higher bits say more of it


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
