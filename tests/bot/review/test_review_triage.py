"""Claims, queries, search, priority, views, many at once: what a moderator clears a queue with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.answer import Answer, Citation
from bot.review import (
    BUILT_IN,
    ME,
    NOBODY,
    Case,
    Moderator,
    Moderators,
    ReportQuery,
    ReviewQueue,
)
from bot.review.bulk import for_each
from bot.review.history import what_was_done
from bot.review.reach import AskedCounts
from bot.review.searching import searchable
from ingest.errors import InvalidTransition, ReportConflict, ReportHeld, ReviewError
from ingest.paths import ReportsLocation
from tests.bot.review.places import rows

MakeCase = Callable[..., Case]
PASSWORD = "correct horse battery"
CLAIM_MINUTES = 5


@pytest.fixture
def queue(location: ReportsLocation, clock: Any) -> Iterator[ReviewQueue]:
    with ReviewQueue(location, clock=clock, claim_minutes=CLAIM_MINUTES) as queue:
        yield queue


@pytest.fixture
def cedar(moderators: Moderators, operator: Moderator, birch: Moderator) -> Moderator:
    """Somebody else who is signed in."""
    moderators.add(operator, "cedar", PASSWORD)
    return moderators.moderator(moderators.sign_in("cedar", PASSWORD).token)


@pytest.fixture
def reference(queue: ReviewQueue, make_case: MakeCase) -> str:
    return queue.file(make_case(), "wrong_fact").reference


# --- claims -----------------------------------------------------------------------------------


def test_a_claim_holds_until_it_lapses(
    queue: ReviewQueue, reference: str, birch: Moderator, cedar: Moderator, clock: Any
) -> None:
    claimed = queue.claim(birch, reference, 1)
    assert (claimed.assignee, claimed.version) == ("birch", 2)
    for act in (
        lambda: queue.claim(cedar, reference, 2),
        lambda: queue.resolve(cedar, reference, 2, "not_actionable"),
        lambda: queue.move(cedar, reference, 2, "dismissed"),
    ):
        with pytest.raises(ReportHeld, match="is with birch until"):
            act()
    assert queue.note(cedar, reference, "a note is for everybody").version == 2
    clock.forward(seconds=CLAIM_MINUTES * 60)
    assert queue.claim(cedar, reference, 2).assignee == "cedar"


def test_work_renews_a_claim_and_a_takeover_ends_it(
    queue: ReviewQueue, reference: str, birch: Moderator, cedar: Moderator, clock: Any
) -> None:
    queue.claim(birch, reference, 1)
    clock.forward(seconds=(CLAIM_MINUTES - 1) * 60)
    queue.set_severity(birch, reference, 2, "high")
    clock.forward(seconds=(CLAIM_MINUTES - 1) * 60)
    with pytest.raises(ReportHeld):
        queue.claim(cedar, reference, 3)
    taken = queue.claim(cedar, reference, 3, take_over=True)
    assert what_was_done(taken.events[-1]) == "took it (before: birch)"
    assert queue.release(cedar, reference, 4).assignee is None


def test_who_decides_on_what_nobody_has_has_claimed_it(
    queue: ReviewQueue, reference: str, birch: Moderator
) -> None:
    closed = queue.resolve(birch, reference, 1, "not_actionable")
    assert (closed.assignee, closed.version) == ("birch", 2)
    assert [event.kind for event in closed.events] == ["filed", "assigned", "resolved"]
    assert queue.verify(Moderators.operator()) == []
    with pytest.raises(InvalidTransition):
        queue.claim(birch, reference, 2)


def test_an_assignment_by_name_does_not_lapse(
    queue: ReviewQueue,
    reference: str,
    operator: Moderator,
    birch: Moderator,
    cedar: Moderator,
    clock: Any,
) -> None:
    queue.assign(operator, reference, 1, "birch")
    clock.forward(seconds=2 * CLAIM_MINUTES * 60)
    with pytest.raises(ReportHeld, match=r"is with birch\."):
        queue.claim(cedar, reference, 2)
    with pytest.raises(ReviewError, match="no moderator"):
        queue.claim(operator, reference, 2)


def test_of_many_claims_at_once_one_wins(
    queue: ReviewQueue, reference: str, birch: Moderator, cedar: Moderator
) -> None:
    won: list[str] = []
    together = threading.Barrier(8)

    def claim(who: Moderator) -> None:
        together.wait()
        with suppress(ReportHeld, ReportConflict):
            won.append(str(queue.claim(who, reference, 1).assignee))

    threads = [threading.Thread(target=claim, args=(who,)) for who in [birch, cedar] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert queue.show(birch, reference).version == 2


# --- lists ------------------------------------------------------------------------------------


def listed(queue: ReviewQueue, who: Moderator, query: ReportQuery) -> list[str]:
    found = [one.reference for one in queue.reports(who, query)]
    assert queue.count(who, query) == len(found)
    return found


def test_words_are_found_in_any_order_and_the_last_one_by_its_beginning(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    case = make_case("How long is the Río Açaí?", text="Twelve km_x, 100% sure [1].")
    reference = queue.file(case, "wrong_fact", "It's not!").reference
    queue.file(make_case("Another river?", text="No."), "wrong_fact", "")

    def found(text: str) -> bool:
        return reference in listed(queue, operator, ReportQuery(text=text))

    for text in (
        "acai rio",
        "RÍO",
        "rio aç",
        "twelve long",
        "100%",
        "it's not",
        reference,
        reference.lower().replace("-", " "),
        "km_x",
        "",
        "  ",
    ):
        assert found(text), text
    for text in ("io", "aca rio", "cai", "km%x", "km x", "%", "_", "' OR 1=1 --", "sure notat"):
        assert found(text) == (text == "%"), text


def test_purged_words_are_not_found(
    queue: ReviewQueue, reference: str, operator: Moderator
) -> None:
    queue.purge_report(operator, reference)
    everything = ReportQuery(states=("dismissed",), text="river")
    assert listed(queue, operator, everything) == []


def test_every_filter_narrows(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator, clock: Any
) -> None:
    cited = (
        Citation(n=1, document="rivers.md", quote="q"),
        Citation(n=2, document="b.md", quote="q"),
    )
    old = queue.file(make_case("old?", model="small"), "harmful").reference
    clock.forward(seconds=60)
    young = queue.file(make_case("young?", citations=cited), "other").reference
    queue.claim(birch, young, 1)
    queue.set_severity(birch, old, 1, "urgent")
    both = {old, young}
    for query, found in (
        (ReportQuery(document="rivers.md"), both),
        (ReportQuery(document="b.md"), {young}),
        (ReportQuery(document="rivers"), set()),
        (ReportQuery(model="small"), {old}),
        (ReportQuery(category="harmful"), {old}),
        (ReportQuery(severities=("urgent",)), {old}),
        (ReportQuery(assignee=ME), {young}),
        (ReportQuery(assignee="birch"), {young}),
        (ReportQuery(assignee=NOBODY), {old}),
        (ReportQuery(min_days=1), set()),
        (ReportQuery(max_days=1), both),
        (BUILT_IN["severe"], {old}),
    ):
        assert set(listed(queue, birch, query)) == found, query
    assert listed(queue, birch, BUILT_IN["oldest"]) == [old, young]
    assert listed(queue, birch, ReportQuery(order="newest")) == [young, old]
    assert queue.known_words(birch) == (["rivers.md", "b.md"], ["small", "test-model"])


def test_a_lapsed_claim_is_mine_and_free(
    queue: ReviewQueue, reference: str, birch: Moderator, clock: Any
) -> None:
    queue.claim(birch, reference, 1)
    assert listed(queue, birch, BUILT_IN["unassigned"]) == []
    clock.forward(seconds=CLAIM_MINUTES * 60)
    assert listed(queue, birch, BUILT_IN["unassigned"]) == [reference]
    [mine] = queue.reports(birch, BUILT_IN["mine"])
    now = datetime.fromtimestamp(clock.now / 1e9, tz=UTC)
    assert (mine.assignee, mine.holder(now)) == ("birch", None)


@pytest.mark.parametrize(
    "query",
    [
        ReportQuery(severities=("awful",)),  # type: ignore[arg-type]
        ReportQuery(order="random"),  # type: ignore[arg-type]
        ReportQuery(min_days=3, max_days=2),
        ReportQuery(max_days=-1),
    ],
)
def test_a_query_that_cannot_be_is_refused(
    queue: ReviewQueue, operator: Moderator, query: ReportQuery
) -> None:
    with pytest.raises(ReviewError):
        queue.reports(operator, query)


def test_a_link_leads_to_the_same_list_whatever_stands_in_it() -> None:
    query = ReportQuery(
        states=("new", "resolved"),
        text="a, b & c",
        category="other",
        severities=("high",),
        assignee=ME,
        document="x,y.md",
        min_days=7,
        order="oldest",
    )
    assert ReportQuery.from_link(query.to_link()) == query
    assert ReportQuery.from_text(query.to_text()) == query
    assert ReportQuery().to_link() == {}
    hostile = {"states": "new,'; DROP", "min_days": "-1", "max_days": "x", "order": "", "evil": "1"}
    assert ReportQuery.from_link(hostile) == ReportQuery(states=("new",))
    assert ReportQuery.from_link({"min_days": "9" * 5000, "states": ","}) == ReportQuery()


# --- priority ---------------------------------------------------------------------------------


def test_what_more_people_meet_comes_first_but_not_for_one_more(
    queue: ReviewQueue,
    make_case: MakeCase,
    operator: Moderator,
    location: ReportsLocation,
    clock: Any,
) -> None:
    made = {}
    for name in ("seldom", "often", "rarely", "gone by"):
        made[name] = queue.file(make_case(f"{name}?"), "wrong_fact").reference
        clock.forward(seconds=1)
    today = datetime.fromtimestamp(clock.now / 1e9, tz=UTC).date()
    counts = AskedCounts(location, today=lambda: today)
    for name, times in (("seldom", 3), ("often", 12), ("rarely", 9)):
        for _ in range(times):
            counts.add(answer_to(f"{name.upper()}?"))
    counts.close()
    order = [one.reference for one in queue.reports(operator)]
    assert order == [made[n] for n in ("often", "seldom", "rarely", "gone by")]
    assert [one.asked for one in queue.reports(operator)] == [12, 3, 9, 0]
    assert queue.show(operator, made["often"]).asked == 12
    queue.set_severity(operator, made["gone by"], 1, "high")
    assert next(iter(queue.reports(operator))).reference == made["gone by"]
    clock.forward(hours=24 * 31)
    assert {one.asked for one in queue.reports(operator)} == {0}


def answer_to(question: str, **more: Any) -> Answer:
    return Answer(**{"question": question, "status": "answered", "text": "Yes.", **more})


def test_counting_keeps_no_words_and_loses_none(
    queue: ReviewQueue,
    make_case: MakeCase,
    operator: Moderator,
    location: ReportsLocation,
    clock: Any,
) -> None:
    mine = "Mail jo@example.org the length?"
    reference = queue.file(make_case(mine), "wrong_fact").reference
    today = datetime.fromtimestamp(clock.now / 1e9, tz=UTC).date()
    two = [AskedCounts(location, today=lambda: today, write_after=0.01) for _ in range(2)]
    for counts in two:
        threads = [threading.Thread(target=counts.add, args=(answer_to(mine),)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts.add(answer_to(mine, status="failed"))
        counts.add(answer_to(mine, status="blocked", reason="limit"))
    for counts in two:
        counts.close()
    assert queue.show(operator, reference).asked == 10
    [(group, times)] = rows(location, "SELECT group_key, times FROM asked")
    assert times == 10 and len(group) == 64


def test_counts_that_cannot_be_written_are_logged(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    counts = AskedCounts(tmp_path / "file" / "reports.sqlite3")
    counts.add(answer_to("How long is it?"))
    counts.close()
    assert "could not be counted" in caplog.text
    assert "How long" not in caplog.text


# --- views and many at once -------------------------------------------------------------------


def test_views_are_a_moderators_own(queue: ReviewQueue, birch: Moderator, cedar: Moderator) -> None:
    query = ReportQuery(text="river", order="oldest")
    queue.save_view(birch, "  My   rivers ", query)
    assert queue.views(birch) == {"My rivers": query}
    assert queue.views(cedar) == {}
    queue.save_view(birch, "My rivers", ReportQuery())
    assert queue.views(birch) == {"My rivers": ReportQuery()}
    for name in ("", " ", "x" * 41, "Mine"):
        with pytest.raises(ReviewError):
            queue.save_view(birch, name, query)
    queue.remove_view(cedar, "My rivers")
    assert queue.views(birch)
    queue.remove_view(birch, "My rivers")
    assert queue.views(birch) == {}


def test_what_one_report_refuses_stops_none_of_the_others(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator, cedar: Moderator
) -> None:
    made = [queue.file(make_case(f"{n}?"), "wrong_fact").reference for n in range(3)]
    seen = queue.reports(birch)
    queue.note(cedar, made[0], "overtakes nobody")
    queue.set_severity(cedar, made[1], 1, "low")
    result = for_each(seen, lambda one: queue.claim(birch, one.reference, one.version))
    assert set(result.done) == {made[0], made[2]}
    [(overtaken, why)] = result.refused
    assert overtaken == made[1] and "cedar changed" in why
    assert queue.show(birch, made[1]).assignee is None


def test_texts_are_folded_to_words() -> None:
    assert searchable("Ärger: It’s 1.5 %", "", "Łódź") == " arger it s 1 5 łodz "
    assert searchable("", "!?") == ""
