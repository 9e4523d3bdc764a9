"""Rows of a pack's tables as typed facts.

A table that the card declares becomes a SQL table of its own, `records_<name>`: one typed
column for each field, and for each row the file and the spreadsheet row that it came from, so
that every cell can be cited. Column names come from the card, whose keys are checked
identifiers; values are only ever bound parameters.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa

from ingest.domain import DomainCard, TableCard
from ingest.errors import CorpusError
from ingest.record_rows import Cell, Record, read_records

__all__ = ["Cell", "Record", "read_records"]

_SQL_TYPES: dict[str, type[sa.Float[float]] | type[sa.Integer]] = {
    "money": sa.Float,
    "count": sa.Integer,
    "number": sa.Float,
    "year": sa.Integer,
    "percent": sa.Float,
}


def record_table(card: TableCard, metadata: sa.MetaData | None = None) -> sa.Table:
    """Return the SQL table that holds the records of a declared table.

    Columns: record_id, document, row, name, aliases (joined by newlines), then one column for
    each field key (Float for money, number, percent; Integer for count; Text otherwise).
    """
    return sa.Table(
        f"records_{card.name}",
        metadata if metadata is not None else sa.MetaData(),
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False, index=True),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("aliases", sa.Text, nullable=False, default=""),
        *(
            sa.Column(f"f_{field.key}", _SQL_TYPES.get(field.type, sa.Text))
            for field in card.fields
        ),
    )


def record_layout(card: DomainCard) -> str:
    """Digest the columns of all record tables; who reads them must go by the same."""
    tables = [(t.name, _columns(record_table(t))) for t in card.tables]
    return hashlib.sha256(repr(tables).encode()).hexdigest()[:16]


def make_record_tables(connection: sa.Connection, card: DomainCard) -> None:
    """Create the card's record tables; one whose columns changed is made anew and is empty."""
    inspector = sa.inspect(connection)
    wanted = {table.name: table for table in map(record_table, card.tables)}
    for name in inspector.get_table_names():
        if not name.startswith("records_"):
            continue
        have = {column["name"]: str(column["type"]) for column in inspector.get_columns(name)}
        if name not in wanted or have != _columns(wanted[name]):
            sa.Table(name, sa.MetaData()).drop(connection)
    for table in wanted.values():
        table.create(connection, checkfirst=True)


def _columns(table: sa.Table) -> dict[str, str]:
    return {column.name: str(column.type) for column in table.columns}


def value_column(table: sa.Table, field_key: str) -> sa.Column[Cell]:
    """Return the column that holds a field's values (named with a prefix of its own)."""
    return table.c[f"f_{field_key}"]


def check_tables(folder: Path, card: DomainCard) -> None:
    """Raise CorpusError if the card declares a table whose file is not in the pack."""
    for table in card.tables:
        if not (folder / table.file).is_file():
            raise CorpusError(
                f"The card declares the table {table.file}, but {folder} has no such file."
            )
