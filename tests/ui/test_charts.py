from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.answer import AnswerTable, Cell, Column
from tests.ui.hostile_texts import HOSTILE
from ui.charts import MOST_CHARTS, MOST_UNFOLDED, charted, charts_html, span
from ui.rendering import escape

NAME = Column(label="Bird")
WEIGHT = Column(label="Weight", unit="g", type="number", vintage="2025")
EGGS = Column(label="Eggs", type="count")
FAMILY = Column(label="Family", type="category")


def table_of(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = (NAME, WEIGHT)) -> AnswerTable:
    display = tuple(tuple("not reported" if c is None else f"{c}!" for c in row) for row in rows)
    return AnswerTable(columns=columns, rows=rows, display=display)


def test_a_bar_for_each_figure_with_name_figure_and_unit() -> None:
    html = charts_html(table_of(("Wren", 9), ("Robin", 18)))
    assert "<figcaption>Weight<small>g, 2025</small></figcaption>" in html
    assert re.findall(r"margin-left:([\d.]+)%;width:([\d.]+)%", html) == [
        ("0.00", "50.00"),
        ("0.00", "100.00"),
    ]
    assert '<span class="gk-name">Wren!</span>' in html
    assert "<b>9!</b>" in html


def test_what_is_not_reported_has_no_bar_and_says_so() -> None:
    html = charts_html(table_of(("Wren", 9), ("Robin", None), ("Tit", 0)))
    assert html.count("<li>") == 3
    assert html.count("width:") == 2
    assert '<span class="gk-missing">not reported</span>' in html


def test_one_figure_compares_with_nothing() -> None:
    assert charts_html(table_of(("Wren", 9))) == ""
    assert charts_html(table_of(("Wren", 9), ("Robin", None))) == ""
    assert charts_html(table_of(("Wren", "x"), ("Robin", "y"), columns=(NAME, FAMILY))) == ""


def test_the_ordering_figure_comes_first_and_words_have_no_chart() -> None:
    columns = (NAME, FAMILY, WEIGHT, EGGS, WEIGHT, WEIGHT)
    table = table_of(("Wren", "a", 9, 6, 1, 1), ("Robin", "b", 18, 5, 1, 1), columns=columns)
    assert charted(table, {}) == [2, 3, 4]
    plan = {"fields": ["family", "weight", "eggs", "x", "y"], "order": {"field": "y"}}
    assert charted(table, plan) == [5, 2, 3]
    assert len(charted(table, plan)) == MOST_CHARTS
    assert charted(table, {"fields": ["family"], "order": {"field": "gone"}}) == [2, 3, 4]
    assert charted(table, {"fields": None, "order": None}) == [2, 3, 4]


def test_a_long_chart_is_folded() -> None:
    rows = [(f"Bird {n}", n) for n in range(MOST_UNFOLDED + 1)]
    assert charts_html(table_of(*rows)).startswith("<details")
    assert charts_html(table_of(*rows[:-1])).startswith('<div class="gk-charts">')


@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=6))
def test_bars_begin_at_zero_stay_inside_and_are_as_long_as_figures(figures: list[float]) -> None:
    low, high = min(0.0, *figures), max(0.0, *figures)
    zero = 100 * -low / (high - low or 1.0)
    for figure in figures:
        bar = span(figure, low, high)
        assert bar is not None
        start, length = bar
        assert -1e-9 <= start <= start + length <= 100 + 1e-9
        end = start if figure < 0 else start + length
        assert abs(end - (zero + 100 * figure / (high - low or 1.0))) < 1e-6


def test_text_of_others_stays_text() -> None:
    for text in HOSTILE:
        column = Column(label=text, unit=text, type="number", vintage=text)
        table = AnswerTable(
            columns=(NAME, column), rows=((text, 1), (text, 2)), display=((text, text),) * 2
        )
        html = charts_html(table)
        assert html.count(escape(text)) >= 4
        ours = re.sub(r"</?(?:figure|figcaption|ul|li|span|i|b|small|div)\b[^<>]*>", "", html)
        assert "<" not in ours
