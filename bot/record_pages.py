"""A table's rows a page at a time: sorted, filtered and cut in SQL, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

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
    """The pages of one declared table."""

    def __init__(self, card: TableCard) -> None:
        self._card = card
        self._table = record_table(card)
        self._fields = {one.key: one for one in card.fields}

    def page(self, wanted: RowsWanted, snapshot: Snapshot) -> RecordPage:
        """Return a page; one beyond the last is the last."""
        fits = list(self._conditions(wanted))
        count = sa.select(sa.func.count()).select_from(self._table).where(*fits)
        total = snapshot.connection.scalar(count) or 0
        number = min(max(1, wanted.page), max(1, -(-total // PAGE_ROWS)))
        rows = snapshot.connection.execute(self._select(wanted, fits, number, total)).all()
        if self._from_the_end(number, total):
            rows = rows[::-1]
        fields = [self._fields[key] for key in wanted.fields if key in self._fields]
        table = self._shown(rows, fields[:MOST_COLUMNS])
        return RecordPage(table, tuple(row.row for row in rows), number, total)

    def _select(
        self,
        wanted: RowsWanted,
        fits: list[sa.ColumnElement[bool]],
        number: int,
        total: int,
    ) -> sa.Select[Any]:
        """Cut the page out from whichever end is nearer: SQLite sorts all that comes before it."""
        skipped = (number - 1) * PAGE_ROWS
        size = min(PAGE_ROWS, total - skipped)
        backwards = self._from_the_end(number, total)
        order = self._order(wanted, backwards=backwards)
        offset = total - skipped - size if backwards else skipped
        return sa.select(self._table).where(*fits).order_by(*order).limit(size).offset(offset)

    @staticmethod
    def _from_the_end(number: int, total: int) -> bool:
        return 2 * number * PAGE_ROWS > total + PAGE_ROWS

    def _order(self, wanted: RowsWanted, *, backwards: bool) -> list[sa.ColumnElement[Any]]:
        """Order by the field, what is not reported last; then by name, so that it is always one."""
        c = self._table.c
        last = [c.name.desc(), c.record_id.desc()] if backwards else [c.name, c.record_id]
        if wanted.order not in self._fields:
            if wanted.descending == backwards:
                return [c.name, c.record_id]
            return [c.name.desc(), c.record_id.desc()]
        by = value_column(self._table, wanted.order)
        missing = by.is_(None).desc() if backwards else by.is_(None)
        ordered = by.desc() if wanted.descending != backwards else by.asc()
        return [missing, ordered, *last]

    def _conditions(self, wanted: RowsWanted) -> Any:
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

    def _shown(self, rows: Any, fields: list[FieldCard]) -> AnswerTable:
        records = [record_of(row, self._table, self._card) for row in rows]
        entity = self._card.entity
        return AnswerTable(
            columns=(Column(label=entity[:1].upper() + entity[1:]), *map(column, fields)),
            rows=tuple((r.name, *(r.values[f.key] for f in fields)) for r in records),
            display=tuple(
                (r.name, *(display(r.values[f.key], f) for f in fields)) for r in records
            ),
        )
