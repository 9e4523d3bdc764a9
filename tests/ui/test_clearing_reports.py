"""Clearing a queue in a real browser: the small brother of bench/bench_moderation.py."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bot.review import Moderators, Outcome, ReviewQueue, freeze
from tests.packs import Pack
from tests.ui.fake_bot import answered
from tools.clearing import NAME, PASSWORD, Clearing
from ui import strings

pytestmark = pytest.mark.browser

# In the comments of these reports alone, for other tests use the same queue.
MARK = "zugzwang"
OUTCOMES: tuple[Outcome, ...] = ("answer_fine", "not_actionable", "corpus_fixed")
MOST_PRESSES = 4


def test_three_reports_are_cleared_with_few_presses(
    desktop: Page, app_address: str, few_colleges: Pack
) -> None:
    place = few_colleges.paths.reports
    with Moderators(place) as moderators, ReviewQueue(place) as queue:
        moderators.add(Moderators.operator(), NAME, PASSWORD)
        plan: dict[str, Outcome] = {}
        for outcome in OUTCOMES:
            case = freeze(answered(f"Which move is {outcome}?"))
            plan[queue.file(case, "wrong_fact", MARK).reference] = outcome
        clearing = Clearing(desktop, plan)
        clearing.sign_in(app_address)
        search = desktop.get_by_placeholder(strings.SEARCH)
        search.fill(MARK)
        search.press("Enter")
        expect(desktop.get_by_text(strings.COUNT.format(n=3), exact=True)).to_be_visible()
        desktop.get_by_role("heading", name=strings.QUEUE_TITLE).click()

        cleared = clearing.clear_all()

        assert [one.outcome for one in cleared] == list(OUTCOMES)
        assert all(one.presses <= MOST_PRESSES for one in cleared)
        closed = [queue.show(Moderators.operator(), reference) for reference in plan]
    assert [one.outcome for one in closed] == list(OUTCOMES)
    assert {one.assignee for one in closed} == {NAME}
    assert [one.outcome_detail for one in closed][2] == "a.md"
