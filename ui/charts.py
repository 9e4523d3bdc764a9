"""An answer's figures as bars: HTML whose names and figures are text that anybody can read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bot.answer import AnswerTable, Cell
from ui import strings
from ui.rendering import escape, folded
from ui.tables import FIGURE_TYPES, column_label, shown_cells

MOST_CHARTS = 3
MOST_UNFOLDED = 12


def charts_html(
    table: AnswerTable, plan: Mapping[str, Any] | None = None, most: int = MOST_CHARTS
) -> str:
    """Return a chart for each column of figures that the answer is about, or nothing.

    There are `most` of them at most. `plan` is that of the answer: the figures that its order is
    about come first.
    """
    charts = "".join(_chart_html(table, column) for column in charted(table, plan or {}, most))
    if not charts:
        return ""
    charts = f'<div class="gk-charts">{charts}</div>'
    return charts if len(table.rows) <= MOST_UNFOLDED else folded(strings.SHOW_CHART, charts)


def charted(table: AnswerTable, plan: Mapping[str, Any], most: int = MOST_CHARTS) -> list[int]:
    """Return the places of the columns whose figures compare: at least two are reported."""
    places = [
        place
        for place, column in enumerate(table.columns)
        if place and column.type in FIGURE_TYPES and len(_figures(table, place)) > 1
    ]
    first = _ordering(plan)
    return sorted(places, key=lambda place: place != first)[:most]


def _ordering(plan: Mapping[str, Any]) -> int | None:
    """Return the place of the column that the answer is ordered by; the first column is a name."""
    field, fields = (plan.get("order") or {}).get("field"), plan.get("fields") or ()
    return list(fields).index(field) + 1 if field in fields else None


def _figures(table: AnswerTable, place: int) -> list[float]:
    return [figure for row in table.rows if (figure := _figure(row[place])) is not None]


def _figure(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and math.isfinite(cell) else None


def _chart_html(table: AnswerTable, place: int) -> str:
    figures = _figures(table, place)
    low, high = min(0.0, *figures), max(0.0, *figures)
    bars = "".join(
        _bar_html(shown_cells(table, i), place, span(_figure(row[place]), low, high))
        for i, row in enumerate(table.rows)
    )
    return (
        f'<figure class="gk-chart"><figcaption>{column_label(table.columns[place])}</figcaption>'
        f'<ul role="list">{bars}</ul></figure>'
    )


def span(figure: float | None, low: float, high: float) -> tuple[float, float] | None:
    """Return where a bar begins and how long it is, in percent of the way from low to high.

    Every bar begins at zero, which lies between low and high: lengths compare as figures do.
    """
    if figure is None:
        return None
    whole = high - low or 1.0
    return 100 * (min(figure, 0.0) - low) / whole, 100 * abs(figure) / whole


def _bar_html(shown: Sequence[str], place: int, bar: tuple[float, float] | None) -> str:
    name = f'<span class="gk-name">{escape(shown[0])}</span>'
    if bar is None:
        return f'<li>{name}<span class="gk-missing">{escape(shown[place])}</span></li>'
    style = f"margin-left:{bar[0]:.2f}%;width:{bar[1]:.2f}%"
    return (
        f'<li>{name}<span class="gk-track" aria-hidden="true"><i style="{style}"></i></span>'
        f"<b>{escape(shown[place])}</b></li>"
    )
