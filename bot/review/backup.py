"""Copies of the reports that can be trusted: made while others write, checked, put back whole.

For a file this is SQLite's online backup (https://www.sqlite.org/backup.html). A PostgreSQL
database has programs of its own for it, which are named with what they have to be told.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bot.review.events import find_problems
from bot.review.schema import metadata, report_events, reports
from bot.review.sqlite_file import make_private
from bot.review.store import ReportStore, failures_explained
from ingest.errors import ReviewError
from ingest.paths import DatabaseSchema, ReportsLocation

BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class Copied:
    """What a copy holds. `problems`: what does not agree in its history, as `verify` tells.

    `kept` is where the reports are that a restore replaced.
    """

    reports: int
    events: int
    problems: list[str]
    kept: Path | None = None


def back_up(location: ReportsLocation, target: Path, *, replace: bool = False) -> Copied:
    """Copy the reports to the file `target` while others go on writing.

    The copy has its name only once it is whole, checked and on disk; it is its owner's alone.
    Raises ReviewError where there is nothing to copy, where `target` is there and not to be
    replaced, for PostgreSQL, and if the copy is damaged.
    """
    path = _file(location, _pg_dump, target)
    if not path.exists():
        raise ReviewError("There are no reports to back up.")
    if target.exists() and (target.samefile(path) or not replace):
        raise _in_the_way(target)
    with failures_explained(target.name, saving=True), _unfinished(target) as copy:
        _copy(path, copy)
        told = _checked(copy)
        copy.replace(target)
        _sync(target.parent)
    return told


def restore(location: ReportsLocation, source: Path, *, replace: bool = False) -> Copied:
    """Put the copy `source` in the place of the reports; nobody stays signed in.

    The copy is brought up to date and checked before anything is touched. Reports that are there
    are kept beside, and replaced in one transaction, so the app may go on running. Raises
    ReviewError where reports are there and not to be replaced, for PostgreSQL, and if the copy is
    none or damaged.
    """
    path = _file(location, _pg_restore, source)
    if not source.is_file():
        raise ReviewError(f"There is no file {source}.")
    if path.exists() and not replace:
        raise _in_the_way(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with failures_explained(path.name, saving=True), _unfinished(path) as copy:
        _copy(source, copy)
        told = _brought_up_to_date(copy)
        kept = _put_in_place(path, copy)
        _sync(path.parent)
    return Copied(told.reports, told.events, told.problems, kept)


def _file(location: ReportsLocation, command: str, file: Path) -> Path:
    if isinstance(location, DatabaseSchema):
        told = command.format(schema=shlex.quote(location.schema), file=shlex.quote(str(file)))
        raise ReviewError("These reports are in PostgreSQL, which has programs for it.", hint=told)
    return location


_pg_dump = 'Run: pg_dump --format=custom --schema={schema} --file={file} "$DATABASE_URL"'
_pg_restore = (
    "Run: pg_restore --clean --if-exists --single-transaction --exit-on-error"
    ' --dbname="$DATABASE_URL" {file}'
)


def _in_the_way(path: Path) -> ReviewError:
    return ReviewError(f"{path.name} is there already.", hint="Say --yes to replace it.")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Lend a private file beside the target; it and SQLite's files of it are gone afterwards."""
    copy = target.with_name(f"{target.name}.{os.getpid()}-unfinished")
    make_private(copy)
    try:
        yield copy
    finally:
        for left in copy.parent.glob(f"{copy.name}*"):
            left.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy one state of a database, with what is in its write-ahead log, to one whole file."""
    with closing(_connect(source)) as there, closing(_connect(target)) as here:
        there.backup(here)
        here.execute("PRAGMA journal_mode = DELETE")
    _sync(target)


def _connect(path: Path) -> sqlite3.Connection:
    # Never made by opening it: a copy that is not there is a mistake.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _checked(copy: Path) -> Copied:
    """Return what is in a copy. Raises ReviewError if its pages do not hang together."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(copy)))
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
            if found != "ok":
                raise ReviewError(f"The copy is damaged: {found}.", hint="Look at the disk.")
            return Copied(
                _count(connection, reports),
                _count(connection, report_events),
                find_problems(connection),
            )
    finally:
        engine.dispose()


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _brought_up_to_date(copy: Path) -> Copied:
    """Migrate a copy and end its sessions: who signed out since must not be signed in again."""
    with closing(_connect(copy)) as connection:
        if not connection.execute(_OURS).fetchone():
            raise ReviewError("This file is no copy of reports.")
        connection.execute("DELETE FROM sessions")
    _bring_up_to_date(copy)
    return _checked(copy)


def _bring_up_to_date(path: Path) -> None:
    store = ReportStore(path)
    try:
        with store.reading():
            pass
    finally:
        store.close()


_OURS = "SELECT 1 FROM sqlite_master WHERE name = 'report_events'"


def _put_in_place(path: Path, copy: Path) -> Path | None:
    if not path.exists():
        copy.replace(path)
        return None
    return _replace_reports(path, copy) if _is_whole(path) else _set_aside(path, copy)


def _replace_reports(path: Path, copy: Path) -> Path:
    """Put the copy's rows in the place of those that are there, which are kept beside.

    Others may have the file open, so it stays what it is, and one transaction changes its rows;
    from before they are kept until they are replaced nobody else can write.
    """
    kept = _beside(path)
    _bring_up_to_date(path)
    with closing(_connect(path)) as live, _unfinished(kept) as old:
        live.execute("PRAGMA synchronous = FULL")
        live.execute("PRAGMA secure_delete = ON")
        live.execute("ATTACH ? AS copy", (str(copy),))
        live.execute("BEGIN IMMEDIATE")
        _copy(path, old)
        old.replace(kept)
        triggers = live.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'")
        kept_back = triggers.fetchall()
        for name, _ in kept_back:
            live.execute(f"DROP TRIGGER main.{name}")
        for table in metadata.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            live.execute(f"DELETE FROM main.{table.name}")  # noqa: S608  names of our own
            live.execute(
                f"INSERT INTO main.{table.name} ({columns})"  # noqa: S608
                f" SELECT {columns} FROM copy.{table.name}"
            )
        for _, statement in kept_back:
            live.execute(statement)
        live.execute("COMMIT")
    return kept


def _set_aside(path: Path, copy: Path) -> Path:
    """Keep a file that is damaged, with what SQLite has beside it, and take the copy for it."""
    kept = _beside(path)
    for ending in ("-wal", "-shm", ""):
        left = path.with_name(path.name + ending)
        if left.exists():
            left.replace(kept.with_name(kept.name + ending))
    copy.replace(path)
    return kept


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")


def _is_whole(path: Path) -> bool:
    try:
        with closing(_connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        # A file that is only locked is not damaged.
        if isinstance(error, sqlite3.OperationalError):
            raise
        return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
