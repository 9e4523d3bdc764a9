"""How the queue is doing: what came, what was done and how fast, and what it was about.

All figures are counted in SQL, from the history and not from the reports as they are now: a
report that was closed and reopened counts as both, each when it happened. Measured at 100,000
reports in bench/moderation.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from bot.review.listing import utc
from bot.review.query import DAY_NS
from bot.review.schema import report_documents, report_events, reports
from bot.review.states import CATEGORY_LABELS, CLOSED_STATES, OPEN_STATES, Category

MOST_NAMES = 8
MOST_STEPS = 31
HOUR_NS = 3_600 * 10**9
# What only a person who looks after reports does.
_LOOKS = ("assigned", "moved", "rated", "noted", "resolved")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Step(_View):
    """A day, or some days from `first` on: reports filed and closed in it, open at its end."""

    first: date
    filed: int
    closed: int
    open: int


class Breakdown(_View):
    """Reports of one document or model, by category; the most frequent first."""

    name: str
    total: int
    categories: dict[Category, int]

    @property
    def about(self) -> list[str]:
        """What the reports say, in words: "wrong fact 3", "out of date 1"."""
        return [f"{CATEGORY_LABELS[name].lower()} {n:,}" for name, n in self.categories.items()]


class Insight(_View):
    """The queue over the last `days`, in steps of `step_days`; the last one ends today (UTC).

    Medians are in hours: of reports filed in that time until somebody first looked at them, and
    of reports closed in that time since they were filed. None where there are none.
    """

    days: int
    step_days: int
    steps: tuple[Step, ...]
    median_hours_to_first_look: float | None
    median_hours_to_resolution: float | None
    by_document: tuple[Breakdown, ...]
    by_model: tuple[Breakdown, ...]


def insight(connection: sa.Connection, now: int, days: int) -> Insight:
    """Return the figures of the last days, today included; `now` is in ns since 1970."""
    step_days = -(-days // MOST_STEPS)
    count = -(-days // step_days)
    end = (now // DAY_NS + 1) * DAY_NS
    since = end - count * step_days * DAY_NS
    recent = reports.c.filed_at >= since
    of_document = report_documents.join(
        reports, reports.c.reference == report_documents.c.reference
    )
    return Insight(
        days=count * step_days,
        step_days=step_days,
        steps=tuple(_steps(connection, since, step_days, count)),
        median_hours_to_first_look=_median_hours(connection, _until_first_look(since)),
        median_hours_to_resolution=_median_hours(connection, _until_closed(since)),
        by_document=tuple(
            _breakdowns(connection, report_documents.c.document, of_document, recent)
        ),
        by_model=tuple(_breakdowns(connection, reports.c.model, reports, recent)),
    )


def _steps(connection: sa.Connection, since: int, step_days: int, count: int) -> Iterator[Step]:
    """Yield each step, the first one first; how many were open is told back from now."""
    length = step_days * DAY_NS
    filed = _per_step(connection, reports.c.filed_at, sa.true(), reports, since, length)
    closes, reopens = _changes(connection, since, length)
    left = connection.execute(
        sa.select(sa.func.count()).where(reports.c.status.in_(OPEN_STATES))
    ).scalar_one()
    steps = []
    for number in reversed(range(count)):
        came, went, back = (counted.get(number, 0) for counted in (filed, closes, reopens))
        first = utc(since + number * length).date()
        steps.append(Step(first=first, filed=came, closed=went, open=left))
        left += went - came - back
    yield from reversed(steps)


def _changes(
    connection: sa.Connection, since: int, length: int
) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many reports were closed, and how many reopened, in each step."""
    e = report_events.c
    closes = sa.or_(
        e.kind == "resolved",
        sa.and_(e.kind == "moved", e.old.in_(OPEN_STATES), e.new.in_(CLOSED_STATES)),
    )
    reopens = sa.and_(e.kind == "moved", e.old.in_(CLOSED_STATES), e.new.in_(OPEN_STATES))
    # Through the reports that have changed since: their events are found by an index.
    changed = reports.c.changed_at >= since
    source = report_events.join(reports, sa.and_(e.reference == reports.c.reference, changed))
    return (
        _per_step(connection, e.at, closes, source, since, length),
        _per_step(connection, e.at, reopens, source, since, length),
    )


def _per_step(
    connection: sa.Connection,
    at: sa.ColumnElement[int],
    wanted: sa.ColumnElement[bool],
    source: sa.FromClause,
    since: int,
    length: int,
) -> dict[int, int]:
    step = (at - since) // sa.literal(length, sa.BigInteger)
    counted = (
        sa.select(step, sa.func.count()).select_from(source).where(at >= since, wanted)
    ).group_by(step)
    return {number: times for number, times in connection.execute(counted)}


def _until_first_look(since: int) -> sa.Select[Any]:
    e = report_events.c
    looked = sa.and_(e.reference == reports.c.reference, e.kind.in_(_LOOKS))
    took = (sa.func.min(e.at) - reports.c.filed_at).label("took")
    return (
        sa.select(took)
        .select_from(reports.join(report_events, looked))
        .where(reports.c.filed_at >= since)
        .group_by(reports.c.reference, reports.c.filed_at)
    )


def _until_closed(since: int) -> sa.Select[Any]:
    took = (reports.c.closed_at - reports.c.filed_at).label("took")
    return sa.select(took).where(reports.c.closed_at >= since)


def _median_hours(connection: sa.Connection, durations: sa.Select[Any]) -> float | None:
    took = durations.subquery().c.took
    place = sa.func.row_number().over(order_by=took).label("place")
    of = sa.func.count().over().label("of")
    ranked = sa.select(took, place, of).subquery().c
    middle = sa.select(ranked.took).where(
        2 * ranked.place >= ranked.of, 2 * ranked.place <= ranked.of + 2
    )
    values = connection.execute(middle).scalars().all()
    return float(sum(values)) / len(values) / HOUR_NS if values else None


def _breakdowns(
    connection: sa.Connection,
    name: sa.ColumnElement[str],
    source: sa.FromClause,
    wanted: sa.ColumnElement[bool],
) -> Iterator[Breakdown]:
    """Yield the names that most reports are of, each with its reports by category."""
    number = sa.func.count()
    most = (
        sa.select(name.label("name"), number.label("total"))
        .select_from(source)
        .where(wanted, name != "")
        .group_by(name)
        .order_by(number.desc(), name)
        .limit(MOST_NAMES)
    )
    totals = {row.name: row.total for row in connection.execute(most)}
    split = (
        sa.select(name.label("name"), reports.c.category, number.label("number"))
        .select_from(source)
        .where(wanted, name.in_(totals))
        .group_by(name, reports.c.category)
        .order_by(number.desc(), reports.c.category)
    )
    categories: dict[str, dict[Category, int]] = {each: {} for each in totals}
    for row in connection.execute(split):
        categories[row.name][row.category] = row.number
    for each, total in totals.items():
        yield Breakdown(name=each, total=total, categories=categories[each])
