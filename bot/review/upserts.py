"""Insert a row, or change the one that is there, in one statement on either database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    row: Mapping[str, Any],
    **changed: sa.ColumnElement[Any] | str | int,
) -> None:
    """Insert `row`; where its primary key is taken, set the columns in `changed` instead."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    keys = [column.name for column in table.primary_key]
    added = insert(table).values(row)
    connection.execute(added.on_conflict_do_update(index_elements=keys, set_=changed))
