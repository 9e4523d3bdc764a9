"""States: the whole table of transitions through a real queue, and any walk through it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.review import (
    CATEGORY_LABELS,
    CLOSED_STATES,
    OPEN_STATES,
    OUTCOME_LABELS,
    PUBLIC_LABELS,
    SEVERITY_LABELS,
    STATUS_LABELS,
    TRANSITIONS,
    Case,
    Category,
    Moderators,
    Outcome,
    Report,
    ReportQuery,
    ReviewQueue,
    Severity,
    Status,
)
from bot.review.states import OUTCOME_DETAIL, SEVERITY_RANK
from ingest.errors import InvalidTransition, ReportConflict, ReviewError
from ingest.paths import ReportsLocation
from tests.bot.review.places import empty

STATES = get_args(Status)
HOUR_NS = 3_600 * 10**9


def a_case(question: str = "How far?", generation: int = 1) -> Case:
    return Case(
        question=question, answer="So far [1].", status="answered", index_generation=generation
    )


def reach(queue: ReviewQueue, state: Status, question: str = "How far?") -> Report:
    """Return a new report that was brought into a state."""
    operator = Moderators.operator()
    report = queue.show(operator, queue.file(a_case(question), "wrong_fact").reference)
    if state == "resolved":
        return queue.resolve(
            operator, report.reference, report.version, "answer_fine", detail="It is."
        )
    if state != "new":
        return queue.move(operator, report.reference, report.version, state)
    return report


def test_every_word_has_its_label() -> None:
    for words, tables in (
        (Status, (STATUS_LABELS, PUBLIC_LABELS, TRANSITIONS)),
        (Outcome, (OUTCOME_LABELS,)),
        (Category, (CATEGORY_LABELS,)),
        (Severity, (SEVERITY_LABELS, SEVERITY_RANK)),
    ):
        for table in tables:
            assert set(table) == set(get_args(words))
    assert set(OPEN_STATES) | set(CLOSED_STATES) == set(STATES)


def test_the_documented_states_are_those_of_the_code() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reporting.md").read_text(encoding="utf-8")
    told = {
        state: (public, frozenset(following.split(", ")))
        for state, public, following in re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \|$", text, re.M)
        if state in STATES
    }
    assert told == {state: (PUBLIC_LABELS[state], TRANSITIONS[state]) for state in STATES}


def test_every_state_leads_back_to_work() -> None:
    assert all(TRANSITIONS[state] & set(OPEN_STATES) for state in STATES)


@pytest.mark.parametrize("current", STATES)
def test_a_state_changes_only_as_the_table_says(queue: ReviewQueue, current: Status) -> None:
    operator = Moderators.operator()
    for wanted in STATES:
        report = reach(queue, current, f"From {current} to {wanted}?")
        if wanted in TRANSITIONS[current] and wanted != "resolved":
            moved = queue.move(operator, report.reference, report.version, wanted, "because")
            assert (moved.status, moved.version) == (wanted, report.version + 1)
            assert (moved.events[-1].old, moved.events[-1].new) == (current, wanted)
            assert (moved.closed_at is not None) == (wanted in CLOSED_STATES)
        else:
            with pytest.raises(InvalidTransition):
                queue.move(operator, report.reference, report.version, wanted)
            assert queue.show(operator, report.reference) == report


def test_resolving_names_an_outcome(queue: ReviewQueue) -> None:
    operator = Moderators.operator()
    report = reach(queue, "in_progress")
    for outcome in OUTCOME_DETAIL:
        with pytest.raises(ReviewError, match=r"^Say "):
            queue.resolve(operator, report.reference, report.version, outcome, detail=" \n")
    done = queue.resolve(
        operator, report.reference, report.version, "corpus_fixed", "was old", "rivers.md"
    )
    assert (done.status, done.outcome, done.outcome_detail) == (
        "resolved",
        "corpus_fixed",
        "rivers.md",
    )
    assert done.events[-1].text == "was old"
    with pytest.raises(InvalidTransition):
        queue.resolve(operator, done.reference, done.version, "answer_fine", detail="It is.")


def test_reopening_takes_the_outcome_back(queue: ReviewQueue) -> None:
    operator = Moderators.operator()
    report = reach(queue, "resolved")
    again = queue.move(operator, report.reference, report.version, "triaged")
    assert (again.outcome, again.outcome_detail, again.closed_at) == (None, "", None)
    assert queue.verify(Moderators.operator()) == []


def test_a_case_that_was_reported_anew_is_not_reopened(queue: ReviewQueue) -> None:
    operator = Moderators.operator()
    old = queue.show(operator, queue.file(a_case(), "wrong_fact").reference)
    old = queue.move(operator, old.reference, old.version, "dismissed")
    new = queue.file(a_case(generation=2), "wrong_fact")
    assert new.reference != old.reference
    with pytest.raises(InvalidTransition, match=new.reference):
        queue.move(operator, old.reference, old.version, "triaged")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda q, w, r: q.move(w, r.reference, r.version, "finished"), "state"),
        (lambda q, w, r: q.set_severity(w, r.reference, r.version, "awful"), "severity"),
        (lambda q, w, r: q.resolve(w, r.reference, r.version, "fun"), "outcome"),
        (lambda q, w, r: q.reports(w, ReportQuery(states=("open",))), "state"),
        (lambda q, w, r: q.reports(w, ReportQuery(category="'; DROP TABLE reports")), "category"),
        (lambda q, w, r: q.file(a_case(), "spam"), "category"),
        (lambda q, w, r: q.note(w, r.reference, "\x00 \n"), "note"),
        (lambda q, w, r: q.assign(w, r.reference, r.version, "nobody-known"), "moderator"),
    ],
)
def test_words_that_do_not_exist_are_refused(queue: ReviewQueue, act: Any, words: str) -> None:
    report = reach(queue, "new")
    with pytest.raises(ReviewError, match=words):
        act(queue, Moderators.operator(), report)
    assert queue.show(Moderators.operator(), report.reference) == report


class QueueMachine(RuleBasedStateMachine):
    """Whatever moderators and reporters do, the queue is what a simple model of it says."""

    def __init__(self, location: ReportsLocation) -> None:
        super().__init__()
        empty(location)
        self.now = 1_800_000_000 * 10**9
        self.queue = ReviewQueue(location, clock=lambda: self.now)
        self.who = Moderators.operator()
        self.model: dict[str, dict[str, Any]] = {}

    @initialize()
    def first(self) -> None:
        self.file(0, 0)

    @rule(question=st.integers(0, 2), generation=st.integers(0, 1))
    def file(self, question: int, generation: int) -> None:
        receipt = self.queue.file(a_case(f"Question {question}?", generation), "wrong_fact")
        same = [
            reference
            for reference, report in self.model.items()
            if report["question"] == question
            and (report["status"] in OPEN_STATES or report["generation"] == generation)
            and not report["purged"]
        ]
        assert receipt.repeated == bool(same)
        if receipt.repeated:
            self.model[receipt.reference]["repeats"] += 1
            assert receipt.reference in same
        else:
            self.model[receipt.reference] = {
                "question": question,
                "generation": generation,
                "status": "new",
                "version": 1,
                "repeats": 0,
                "purged": False,
            }

    @rule(data=st.data(), wanted=st.sampled_from(STATES), stale=st.booleans())
    def change(self, data: st.DataObject, wanted: Status, stale: bool) -> None:
        reference = data.draw(st.sampled_from(sorted(self.model)))
        report = self.model[reference]
        version = report["version"] - stale
        try:
            if wanted == "resolved":
                self.queue.resolve(self.who, reference, version, "answer_fine", detail="It is.")
            else:
                self.queue.move(self.who, reference, version, wanted)
        except ReportConflict:
            assert stale
        except InvalidTransition:
            assert wanted not in TRANSITIONS[report["status"]] or self._cannot_reopen(reference)
        else:
            assert not stale and wanted in TRANSITIONS[report["status"]]
            report["status"], report["version"] = wanted, report["version"] + 1

    def _cannot_reopen(self, reference: str) -> bool:
        report = self.model[reference]
        return report["purged"] or any(
            other["question"] == report["question"] and other["status"] in OPEN_STATES
            for name, other in self.model.items()
            if name != reference
        )

    @precondition(lambda self: any(r["status"] in CLOSED_STATES for r in self.model.values()))
    @rule()
    def purge(self) -> None:
        self.queue.purge(self.who, timedelta(0))
        for report in self.model.values():
            report["purged"] |= report["status"] in CLOSED_STATES

    @rule(hours=st.integers(0, 48))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR_NS

    @invariant()
    def the_queue_is_what_the_model_says(self) -> None:
        for reference, report in self.model.items():
            shown = self.queue.show(self.who, reference)
            assert (shown.status, shown.version, shown.repeats) == (
                report["status"],
                report["version"],
                report["repeats"],
            )
            assert (shown.case is None) == report["purged"]
        assert self.queue.verify(Moderators.operator()) == []

    def teardown(self) -> None:
        self.queue.close()


def test_whatever_is_done_the_queue_is_what_the_model_says(location: ReportsLocation) -> None:
    chosen = settings(
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: QueueMachine(location), settings=chosen)
