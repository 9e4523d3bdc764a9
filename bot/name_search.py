"""Type-ahead: the entities whose names begin like what was typed so far, the best known first.

All names of a table, folded, stand in one text, a line for each entity and the best known first.
So the first lines that hold what was typed are the answer, and finding them is a search in a
string: milliseconds among half a million names, where ranking candidates would take seconds.

Not covered: typing errors. A planner that reads questions has to guess; who types sees what is
there.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.plan import Choice
from bot.record_pages import ROW_ID
from ingest.domain import DomainCard, TableCard
from ingest.index import Snapshot
from ingest.records import record_table, value_column

LONGEST_TYPED = 200
_NO_WORD = re.compile(r"[\W_]+")
# Stands in front of every name, and a space in front of every word.
_NAME = "\t"


class NameSearch:
    """Finds entities by the beginning of their names; safe to share between threads."""

    def __init__(self, card: DomainCard) -> None:
        self._card = card
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, _Names]] = {}

    def search(self, table: str, typed: str, limit: int, snapshot: Snapshot) -> list[Choice]:
        """Return up to `limit` entities; of nothing typed the best known.

        The first search in a generation reads all names, about a second for half a million.
        """
        card = self._card.table(table)
        records = record_table(card)
        wanted = self._names(card, snapshot).search(typed[:LONGEST_TYPED], limit)
        rows = snapshot.connection.execute(
            sa.select(ROW_ID.label("place"), records).where(ROW_ID.in_(wanted))
        )
        found = {row.place: choice_of(row, records, card) for row in rows}
        return [found[number] for number in wanted if number in found]

    def _names(self, card: TableCard, snapshot: Snapshot) -> _Names:
        with self._lock:
            made = self._made.get(card.name)
            if made is None or made[0] != snapshot.updated_at_ns:
                made = snapshot.updated_at_ns, _Names(_rows(card, snapshot.connection))
                self._made[card.name] = made
            return made[1]


def choice_of(row: sa.Row[Any], records: sa.Table, card: TableCard) -> Choice:
    """Return a record's row as something that can be chosen, with what tells it from others."""
    values = (row._mapping[value_column(records, key)] for key in card.label_fields)
    label = ", ".join(str(value) for value in values if value is not None)
    return Choice(record_id=row.record_id, name=row.name, label=label)


def _rows(card: TableCard, connection: sa.Connection) -> Iterable[sa.Row[Any]]:
    records = record_table(card)
    known = card.popularity_field
    first = [value_column(records, known).desc().nulls_last()] if known else []
    names = sa.select(ROW_ID.label("place"), records.c.name, records.c.aliases)
    return connection.execute(names.order_by(*first, records.c.name, records.c.record_id))


class _Names:
    """The folded names of all entities as one text."""

    def __init__(self, rows: Iterable[sa.Row[Any]]) -> None:
        lines: list[str] = []
        places: list[int] = []
        for row in rows:
            names = [row.name, *filter(None, row.aliases.split("\n"))]
            lines.append("".join(f"{_NAME} {folded(name)}" for name in names) + "\n")
            places.append(row.place)
        self._text = "".join(lines)
        self._places = places
        ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
        self._ends: NDArray[np.int64] = ends

    def search(self, typed: str, limit: int) -> list[int]:
        """Return the row ids of what fits best: at a name's beginning, in it, word by word."""
        words = folded(typed)
        if not words:
            return self._places[:limit]
        tiers = self._holding(f"{_NAME} {words}"), self._holding(f" {words}"), self._all(words)
        found: dict[int, None] = {}
        for tier in tiers:
            for line in tier:
                found[line] = None
                if len(found) == limit:
                    return [self._places[line] for line in found]
        return [self._places[line] for line in found]

    def _holding(self, what: str) -> Iterator[int]:
        """Yield the numbers of the lines that hold a text, each once, the best known first."""
        at = self._text.find(what)
        while at >= 0:
            line = int(np.searchsorted(self._ends, at, side="right"))
            yield line
            at = self._text.find(what, int(self._ends[line]))

    def _all(self, words: str) -> Iterator[int]:
        """Yield the lines that have every one of the words at the beginning of a word."""
        longest, *others = sorted(words.split(), key=len, reverse=True)
        if others:
            for line in self._holding(f" {longest}"):
                start = int(self._ends[line - 1]) if line else 0
                text = self._text[start : int(self._ends[line])]
                if all(f" {word}" in text for word in others):
                    yield line


def folded(name: str) -> str:
    """Return a name in lower case, without accents, its words parted by one space each."""
    if not name.isascii():
        plain = unicodedata.normalize("NFKD", name.replace("’", ""))
        name = "".join(c for c in plain if not unicodedata.combining(c))
    return _NO_WORD.sub(" ", name.replace("'", "").casefold()).strip()
