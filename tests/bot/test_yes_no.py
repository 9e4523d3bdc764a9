from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.conditions import Filter
from bot.ordinals import ordinal, ordinal_word
from bot.yes_no import verdict
from tests.records import Desk, open_desk


@pytest.fixture
def desk(college_desk: Desk) -> Desk:
    return college_desk


@pytest.fixture(scope="module")
def parts() -> Iterator[Desk]:
    with open_desk("auto-parts") as opened:
        yield opened


@pytest.mark.parametrize("place", [1, 2, 3, 10, 11, 12, 13, 21, 22, 23, 100, 111])
def test_a_place_is_read_as_it_is_written(place: int) -> None:
    assert ordinal(ordinal_word(place)) == place


@pytest.mark.parametrize("word", ["one", "2", "0th", "nth", "seconds", "1000th"])
def test_other_words_are_no_place(word: str) -> None:
    assert ordinal(word) is None


def test_a_place_in_an_order_is_one_entity(parts: Desk) -> None:
    asked = [parts.told(f"{which} cheapest battery") for which in ("", "second", "3rd")]

    names = [facts.evidence[0].facts[0].entity for facts in asked]
    prices = [e.value for facts in asked for e in facts.evidence[0].facts if e.field == "price_usd"]
    assert len(set(names)) == 3 and prices == sorted(prices)  # type: ignore[type-var]
    assert asked[1].sentences[0].startswith("Second lowest by price")
    assert "That was all" in parts.told("ninth cheapest battery").sentences[0]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("does A-1046 weigh more than 2 kg?", "Yes. A-1046"),
        ("does A-1046 weigh more than 3 kg?", "No. A-1046"),
        ("is the A-1040 made by Tarnholt?", "Yes. A-1040"),
        ("is the A-1040 made by Veldane?", "No. A-1040"),
        ("is B-2001 cheaper than B-2002?", "Yes. Price"),
        ("is B-2002 cheaper than B-2001?", "No. Price"),
        ("does C-3005 fit the Hauler 150?", "Yes. C-3005"),
        ("does C-3005 fit the Hauler 250?", "C-3005"),  # the same make, but no such car in its cell
        ("is the A-1043 a front pad?", "A-1043"),  # no cell says where it goes
    ],
)
def test_yes_or_no_by_the_cells(parts: Desk, question: str, said: str) -> None:
    assert parts.told(question).sentences[0].startswith(said)


def test_figures_that_disagree_give_no_verdict(desk: Desk) -> None:
    told = desk.told("is tuition at UCLA over 20k").sentences[0]

    assert told.startswith("University of California-Los Angeles")
    assert "$13,747" in told and "$44,524" in told


def test_a_place_is_known_by_all_its_names(desk: Desk) -> None:
    assert desk.told("is Georgetown in Washington?").sentences[0].startswith("Yes. ")
    assert desk.told("is Boston College in Boston?").sentences[0].startswith("No. ")
    either = desk.told("is Wake Forest in North Carolina or Virginia").sentences[0]
    assert either.startswith("Wake Forest University") and "state NC" in either
    assert desk.told("is UCLA in LA").sentences[0].startswith("Yes. ")
    near = desk.told("is Villanova near Philadelphia").sentences
    assert not near[0].startswith(("Yes", "No")) and "no distances" in near[1]
    assert desk.told("is Purdue not private?").sentences[0].startswith("Purdue")
    assert desk.plan("does Northeastern have a campus in Seattle") is None


def test_an_empty_cell_is_no_no(desk: Desk) -> None:
    table = desk.card.tables[0]
    fields = [table.field("admission_rate")]
    check = Filter(field="admission_rate", comparison="<", number=50.0)

    assert verdict([check], {"admission_rate": None}, fields, table) is None
    assert verdict([check], {"admission_rate": 9.0}, fields, table) is True
    assert "are marked" in desk.told("is Stanford ivy league?").sentences[1]


def test_it_is_the_one_that_was_shown(parts: Desk) -> None:
    first = parts.told("whats the cheapest oil filter")
    facts = parts.ask("how long is the warranty on it", first.plan_json)

    assert facts is not None and facts.sentences[0].startswith("B-2001")
    assert "warranty 12 months" in facts.sentences[0]
    checked = parts.ask("is it made by Veldane?", first.plan_json)
    assert checked is not None and checked.sentences[0].startswith("No. B-2001")


def test_a_turn_about_something_else_is_passed_over(desk: Desk) -> None:
    earlier = desk.told("tell me about Gonzaga").plan_json

    plan = desk.planner.resume("what's their acceptance rate", [earlier])
    assert plan is not None and plan.entities[0].name == "Gonzaga University"
    assert plan.fields == ("admission_rate",)
    both = desk.told("Auburn vs Alabama size").plan_json
    resumed = desk.planner.resume("which has higher earnings", [both])
    assert resumed is not None and len(resumed.entities) == 2
    for prose in ("how much does it cost", "what is early decision", "acceptance rate"):
        assert desk.planner.resume(prose, [earlier]) is None, prose
    assert desk.planner.resume("what's their acceptance rate", []) is None


def test_a_code_that_no_entity_has_is_unknown(parts: Desk) -> None:
    for question in ("price of B-2009", "do you have b2009", "compare B-2009 and C-3999"):
        facts = parts.ask(question)
        assert facts is not None and not facts.found, question
        assert "2009”. The nearest names that I have: B-2001" in facts.sentences[0]
    assert parts.plan("an M14 bolt") is None  # a size is shaped like no part number


def test_one_slip_in_a_long_name_is_read_and_said(desk: Desk) -> None:
    told = desk.told("does harverd have grad students").sentences
    assert told[0].startswith("Harvard University") and told[1].startswith("I took “harverd”")
    atlantis = desk.ask("tuition at University of Atlantis")
    assert atlantis is not None and not atlantis.found


def test_a_name_that_several_have_is_asked_back(desk: Desk) -> None:
    asked = desk.ask("Miami acceptance rate")
    assert asked is not None and not asked.found
    assert "University of Miami" in asked.sentences[0]
    chosen = desk.ask("university of miami", asked.plan_json)
    assert chosen is not None and "admission rate 33.1%" in chosen.sentences[0]


def test_a_kind_that_the_data_do_not_know_is_said(desk: Desk) -> None:
    asked = desk.ask("schools with division 1 football")

    assert asked is not None and not asked.found and asked.near_miss
    assert asked.sentences[0].startswith("The data say nothing about “division 1 football”.")
