"""How the queue is doing: what came, what was done and how fast, and what it was about.

All figures are counted in SQL, from the history and not from the reports as they are now: a
report that was closed and reopened counts as both, each when it happened. Measured at 100,000
reports in bench/moderation.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from bot.review.listing import utc
from bot.review.query import DAY_NS
from bot.review.schema import report_documents, report_events, reports
from bot.review.states import (
    CATEGORY_LABELS,
    CLOSED_STATES,
    OPEN_STATES,
    STATUS_LABELS,
    Category,
    Status,
)

MOST_NAMES = 8
AGES_DAYS = (1, 7, 30)
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


class Waiting(_View):
    """Open reports by state that came within `days` days, and in no shorter time before.

    `days` is None for those that are older.
    """

    days: int | None
    total: int
    states: dict[Status, int]

    @property
    def about(self) -> list[str]:
        """Which states they are in, in words: "new 3", "triaged 1"."""
        return [f"{STATUS_LABELS[state].lower()} {n:,}" for state, n in self.states.items()]


class Insight(_View):
    """The queue over the last `days`, in steps of `step_days`; the last one ends today (UTC).

    Medians are in hours: of reports filed in that time until somebody first looked at them, and
    of reports closed in that time since they were filed. None where there are none. `by_age` is of
    all that are open, whenever they came, the youngest first.
    """

    days: int
    step_days: int
    steps: tuple[Step, ...]
    median_hours_to_first_look: float | None
    median_hours_to_resolution: float | None
    by_document: tuple[Breakdown, ...]
    by_model: tuple[Breakdown, ...]
    by_age: tuple[Waiting, ...]


def insight(connection: sa.Connection, now: int, days: int) -> Insight:
    """Return the figures of the last days, today included; `now` is in ns since 1970."""
    step_days = -(-days // MOST_STEPS)
    count = -(-days // step_days)
    end = (now // DAY_NS + 1) * DAY_NS
    since = end - count * step_days * DAY_NS
    return Insight(
        days=count * step_days,
        step_days=step_days,
        steps=tuple(_steps(connection, since, step_days, count)),
        median_hours_to_first_look=_median_hours(connection, _until_first_look(since)),
        median_hours_to_resolution=_median_hours(connection, _until_closed(since)),
        by_document=tuple(_breakdowns(connection, _by_document(since))),
        by_model=tuple(_breakdowns(connection, _by_model(since))),
        by_age=tuple(_by_age(connection, now)),
    )


def _steps(connection: sa.Connection, since: int, step_days: int, count: int) -> Iterator[Step]:
    """Yield each step, the first one first; how many were open is told back from now."""
    length = step_days * DAY_NS
    e = report_events.c
    closes = sa.or_(
        e.kind == "resolved",
        sa.and_(e.kind == "moved", e.old.in_(OPEN_STATES), e.new.in_(CLOSED_STATES)),
    )
    reopens = sa.and_(e.kind == "moved", e.old.in_(CLOSED_STATES), e.new.in_(OPEN_STATES))
    filed = _per_step(connection, reports.c.filed_at, sa.true(), since, length)
    closed = _per_step(connection, e.at, closes, since, length)
    reopened = _per_step(connection, e.at, reopens, since, length)
    left = connection.execute(
        sa.select(sa.func.count()).where(reports.c.status.in_(OPEN_STATES))
    ).scalar_one()
    steps = []
    for number in reversed(range(count)):
        came, went, back = (counted.get(number, 0) for counted in (filed, closed, reopened))
        first = utc(since + number * length).date()
        steps.append(Step(first=first, filed=came, closed=went, open=left))
        left += went - came - back
    yield from reversed(steps)


def _per_step(
    connection: sa.Connection,
    at: sa.Column[int],
    wanted: sa.ColumnElement[bool],
    since: int,
    length: int,
) -> dict[int, int]:
    """Return how many rows of the column's table are wanted, by the step that they fall in."""
    step = (at - since) // sa.literal(length, sa.BigInteger)
    counted = sa.select(step, sa.func.count()).where(at >= since, wanted).group_by(step)
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


def _by_document(since: int) -> sa.Select[Any]:
    # SQLite would go through all documents for the order's sake, unless it has this list before.
    filed = sa.select(reports.c.reference, reports.c.category).where(reports.c.filed_at >= since)
    recent = filed.cte("recent").prefix_with("MATERIALIZED")
    name = report_documents.c.document
    return (
        sa.select(name.label("name"), recent.c.category, sa.func.count().label("number"))
        .select_from(recent.join(report_documents, _same_report(recent)))
        .group_by(name, recent.c.category)
    )


def _same_report(recent: sa.CTE) -> sa.ColumnElement[bool]:
    return recent.c.reference == report_documents.c.reference


def _by_model(since: int) -> sa.Select[Any]:
    name = reports.c.model
    return (
        sa.select(name.label("name"), reports.c.category, sa.func.count().label("number"))
        .where(reports.c.filed_at >= since, name != "")
        .group_by(name, reports.c.category)
    )


def _breakdowns(connection: sa.Connection, counted: sa.Select[Any]) -> Iterator[Breakdown]:
    """Yield the names that most reports are of, each with its reports by category."""
    names: defaultdict[str, Counter[Category]] = defaultdict(Counter)
    for name, category, number in connection.execute(counted):
        names[name][category] = number
    most = sorted(names, key=lambda name: (-names[name].total(), name))
    for name in most[:MOST_NAMES]:
        often = sorted(names[name].items(), key=lambda item: (-item[1], item[0]))
        yield Breakdown(name=name, total=names[name].total(), categories=dict(often))


def _by_age(connection: sa.Connection, now: int) -> Iterator[Waiting]:
    """Yield the open reports by age and state, the youngest first; no age that none has."""
    age = sa.case(*((reports.c.filed_at > now - d * DAY_NS, d) for d in AGES_DAYS), else_=0)
    waiting = sa.select(age.label("age"), reports.c.status).where(reports.c.status.in_(OPEN_STATES))
    found = waiting.subquery().c
    ages: defaultdict[int, Counter[Status]] = defaultdict(Counter)
    counted = sa.select(found.age, found.status, sa.func.count()).group_by(found.age, found.status)
    for days, status, number in connection.execute(counted):
        ages[days][status] = number
    for days in (*AGES_DAYS, 0):
        if states := ages.get(days):
            known = {state: states[state] for state in OPEN_STATES if state in states}
            yield Waiting(days=days or None, total=states.total(), states=known)
