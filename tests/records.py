"""A pack's records in a database in memory: what planning needs, without documents and vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.facts import FactFinder, Facts
from bot.plan import Plan
from bot.planner import Planner
from bot.planning import make_planner
from ingest.domain import DomainCard, load_card
from ingest.records import read_records, record_table

CORPUS = Path(__file__).parent.parent / "corpus"


@dataclass
class Desk:
    """A planner and its records; `ask` is what the pipeline does with them."""

    card: DomainCard
    planner: Planner
    finder: FactFinder
    connection: sa.Connection

    def plan(self, question: str, previous: dict[str, Any] | None = None) -> Plan | None:
        return self.planner.plan(question, previous)

    def ask(self, question: str, previous: dict[str, Any] | None = None) -> Facts | None:
        plan = self.plan(question, previous)
        return None if plan is None else self.finder.run(plan, self.connection)

    def told(self, question: str) -> Facts:
        facts = self.ask(question)
        assert facts is not None, f"not planned: {question}"
        return facts


@contextmanager
def open_desk(name: str) -> Iterator[Desk]:
    """Read a pack's tables into SQLite and make its planner."""
    card = load_card(CORPUS / name)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for table_card in card.tables:
            metadata = sa.MetaData()
            table = record_table(table_card, metadata)
            metadata.create_all(connection)
            records, _ = read_records(CORPUS / name / table_card.file, table_card.file, table_card)
            rows = [
                {
                    "record_id": r.record_id,
                    "document": r.document,
                    "row": r.row,
                    "name": r.name,
                    "aliases": "\n".join(r.aliases),
                    **{f"f_{key}": value for key, value in r.values.items()},
                }
                for r in records
            ]
            connection.execute(table.insert(), rows)
        yield Desk(card, make_planner(card, connection), FactFinder(card), connection)
    engine.dispose()
