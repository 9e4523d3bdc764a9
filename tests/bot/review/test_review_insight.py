"""How the queue is doing, told from its history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.answer import Citation
from bot.review import Case, Moderator, ReviewQueue
from ingest.errors import NotSignedIn, ReviewError
from tests.bot.review.conftest import Clock

MakeCase = Callable[..., Case]
LAKES = (
    Citation(n=1, document="lakes.md", quote="deep"),
    Citation(n=2, document="rivers.md", quote="long"),
)


@pytest.fixture
def history(queue: ReviewQueue, make_case: MakeCase, operator: Moderator, clock: Clock) -> None:
    """Five reports over ten days: closed, reopened, dismissed, one of long ago."""

    def file(question: str, category: str = "wrong_fact", **more: object) -> str:
        return queue.file(make_case(question, **more), category).reference  # type: ignore[arg-type]

    old = file("of long ago")
    clock.forward(hours=24 * 40)
    first, second = file("a"), file("b", "out_of_date", model="other-model")
    clock.forward(hours=2)
    queue.note(operator, first, "looked")
    clock.forward(hours=22)
    done = queue.resolve(operator, first, 1, "not_actionable")
    queue.move(operator, second, 1, "dismissed")
    clock.forward(hours=24)
    queue.move(operator, first, done.version, "triaged")
    file("c", citations=LAKES)
    file("c", citations=LAKES)  # a repeat
    assert queue.show(operator, old).status == "new"


def test_what_came_what_was_done_and_what_is_left(
    queue: ReviewQueue, history: None, operator: Moderator
) -> None:
    seen = queue.insight(operator, 5)
    assert (seen.days, seen.step_days) == (5, 1)
    figures = [(step.filed, step.closed, step.open) for step in seen.steps]
    assert figures == [(0, 0, 1), (0, 0, 1), (2, 0, 3), (0, 2, 1), (1, 0, 3)]
    assert seen.steps[-1].first.isoformat() == "2027-02-26"
    assert seen.steps[-1].open == queue.stats(operator).open


def test_how_long_people_waited(queue: ReviewQueue, history: None, operator: Moderator) -> None:
    seen = queue.insight(operator, 30)
    assert seen.median_hours_to_first_look == 13.0, "of 2 and 24 hours"
    assert seen.median_hours_to_resolution == 24.0, "the other one was reopened"
    assert queue.insight(operator, 1).median_hours_to_first_look is None


def test_what_reports_are_about(queue: ReviewQueue, history: None, operator: Moderator) -> None:
    seen = queue.insight(operator, 30)
    rivers, lakes = seen.by_document
    assert (rivers.name, rivers.total) == ("rivers.md", 3)
    assert list(rivers.categories.items()) == [("wrong_fact", 2), ("out_of_date", 1)]
    assert (lakes.name, lakes.categories) == ("lakes.md", {"wrong_fact": 1})
    assert {one.name: one.total for one in seen.by_model} == {"test-model": 2, "other-model": 1}


def test_what_waits_is_told_by_age_whenever_it_came(
    queue: ReviewQueue, history: None, operator: Moderator
) -> None:
    seen = queue.insight(operator, 1)
    assert [(one.days, one.total, one.states) for one in seen.by_age] == [
        (1, 1, {"new": 1}),
        (7, 1, {"triaged": 1}),
        (None, 1, {"new": 1}),
    ]


def test_a_longer_time_has_longer_steps(
    queue: ReviewQueue, history: None, operator: Moderator
) -> None:
    seen = queue.insight(operator, 365)
    assert seen.step_days == 12 and len(seen.steps) == 31
    assert sum(step.filed for step in seen.steps) == 4
    assert seen.steps[-1].open == 3


def test_an_empty_queue_has_nothing_to_tell(queue: ReviewQueue, operator: Moderator) -> None:
    seen = queue.insight(operator)
    assert len(seen.steps) == 30 and not any(s.filed or s.closed or s.open for s in seen.steps)
    assert seen.by_age == ()
    assert (seen.by_document, seen.median_hours_to_resolution) == ((), None)


def test_only_moderators_see_it(queue: ReviewQueue, operator: Moderator) -> None:
    with pytest.raises(NotSignedIn):
        queue.insight(None)  # type: ignore[arg-type]
    for days in (0, 100_000):
        with pytest.raises(ReviewError):
            queue.insight(operator, days)
