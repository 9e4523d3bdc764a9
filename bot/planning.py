"""The planner of the generation in use: made anew when a reindex has changed the records."""

from __future__ import annotations

import threading

from bot.entities import EntityIndex
from bot.facts import FactFinder, Facts, entity_rows
from bot.fields import familiar_words, ordinary_words
from bot.plan import Plan, Planner
from ingest.domain import DomainCard
from ingest.index import Snapshot


class Planning:
    """Plans questions about one domain's records and runs the plans; safe between threads."""

    def __init__(self, card: DomainCard) -> None:
        self._card = card
        self._finder = FactFinder(card)
        self._ordinary = ordinary_words(card)
        self._familiar = familiar_words(card)
        self._lock = threading.Lock()
        self._made: tuple[int, Planner] | None = None

    def planner(self, snapshot: Snapshot) -> Planner:
        """Return the planner of a generation; building it takes about a second, once."""
        with self._lock:
            if self._made is None or self._made[0] != snapshot.generation:
                rows = entity_rows(self._card, snapshot.connection)
                entities = EntityIndex.build(rows, self._ordinary, self._familiar)
                self._made = snapshot.generation, Planner(self._card, entities)
            return self._made[1]

    def run(self, plan: Plan, snapshot: Snapshot) -> Facts:
        """Run a plan over the records of a generation."""
        return self._finder.run(plan, snapshot.connection)
