from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Answer, Evidence
from ingest.domain import DomainCard, load_card
from tests.packs import Pack
from tests.records import Desk
from tests.ui.fake_bot import EVIDENCE, answered
from tests.ui.hostile_texts import HOSTILE
from ui import strings
from ui.explaining import (
    dropped_sentences,
    explain,
    explain_plan,
    explanation_html,
    rows_left,
    seconds,
    written_by,
)
from ui.rendering import escape

PLAN: dict[str, Any] = {
    "operation": "list",
    "table": "birds",
    "fields": ["eggs", "weight"],
    "ignored": ["in 1990"],
    "filters": [
        {"field": "wingspan", "comparison": "<", "number": 20, "words": "under 20 cm"},
        {"field": "family", "values": ["Tits"], "words": "tits"},
    ],
    "order": {"field": "eggs", "highest": True},
    "limit": 10,
    "offset": 10,
    "fitting": 14,
    "lacking": 2,
    "sql": ["SELECT x FROM y WHERE z IN (__[POSTCOMPILE_z_1]) LIMIT :param_1"],
}
ROW = Evidence(n=1, kind="record", document="birds.csv", title="birds.csv", quote="Wren.", key="r")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> DomainCard:
    return load_card(Pack.make(tmp_path_factory.mktemp("explained")).folder)


def told(answer: Answer, card: DomainCard) -> dict[str, tuple[str, ...]]:
    return {step.name: step.lines for step in explain(answer, card).steps}


def records_answer(plan: dict[str, Any], **more: object) -> Answer:
    return answered("q", plan=plan, evidence=(ROW,), timings_ms={"plan": 2.2, "total": 31}, **more)


def test_a_list_in_words(card: DomainCard) -> None:
    assert told(records_answer(PLAN), card) == {
        strings.DONE_STEP: ("Listed the birds that fit",),
        strings.FIELDS_STEP: ("Eggs in a brood; Weight",),
        strings.FILTERS_STEP: ("wingspan below 20 cm (said as “under 20 cm”)", "Family: Tits"),
        strings.ORDER_STEP: ("Eggs in a brood, highest first",),
        strings.ROWS_STEP: (
            "14 fit",
            "11 to 14 of them are shown",
            "2 more lack a figure that is needed here, and are left out",
        ),
        strings.UNUSED_STEP: ("“in 1990”",),
        strings.WRITTEN_STEP: (strings.WRITTEN_BY_CODE.format(file="birds.csv"),),
        strings.TIME_STEP: ("31 ms: understanding the question 2 ms",),
    }


def test_the_sql_keeps_its_placeholders(card: DomainCard) -> None:
    assert explain(records_answer(PLAN), card).sql == (
        "SELECT x FROM y WHERE z IN (:z_1) LIMIT :param_1",
    )


def test_which_words_were_taken_for_which_name(card: DomainCard) -> None:
    other = {"record_id": "2", "name": "Great tit", "label": "Tits"}
    plan = {
        "operation": "lookup",
        "table": "birds",
        "fields": ["weight"],
        "entities": [
            {
                "record_id": "1",
                "name": "Blue tit",
                "label": "Tits",
                "words": "tit",
                "tier": "ambiguous",
                "other_candidates": [other],
            }
        ],
        "unknown": [{"words": "dodo", "nearest": [other]}],
        "checks": [["family", "Tits"]],
    }
    steps = told(records_answer(plan), card)
    assert steps[strings.NAMES_STEP] == (
        "“tit” was taken for Blue tit (Tits), the best known of several; "
        "it could also be Great tit (Tits)",
    )
    assert steps[strings.UNKNOWN_STEP] == ("“dodo”; nearest are Great tit (Tits)",)
    assert steps[strings.CHECKS_STEP] == ("Family: Tits",)


def test_a_plan_of_another_time_is_left_out(card: DomainCard) -> None:
    for plan in (None, {}, {**PLAN, "table": "gone"}, {**PLAN, "fields": ["gone"]}):
        assert explain_plan(plan, card).steps == ()


def test_what_the_planner_understood_is_told(college_desk: Desk) -> None:
    """Every operation of the real planner over real records has words of its own."""
    done = []
    for question in (
        "admission rate at UCLA",
        "compare tuition at UCLA and Rice University",
        "tell me about Rice University",
        "colleges like Reed College",
        "cheapest public colleges in Texas",
        "how many colleges are in Ohio?",
        "average in-state tuition of public colleges in Ohio",
    ):
        explanation = explain_plan(college_desk.told(question).plan_json, college_desk.card)
        assert explanation.sql
        assert not any("POSTCOMPILE" in query for query in explanation.sql)
        done.append(explanation.steps[0].lines[0])
    assert len(set(done)) == 7


def test_passages_and_their_check(card: DomainCard) -> None:
    other = EVIDENCE.model_copy(update={"n": 2, "title": "Other", "heading_path": ("Wings",)})
    answer = answered(
        "q",
        evidence=(EVIDENCE, other),
        dropped_sentences=1,
        timings_ms={"write": 1500, "total": 1600},
    )
    assert told(answer, card) == {
        strings.PASSAGES_STEP: ("Guide (source 1 of the answer)", "Other · Wings"),
        strings.CHECKED_STEP: (strings.CHECKED, strings.DROPPED_ONE),
        strings.TIME_STEP: ("1.6 s: writing 1.5 s",),
    }
    assert dropped_sentences(0) == strings.DROPPED_NONE
    assert dropped_sentences(3).startswith("3 sentences")


@pytest.mark.parametrize("status", ["refused", "blocked", "failed"])
def test_what_was_turned_away_has_no_way_to_tell(status: str, card: DomainCard) -> None:
    assert explanation_html(explain(answered("q", status=status, plan=PLAN), card)) == ""


@pytest.mark.parametrize(
    ("answer", "writer"),
    [
        (records_answer(PLAN), "records"),
        (answered("q", "Guide: “Wrens sing.” [1]"), "quotations"),
        (answered("q", "Wrens sing. [1]", plan=PLAN), "quotations"),
        (answered("q", "It is the wrens that sing [1]."), "model"),
        (answered("q", "Wrens sing. [1] All birds do [1]."), "model"),
        (answered("q", "Not here. Nearest: [1]", status="abstained"), "nobody"),
        (answered("hello", "Hello!", citations=(), evidence=()), "nobody"),
    ],
)
def test_who_wrote_an_answer(answer: Answer, writer: str) -> None:
    assert written_by(answer) == writer


def test_how_much_of_a_list_is_left() -> None:
    assert rows_left(PLAN, 4) == (14, 0)
    assert rows_left({**PLAN, "offset": 0}, 10) == (14, 4)
    assert rows_left({**PLAN, "offset": 20}, 0) == (0, 0)
    assert rows_left({**PLAN, "operation": "compare"}, 2) == (0, 0)
    assert rows_left(None, 2) == (0, 0)


def test_times_as_people_read_them() -> None:
    assert [seconds(0.2), seconds(19.4), seconds(6554.6)] == ["1 ms", "19 ms", "6.6 s"]


def test_text_of_others_stays_text(card: DomainCard) -> None:
    plan = {**PLAN, "ignored": HOSTILE, "sql": HOSTILE}
    html = explanation_html(explain(records_answer(plan), card))
    assert "<script" not in html
    assert "<img" not in html
    for text in HOSTILE:
        assert escape(text) in html
