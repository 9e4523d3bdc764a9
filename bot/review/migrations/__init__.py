"""How the review queue's database came to be: an Alembic environment that is run from code.

A revision is a file `rNNNN_what_it_does.py` in `versions`, and is never edited once released. It
runs on SQLite and on PostgreSQL, inside one transaction: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ingest.errors import ReviewError

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent
VERSIONS = (FOLDER / "versions",)
_VERSION_TABLE = "alembic_version"


def schema_version(connection: sa.Connection) -> str:
    """Return the revision that the database is at; "" for an empty one."""
    if sa.inspect(connection).has_table(_VERSION_TABLE):
        return str(connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar())  # noqa: S608
    return "0001" if _is_from_before_alembic(connection) else ""


def newest_version(versions: Sequence[Path] = VERSIONS) -> str:
    """Return the last revision in the folders; read from file names, so that it costs nothing."""
    return max(_known(versions))


def migrate(connection: sa.Connection, versions: Sequence[Path] = VERSIONS) -> None:
    """Run what is still to be run, inside the caller's transaction, which lets no other migrate.

    Raises ReviewError if a newer Groundskeeper made the database.
    """
    from alembic import command  # slow to import, and seldom needed

    current = schema_version(connection)
    if current and current not in _known(versions):
        raise ReviewError(
            "The reports were last used by a newer version of Groundskeeper.",
            hint="Use that version; nothing was changed.",
        )
    config = _configuration(connection, versions)
    if _is_from_before_alembic(connection):
        command.stamp(config, "0001")
    command.upgrade(config, "head")


def _known(versions: Sequence[Path]) -> set[str]:
    return {file.stem[1:5] for folder in versions for file in folder.glob("r????_*.py")}


def _is_from_before_alembic(connection: sa.Connection) -> bool:
    """Tell a file of the first version, which counted in SQLite's own place for it."""
    if connection.dialect.name != "sqlite":
        return False
    return bool(connection.exec_driver_sql("PRAGMA user_version").scalar_one() == 1)


def _configuration(connection: sa.Connection, versions: Sequence[Path]) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    options = {
        "script_location": str(FOLDER),
        "path_separator": "newline",
        "version_locations": "\n".join(map(str, versions)),
    }
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    return config
