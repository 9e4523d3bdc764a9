"""Answers from records: a plan is run as SQL, and code, not a model, writes what the cells hold.

Every figure is read from one cell and carries its row's number as a citation, so a figure can
neither be invented nor be given to another entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.answer import AnswerTable, Column, Evidence, Fact
from bot.entities import EntityRow
from bot.plan import Choice, Plan, PlannedEntity, UnknownName
from ingest.domain import DomainCard, FieldCard, TableCard
from ingest.record_text import display, place, record_chunk
from ingest.records import Cell, Record, record_table, value_column

OTHERS_NAMED = 4
FIELDS_TOLD = 3


@dataclass(frozen=True)
class Facts:
    """What the records say to a plan: sentences with `[n]` markers, and a table to compare.

    `found` is False where they do not answer it; the sentences then say why, and what is near.
    `asks_beyond`: the question is for something that only the documents may know.
    """

    evidence: tuple[Evidence, ...]
    sentences: tuple[str, ...]
    plan_json: dict[str, Any]
    table: AnswerTable | None = None
    found: bool = True
    asks_beyond: bool = False


class FactFinder:
    """Runs plans over the records of one domain."""

    def __init__(self, card: DomainCard) -> None:
        self._card = card
        self._tables = {table.name: record_table(table) for table in card.tables}

    def run(self, plan: Plan, connection: sa.Connection) -> Facts:
        """Run a plan in the reader's transaction."""
        card = self._card.table(plan.table)
        fields = [card.field(key) for key in plan.fields]
        records = self._records(plan, card, connection)
        evidence = tuple(
            _evidence(n, record, card, fields) for n, record in enumerate(records, start=1)
        )
        told = _Telling(plan, card, fields, records, evidence)
        return Facts(
            evidence=evidence,
            sentences=tuple(told.sentences()),
            plan_json=plan.model_dump(mode="json"),
            table=told.table(),
            found=bool(records) and not plan.unknown_fields and not plan.ignored,
            asks_beyond=bool(plan.unknown_fields) and not plan.unknown,
        )

    def _records(self, plan: Plan, card: TableCard, connection: sa.Connection) -> list[Record]:
        """Return the records of the plan's entities, in the plan's order."""
        table = self._tables[card.name]
        wanted = [entity.record_id for entity in plan.entities]
        rows = connection.execute(sa.select(table).where(table.c.record_id.in_(wanted)))
        found = {row.record_id: _record(row, table, card) for row in rows}
        return [found[key] for key in wanted if key in found]


def entity_rows(card: DomainCard, connection: sa.Connection) -> Iterable[EntityRow]:
    """Yield every entity of a domain's records, as the entity index needs it."""
    for table_card in card.tables:
        table = record_table(table_card)
        for row in connection.execute(sa.select(table)):
            yield _entity_row(_record(row, table, table_card), table_card)


def _entity_row(record: Record, card: TableCard) -> EntityRow:
    popularity = record.values.get(card.popularity_field) if card.popularity_field else 0
    return EntityRow(
        record_id=record.record_id,
        table=card.name,
        name=record.name,
        aliases=record.aliases,
        label=place(record, card),
        label_words=tuple(_label_words(record, card)),
        popularity=float(popularity) if isinstance(popularity, int | float) else 0.0,
    )


def _label_words(record: Record, card: TableCard) -> Iterable[str]:
    for key in card.label_fields:
        value = record.values[key]
        if value is not None:
            yield str(value)
            yield from card.field(key).values.get(str(value), [])


def _record(row: sa.Row[Any], table: sa.Table, card: TableCard) -> Record:
    return Record(
        record_id=row.record_id,
        document=row.document,
        row=row.row,
        name=row.name,
        aliases=tuple(row.aliases.split("\n")) if row.aliases else (),
        values={f.key: row._mapping[value_column(table, f.key)] for f in card.fields},
    )


def _evidence(n: int, record: Record, card: TableCard, fields: Sequence[FieldCard]) -> Evidence:
    chunk = record_chunk(record, card)
    return Evidence(
        n=n,
        kind="record",
        document=record.document,
        title=card.file,
        quote=chunk.text,
        key=record.record_id,
        row=record.row,
        heading_path=chunk.heading_path,
        facts=tuple(_fact(record, field) for field in fields),
    )


def _fact(record: Record, field: FieldCard) -> Fact:
    value = record.values[field.key]
    return Fact(
        entity=record.name,
        field=field.key,
        label=field.label,
        value=value,
        display=display(value, field),
        unit=field.unit,
        vintage=field.vintage,
        source=field.source,
        column=field.csv_column,
    )


