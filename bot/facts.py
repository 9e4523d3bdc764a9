"""Answers from records: a plan is run as SQL, and code, not a model, writes what the cells hold.

Every figure is read from one cell and carries its row's number as a citation, so a figure can
neither be invented nor be given to another entity.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.answer import AnswerTable, Evidence, Fact
from bot.conditions import Filter, Order
from bot.entity_names import EntityRow
from bot.group_telling import Calculated, Group, GroupTelling, in_group_order
from bot.named_telling import NamedTelling, SimilarTelling
from bot.plan import Plan
from bot.record_query import RecordQuery
from bot.telling import (
    ListTelling,
    Page,
    Summary,
    SummaryTelling,
    no_figure,
    which_ones,
)
from bot.wording import conditions, side_by_side
from ingest.domain import DomainCard, FieldCard, TableCard
from ingest.record_text import display, place, record_chunk
from ingest.records import Cell, Record, record_table, value_column

EXAMPLES = 5


@dataclass(frozen=True)
class Facts:
    """What the records say to a plan: sentences with `[n]` markers, and a table to compare.

    `found` is False where they do not answer it; the sentences then say why, and what is near.
    `asks_beyond`: the question is for something that only the documents may know. `near_miss`: it
    is about many entities, and as much about something that the records do not have.
    """

    evidence: tuple[Evidence, ...]
    sentences: tuple[str, ...]
    plan_json: dict[str, Any]
    table: AnswerTable | None = None
    found: bool = True
    asks_beyond: bool = False
    near_miss: bool = False


class FactFinder:
    """Runs plans over the records of one domain."""

    def __init__(self, card: DomainCard) -> None:
        self._card = card
        self._tables = {table.name: record_table(table) for table in card.tables}

    def run(self, plan: Plan, connection: sa.Connection) -> Facts:
        """Run a plan in the reader's transaction."""
        card, table = self._card.table(plan.table), self._tables[plan.table]
        return _Run(with_figures(plan, table, connection), card, table, connection).facts()


def with_figures(plan: Plan, table: sa.Table, connection: sa.Connection) -> Plan:
    """Return a plan whose "cheaper than Birch" holds the figure of Birch's own cell."""
    filters = tuple(
        f.model_copy(update={"number": _own_figure(f.field, f.than.record_id, table, connection)})
        if f.than
        else f
        for f in plan.filters
    )
    return plan.model_copy(update={"filters": filters})


def _own_figure(
    key: str, record_id: str, table: sa.Table, connection: sa.Connection
) -> float | None:
    own = sa.select(value_column(table, key)).where(table.c.record_id == record_id)
    figure = connection.execute(own).scalar()
    return float(figure) if isinstance(figure, int | float) else None


