"""Which report comes first: the one place that says so, for the list, the page and the docs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.review.schema import asked, reports
from bot.review.states import SEVERITY_RANK

REACH_DAYS = 30


def by_priority(reach: sa.ColumnElement[int]) -> list[sa.ColumnElement[Any]]:
    """Return the order of the queue, the first thing first:

    1. severity, because harm does not add up: one urgent report outweighs many slight ones;
    2. the number of reports, because each of them is a person who took the trouble;
    3. `reach`, how often the question was asked lately, in powers of ten: who will meet the same
       answer without reporting it (a question asked 12 times does not overtake one asked 11);
    4. age, the oldest first.

    What nobody repeats can stay behind for long; the view "oldest" shows what waits.
    """
    severity = sa.case(SEVERITY_RANK, value=reports.c.severity)
    return [
        severity.desc(),
        reports.c.repeats.desc(),
        # Its digits are its power of ten, and `reach`, a query of its own, is asked once for each.
        sa.func.length(sa.cast(reach, sa.Text)).desc(),
        reports.c.filed_at,
        reports.c.reference,
    ]


def reach(now: int) -> sa.ColumnElement[int]:
    """Return how often a report's question was asked in the last 30 days; `now` in ns."""
    first = datetime.fromtimestamp(now / 1e9, tz=UTC).date() - timedelta(days=REACH_DAYS - 1)
    times = sa.select(sa.func.coalesce(sa.func.sum(asked.c.times), 0)).where(
        asked.c.group_key == reports.c.group_key, asked.c.day >= first.isoformat()
    )
    return times.scalar_subquery()