class _Telling:
    """Writes what was found, in sentences and as a table."""

    def __init__(
        self,
        plan: Plan,
        card: TableCard,
        fields: Sequence[FieldCard],
        records: Sequence[Record],
        evidence: Sequence[Evidence],
    ) -> None:
        self._plan = plan
        self._card = card
        self._fields = fields
        self._records = records
        self._evidence = evidence
        self._names = _distinct_names(records, card)

    def sentences(self) -> Iterable[str]:
        """Yield the sentences: the figures first, then what a reader has to know about them."""
        if self._records and self._fields:
            if self._plan.ignored:
                said = _quoted([" ".join(self._plan.ignored)])
                yield f"I cannot take {said} into account. What the data do say:"
            if len(self._records) == 1:
                yield self._told()
            elif len(self._fields) <= FIELDS_TOLD:
                yield from (self._compared(field) for field in self._fields)
            else:
                yield self._introduced()
        yield from (_unknown_sentence(name, self._card) for name in self._plan.unknown)
        yield from self._unknown_fields()
        yield from self._other_meanings()

    def table(self) -> AnswerTable | None:
        """Return the entities side by side, or the many figures of one."""
        if not self._records or len(self._records) * len(self._fields) < 2:
            return None
        entity = Column(label=self._card.entity[:1].upper() + self._card.entity[1:])
        values = [[r.values[f.key] for f in self._fields] for r in self._records]
        shown = [[fact.display for fact in e.facts] for e in self._evidence]
        return AnswerTable(
            columns=(entity, *(_column(field) for field in self._fields)),
            rows=tuple((n, *v) for n, v in zip(self._names, values, strict=True)),
            display=tuple((n, *d) for n, d in zip(self._names, shown, strict=True)),
            citations=tuple(e.n for e in self._evidence),
        )

    def _told(self) -> str:
        """One entity: "Rice University (Houston, TX): admission rate 9% (2022) [1]."."""
        (evidence,) = self._evidence
        where = place(self._records[0], self._card)
        name = f"{self._records[0].name} ({where})" if where else self._records[0].name
        told = "; ".join(
            _phrase(f, fact) for f, fact in zip(self._fields, evidence.facts, strict=True)
        )
        return f"{name}: {told} [{evidence.n}]."

    def _introduced(self) -> str:
        """Many figures of several entities: the table says them, the sentence whose they are."""
        cited = [f"{name} [{e.n}]" for name, e in zip(self._names, self._evidence, strict=True)]
        return f"Side by side: {', '.join(cited[:-1])} and {cited[-1]}."

    def _compared(self, field: FieldCard) -> str:
        """Several entities: each one's figure, then how far apart they are."""
        told = "; ".join(
            f"{name} {_figure(record.values[field.key], field)} [{evidence.n}]"
            for name, record, evidence in zip(
                self._names, self._records, self._evidence, strict=True
            )
        )
        vintage = f" ({field.vintage})" if field.numeric and field.vintage else ""
        return f"{field.label}{vintage}: {told}.{self._apart(field)}"

    def _apart(self, field: FieldCard) -> str:
        figures = [
            (value, name)
            for name, record in zip(self._names, self._records, strict=True)
            if field.numeric and isinstance(value := record.values[field.key], int | float)
        ]
        if len(figures) < 2:
            return ""
        (low, _), (high, highest) = min(figures), max(figures)
        if low == high:
            return " They are the same." if len(figures) == 2 else ""
        gap = _figure(high - low, field).replace("%", " percentage points")
        if len(figures) == 2:
            return f" {highest} is higher by {gap}."
        return f" {highest} is highest; from lowest to highest it is {gap}."

    def _unknown_fields(self) -> Iterable[str]:
        if self._plan.unknown_fields:
            known = ", ".join(_lower_label(field) for field in self._card.fields)
            asked = ", ".join(f"“{words}”" for words in self._plan.unknown_fields)
            names = " and ".join(self._names)
            cited = "".join(f" [{e.n}]" for e in self._evidence)
            yield f"The data say nothing about {asked} for {names}{cited}."
            yield f"For each {self._card.entity} they have: {known}."

    def _other_meanings(self) -> Iterable[str]:
        for entity in self._plan.entities:
            if entity.tier == "ambiguous" and not entity.all_shown and entity.other_candidates:
                yield _other_meanings(entity)
        shared = [entity for entity in self._plan.entities if entity.all_shown]
        if shared:
            words = dict.fromkeys(entity.words for entity in shared)
            yield f"More than one {self._card.entity} is called {_quoted(words)}; all are shown."


def _column(field: FieldCard) -> Column:
    return Column(
        label=field.label,
        unit=field.unit,
        type=field.type,
        better=field.better,
        source=field.source,
        vintage=field.vintage,
    )


def _distinct_names(records: Sequence[Record], card: TableCard) -> list[str]:
    """Return the names, with the place behind those that are not unique."""
    names = [record.name for record in records]
    return [
        f"{record.name} ({place(record, card)})" if names.count(record.name) > 1 else record.name
        for record in records
    ]


def _phrase(field: FieldCard, fact: Fact) -> str:
    vintage = f" ({field.vintage})" if field.numeric and field.vintage else ""
    return f"{_lower_label(field)} {_figure(fact.value, field)}{vintage if fact.value else ''}"


def _figure(value: Cell, field: FieldCard) -> str:
    """Write a value with its unit, where neither the figure nor the label shows it by itself."""
    shown = display(value, field)
    unsaid = field.type in ("number", "count") and field.unit.lower() not in field.label.lower()
    return f"{shown} {field.unit}" if value is not None and unsaid else shown


def _lower_label(field: FieldCard) -> str:
    """Return a label as it stands inside a sentence; acronyms keep their capitals."""
    first = field.label.split(" ", 1)[0]
    keeps = len(first) > 1 and first.upper() == first
    return field.label if keeps else field.label[:1].lower() + field.label[1:]


def _unknown_sentence(unknown: UnknownName, card: TableCard) -> str:
    said = f"I have no {card.entity} called “{unknown.words}”."
    return (
        f"{said} The nearest names that I have: {_choices(unknown.nearest)}."
        if (unknown.nearest)
        else said
    )


def _other_meanings(entity: PlannedEntity) -> str:
    others = _choices(entity.other_candidates[:OTHERS_NAMED])
    return f"I took “{entity.words}” for {entity.name}; it could also mean {others}."


def _choices(choices: Sequence[Choice]) -> str:
    return "; ".join(f"{c.name} ({c.label})" if c.label else c.name for c in choices)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"“{w}”" for w in words)