class _Run:
    """One plan on its way to facts; keeps the SQL that ran and how many rows fitted."""

    def __init__(
        self, plan: Plan, card: TableCard, table: sa.Table, connection: sa.Connection
    ) -> None:
        self._plan = plan
        self._card = card
        self._table = table
        self._connection = connection
        self._query = RecordQuery(table, card, plan)
        self._fields = [card.field(key) for key in plan.fields]
        self._sql: list[str] = []
        self._rows: dict[str, int] = {}

    def facts(self) -> Facts:
        """Run the plan's operation."""
        unknown = [f for f in self._plan.filters if f.than and f.number is None]
        if unknown and not self._plan.entities:
            return self._done((), (no_figure(f, self._card) for f in unknown), found=False)
        if self._plan.operation == "list":
            return self._list()
        if self._plan.operation == "similar":
            return self._similar()
        if self._plan.operation == "ask":
            return self._done((), [which_ones(self._plan, self._card)], found=False)
        if self._plan.operation == "groups":
            return self._groups()
        if self._plan.operation == "summary":
            return self._count() if self._plan.function == "count" else self._summarise()
        return self._named()

    def _named(self) -> Facts:
        found = {record.record_id: record for record in self._records(self._query.entities())}
        records = [found[e.record_id] for e in self._plan.entities if e.record_id in found]
        if self._plan.order is not None:
            records = in_order(records, self._plan.order)
        evidence = self._evidence(records)
        telling = NamedTelling(self._plan, self._card, self._fields, records, evidence)
        plan = self._plan
        return self._done(
            evidence,
            telling.sentences(),
            side_by_side(self._card, self._fields, records, evidence),
            found=bool(records) and not plan.unknown_fields,
            asks_beyond=bool(plan.unknown_fields) and not plan.unknown,
        )

    def _similar(self) -> Facts:
        """Show the entities most like the one that the plan names, and that one first."""
        (like,) = self._records(self._query.entities())
        figures = {f.key: v for f in self._fields if _is_figure(v := like.values[f.key])}
        scales = self._scales([f for f in self._fields if f.key in figures])
        near = self._records(self._query.nearest(like, figures, scales))
        records = [like, *near]
        evidence = self._evidence(records)
        telling = SimilarTelling(self._plan, self._card, self._fields, records, evidence)
        table = side_by_side(self._card, self._fields, records, evidence)
        return self._done(evidence, telling.sentences(), table, found=bool(near and figures))

    def _scales(self, fields: Sequence[FieldCard]) -> dict[str, float]:
        """Return by how much the figures of each field differ: their standard deviation."""
        columns = {field.key: [] for field in fields}  # type: dict[str, list[float]]
        for row in self._execute(self._query.columns(list(columns))):
            for figures, value in zip(columns.values(), row, strict=True):
                if value is not None:
                    figures.append(float(value))
        return {key: statistics.pstdev(figures) or 1.0 for key, figures in columns.items()}

    def _list(self) -> Facts:
        records = self._records(self._query.listed())
        counts = self._counts(self._last_figure(records))
        total = counts["fitting"]
        tied = max(0, counts["near"] - self._plan.offset - len(records))
        page = Page(records=tuple(records), total=total, lacking=counts["lacking"], tied=tied)
        evidence = self._evidence(records)
        telling = ListTelling(self._plan, self._card, page, evidence)
        table = side_by_side(self._card, self._fields, records, evidence)
        return self._done(evidence, telling.sentences(), table, found=total > 0)

    def _last_figure(self, records: Sequence[Record]) -> float | None:
        """Return the figure of the last one shown in the plan's order."""
        order = self._plan.order
        last = records[-1].values[order.field] if order and records else None
        return last if isinstance(last, int | float) else None

    def _count(self) -> Facts:
        counts = self._counts()
        total = counts["fitting"]
        telling = SummaryTelling(self._plan, self._card, total)
        return self._done((self._whole(total),), telling.counted(counts["lacking"]))

    def _summarise(self) -> Facts:
        total = self._counts()["fitting"]
        telling = SummaryTelling(self._plan, self._card, total)
        summaries = [Summary(field, *self._summary(field)) for field in self._fields]
        return self._done((self._whole(total),), telling.summed(summaries), found=total > 0)

    def _summary(self, field: FieldCard) -> tuple[int, float]:
        """Return over how many figures, and what, the plan's function of a field is."""
        row = self._execute(self._query.summary(field.key)).one()
        over, total = int(row.over), float(row.total or 0.0)
        if not over or self._plan.function == "total":
            return over, total
        if self._plan.function == "median":
            middle = self._execute(self._query.middle(field.key, over)).scalars()
            return over, statistics.fmean(middle)
        return over, total / over

    def _groups(self) -> Facts:
        """Tell the plan's function for each group, the first of them by its first field."""
        plan, by = self._plan, self._card.field(self._plan.by)
        found = self._grouped(by)
        groups = found[: plan.limit]
        evidence = [self._whole(g.rows, n, by, g.value) for n, g in enumerate(groups, start=1)]
        telling = GroupTelling(plan, self._card, self._fields, groups, len(found))
        return self._done(evidence, telling.sentences(), telling.table(), found=bool(groups))

    def _grouped(self, by: FieldCard) -> list[Group]:
        """Return the groups in the plan's order, by default the highest first."""
        rows: dict[str, int] = {}
        values: dict[str, list[Calculated]] = {}
        for key in self._plan.fields or (None,):
            middles = self._middles(by, key) if key and self._plan.function == "median" else {}
            for row in self._execute(self._query.groups(by.key, key)):
                rows[row.value] = row.rows
                mean = row.total / row.over if row.over else None
                calculated = Calculated(row.over, middles.get(row.value, mean))
                values.setdefault(row.value, []).append(calculated)
        groups = [Group(v, n, tuple(values[v]) if self._fields else ()) for v, n in rows.items()]
        order = self._plan.order
        return in_group_order(groups, highest=order is None or order.highest)

    def _middles(self, by: FieldCard, key: str) -> dict[str, float]:
        figures: dict[str, list[float]] = {}
        for group, figure in map(tuple, self._execute(self._query.figures(by.key, key))):
            figures.setdefault(group, []).append(figure)
        return {group: statistics.median(of_one) for group, of_one in figures.items()}

    def _whole(
        self, total: int, n: int = 1, by: FieldCard | None = None, value: str = ""
    ) -> Evidence:
        """Return all rows that fit, or those of a group, as one piece of evidence, some by name."""
        group = Filter(field=by.key, values=(value,)) if by else None
        plan = self._plan.model_copy(
            update={"filters": (*self._plan.filters, *([group] if group else []))}
        )
        query = RecordQuery(self._table, self._card, plan)
        examples = self._records(query.examples(EXAMPLES))
        names = "; ".join(record.name for record in examples)
        rest = f" and {total - len(examples):,} more" if total > len(examples) else ""
        fitting = conditions(plan.filters, self._card) or "all"
        return Evidence(
            n=n,
            kind="record",
            document=self._card.file,
            title=self._card.file,
            quote=f"{total:,} rows of {self._card.file} ({fitting}): {names}{rest}.",
            key=f"{self._card.name}:*{value}",
            heading_path=(self._card.entity_plural,),
        )

    def _done(
        self,
        evidence: Sequence[Evidence],
        sentences: Iterable[str],
        table: AnswerTable | None = None,
        *,
        found: bool = True,
        asks_beyond: bool = False,
    ) -> Facts:
        return Facts(
            evidence=tuple(evidence),
            sentences=tuple(sentences),
            plan_json={
                **self._plan.model_dump(mode="json"),
                **self._rows,
                "sql": self._sql,
                "shown": [piece.key for piece in evidence if piece.row is not None],
            },
            table=table,
            found=found and not self._plan.ignored,
            asks_beyond=asks_beyond,
            near_miss=bool(self._plan.ignored) and not self._plan.entities,
        )

    # --- rows ---------------------------------------------------------------------------------

    def _execute(self, query: sa.Select[Any]) -> sa.CursorResult[Any]:
        self._sql.append(" ".join(str(query).split()))
        return self._connection.execute(query)

    def _records(self, query: sa.Select[Any]) -> list[Record]:
        return [record_of(row, self._table, self._card) for row in self._execute(query)]

    def _counts(self, last: float | None = None) -> dict[str, int]:
        """Count rows, and keep the numbers for those who read the plan."""
        row = self._execute(self._query.counts(last)).one()
        counts = {name: int(value) for name, value in row._mapping.items()}
        self._rows |= {name: counts[name] for name in ("fitting", "lacking")}
        return counts

    def _evidence(self, records: Sequence[Record]) -> list[Evidence]:
        return [
            _evidence(n, record, self._card, self._fields)
            for n, record in enumerate(records, start=1)
        ]


