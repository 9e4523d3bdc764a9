"""The index's SQL database: the single truth about what is indexed.

Everything in it can be made again from the corpus, so there are no migrations: another schema
version means a rebuild. Readers see one consistent generation for as long as their transaction
is open; a reindex becomes visible with one commit.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ingest.documents import Chunk
from ingest.errors import IndexDamaged, IndexMismatch

SCHEMA_VERSION = 5
BUSY_TIMEOUT_MS = 10_000
# The name of a second database file while it is attached to a connection.
BESIDE = "beside"
REBUILD = "Run `groundskeeper reindex --rebuild`; the corpus has everything it needs."

metadata = sa.MetaData()

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("pages", sa.Integer),
    sa.Column("vintage", sa.Text, nullable=False, default=""),
    sa.Column("dated", sa.Text, nullable=False, default=""),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("stale", sa.Boolean, nullable=False, default=False),
    sa.Column("warnings", sa.JSON, nullable=False, default=list),
    sa.Column("text", sa.Text, nullable=False, default=""),
    sa.Column("indexed_at_ns", sa.BigInteger, nullable=False),
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("chunk_id", sa.Text, nullable=False, unique=True),
    sa.Column("document", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("row", sa.Integer),
    sa.Column("heading_path", sa.JSON, nullable=False, default=list),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("header", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_hash", sa.Text, nullable=False, index=True),
    sqlite_autoincrement=True,
)

embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("text_hash", sa.Text, primary_key=True),
    sa.Column("model_key", sa.Text, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Column("unused_since_ns", sa.BigInteger),
)
# Those that nothing in the index refers to, by age: few among many.
sa.Index(
    "embeddings_unused",
    embeddings.c.unused_since_ns,
    sqlite_where=embeddings.c.unused_since_ns.is_not(None),
)

index_state = sa.Table(
    "index_state",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("embedding_name", sa.Text, nullable=False),
    sa.Column("embedding_digest", sa.Text, nullable=False),
    sa.Column("embedding_key", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("collection", sa.Text, nullable=False),
    sa.Column("record_layout", sa.Text, nullable=False),
    sa.Column("sweep_needed", sa.Boolean, nullable=False, default=False),
    sa.Column("updated_at_ns", sa.BigInteger, nullable=False),
)


def open_engine(path: Path, *, durable: bool = True) -> sa.Engine:
    """Open the SQLite database at `path` in WAL mode, so that readers never wait for a writer.

    One that is not `durable` does without a journal: it is written by one process and of no use
    after a crash.
    Transactions are ours: pysqlite's implicit ones would break snapshots and transactional DDL
    (SQLAlchemy's documentation, "Serializable isolation / Savepoints / Transactional DDL").
    """
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,  # an error must not carry what somebody wrote into a log
        max_overflow=-1,  # a connection is an open file; many questions at once must not wait
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        journal, synchronous = ("WAL", "NORMAL") if durable else ("OFF", "OFF")
        pragmas = (f"journal_mode = {journal}", f"synchronous = {synchronous}", "foreign_keys = ON")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


class Database:
    """The database file as readers open it: when it is there, and anew when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: sa.Engine | None = None
        self._file: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def engine(self) -> sa.Engine | None:
        """Return an engine on the file that is there now, or None."""
        file = _identity(self._path)
        with self._lock:
            if file != self._file:
                self._dispose()
                self._engine = open_engine(self._path) if file else None
                self._file = file
            return self._engine

    def close(self) -> None:
        """Close what is open; who still reads goes on to the end of its transaction."""
        with self._lock:
            self._dispose()

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._file = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell a file from one that replaced it; a file that is open keeps its number to itself."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


@contextmanager
def writing(engine: sa.Engine, beside: Path | None = None) -> Iterator[sa.Connection]:
    """One write transaction; commits at the end, rolls back on any exception.

    The tables of the database file `beside` are at hand under the schema BESIDE.
    """
    with engine.connect().execution_options(writes=True) as connection:
        if beside is not None:
            _attach(connection, beside)
        with connection.begin():
            yield connection


@contextmanager
def reading_beside(engine: sa.Engine, beside: Path) -> Iterator[sa.Connection]:
    """One read transaction with the tables of another file at hand under the schema BESIDE."""
    with engine.connect() as connection:
        _attach(connection, beside)
        with connection.begin():
            yield connection


def _attach(connection: sa.Connection, path: Path) -> None:
    """Attach a file for as long as the connection lives, which then is not used again."""
    connection.detach()
    # Not within a transaction, which SQLAlchemy's own `execute` would begin.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(f"ATTACH DATABASE ? AS {BESIDE}", (str(path),))


@contextmanager
def damaged_index_explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into IndexDamaged, with the command that mends."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        cause = str(error.orig).splitlines()[0]
        raise IndexDamaged(
            f"The index {path.name} cannot be used ({cause}).", hint=remedy(cause)
        ) from error


@contextmanager
def disk_errors_explained() -> Iterator[None]:
    """Turn what the file system says while a file of the index is written into IndexDamaged."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise IndexDamaged(f"The index cannot be written ({cause}).", hint=remedy(cause)) from error


def remedy(cause: str, otherwise: str = REBUILD) -> str:
    """Say what to do about an error of SQLite's, on which Chroma stands too, or of a disk's."""
    if "locked" in cause:
        return "Another program holds it; try again in a moment."
    if any(said in cause for said in ("readonly", "read-only", "Read-only", "denied")):
        return "Give the user who runs this the right to write to `data_dir`."
    if "unable to open" in cause:
        return "See whether the user who runs this may write to `data_dir`."
    if any(said in cause for said in ("full", "No space left", "quota", "too large")):
        return "Free some disk space and run `groundskeeper reindex` again."
    if "disk I/O" in cause:
        return "See whether its disk is full or broken, and run `groundskeeper reindex` again."
    return otherwise


def make_tables(connection: sa.Connection) -> None:
    """Create the tables that are not there, and say in the file of which version they are."""
    metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION:d}")


def drop_tables(connection: sa.Connection) -> None:
    """Drop every table, whichever version made it; the corpus has everything they held."""
    # A virtual table takes its shadow tables along, so it goes first.
    connection.exec_driver_sql("DROP TABLE IF EXISTS chunks_fts")
    for name in sa.inspect(connection).get_table_names():
        sa.Table(name, sa.MetaData()).drop(connection)


def read_state(connection: sa.Connection) -> sa.Row[Any] | None:
    """Return the row of `index_state`, or None where nothing was ever indexed.

    Raises IndexMismatch if the tables are of another version.
    """
    if connection.exec_driver_sql("PRAGMA user_version").scalar_one() != SCHEMA_VERSION:
        if not sa.inspect(connection).has_table(index_state.name):
            return None
        raise IndexMismatch(
            "The index was built by another version of Groundskeeper.",
            hint="Run `groundskeeper reindex`.",
        )
    return connection.execute(sa.select(index_state)).one_or_none()


def check_integrity(connection: sa.Connection) -> None:
    """Raise IndexDamaged, or what SQLite raises, if the file's pages do not hang together."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise IndexDamaged(f"The index is damaged ({found}).")


def chunk_of(row: sa.Row[Any]) -> Chunk:
    """Return the chunk that a row of `chunks` holds."""
    return Chunk(
        chunk_id=row.chunk_id,
        document=row.document,
        ordinal=row.ordinal,
        text=row.text,
        header=row.header,
        start=row.start,
        end=row.end,
        page=row.page,
        row=row.row,
        heading_path=tuple(row.heading_path),
        kind=row.kind,
    )


def chunk_numbers(engine: sa.Engine) -> NDArray[np.int64]:
    """Return the numbers of all chunks, ascending."""
    number = chunks.c.number
    with engine.begin() as connection:
        return np.fromiter(connection.scalars(sa.select(number).order_by(number)), dtype=np.int64)


def last_number(connection: sa.Connection) -> int:
    """Return the highest number that a chunk was ever given, 0 where there was none."""
    given = sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
    return connection.scalar(given, {"name": chunks.name}) or 0


def count(connection: sa.Connection, table: sa.Table) -> int:
    """Return how many rows a table has."""
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
