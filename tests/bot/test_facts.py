"""Figures of the college pack as people ask for them; truth is read from the CSV by this file."""

from __future__ import annotations

import csv
import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import CORPUS, Desk, open_desk

# column, how people ask for it, how the figure reads
ASKED = {
    "tuition_in_state": (
        ["in-state tuition", "in state tuition", "tuition for residents"],
        "${:,.0f}",
    ),
    "tuition_out_of_state": (["out-of-state tuition", "out of state cost"], "${:,.0f}"),
    "enrollment_total": (["enrollment", "number of students", "student body"], "{:,.0f}"),
    "enrollment_undergraduate": (["undergrads", "undergraduate enrollment"], "{:,.0f}"),
    "graduation_rate_4_year": (["4-year graduation rate", "four year grad rate"], "{:g}%"),
    "graduation_rate_6_year": (["6-year graduation rate", "grad rate"], "{:g}%"),
    "earnings_6_years": (["earnings after 6 years", "starting salary"], "${:,.0f}"),
    "earnings_10_years": (["median earnings after 10 years", "salary"], "${:,.0f}"),
    "admission_rate": (["admission rate", "acceptance rate"], "{:g}%"),
    "sat_average": (["average SAT", "SAT score"], "{:,.0f}"),
}
SINGLE = ["What is the {field} at {a}?", "{field} {a}", "{a} {field}", "whats the {field} of {a}"]
BOTH = [
    "Compare {field} at {a} and {b}",
    "{a} vs {b} {field}",
    "{field}: {a} or {b}?",
    "How does the {field} of {a} compare with {b}?",
]


