"""How the queue is doing, drawn: names are text, figures are there for everybody."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.review.insight import Breakdown, Insight, Step, Waiting
from ui import strings
from ui.queue_charts import (
    breakdown_html,
    key_figures_html,
    over_time_html,
    waited,
    waiting_html,
)

FIRST = date(2026, 10, 23)


def seen(step_days: int = 1) -> Insight:
    figures = [(4, 1, 10), (0, 0, 10), (2, 12, 0)]
    steps = (
        Step(first=FIRST + timedelta(days=step_days * n), filed=f, closed=c, open=o)
        for n, (f, c, o) in enumerate(figures)
    )
    return Insight(
        days=3 * step_days,
        step_days=step_days,
        steps=tuple(steps),
        median_hours_to_first_look=0.5,
        median_hours_to_resolution=None,
        by_document=(),
        by_model=(),
        by_age=(),
    )


def test_each_series_is_a_chart_and_all_are_a_table() -> None:
    html = over_time_html(seen())
    assert html.count("<figure") == 3 and html.count("<i ") == 9
    assert 'height:100.0%" title="23 Oct 2026: 4"' in html
    assert '<th scope="row">25 Oct 2026</th><td>2</td><td>12</td><td>0</td>' in html
    assert html.index("25 Oct 2026</th>") < html.index("23 Oct 2026</th>"), "the newest first"


def test_longer_steps_say_how_long_they_are() -> None:
    html = over_time_html(seen(step_days=40))
    assert "23 Oct 2026 and 40 days on" in html
    assert "<span>23 Oct 2026</span><span>19 Feb 2027</span>" in html


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    empty = seen().model_copy(update={"steps": (Step(first=FIRST, filed=0, closed=0, open=0),)})
    assert "height:0.0%" in over_time_html(empty)
    assert breakdown_html("By document", ()) == ""


@pytest.mark.parametrize(
    ("hours", "said"), [(None, "–"), (0.5, "30 min"), (2.25, "2.2 h"), (72.0, "3.0 d")]
)
def test_times_are_told_in_their_own_unit(hours: float | None, said: str) -> None:
    assert waited(hours) == said


def test_key_figures_are_what_is_open_and_how_long_it_took() -> None:
    html = key_figures_html(seen())
    assert "<b>0</b>" in html and "<b>30 min</b>" in html and "<b>–</b>" in html


def test_names_are_text_and_bars_compare() -> None:
    rows = (
        Breakdown(name="<img src=x>.md", total=8, categories={"wrong_fact": 6, "other": 2}),
        Breakdown(name="b.md", total=2, categories={"harmful": 2}),
    )
    kinds = {"wrong_fact": 5, "other": 4, "harmful": 3, "out_of_date": 2, "wrong_source": 1}
    many = breakdown_html("", [Breakdown(name="c.md", total=15, categories=kinds)])  # type: ignore[arg-type]
    assert "unsafe or offensive 3 · 3 of other kinds<" in many
    html = breakdown_html("By document", rows)
    assert "<img" not in html and "&lt;img src=x&gt;.md" in html
    assert "wrong fact 6 · something else 2" in html
    assert "width:100.0%" in html and "width:25.0%" in html


def test_what_waits_is_told_by_age_and_state() -> None:
    rows = (
        Waiting(days=1, total=4, states={"new": 3, "in_progress": 1}),
        Waiting(days=None, total=1, states={"triaged": 1}),
    )
    html = waiting_html(rows)
    assert html.index(strings.WAITING_AGES[1]) < html.index(strings.WAITING_AGES[None])
    assert "new 3 · in progress 1" in html and "width:25.0%" in html
    assert waiting_html(()) == ""
