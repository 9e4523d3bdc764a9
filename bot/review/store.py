"""The review queue's own SQLite database: opened when needed, private, never disposable.

Readers never create it. Writers create it with mode 0600 (SQLite gives its side files the same),
and wait for one another instead of failing. A commit is on disk before anybody is told so.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock

from bot.review.migrations import MIGRATIONS, Migration, migrate, schema_version
from ingest.database import open_engine, writing
from ingest.errors import ReviewError

PRIVATE = 0o600

metadata = sa.MetaData()

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text),
    sa.Column("group_key", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("severity", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("assignee", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("outcome_detail", sa.Text),
    sa.Column("question", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("search_text", sa.Text),
    sa.Column("model_digest", sa.Text),
    sa.Column("index_generation", sa.BigInteger),
    sa.Column("rules_version", sa.Text),
    sa.Column("repeats", sa.Integer),
    sa.Column("version", sa.Integer),
    sa.Column("filed_at", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("purged_at", sa.BigInteger),
)

report_events = sa.Table(
    "report_events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("reference", sa.Text),
    sa.Column("at", sa.BigInteger),
    sa.Column("actor", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("old", sa.Text),
    sa.Column("new", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("seal", sa.Text),
    sa.Column("previous", sa.Text),
    sa.Column("hash", sa.Text),
)

event_texts = sa.Table(
    "event_texts",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("salt", sa.Text),
    sa.Column("text", sa.Text),
    sa.Column("snapshot", sa.Text),
)

chain_head = sa.Table(
    "chain_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("events", sa.Integer),
    sa.Column("hash", sa.Text),
)

filings = sa.Table(
    "filings",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text),
    sa.Column("session_hash", sa.Text),
    sa.Column("at", sa.BigInteger),
)

moderators = sa.Table(
    "moderators",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("password_hash", sa.Text),
    sa.Column("added_at", sa.BigInteger),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("expires_at", sa.BigInteger),
)

sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("name", sa.Text),
    sa.Column("at", sa.BigInteger),
)


class ReportStore:
    """Transactions on the database at `path`; safe to share between threads.

    Every failure of SQLite becomes a ReviewError of one sentence. A file that was replaced or
    removed under a running app is noticed, so that nothing is written to a file without a name.
    """

    def __init__(
        self,
        path: Path,
        *,
        migrations: Sequence[Migration] = MIGRATIONS,
        busy_seconds: float = 10.0,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._busy_seconds = busy_seconds
        self._engine: sa.Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view; where there is no file, of an empty queue."""
        with failures_explained(self.path):
            engine = self._open(create=False)
            if engine is None:
                with self._empty_queue() as connection:
                    yield connection
            else:
                with engine.connect() as connection, connection.begin():
                    yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One write transaction: all of it is on disk at the end, or nothing of it."""
        with failures_explained(self.path, saving=True):
            engine = self._open(create=True)
            assert engine is not None  # noqa: S101  create=True made it
            with writing(engine) as connection:
                yield connection

    def forget_deleted(self) -> None:
        """Empty the write-ahead log, where what was deleted may still be readable."""
        with failures_explained(self.path):
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
            found = _identity(self.path)
            if self._engine is not None and found == self._opened:
                return self._engine
            self._dispose()
            if found is None and not create:
                return None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait for a turn to switch to WAL, so first openings take turns here.
            with self._first_opening():
                if found is None:
                    _make_private(self.path)
                self._engine = self._opened_engine()
            self._opened = _identity(self.path)
            return self._engine

    def _first_opening(self) -> FileLock:
        name = f"{self.path}.lock"
        return FileLock(name, timeout=self._busy_seconds, mode=PRIVATE, poll_interval=0.01)

    def _opened_engine(self) -> sa.Engine:
        engine = _open_durable(self.path, self._busy_seconds)
        try:
            self._bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _bring_up_to_date(self, engine: sa.Engine) -> None:
        with engine.connect() as connection, connection.begin():
            current = schema_version(connection)
        if current == len(self._migrations):
            return
        with writing(engine) as connection:
            if 0 < schema_version(connection) < len(self._migrations):
                # Nobody writes while this transaction is open, so the copy is the last state.
                back_up(engine, self.path.with_name(f"{self.path.name}.v{current}"))
            migrate(connection, self._migrations)

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._opened = None

    @contextmanager
    def _empty_queue(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine("sqlite://")
        try:
            with engine.connect() as connection:
                migrate(connection, self._migrations)
                yield connection
        finally:
            engine.dispose()


def back_up(engine: sa.Engine, target: Path) -> None:
    """Copy the database to `target`, replacing a copy that an earlier attempt left."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    _make_private(unfinished)
    with _outside_transactions(engine) as raw:
        raw.execute("VACUUM INTO ?", (str(unfinished),))
    unfinished.replace(target)


@contextmanager
def failures_explained(path: Path, *, saving: bool = False) -> Iterator[None]:
    """Turn what SQLite and the file system refuse into a ReviewError that says what to do.

    Broken constraints pass through: they are our own bugs and are loud.
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (sa.exc.OperationalError, sa.exc.DatabaseError, sa.exc.TimeoutError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise _refusal(path, cause, saving) from error
    except (sqlite3.Error, OSError) as error:
        raise _refusal(path, str(error), saving) from error


def _refusal(path: Path, cause: str, saving: bool) -> ReviewError:
    what = (
        "Nothing was saved: the reports cannot be written"
        if saving
        else "The reports cannot be read"
    )
    return ReviewError(f"{what} ({path.name}: {cause}).", hint=_remedy(cause.lower()))


def _remedy(cause: str) -> str:
    if "lock" in cause or "timeout" in cause:
        return "Another program holds them; try again in a moment."
    if "full" in cause or "space" in cause or "i/o" in cause:
        return "Look whether the disk is full or failing, and try again."
    if "not a database" in cause or "malformed" in cause:
        return "The file is damaged: put back the last copy of it."
    return "Give the user who runs this the right to read and write there."


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


def _make_private(path: Path) -> None:
    """Create the file for its owner alone, unless it is there."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
