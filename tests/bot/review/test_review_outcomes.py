"""What came of reports: duplicates, reasons for the reporter, corrections that are run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.review import PUBLIC_OUTCOMES, Case, Moderator, Moderators, ReviewQueue
from bot.review.changes import Addition
from bot.review.history import what_was_done
from ingest.errors import InvalidTransition, ReportConflict, ReportNotFound, UsageError

MakeCase = Callable[..., Case]


def file(queue: ReviewQueue, case: Case) -> str:
    return queue.file(case, "wrong_fact").reference


def test_a_reason_is_told_to_whoever_reported(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    reference = file(queue, make_case())
    queue.resolve(birch, reference, 1, "answer_fine", "for us only", "It is 12 km since 2020.")
    public = queue.look_up(reference)
    assert (public.outcome, public.told) == (
        PUBLIC_OUTCOMES["answer_fine"],
        "It is 12 km since 2020.",
    )
    assert "for us only" not in public.model_dump_json()


def test_a_duplicate_joins_the_group_until_it_is_reopened(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    first = file(queue, make_case("How long is the river?"))
    second = file(queue, make_case("What is the river's length?"))
    assert queue.show(birch, second).group == ()
    done = queue.resolve(birch, second, 1, "duplicate", detail=first.lower())
    assert (done.outcome, done.outcome_detail) == ("duplicate", first)
    assert [one.reference for one in done.group] == [first]
    assert [one.reference for one in queue.show(birch, first).group] == [second]
    assert "Received" in queue.look_up(second).told
    again = queue.move(birch, second, done.version, "triaged", "it is another river")
    assert (again.outcome, again.group) == (None, ())
    assert again.events[-1].text == "it is another river"
    assert queue.verify(Moderators.operator()) == []


def test_duplicates_end_at_the_report_that_stays(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    first, second, third = (file(queue, make_case(f"Question {n}?")) for n in range(3))
    queue.resolve(birch, second, 1, "duplicate", detail=first)
    assert queue.resolve(birch, third, 1, "duplicate", detail=second).outcome_detail == first
    for named in (first, second, third):
        with pytest.raises(InvalidTransition, match="cannot repeat itself"):
            queue.resolve(birch, first, 1, "duplicate", detail=named)
    with pytest.raises(ReportNotFound):
        queue.resolve(birch, first, 1, "duplicate", detail="R-000000")
    assert queue.show(birch, first).status == "new"


def test_what_an_outcome_does_and_the_report_stand_or_fall_together(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    reference = file(queue, make_case())
    done: list[str] = []

    def fail() -> None:
        raise UsageError("birch cannot write here.")

    def act() -> None:
        done.append("done")

    with pytest.raises(UsageError, match="birch cannot write here"):
        queue.resolve(birch, reference, 1, "rule_added", detail="r", addition=Addition(fail, "{}"))
    assert queue.show(birch, reference).status == "new"
    with pytest.raises(ReportConflict):
        queue.resolve(birch, reference, 7, "rule_added", detail="r", addition=Addition(act, "{}"))
    assert done == []
    queue.resolve(birch, reference, 1, "rule_added", detail="r", addition=Addition(act, "{}"))
    assert done == ["done"]


def test_a_corrected_case_is_run_again_once_for_each_version(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    reference = file(queue, make_case())
    assert queue.corrections(birch) == []
    queue.resolve(birch, reference, 1, "corpus_fixed", detail="rivers.md", baseline="aa")
    [correction] = queue.corrections(birch)
    assert (correction.document, correction.known) == ("rivers.md", "aa")
    assert correction.case == make_case()
    now: Any = make_case(text="It is 13 km long [1].")
    assert "will be asked again" in queue.look_up(reference).told
    assert queue.attach_rerun(birch, correction, "bb", now, "answer: 13 km")
    assert not queue.attach_rerun(birch, correction, "bb", now, "a slower process")
    report = queue.show(birch, reference)
    assert report.version == 2, "nobody's work is overtaken"
    assert what_was_done(report.events[-1]) == (
        "asked it again, as rivers.md had changed: answered now, answered before"
    )
    assert report.events[-1].text == "answer: 13 km"
    [correction] = queue.corrections(birch)
    assert correction.known == "bb"
    assert queue.look_up(reference).told == (
        "The corrected source is in use, and your question was asked again with it: "
        "the answer is another one now."
    )
    assert queue.attach_rerun(birch, correction, "cc", now, "no difference", same=True)
    assert "the answer is the same as before" in queue.look_up(reference).told
    assert queue.verify(Moderators.operator()) == []


def test_a_correction_that_was_taken_back_is_not_run_again(
    queue: ReviewQueue, make_case: MakeCase, birch: Moderator
) -> None:
    reference = file(queue, make_case())
    done = queue.resolve(birch, reference, 1, "corpus_fixed", detail="rivers.md", baseline="aa")
    [correction] = queue.corrections(birch)
    opened = queue.move(birch, reference, done.version, "triaged")
    assert queue.corrections(birch) == []
    assert not queue.attach_rerun(birch, correction, "bb", make_case(), "late")
    queue.resolve(birch, reference, opened.version, "corpus_fixed", detail="b.md", baseline="cc")
    assert [(c.document, c.known) for c in queue.corrections(birch)] == [("b.md", "cc")]
    queue.purge_report(Moderators.operator(), reference)
    assert queue.corrections(birch) == []
    assert queue.verify(Moderators.operator()) == []
