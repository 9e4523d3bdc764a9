"""Plans as SQL over the records: column names from the card, everything else a bound parameter."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.conditions import Filter
from bot.plan import Plan
from ingest.domain import TableCard
from ingest.records import Cell, Record, value_column

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class RecordQuery:
    """The questions that a plan puts to its table."""

    def __init__(self, table: sa.Table, card: TableCard, plan: Plan) -> None:
        self._table = table
        self._card = card
        self._plan = plan

    def entities(self) -> sa.Select[Any]:
        """The rows of the entities that the plan names, in any order."""
        wanted = [entity.record_id for entity in self._plan.entities]
        return sa.select(self._table).where(self._table.c.record_id.in_(wanted))

    def listed(self) -> sa.Select[Any]:
        """The rows that fit, in the plan's order, from its offset on, as many as it wants."""
        rows = sa.select(self._table).where(*self._fitting())
        return rows.order_by(*self._order()).limit(self._plan.limit).offset(self._plan.offset)

    def counts(self, last: float | None = None) -> sa.Select[Any]:
        """How many rows fit, how many lack a figure, and how many come no later than `last`.

        `fitting` have what the plan's order needs; `lacking` might fit, but have no figure where
        one is needed; `near` fit and are no further down the order than a figure. All three in
        one pass over the rows.
        """
        fits = sa.and_(sa.true(), *self._fitting())
        columns = [value_column(self._table, key) for key in self._numeric_keys()]
        lacks = sa.or_(sa.false(), *(column.is_(None) for column in columns))
        near: sa.ColumnElement[bool] = sa.false()
        if self._plan.order is not None and last is not None:
            column = value_column(self._table, self._plan.order.field)
            near = sa.and_(fits, column >= last if self._plan.order.highest else column <= last)
        counted = (("fitting", fits), ("lacking", lacks), ("near", near))
        sums: list[Any] = [sa.func.count(sa.case((what, 1))).label(name) for name, what in counted]
        return sa.select(*sums).select_from(self._table).where(*self._perhaps())

    def _perhaps(self) -> list[sa.ColumnElement[bool]]:
        """The conditions, as far as what is reported tells."""
        return [
            self._condition(f) if f.values else self._condition_or_unknown(f)
            for f in self._plan.filters
        ]

    def summary(self, key: str) -> sa.Select[Any]:
        """How many rows that fit have a figure of a field, and their sum."""
        column = value_column(self._table, key)
        sums: list[Any] = [sa.func.count(column).label("over"), sa.func.sum(column).label("total")]
        return sa.select(*sums).where(*self._conditions())

    def groups(self, by: str, key: str | None) -> sa.Select[Any]:
        """For each value of a field that fits: its rows, its figures of a field, and their sum."""
        group = value_column(self._table, by)
        figures: Any = value_column(self._table, key) if key else sa.null()
        counts: list[Any] = [
            group.label("value"),
            sa.func.count().label("rows"),
            sa.func.count(figures).label("over"),
            sa.func.sum(figures).label("total"),
        ]
        fitting = sa.select(*counts).where(*self._conditions(), group.is_not(None))
        return fitting.group_by(group).order_by(group)

    def figures(self, by: str, key: str) -> sa.Select[Any]:
        """The group and the figure of each row that fits and has both, by figure."""
        group, figure = value_column(self._table, by), value_column(self._table, key)
        columns: list[Any] = [group, figure]
        rows = sa.select(*columns).where(*self._conditions())
        return rows.where(group.is_not(None), figure.is_not(None)).order_by(figure)

    def middle(self, key: str, over: int) -> sa.Select[Any]:
        """The one or two figures in the middle of a field's `over` figures."""
        column = value_column(self._table, key)
        figures = sa.select(column).where(*self._conditions(), column.is_not(None))
        return figures.order_by(column).limit(2 - over % 2).offset((over - 1) // 2)

    def columns(self, keys: Sequence[str]) -> sa.Select[Any]:
        """Some columns of all rows."""
        columns: list[Any] = [value_column(self._table, key) for key in keys]
        return sa.select(*columns)

    def nearest(
        self, like: Record, figures: Mapping[str, Cell], scales: Mapping[str, float]
    ) -> sa.Select[Any]:
        """The rows nearest to a record in the figures, among those of its categories.

        Near is the sum of squared differences, each in units of its scale; a row that lacks one
        of the figures is left out.
        """
        same = [
            value_column(self._table, key) == like.values[key]
            for key in self._plan.fields
            if key not in figures and not self._card.field(key).numeric
        ]
        apart: Any = sa.literal(0.0)
        for key, value in figures.items():
            step = (value_column(self._table, key) - value) / scales[key]
            apart = apart + step * step
        known = [value_column(self._table, key).is_not(None) for key in figures]
        rows = sa.select(self._table).where(self._table.c.record_id != like.record_id)
        rows = rows.where(*same, *known).order_by(apart, *self._best_known())
        return rows.limit(self._plan.limit).offset(self._plan.offset)

    def examples(self, limit: int) -> sa.Select[Any]:
        """Some rows that fit, the best known first."""
        rows = sa.select(self._table).where(*self._conditions())
        return rows.order_by(*self._best_known()).limit(limit)

    def _fitting(self) -> list[sa.ColumnElement[bool]]:
        conditions = self._conditions()
        if self._plan.order is not None:
            conditions.append(value_column(self._table, self._plan.order.field).is_not(None))
        return conditions

    def _conditions(self) -> list[sa.ColumnElement[bool]]:
        return [self._condition(f) for f in self._plan.filters]

    def _condition(self, f: Filter) -> sa.ColumnElement[bool]:
        column = value_column(self._table, f.field)
        if f.excluded:
            return sa.or_(column.is_(None), column.not_in(f.values))
        if f.comparison is None:
            return column.in_(f.values)
        compared: sa.ColumnElement[bool] = COMPARE[f.comparison](column, f.number)
        return compared

    def _condition_or_unknown(self, f: Filter) -> sa.ColumnElement[bool]:
        return sa.or_(self._condition(f), value_column(self._table, f.field).is_(None))

    def _numeric_keys(self) -> Sequence[str]:
        keys = [f.field for f in self._plan.filters if f.comparison]
        keys += [self._plan.order.field] if self._plan.order else []
        return list(dict.fromkeys(keys))

    def _order(self) -> list[sa.ColumnElement[Any]]:
        if self._plan.order is None:
            return self._best_known()
        column = value_column(self._table, self._plan.order.field)
        ordered = column.desc() if self._plan.order.highest else column.asc()
        return [ordered, *self._best_known()]

    def _best_known(self) -> list[sa.ColumnElement[Any]]:
        """Break ties the same way every time: the best known first, then by name."""
        known = self._card.popularity_field
        first = [value_column(self._table, known).desc().nulls_last()] if known else []
        return [*first, self._table.c.name.asc(), self._table.c.record_id.asc()]