@pytest.fixture(scope="module")
def desk(college_desk: Desk) -> Desk:
    return college_desk


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Rows whose name nobody else has, also not as the part before a dash or bracket."""
    with (CORPUS / "colleges" / "institutions.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    bases = Counter(re.split(r"[-,(]", row["name"])[0].strip().lower() for row in table)
    return [r for r in table if bases[re.split(r"[-,(]", r["name"])[0].strip().lower()] == 1]


@pytest.fixture(scope="module")
def shared(rows: list[dict[str, str]]) -> frozenset[str]:
    """Aliases that more than one college has ("PCC")."""
    with (CORPUS / "colleges" / "institutions.csv").open(encoding="utf-8") as file:
        said = Counter(a.strip() for r in csv.DictReader(file) for a in r["aliases"].split(";"))
    return frozenset(alias for alias, n in said.items() if n > 1)


def spoken(row: dict[str, str], chance: random.Random, shared: frozenset[str]) -> str:
    own = [alias.strip() for alias in row["aliases"].split(";") if len(alias.strip()) > 2]
    aliases = [alias for alias in own if alias not in shared]
    return chance.choice(aliases) if aliases and chance.random() < 0.5 else row["name"]


def figure(row: dict[str, str], column: str) -> str:
    return ASKED[column][1].format(float(row[column])) if row[column] else "not reported"


def draw(rows: list[dict[str, str]], chance: random.Random) -> tuple[dict[str, str], str]:
    """Half of them among the colleges that people ask about most, half anywhere."""
    named = [row for row in rows if row["aliases"]]
    return chance.choice(named if chance.random() < 0.5 else rows), chance.choice(list(ASKED))


@pytest.mark.parametrize("seed", range(50))
def test_a_single_figure(
    desk: Desk, rows: list[dict[str, str]], shared: frozenset[str], seed: int
) -> None:
    chance = random.Random(seed)
    row, column = draw(rows, chance)
    field = chance.choice(ASKED[column][0])
    question = chance.choice(SINGLE).format(field=field, a=spoken(row, chance, shared))

    facts = desk.told(question)

    assert facts.found, (question, facts.sentences)
    (evidence,) = facts.evidence
    assert evidence.heading_path[0].startswith(row["name"]), question
    assert column in {fact.field for fact in evidence.facts}, question
    assert f"{figure(row, column)}" in facts.sentences[0], question


@pytest.mark.parametrize("seed", range(50, 100))
def test_two_side_by_side(
    desk: Desk, rows: list[dict[str, str]], shared: frozenset[str], seed: int
) -> None:
    chance = random.Random(seed)
    one, column = draw(rows, chance)
    other, _ = draw([row for row in rows if row is not one], chance)
    field = chance.choice(ASKED[column][0])
    a, b = spoken(one, chance, shared), spoken(other, chance, shared)
    question = chance.choice(BOTH).format(field=field, a=a, b=b)

    facts = desk.told(question)

    assert facts.found and facts.table is not None, (question, facts.sentences)
    labels = [c.label for c in facts.table.columns]
    place = labels.index(desk.card.tables[0].field(column).label)
    shown = {row[0]: row[place] for row in facts.table.display}
    assert shown == {one["name"]: figure(one, column), other["name"]: figure(other, column)}


def test_every_figure_is_cited_with_file_and_row(desk: Desk) -> None:
    facts = desk.told("Compare in-state tuition at UCLA and UT Austin")

    text = " ".join(facts.sentences)
    assert "$13,747 [1]" in text and "$11,678 [2]" in text
    assert "$2,069" in text  # the difference
    table = (CORPUS / "colleges" / "institutions.csv").read_text(encoding="utf-8").splitlines()
    for evidence, name in zip(facts.evidence, ["Los Angeles", "Austin"], strict=True):
        assert evidence.document == "institutions.csv"
        assert name in table[(evidence.row or 0) - 1]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Oxford University tuition", "Oxford University"),
        ("what is the acceptance rate at Hogwarts?", "Hogwarts"),
        ("How much is tuition at Springfield State University?", "Springfield State University"),
        ("tuition at the University of Atlantis", "Atlantis"),
    ],
)
def test_a_stranger_is_never_answered_for_another(desk: Desk, question: str, name: str) -> None:
    facts = desk.told(question)

    assert not facts.found and not facts.evidence
    assert name in facts.sentences[0]
    assert "$" not in " ".join(facts.sentences)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("univ of california berkely acceptance rate", "University of California-Berkeley"),
        ("stanfrod tuition", "Stanford University"),
        ("TUITION AT GEORGIA TECH", "Georgia Institute of Technology-Main Campus"),
        ("harvrad enrollment", "Harvard University"),
        ("Johns Hopkins' admission rate", "Johns Hopkins University"),
        ("wheaton college in massachusetts tuition", "Wheaton College (Massachusetts)"),
    ],
)
def test_names_as_people_write_them(desk: Desk, question: str, name: str) -> None:
    facts = desk.told(question)

    assert facts.found
    assert facts.evidence[0].facts[0].entity == name


def test_an_ambiguous_name_says_what_else_it_could_be(desk: Desk) -> None:
    told = " ".join(desk.told("UNC in-state tuition").sentences)

    assert "University of North Carolina at Chapel Hill" in told
    assert "could also mean" in told and "Northern Colorado" in told


def test_a_cell_that_is_not_reported_is_said_to_be(desk: Desk, rows: list[dict[str, str]]) -> None:
    row = next(row for row in rows if not row["admission_rate"] and row["enrollment_total"])

    told = desk.told(f"What is the admission rate at {row['name']}?")

    assert "not reported" in told.sentences[0]
    assert not re.search(r"\d%", told.sentences[0])


@pytest.mark.parametrize(
    "question",
    [
        "Is it better to go in state or out of state?",
        "How do I apply to MIT?",
        "What is the difference between early action and early decision?",
        "Can I get in-state tuition at UC Berkeley if I move to California?",
        "Does the Pell Grant cover tuition?",
        "What does the Common App cost?",
        "How do I cook rice?",
        "What happened in Washington last year?",
        "who is the president of Harvard?",
        "what is tuition",
        "",
        "???",
    ],
)
def test_prose_is_left_to_retrieval(desk: Desk, question: str) -> None:
    assert desk.plan(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "MIT tuition in 1990",
        "MIT computer science salary",
        "tuition at Harvard Law School",
        "student faculty ratio at Duke",
        "dorm size at Rice",
        "How many students are in the marching band at Ohio State?",
    ],
)
def test_what_the_data_cannot_tell_is_no_answer(desk: Desk, question: str) -> None:
    facts = desk.told(question)

    assert not facts.found


def test_follow_ups_edit_the_last_plan(desk: Desk) -> None:
    first = desk.told("What is the in-state tuition at UCLA?")
    other = desk.ask("and for Penn State?", first.plan_json)
    assert other is not None and "$20,234" in other.sentences[0]
    outside = desk.ask("what about out of state?", other.plan_json)
    assert outside is not None and "$40,188" in outside.sentences[0]
    assert "Pennsylvania" in outside.sentences[0]


def test_another_pack_needs_no_other_code() -> None:
    with open_desk("auto-parts") as desk:
        assert "30 Nm" in desk.told("torque for part A-1042").sentences[0]
        both = desk.told("Compare the price of A-1042 and A-1041")
        assert both.table is not None
        assert [row[1] for row in both.table.rows] == [58.0, 41.5]


def test_a_plan_of_another_time_is_not_believed(desk: Desk) -> None:
    gone = {"operation": "lookup", "table": "institutions", "fields": ["tuition_in_state"]}
    entity = {"record_id": "institutions:1' OR '1'='1", "name": "x", "words": "x", "tier": "exact"}

    assert desk.plan("and in 2020?", {**gone, "entities": [entity]}) is None
    assert desk.plan("what about out of state?", {"operation": "drop table"}) is None


@given(st.text(max_size=200))
def test_any_text_is_planned_or_left(desk: Desk, text: str) -> None:
    plan = desk.plan(text)

    if plan is not None:
        facts = desk.finder.run(plan, desk.connection)
        assert facts.sentences
