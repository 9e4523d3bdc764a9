"""Rows of a pack's tables as typed facts.

A table that the card declares becomes a SQL table of its own, `records_<name>`: one typed
column for each field, and for each row the file and the spreadsheet row that it came from, so
that every cell can be cited. Column names come from the card, whose keys are checked
identifiers; values are only ever bound parameters.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ingest.domain import DomainCard, FieldCard, TableCard
from ingest.errors import CorpusError, DocumentError

Cell = float | int | str | None

_MISSING = frozenset(
    {"", "null", "na", "n/a", "nan", "-", "—", "not reported", "privacysuppressed"}
)
_SQL_TYPES: dict[str, type[sa.Float[float]] | type[sa.Integer]] = {
    "money": sa.Float,
    "count": sa.Integer,
    "number": sa.Float,
    "year": sa.Integer,
    "percent": sa.Float,
}


@dataclass(frozen=True)
class Record:
    """One row: the entity's name, its other names, and its typed values by field key.

    `row` is the spreadsheet row, the header being row 1. A value that is not reported is None.
    """

    record_id: str
    document: str
    row: int
    name: str
    aliases: tuple[str, ...]
    values: dict[str, Cell]


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


def read_records(path: Path, document: str, card: TableCard) -> tuple[list[Record], list[str]]:
    """Read a declared CSV table; returns its records and a sentence for each broken row.

    Raises DocumentError when the file cannot be used at all: not text, no header, or a declared
    column missing.
    """
    reader = csv.reader(io.StringIO(_decode(path)), strict=True)
    records: list[Record] = []
    warnings: list[str] = []
    header: list[str] = []
    keys: set[str] = set()
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            warnings.append(f"row {number}: {error}")
            continue
        if not header:
            header = [name.strip() for name in cells]
            _check_columns(header, path, card)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        try:
            record = _read_row(cells, header, number, document, card)
            if record.record_id in keys:
                raise ValueError(f"{card.key_column} is the same as in an earlier row")
            keys.add(record.record_id)
            records.append(record)
        except ValueError as error:
            warnings.append(f"row {number}: {error}")
    if not header:
        raise DocumentError(f"{path.name} is empty.", hint="A table needs a header row.")
    return records, warnings


def _decode(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{path.name} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8."
        ) from None


def _check_columns(header: list[str], path: Path, card: TableCard) -> None:
    wanted = [card.name_column, *(field.csv_column for field in card.fields)]
    wanted += [column for column in (card.key_column, card.alias_column) if column]
    missing = [column for column in wanted if column not in header]
    if missing:
        raise DocumentError(
            f"{path.name} has no column {missing[0]!r} that the domain card names.",
            hint=f"Its columns are: {', '.join(header)}.",
        )


def _read_row(
    cells: list[str], header: list[str], number: int, document: str, card: TableCard
) -> Record:
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} cells under {len(header)} columns")
    by_column = dict(zip(header, cells, strict=True))
    name = by_column[card.name_column].strip()
    if not name:
        raise ValueError(f"{card.name_column} is empty")
    key = by_column[card.key_column].strip() if card.key_column else str(number)
    aliases = by_column[card.alias_column].split(card.alias_separator) if card.alias_column else []
    return Record(
        record_id=f"{card.name}:{key}",
        document=document,
        row=number,
        name=name,
        aliases=tuple(alias.strip() for alias in aliases if alias.strip()),
        values={field.key: _typed(by_column[field.csv_column], field) for field in card.fields},
    )


def _typed(text: str, field: FieldCard) -> Cell:
    """Read a cell; raises ValueError where a number is none."""
    text = text.strip()
    if text.lower() in _MISSING:
        return None
    if not field.numeric:
        return text
    bare = re.sub(r"[$€£,%\s]", "", text)
    try:
        number = float(bare)
    except ValueError:
        raise ValueError(f"{field.csv_column} is {text!r}, which is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{field.csv_column} is {text!r}, which is not a finite number")
    return int(number) if field.type == "count" else number


def check_tables(folder: Path, card: DomainCard) -> None:
    """Raise CorpusError if the card declares a table whose file is not in the pack."""
    for table in card.tables:
        if not (folder / table.file).is_file():
            raise CorpusError(
                f"The card declares the table {table.file}, but {folder} has no such file."
            )