def in_order(records: Sequence[Record], order: Order) -> list[Record]:
    """Return records in an order; those without a figure last."""

    def place(record: Record) -> tuple[bool, float]:
        value = record.values[order.field]
        figure = float(value) if isinstance(value, int | float) else 0.0
        return value is None, -figure if order.highest else figure

    return sorted(records, key=place)


def _is_figure(value: Cell) -> bool:
    return isinstance(value, int | float)


def entity_rows(card: DomainCard, connection: sa.Connection) -> Iterable[EntityRow]:
    """Yield every entity of a domain's records, as the entity index needs it."""
    for table_card in card.tables:
        table = record_table(table_card)
        for row in connection.execute(sa.select(table)):
            yield _entity_row(record_of(row, table, table_card), table_card)


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


def record_of(row: sa.Row[Any], table: sa.Table, card: TableCard) -> Record:
    """Return the record that a row of its table holds."""
    return Record(
        record_id=row.record_id,
        document=row.document,
        row=row.row,
        name=row.name,
        aliases=tuple(row.aliases.split("\n")) if row.aliases else (),
        values={f.key: row._mapping[value_column(table, f.key)] for f in card.fields},
    )


def evidence_of_row(row: sa.Row[Any], table: sa.Table, card: TableCard) -> Evidence:
    """Return a row of a table with all its cells as facts."""
    return _evidence(1, record_of(row, table, card), card, card.fields)


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
