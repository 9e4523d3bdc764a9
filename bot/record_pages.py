"""A table's rows a page at a time: sorted, filtered and cut in SQL, however many there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.answer import AnswerTable, Column
from bot.facts import record_of
from bot.wording import column
from ingest.domain import FieldCard, TableCard
from ingest.index import Snapshot
from ingest.record_text import display
from ingest.records import record_table, value_column

PAGE_ROWS = 25
MOST_COLUMNS = 8
NAME = "name"
# How many orders of rows are kept, each 8 bytes a row.
KEPT = 8
# The number that SQLite itself gives a row.
ROW_ID: sa.ColumnClause[int] = sa.literal_column("rowid", sa.Integer)
Numbers = NDArray[np.int64]
Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class RowsWanted:
    """Which rows: those whose name holds a text, of some categories, with figures in some ranges.

    `order` is a field's key or NAME; `page` counts from 1. A row without a figure where a range
    asks for one does not fit. What the card does not know is left aside.
    """

    table: str
    fields: tuple[str, ...]
    text: str = ""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    order: str = NAME
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class RecordPage:
    """The rows of a page with their numbers in the file, and how many fit on all pages together."""

    table: AnswerTable
    rows: tuple[int, ...]
    number: int
    total: int

    @property
    def first(self) -> int:
        """The place of the first row among all that fit, from 1; 0 where none does."""
        return (self.number - 1) * PAGE_ROWS + 1 if self.total else 0

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_ROWS))


class RecordPages:
    """The pages of one declared table; safe to share between threads.

    Which rows fit, in which order, is asked of SQL once and kept as a list of numbers, so that
    going from page to page costs the same at the end of half a million rows as at the beginning.
    """

    def __init__(self, card: TableCard) -> None:
        self._card = card
        self._table = record_table(card)
        self._fields = {one.key: one for one in card.fields}
        self._lock = threading.Lock()
        self._kept: dict[tuple[object, ...], Numbers] = {}

    def page(self, wanted: RowsWanted, snapshot: Snapshot) -> RecordPage:
        """Return a page; one beyond the last is the last."""
        fitting = self._fitting(wanted, snapshot)
        number = min(max(1, wanted.page), max(1, -(-len(fitting) // PAGE_ROWS)))
        chosen = fitting[(number - 1) * PAGE_ROWS : number * PAGE_ROWS].tolist()
        found = {
            row.place: row
            for row in snapshot.connection.execute(
                sa.select(ROW_ID.label("place"), self._table).where(ROW_ID.in_(chosen))
            )
        }
        rows = [found[place] for place in chosen]
        fields = [self._fields[key] for key in wanted.fields if key in self._fields]
        table = self._shown(rows, fields[:MOST_COLUMNS])
        return RecordPage(table, tuple(row.row for row in rows), number, len(fitting))

    def _fitting(self, wanted: RowsWanted, snapshot: Snapshot) -> Numbers:
        """Return the row ids of all rows that fit, in order, asking SQL only once."""
        key = (
            *(snapshot.updated_at_ns, wanted.text, wanted.order, wanted.descending),
            *(tuple(sorted(wanted.categories.items())), tuple(sorted(wanted.ranges.items()))),
        )
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        rows = sa.select(ROW_ID).select_from(self._table).where(*self._conditions(wanted))
        asked = snapshot.connection.scalars(rows.order_by(*self._order(wanted)))
        fitting = np.fromiter(asked, dtype=np.int64)
        with self._lock:
            newest = [old for old in self._kept if old[0] == key[0]][1 - KEPT :]
            self._kept = {old: self._kept[old] for old in newest} | {key: fitting}
        return fitting

    def _order(self, wanted: RowsWanted) -> list[sa.ColumnElement[Any]]:
        """Order by a column, what is not reported last; equals stay in the order of the file."""
        if wanted.order not in self._fields:
            name = self._table.c.name
            return [name.desc() if wanted.descending else name.asc(), ROW_ID]
        by = value_column(self._table, wanted.order)
        return [by.is_(None), by.desc() if wanted.descending else by.asc(), ROW_ID]

    def _conditions(self, wanted: RowsWanted) -> Iterator[sa.ColumnElement[bool]]:
        c = self._table.c
        for word in wanted.text.split():
            yield c.name.icontains(word, autoescape=True) | c.aliases.icontains(
                word, autoescape=True
            )
        for key, values in wanted.categories.items():
            if key in self._fields and values:
                yield value_column(self._table, key).in_(values)
        for key, (least, most) in wanted.ranges.items():
            if key in self._fields and self._fields[key].numeric:
                if least is not None:
                    yield value_column(self._table, key) >= least
                if most is not None:
                    yield value_column(self._table, key) <= most

    def _shown(self, rows: Sequence[sa.Row[Any]], fields: Sequence[FieldCard]) -> AnswerTable:
        records = [record_of(row, self._table, self._card) for row in rows]
        entity = self._card.entity
        return AnswerTable(
            columns=(Column(label=entity[:1].upper() + entity[1:]), *map(column, fields)),
            rows=tuple((r.name, *(r.values[f.key] for f in fields)) for r in records),
            display=tuple(
                (r.name, *(display(r.values[f.key], f) for f in fields)) for r in records
            ),
        )
