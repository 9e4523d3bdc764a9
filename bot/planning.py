"""The planner of the generation in use: made anew when a reindex has changed the records."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import sqlalchemy as sa

from bot.entities import EntityIndex
from bot.facts import FactFinder, Facts, entity_rows
from bot.fields import familiar_words, ordinary_words
from bot.plan import Plan
from bot.planner import Planner
from ingest.domain import DomainCard
from ingest.index import Snapshot
from ingest.records import record_table, value_column


class Planning:
    """Plans questions about one domain's records and runs the plans; safe between threads."""

    def __init__(self, card: DomainCard) -> None:
        self._card = card
        self._finder = FactFinder(card)
        self._lock = threading.Lock()
        self._made: tuple[int, Planner] | None = None

    def planner(self, snapshot: Snapshot) -> Planner:
        """Return the planner of a generation; building it takes about a second, once."""
        with self._lock:
            if self._made is None or self._made[0] != snapshot.generation:
                titles = [d.title for d in snapshot.documents() if d.kind == "document"]
                planner = make_planner(self._card, snapshot.connection, titles)
                self._made = snapshot.generation, planner
            return self._made[1]

    def run(self, plan: Plan, snapshot: Snapshot) -> Facts:
        """Run a plan over the records of a generation."""
        return self._finder.run(plan, snapshot.connection)


def make_planner(
    card: DomainCard, connection: sa.Connection, titles: Iterable[str] = ()
) -> Planner:
    """Make the planner of the records that a connection sees, beside documents of these titles."""
    entities = EntityIndex.build(
        entity_rows(card, connection), ordinary_words(card), familiar_words(card)
    )
    return Planner(card, entities, _places(card, connection), titles)


def _places(card: DomainCard, connection: sa.Connection) -> dict[str, dict[str, list[str]]]:
    """Return the values of the text fields that tell entities apart ("Boston")."""
    found: dict[str, dict[str, list[str]]] = {}
    for table_card in card.tables:
        table = record_table(table_card)
        for key in table_card.label_fields:
            if table_card.field(key).type == "text":
                column = value_column(table, key)
                rows = connection.execute(sa.select(column).where(column.is_not(None)).distinct())
                found.setdefault(table_card.name, {})[key] = [str(row[0]) for row in rows]
    return found
