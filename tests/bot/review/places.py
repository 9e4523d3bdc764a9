"""The two places that reports can be in, as another program than ours would handle them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.review.schema import chain_head, metadata
from bot.review.store import ReportStore
from ingest.paths import ReportsLocation

# What a test's child process begins with; the place is its first argument, by `told`.
LOCATION = "import pickle, sys; location = pickle.loads(bytes.fromhex(sys.argv[1]))\n"


def told(location: ReportsLocation) -> str:
    """Return a place as an argument for a child process."""
    return pickle.dumps(location).hex()


@contextmanager
def other_program(location: ReportsLocation, *, triggers: bool = True) -> Iterator[sa.Connection]:
    """Write to the database past all of our code; without triggers, past those and foreign keys.

    What was written is kept, unless the caller rolls it back.
    """
    engine = _engine(location)
    try:
        with engine.connect() as connection:
            if not triggers:
                _drop_triggers(connection)
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def rows(location: ReportsLocation, query: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return what a query finds."""
    with other_program(location) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), values)]


def change(location: ReportsLocation, statement: str, **values: Any) -> None:
    """Change some rows; it is a mistake if there are none."""
    with other_program(location) as connection:
        assert connection.execute(sa.text(statement), values).rowcount


def empty(location: ReportsLocation) -> None:
    """Leave the tables as they were when they were made, which is quicker than making others."""
    store = ReportStore(location)
    with store.writing():
        pass  # it makes what is not there
    store.close()
    with other_program(location, triggers=False) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(chain_head).values(id=1, events=0, hash=""))


def _engine(location: ReportsLocation) -> sa.Engine:
    if isinstance(location, Path):
        engine = sa.create_engine(f"sqlite:///{location}", isolation_level="AUTOCOMMIT")
        # Not the driver's own transactions, which leave out what drops a trigger.
        sa.event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
        return engine
    url = sa.make_url(location.url).set(drivername="postgresql+psycopg")
    options = f'-csearch_path="{location.schema}"'
    return sa.create_engine(url, connect_args={"options": options})


def _drop_triggers(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET session_replication_role = replica")
        return
    found = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for name in connection.exec_driver_sql(found).scalars().all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
