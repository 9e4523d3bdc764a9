"""The measure of facts: what counts as right, abstained and wrong, and that the pack holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.fact_evaluation import FactCase, fact_sets, judge, read_cases, run_case, run_cases
from ingest.errors import UsageError
from tests.records import CORPUS, Desk, open_desk

QUESTIONS = CORPUS / "colleges" / "questions"


@pytest.fixture(scope="module")
def desk(college_desk: Desk) -> Desk:
    return college_desk


def outcome(desk: Desk, question: str, expect: Any) -> str:
    case = FactCase(id="1", question=question, operation="x", expect=expect)
    return judge(case, desk.ask(question))


def expected(desk: Desk, name: str, column: str) -> dict[str, Any]:
    (evidence,) = desk.told(f"{name} enrollment").evidence
    record = desk.told(f"What is the in-state tuition at {name}?").evidence[0]
    return {
        "rows": [evidence.row],
        "cells": {column: [f.value for f in record.facts if f.column == column]},
    }


def test_the_questions_of_the_pack_are_answered_right(desk: Desk) -> None:
    cases = read_cases(fact_sets(QUESTIONS))

    results = run_cases(cases, desk.ask)

    wrong = [m for r in results.values() for m in r.missed if m["outcome"] == "wrong"]
    right = sum(result.outcomes["right"] for result in results.values())
    assert len(cases) >= 600
    assert not wrong
    assert right / len(cases) >= 0.97
    assert {"lookup", "compare", "filter", "sort", "count", "function", "follow-up"} <= set(results)


def test_the_second_pack_shows_no_wrong_figure_either() -> None:
    with open_desk("auto-parts") as parts:
        cases = read_cases(fact_sets(CORPUS / "auto-parts" / "questions"))
        outcomes = [run_case(case, parts.ask)[0] for case in cases]
    assert len(outcomes) >= 30
    assert "wrong" not in outcomes
    assert outcomes.count("right") >= 0.85 * len(outcomes)


def test_what_is_shown_is_right_wrong_or_nothing(desk: Desk) -> None:
    tuition = expected(desk, "Rice", "tuition_in_state")
    question = "What is the in-state tuition at Rice?"

    assert outcome(desk, question, tuition) == "right"
    assert outcome(desk, "Rice tuition in 1990", tuition) == "abstained"
    assert outcome(desk, "in-state tuition at Baylor", tuition) == "wrong"
    assert outcome(desk, "Rice tuition", tuition) == "wrong"  # one column more than asked for
    changed = {**tuition, "cells": {"tuition_in_state": [1.0]}}
    assert outcome(desk, question, changed) == "wrong"
    assert outcome(desk, question, {**tuition, "says": ["no such words"]}) == "wrong"
    assert outcome(desk, question, "abstain") == "wrong"


def test_a_number_has_to_be_the_one(desk: Desk) -> None:
    count = "How many tribal colleges are there?"
    n = float(desk.told(count).sentences[0].split()[0])
    average = "average in-state tuition of public four-year colleges in Ohio"

    assert outcome(desk, count, {"value": n}) == "right"
    assert outcome(desk, count, {"value": n + 1}) == "wrong"
    assert outcome(desk, average, {"value": 8276.4, "over": 45}) == "right"
    assert outcome(desk, average, {"value": 8277.4, "over": 45}) == "wrong"
    assert outcome(desk, average, {"value": 8276.4, "over": 44}) == "wrong"


def test_groups_have_to_be_these_with_these_figures(desk: Desk) -> None:
    question = "how many HBCUs are public vs private"
    shown = desk.told(question).table
    assert shown is not None
    groups = {str(row[0]): row[1:] for row in shown.rows}
    first, *_ = groups

    assert outcome(desk, question, {"groups": groups}) == "right"
    assert outcome(desk, question, {"groups": {**groups, first: [1]}}) == "wrong"
    assert outcome(desk, question, {"groups": {first: groups[first]}}) == "wrong"


def test_silence_is_asked_for_where_nothing_should_be_planned(desk: Desk) -> None:
    assert outcome(desk, "what is the FAFSA", "not planned") == "right"
    assert outcome(desk, "Oxford University tuition", "abstain") == "right"
    assert outcome(desk, "Oxford University tuition", "not planned") == "abstained"
    assert outcome(desk, "Rice tuition", "not planned") == "wrong"


def test_only_sets_of_this_kind_are_read(tmp_path: Path) -> None:
    case = {"id": "1", "question": "?", "operation": "x", "expect": "abstain"}
    (tmp_path / "a.jsonl").write_text(json.dumps(case), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"question": "how?", "status": "answered"}')
    (tmp_path / "c.jsonl").write_text("")

    assert fact_sets(tmp_path) == [tmp_path / "a.jsonl"]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "1"}', '{"id": 1, "question": "?"}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    good = '{"id": "1", "question": "?", "operation": "x", "expect": "abstain"}\n'
    path = tmp_path / "q.jsonl"
    path.write_text(good + line, encoding="utf-8")

    with pytest.raises(UsageError, match=r"q\.jsonl:2"):
        read_cases([path])
    with pytest.raises(UsageError, match="cannot be read"):
        read_cases([tmp_path / "none.jsonl"])
