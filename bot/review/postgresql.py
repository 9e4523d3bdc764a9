"""One domain's reports in a PostgreSQL database, in a schema of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.review.migrations import migrate, newest_version, schema_version
from ingest.paths import DatabaseSchema

if TYPE_CHECKING:
    import psycopg

# The first halves of the keys of our advisory locks; the second is made of the schema's name.
_MIGRATING, _WRITING = 0x6772_6F75, 0x6772_6F76
# Silence of a client after which the server takes back what it holds (an app that was suspended).
_IDLE_SECONDS = 300


class PostgresqlSchema:
    """The schema at `location`, made and brought up to date when it is first opened."""

    def __init__(
        self, location: DatabaseSchema, versions: Sequence[Path], busy_seconds: float
    ) -> None:
        self.name = f"PostgreSQL, schema {location.schema}"
        self._location = location
        self._versions = versions
        self._busy_seconds = busy_seconds
        self._engine: sa.Engine | None = None
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view, which writers neither wait for nor change."""
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            self._open().connect().execution_options(**snapshot) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One write transaction at a time, as in SQLite: each sees what those before it did.

        Who came first is served first, after one wait; a row's lock would be waited for anew after
        every change of the row.
        """
        with self._open().begin() as connection:
            self._take_turn(connection, _WRITING)
            yield connection

    def forget_deleted(self) -> None:
        """Leave it to the server: its autovacuum overwrites what was deleted."""

    def close(self) -> None:
        """Close every connection; the next use opens again."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _open(self) -> sa.Engine:
        with self._lock:
            if self._engine is None:
                engine = _make_engine(self._location, self._busy_seconds)
                try:
                    self._bring_up_to_date(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _bring_up_to_date(self, engine: sa.Engine) -> None:
        with engine.begin() as connection:
            if schema_version(connection) == newest_version(self._versions):
                return
            self._take_turn(connection, _MIGRATING)
            name = self._location.schema
            # Asked first: "if not exists" needs the right to make schemas even where one exists.
            if not sa.inspect(connection).has_schema(name):
                connection.execute(sa.schema.CreateSchema(name))
            migrate(connection, self._versions)

    def _take_turn(self, connection: sa.Connection, what: int) -> None:
        """Let nobody else do this in the schema until the transaction ends."""
        key = sa.func.hashtext(self._location.schema)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(what, key)))


def _make_engine(location: DatabaseSchema, busy_seconds: float) -> sa.Engine:
    url = sa.make_url(location.url).set(drivername="postgresql+psycopg")
    chosen = {"connect_timeout": "10", "application_name": "groundskeeper", **url.query}
    engine = sa.create_engine(
        url.set(query=chosen),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error must not carry what somebody wrote into a log
        pool_pre_ping=True,  # a server that was started anew costs nobody an error
        pool_timeout=busy_seconds,
    )
    schema = engine.dialect.identifier_preparer.quote_identifier(location.schema)
    values = {
        "search_path": schema,
        "lock_timeout": f"{int(busy_seconds * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
    }

    @sa.event.listens_for(engine, "connect", insert=True)
    def _configure(connection: psycopg.Connection, _: object) -> None:
        connection.autocommit = True
        for name, value in values.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        # A receipt means that it is on disk, whatever the server's default is.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.autocommit = False

    return engine
