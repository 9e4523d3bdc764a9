"""The queue's service: filing, duplicates, limits, looking up, working, figures, purge."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.review import (
    PUBLIC_OUTCOMES,
    Case,
    Moderator,
    Moderators,
    ReportQuery,
    ReviewQueue,
)
from bot.review.schema import filings
from ingest.errors import (
    InvalidTransition,
    LimitExceeded,
    NotSignedIn,
    ReportConflict,
    ReportNotFound,
    ReviewError,
)
from ingest.paths import ReportsLocation
from tests.bot.review.places import other_program

MakeCase = Callable[..., Case]


def test_a_filed_report_is_there(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, location: ReportsLocation
) -> None:
    receipt = queue.file(make_case(), "wrong_fact", "It is 13 km.", session="s")
    with ReviewQueue(location) as another:
        report = another.show(operator, receipt.reference)
    assert report.case == make_case()
    assert (report.status, report.severity, report.category) == ("new", "normal", "wrong_fact")
    assert (report.comment, report.repeats, report.version) == ("It is 13 km.", 0, 1)
    assert [(e.kind, e.actor, e.text) for e in report.events] == [
        ("filed", "reporter", "It is 13 km.")
    ]
    assert not receipt.repeated and len(receipt.token) >= 40
    assert receipt.token not in repr(receipt)


def test_the_public_learns_the_state_and_nothing_more(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator, clock: Any
) -> None:
    receipt = queue.file(make_case("a secret question"), "harmful", "a secret comment")
    clock.forward(hours=0.25)
    report = queue.show(birch, receipt.reference)
    queue.resolve(birch, report.reference, 1, "rule_added", "a secret note", "secret-rule")
    public = queue.look_up(receipt.reference.lower().replace("-", " "))
    assert (public.label, public.outcome) == ("Resolved", PUBLIC_OUTCOMES["rule_added"])
    assert public.changed_at - public.filed_at == timedelta(hours=0.25)
    assert "secret" not in public.model_dump_json() and "birch" not in public.model_dump_json()
    assert queue.look_up(receipt.token) == public


def test_unknown_references_are_not_found(queue: ReviewQueue, operator: Moderator) -> None:
    for reference in ("R-000000", "nonsense", "x" * 43):
        with pytest.raises(ReportNotFound):
            queue.look_up(reference)
    with pytest.raises(ReportNotFound):
        queue.show(operator, "R-000000")


def test_a_repeat_is_counted_where_the_report_is_open(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    first = queue.file(make_case(), "wrong_fact", "first")
    report = queue.move(operator, first.reference, 1, "in_progress")
    again = queue.file(make_case(index_generation=9, digest="new"), "harmful", "second")
    assert (again.reference, again.repeated) == (first.reference, True)
    assert again.token != first.token and queue.look_up(again.token).reference == first.reference
    after = queue.show(operator, first.reference)
    assert (after.repeats, after.category, after.comment) == (1, "wrong_fact", "first")
    assert (after.events[-1].kind, after.events[-1].new, after.events[-1].text) == (
        "repeated",
        "harmful",
        "second",
    )
    # A repeat overtakes nobody: the moderator's version still holds.
    assert queue.move(operator, first.reference, report.version, "dismissed").version == 3


@pytest.mark.parametrize(
    "change", [{"digest": "sha256:new"}, {"index_generation": 5}, {"rules_version": "rules-2"}]
)
def test_a_repeat_of_a_closed_report_is_new_once_something_changed(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, change: dict[str, Any]
) -> None:
    first = queue.file(make_case(), "wrong_fact")
    queue.move(operator, first.reference, 1, "dismissed")
    same = queue.file(make_case(), "wrong_fact")
    assert (same.reference, same.repeated) == (first.reference, True)
    assert queue.show(operator, first.reference).status == "dismissed"
    anew = queue.file(make_case(**change), "wrong_fact")
    assert anew.reference != first.reference and not anew.repeated
    assert [one.reference for one in queue.show(operator, anew.reference).group] == [
        first.reference
    ]


def test_what_a_report_may_not_be(queue: ReviewQueue, make_case: MakeCase) -> None:
    queue.file(make_case(), "wrong_fact", "é" * 2_000)
    queue.file(make_case(), "wrong_fact", "a" * 2_000 + "\x00" * 10)
    with pytest.raises(LimitExceeded, match="2,001 characters, 2,000 fit"):
        queue.file(make_case(), "wrong_fact", "a" * 2_001)


def test_comments_are_kept_without_control_characters(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    sent = "a\x1b]0;x\x07\u202eb\ud800\r\nc'; DROP TABLE reports; --"
    report = queue.show(operator, queue.file(make_case(), "other", sent).reference)
    assert report.comment == "a]0;xb\nc'; DROP TABLE reports; --"


def test_ten_reports_an_hour_for_each_session(
    queue: ReviewQueue, make_case: MakeCase, clock: Any
) -> None:
    for number in range(10):
        queue.file(make_case(f"Question {number}?"), "wrong_fact", session="one")
    with pytest.raises(LimitExceeded, match="10 reports"):
        queue.file(make_case(), "wrong_fact", session="one")
    queue.file(make_case(), "wrong_fact", session="two")
    queue.file(make_case(), "wrong_fact")
    clock.forward(hours=1)
    queue.file(make_case(), "wrong_fact", session="one")


def test_the_queue_has_a_daily_limit(
    queue: ReviewQueue, make_case: MakeCase, clock: Any, location: ReportsLocation
) -> None:
    first = queue.file(make_case(), "wrong_fact").reference
    filed = {"reference": first, "session_hash": "", "at": clock.now}
    with other_program(location) as connection:
        connection.execute(
            sa.insert(filings), [{"token_hash": f"t{i}", **filed} for i in range(4_999)]
        )
    with pytest.raises(LimitExceeded, match="today"):
        queue.file(make_case("Another?"), "wrong_fact")
    clock.forward(hours=24)
    queue.file(make_case("Another?"), "wrong_fact")


def test_the_worst_come_first_then_the_most_repeated_then_the_oldest(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, clock: Any
) -> None:
    made = {}
    for name in ("old", "repeated", "urgent", "low", "young"):
        made[name] = queue.file(make_case(f"{name}?"), "wrong_fact").reference
        clock.forward(seconds=1)
    queue.file(make_case("repeated?"), "wrong_fact")
    queue.set_severity(operator, made["urgent"], 1, "urgent")
    queue.set_severity(operator, made["low"], 1, "low")
    listed = [one.reference for one in queue.reports(operator)]
    assert listed == [made[n] for n in ("urgent", "repeated", "old", "young", "low")]
    assert [one.reference for one in queue.reports(operator, limit=2, offset=1)] == listed[1:3]
    assert queue.reports(operator, limit=-1) == []
    assert len(queue.reports(operator, limit=10**30, offset=-5)) == 5


def test_lists_are_narrowed(queue: ReviewQueue, make_case: MakeCase, operator: Moderator) -> None:
    ash = queue.file(make_case("What is 100% ÄSCHE?"), "wrong_fact", "typo").reference
    fir = queue.file(make_case("What is fir?", text="a Tree_x"), "out_of_date").reference
    queue.file(make_case("What is 100% äsche?"), "wrong_fact", "Second voice")
    queue.move(operator, fir, 1, "dismissed")

    def listed(**conditions: Any) -> list[str]:
        query = ReportQuery(**conditions)
        found = [one.reference for one in queue.reports(operator, query)]
        assert queue.count(operator, query) == len(found)
        return found

    everything = ("new", "dismissed")
    assert listed() == [ash]
    assert listed(states=("dismissed",)) == [fir]
    assert sorted(listed(states=everything)) == sorted([ash, fir])
    assert listed(states=everything, category="out_of_date") == [fir]
    for text in ("äsche", "100%", "TYPO", "second voice", ash.lower()):
        assert listed(text=text) == [ash]
    assert listed(states=everything, text="tree_X") == [fir]
    assert listed(states=everything, text="t_ee") == []
    assert listed(text="' OR 1=1 --") == []
    assert listed(states=()) == []


def test_the_slower_moderator_learns_what_happened(
    queue: ReviewQueue, make_case: MakeCase, moderators: Moderators, birch: Moderator
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.assign(birch, reference, 1, "Birch")
    queue.move(birch, reference, 2, "in_progress")
    queue.note(birch, reference, "not a conflict")
    with pytest.raises(ReportConflict) as conflict:
        queue.set_severity(moderators.operator(), reference, 1, "high")
    assert "birch took it (2027-01-15" in conflict.value.message
    assert "moved it from new to in progress" in conflict.value.message
    assert "not a conflict" not in conflict.value.message
    report = queue.show(birch, reference)
    assert (report.severity, report.version) == ("normal", 3)
    for impossible in (0, -1, 4, 10**30):
        with pytest.raises(ReportConflict):
            queue.move(birch, reference, impossible, "dismissed")


def test_a_conflict_comes_before_the_question_whether_the_step_exists(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.resolve(operator, reference, 1, "answer_fine", detail="It is.")
    with pytest.raises(ReportConflict, match=r"resolved it \(the answer was right\)"):
        queue.resolve(operator, reference, 1, "answer_fine", detail="It is.")


def test_closed_reports_are_not_assigned_or_rated(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.move(birch, reference, 1, "dismissed")
    with pytest.raises(InvalidTransition, match="Reopen"):
        queue.assign(birch, reference, 2, "birch")
    with pytest.raises(InvalidTransition, match="Reopen"):
        queue.set_severity(birch, reference, 2, "high")
    assert queue.note(birch, reference, "but a note is fine").events[-1].text


def test_a_refused_change_leaves_no_trace(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    before = queue.show(operator, reference)
    for refused in (
        lambda: queue.assign(operator, reference, 1, "stranger"),
        lambda: queue.note(operator, reference, "n" * 5_001),
        lambda: queue.resolve(operator, reference, 1, "rule_added", detail="d" * 501),
    ):
        with pytest.raises((ReviewError, LimitExceeded)):
            refused()
    assert queue.show(operator, reference) == before


def test_figures(queue: ReviewQueue, make_case: MakeCase, operator: Moderator, clock: Any) -> None:
    first = queue.file(make_case("First?"), "wrong_fact").reference
    clock.forward(hours=4)
    queue.file(make_case("First?"), "wrong_fact")
    second = queue.file(make_case("Second?"), "out_of_date").reference
    queue.file(make_case("Third?"), "other")
    queue.resolve(operator, first, 1, "corpus_fixed", detail="rivers.md")
    clock.forward(hours=2)
    queue.move(operator, second, 1, "dismissed")
    stats = queue.stats(operator)
    assert (stats.total, stats.open, stats.repeats, stats.purged) == (3, 1, 1, 0)
    assert stats.by_status == {"resolved": 1, "dismissed": 1, "new": 1}
    assert stats.by_category == {"wrong_fact": 1, "out_of_date": 1, "other": 1}
    assert stats.by_outcome == {"corpus_fixed": 1}
    assert stats.by_severity == {"normal": 3}
    assert sum(stats.filed_per_day.values()) == 4
    assert stats.median_hours_to_close == pytest.approx(3)
    assert stats.oldest_open_at is not None
    clock.forward(hours=31 * 24)
    assert queue.stats(operator).filed_per_day == {}


def test_export_gives_everything_once_and_in_order(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    references = [
        queue.file(make_case(f"No {i}?"), "wrong_fact", f"c{i}").reference for i in range(205)
    ]
    lines = [json.loads(json.dumps(line)) for line in queue.export(operator)]
    assert sorted(line["reference"] for line in lines) == sorted(references)
    assert [line["filed_at"] for line in lines] == sorted(line["filed_at"] for line in lines)
    one = next(line for line in lines if line["reference"] == references[7])
    assert (one["case"]["question"], one["events"][0]["text"]) == ("No 7?", "c7")


def test_purge_removes_the_words_and_keeps_the_history(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, clock: Any, path: Path
) -> None:
    receipt = queue.file(make_case("Is XYZZY here?"), "wrong_fact", "PLUGH comment", session="s")
    kept = queue.file(make_case("Is this kept?"), "wrong_fact").reference
    queue.note(operator, receipt.reference, "FROBOZZ note")
    queue.resolve(operator, receipt.reference, 1, "corpus_fixed", "QUUX", "rivers.md")
    clock.forward(hours=24 * 30)
    assert queue.purge(operator, timedelta(days=31)) == 0
    assert queue.purge(operator, timedelta(days=30)) == 1
    assert queue.purge(operator, timedelta(days=30)) == 0
    report = queue.show(operator, receipt.reference)
    assert (report.case, report.question, report.comment) == (None, "", "")
    assert [e.kind for e in report.events] == ["filed", "noted", "resolved", "purged"]
    assert not any(e.text for e in report.events)
    assert (report.status, report.outcome_detail) == ("resolved", "rivers.md")
    assert queue.verify(Moderators.operator()) == []
    assert queue.look_up(receipt.reference).label == "Resolved"
    assert queue.reports(operator, ReportQuery(states=("resolved",))) == []
    assert queue.show(operator, kept).case is not None
    with pytest.raises(InvalidTransition, match="purged"):
        queue.move(operator, receipt.reference, report.version, "triaged")
    assert not queue.file(make_case("Is XYZZY here?", text="x"), "wrong_fact").repeated
    assert queue.stats(operator).purged == 1


def test_what_is_purged_is_gone_from_the_disk(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, path: Path
) -> None:
    reference = queue.file(make_case("Is XYZZY here?" * 500), "wrong_fact", "PLUGH").reference
    queue.note(operator, reference, "FROBOZZ")
    queue.move(operator, reference, 1, "dismissed")
    words = (b"XYZZY", b"xyzzy", b"PLUGH", b"FROBOZZ")
    assert all(word in _bytes(path) for word in words)
    queue.purge(operator, timedelta(0))
    assert not any(word in _bytes(path) for word in words)


def _bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("span", [timedelta(days=10**6), timedelta.max])
def test_a_purge_of_the_distant_past_purges_nothing(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, span: timedelta
) -> None:
    queue.move(operator, queue.file(make_case(), "wrong_fact").reference, 1, "dismissed")
    assert queue.purge(operator, span) == 0


def test_an_empty_queue_answers_and_leaves_no_file(
    queue: ReviewQueue, operator: Moderator, location: ReportsLocation
) -> None:
    assert queue.reports(operator) == []
    assert queue.count(operator) == 0
    assert queue.stats(operator).total == 0
    assert list(queue.export(operator)) == []
    assert queue.verify(Moderators.operator()) == []
    assert queue.chain_head(Moderators.operator()).events == 0
    with pytest.raises(ReportNotFound):
        queue.look_up("R-7K3M9Q")
    if isinstance(location, Path):
        assert not location.parent.exists()


def test_an_export_stops_when_the_session_ends(
    queue: ReviewQueue,
    make_case: MakeCase,
    moderators: Moderators,
    birch: Moderator,
    operator: Moderator,
    clock: Any,
) -> None:
    moderators.set_role(operator, birch.name, "administrator")
    for number in range(101):
        queue.file(make_case(f"No {number}?"), "wrong_fact")
    lines = queue.export(birch)
    next(lines)
    clock.forward(hours=2)
    with pytest.raises(NotSignedIn):
        list(lines)
