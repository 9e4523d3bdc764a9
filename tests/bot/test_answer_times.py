"""How long answers took is counted in classes, by day."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.answer_times import BOUNDS_MS, AnswerTimes, TimeClass, within_ms

DAY = date(2026, 11, 22)


def answer(milliseconds: float) -> Answer:
    return Answer(
        question="A private matter?",
        status="answered",
        text="A private answer.",
        timings_ms={"total": milliseconds},
    )


def test_each_answer_counts_in_its_class_for_as_many_days_as_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "counts.sqlite3"
    yesterday = AnswerTimes(path, today=lambda: DAY - timedelta(days=1))
    yesterday.add(answer(400))
    today = AnswerTimes(path, today=lambda: DAY)
    for milliseconds in (0.2, 250, 250.1, 45_000):
        today.add(answer(milliseconds))
    assert [one.questions for one in today.read(1)] == [2, 1, 0, 0, 0, 0, 0, 1]
    assert [one.questions for one in today.read(2)] == [2, 2, 0, 0, 0, 0, 0, 1]
    assert [one.bound_ms for one in today.read(1)] == [*BOUNDS_MS, None]


def test_nothing_but_numbers_gets_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "counts.sqlite3"
    AnswerTimes(path, today=lambda: DAY).add(answer(1))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM answer_times").fetchall() == [("2026-11-22", 0, 1)]
    assert b"private" not in path.read_bytes()


def test_reading_where_nothing_was_counted_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "counts.sqlite3"
    assert sum(one.questions for one in AnswerTimes(path).read(30)) == 0
    assert not path.exists()


@pytest.mark.parametrize(("share", "bound"), [(0.5, 250), (0.9, 500), (0.95, None), (0.0, 250)])
def test_by_when_a_share_was_answered(share: float, bound: int | None) -> None:
    classes = [TimeClass(250, 6), TimeClass(500, 3), TimeClass(None, 1)]
    assert within_ms(classes, share) == bound
    assert within_ms([TimeClass(250, 0)], share) is None
