"""The rows of a table that the card declares, as typed records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import DocumentError
from ingest.loaders.decoding import decode
from ingest.loaders.delimited_loader import DELIMITERS

if TYPE_CHECKING:  # a reading worker does without, until it reads a table
    from ingest.domain import FieldCard, TableCard

Cell = float | int | str | None

_MISSING = frozenset(
    {"", "null", "na", "n/a", "nan", "-", "—", "not reported", "privacysuppressed"}
)


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


def read_records(path: Path, document: str, card: TableCard) -> tuple[list[Record], list[str]]:
    """Read the file of a declared table; as `parse_records`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path.name} cannot be read: {error.strerror}.") from None
    return parse_records(data, document, card)


def parse_records(data: bytes, document: str, card: TableCard) -> tuple[list[Record], list[str]]:
    """Read a declared table; returns its records and a sentence for each broken row.

    Raises DocumentError when the file cannot be used at all: not text, no header, or a declared
    column missing.
    """
    name = document.rpartition("/")[2]
    records: list[Record] = []
    warnings: list[str] = []
    header: list[str] = []
    keys: set[str] = set()
    for number, cells in _rows(data, name, card):
        try:
            if isinstance(cells, csv.Error):
                raise ValueError(str(cells))
            if not header:
                header = [column.strip() for column in cells]
                _check_columns(header, name, card)
            elif any(cell.strip() for cell in cells):
                record = _read_row(cells, header, number, document, card)
                if record.record_id in keys:
                    raise ValueError(f"{card.key_column} is the same as in an earlier row")
                keys.add(record.record_id)
                records.append(record)
        except ValueError as error:
            warnings.append(f"row {number}: {error}")
    if not header:
        raise DocumentError(f"{name} is empty.", hint="A table needs a header row.")
    return records, warnings


def _rows(data: bytes, name: str, card: TableCard) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield the rows by number, the header being row 1, and what is wrong with those that are."""
    if data.startswith(b"PK\x03\x04"):
        from ingest.loaders.xlsx_loader import table_rows

        yield from table_rows(data, name)
        return
    text = decode(data, name)
    delimiter = _delimiter(text, card.name_column)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, error


def _delimiter(text: str, column: str) -> str:
    """Return the delimiter under which the header has a column of this name."""
    for delimiter in DELIMITERS:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        if column in (name.strip() for name in header):
            return delimiter
    return DELIMITERS[0]


def _check_columns(header: list[str], name: str, card: TableCard) -> None:
    wanted = [card.name_column, *(field.csv_column for field in card.fields)]
    wanted += [column for column in (card.key_column, card.alias_column) if column]
    missing = [column for column in wanted if column not in header]
    if missing:
        raise DocumentError(
            f"{name} has no column {missing[0]!r} that the domain card names.",
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
