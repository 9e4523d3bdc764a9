"""How the queue is doing as HTML: small charts of one colour each, and the figures as a table.

No chart needs its colour to be understood: each shows one thing, and says its figures in text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.review.insight import Breakdown, Insight, Waiting
from ui import strings
from ui.rendering import escape, folded

HOURS_SHOWN = 48
MOST_KINDS = 3


def key_figures_html(seen: Insight) -> str:
    """Return what is open now, and how long people waited."""
    figures = {
        strings.INSIGHT_OPEN: f"{seen.steps[-1].open:,}",
        strings.INSIGHT_FIRST_LOOK: waited(seen.median_hours_to_first_look),
        strings.INSIGHT_RESOLUTION: waited(seen.median_hours_to_resolution),
    }
    shown = (
        f"<div><b>{escape(figure)}</b><span>{escape(name)}</span></div>"
        for name, figure in figures.items()
    )
    return f'<div class="gk-figures">{"".join(shown)}</div>'


def waited(hours: float | None) -> str:
    """Return a time in the unit in which one thinks of it: "40 min", "2.5 h", "3.1 d"."""
    if hours is None:
        return "–"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < HOURS_SHOWN else f"{hours / 24:.1f} d"


def over_time_html(seen: Insight) -> str:
    """Return new, closed and open reports over time, each a chart, and all as a table."""
    first = seen.steps[0].first
    ends = first, first + timedelta(days=seen.days - 1)
    filed = [step.filed for step in seen.steps]
    closed = [step.closed for step in seen.steps]
    left = [step.open for step in seen.steps]
    labels = [_label(step.first, seen.step_days) for step in seen.steps]
    charts = [
        _columns_html(strings.INSIGHT_NEW, _came(filed, seen), filed, labels, ends),
        _columns_html(strings.INSIGHT_CLOSED, _came(closed, seen), closed, labels, ends),
        _columns_html(strings.INSIGHT_LEFT, _at_most(left), left, labels, ends),
    ]
    table = folded(strings.INSIGHT_TABLE, _table_html(seen, labels))
    return f'<div class="gk-charts gk-over-time">{"".join(charts)}</div>{table}'


def breakdown_html(title: str, rows: Sequence[Breakdown]) -> str:
    """Return names with their reports as bars, and under each what the reports say."""
    return _bars_html(title, [(row.name, _commonest(row), row.total) for row in rows])


def waiting_html(rows: Sequence[Waiting]) -> str:
    """Return how long open reports have waited as bars, and under each their states."""
    ages = [(strings.WAITING_AGES[row.days], row.about, row.total) for row in rows]
    return _bars_html(strings.WAITING_TITLE, ages)


def _bars_html(title: str, rows: Sequence[tuple[str, Sequence[str], int]]) -> str:
    """Return names as bars as long as their numbers, each with what is told of it; "" for none."""
    if not rows:
        return ""
    most = max(total for _, _, total in rows)
    bars = "".join(_bar_html(name, about, total, most) for name, about, total in rows)
    return (
        f'<figure class="gk-chart gk-about"><figcaption>{escape(title)}</figcaption>'
        f'<ul role="list">{bars}</ul></figure>'
    )


def _came(values: Sequence[int], seen: Insight) -> str:
    """Return how many there were, and at most in one column: what its height stands for."""
    in_all = strings.INSIGHT_IN_ALL.format(n=sum(values))
    each = strings.INSIGHT_PER_DAY if seen.step_days == 1 else strings.INSIGHT_PER_DAYS
    most = max(values)
    return f"{in_all}, {each.format(most=most, days=seen.step_days)}" if most else in_all


def _at_most(values: Sequence[int]) -> str:
    return strings.INSIGHT_AT_MOST.format(n=max(values))


def _label(first: date, step_days: int) -> str:
    day = f"{first.day} {first:%b %Y}"
    return day if step_days == 1 else strings.INSIGHT_FROM.format(day=day, n=step_days)


def _end(day: date, with_year: bool) -> str:
    return f"{day.day} {day:%b %Y}" if with_year else f"{day.day} {day:%b}"


def _columns_html(
    title: str, told: str, values: Sequence[int], labels: Sequence[str], ends: tuple[date, date]
) -> str:
    most = max(values) or 1
    columns = "".join(
        f'<i style="height:{100 * value / most:.1f}%" title="{escape(f"{label}: {value:,}")}"></i>'
        for value, label in zip(values, labels, strict=True)
    )
    first, last = (_end(end, ends[0].year != ends[1].year) for end in ends)
    return (
        f'<figure class="gk-chart"><figcaption>{escape(title)} <small>{escape(told)}</small>'
        f'</figcaption><div class="gk-columns" aria-hidden="true">{columns}</div>'
        f'<div class="gk-axis" aria-hidden="true"><span>{first}</span><span>{last}</span></div>'
        "</figure>"
    )


def _table_html(seen: Insight, labels: Sequence[str]) -> str:
    """Return all three series, the newest first."""
    names = (strings.INSIGHT_WHEN, strings.INSIGHT_NEW, strings.INSIGHT_CLOSED)
    head = "".join(f'<th scope="col">{escape(n)}</th>' for n in (*names, strings.INSIGHT_LEFT))
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td>{step.filed:,}</td>'
        f"<td>{step.closed:,}</td><td>{step.open:,}</td></tr>"
        for label, step in zip(reversed(labels), reversed(seen.steps), strict=True)
    )
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<table class="gk-over-time-table">{body}</table>'


def _commonest(row: Breakdown) -> list[str]:
    """Return what most of the reports say, and how many say something else."""
    left = sum(list(row.categories.values())[MOST_KINDS:])
    others = [strings.INSIGHT_OTHER_KINDS.format(n=left)] if left else []
    return [*row.about[:MOST_KINDS], *others]


def _bar_html(name: str, about: Sequence[str], total: int, most: int) -> str:
    told = escape(" · ".join(about))
    return (
        f'<li><span class="gk-name">{escape(name)}<small>{told}</small></span>'
        f'<span class="gk-track" aria-hidden="true"><i style="width:{100 * total / most:.1f}%"></i>'
        f"</span><b>{total:,}</b></li>"
    )
