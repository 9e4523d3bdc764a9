"""Lists, counts and averages as people ask for them; truth is read from the CSV by this file.

Any plan run as SQL is the same plan over plain lists, and no word of a question is ever SQL.
"""

from __future__ import annotations

import csv
import operator
import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conditions import Filter, Order
from bot.facts import Facts
from bot.plan import Plan
from bot.record_query import RecordQuery
from ingest.records import Record, read_records, record_table
from tests.records import CORPUS, Desk, open_desk

Row = dict[str, str]
FEW_STATES = ("TX", "OK", "VT", "CA")


@pytest.fixture(scope="module")
def desk(college_desk: Desk) -> Desk:
    return college_desk


@pytest.fixture(scope="module")
def parts() -> Iterator[Desk]:
    with open_desk("auto-parts") as opened:
        yield opened


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with (CORPUS / "colleges" / "institutions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(row: Row, column: str) -> float:
    return float(row[column]) if row[column] else float("nan")


def names(facts: Facts) -> list[str]:
    return [evidence.heading_path[0].rsplit(" (", 1)[0] for evidence in facts.evidence]


def best_known(rows: list[Row]) -> list[str]:
    ordered = sorted(rows, key=lambda r: -float(r["enrollment_total"] or -1))
    return [row["name"] for row in ordered]


# --- lists ------------------------------------------------------------------------------------

FITS: list[tuple[str, Callable[[Row], bool]]] = [
    ("List the public universities in Oregon", lambda r: r["control"] + r["state"] == "publicOR"),
    ("public colleges in oregon", lambda r: r["control"] + r["state"] == "publicOR"),
    ("tribal colleges in Montana", lambda r: r["tribal_college"] + r["state"] == "yesMT"),
    ("Colleges in Boston with more than 10,000 students",
     lambda r: r["city"] == "Boston" and number(r, "enrollment_total") > 10_000),
    ("which HBCUs in GA have over 3k students?",
     lambda r: r["hbcu"] == "yes" and r["state"] == "GA" and number(r, "enrollment_total") > 3000),
    ("schools in CA with an acceptance rate below 10%",
     lambda r: r["state"] == "CA" and number(r, "admission_rate") < 10),
    ("private colleges in New England under $20,000",
     lambda r: r["control"] == "private nonprofit" and number(r, "tuition_in_state") < 20_000
     and r["state"] in ("CT", "ME", "MA", "NH", "RI", "VT")),
    ("colleges where graduates earn at least 100k",
     lambda r: number(r, "earnings_10_years") >= 100_000),
    ("universities with a graduation rate between 92 and 95%",
     lambda r: 92 <= number(r, "graduation_rate_6_year") <= 95),
    ("colleges in Vermont that are not public",
     lambda r: r["state"] == "VT" and r["control"] != "public"),
    ("private colleges in New England except in Massachusetts or Maine",
     lambda r: r["control"] == "private nonprofit" and r["state"] in ("CT", "NH", "RI", "VT")),
    ("colleges in Texas bigger than UT Austin",
     lambda r: r["state"] == "TX" and number(r, "enrollment_total") > 53_082),
    ("schools close to Seattle", lambda r: r["city"] == "Seattle"),
    ("small public four-year colleges in Maine",
     lambda r: r["control"] == "public" and r["level"] == "four-year" and r["state"] == "ME"
     and number(r, "enrollment_total") < 5000),
]  # fmt: skip


@pytest.mark.parametrize(("question", "fits"), FITS)
def test_all_that_fit_and_no_other(
    desk: Desk, rows: list[Row], question: str, fits: Callable[[Row], bool]
) -> None:
    expected = best_known([row for row in rows if fits(row)])

    facts = desk.told(question)

    assert facts.found and expected
    assert names(facts) == expected[:10]
    assert facts.sentences[0].startswith(f"{len(expected):,} college"), facts.sentences


ENDS: list[tuple[str, str, bool, int, Callable[[Row], bool]]] = [
    ("cheapest four-year public colleges in Florida", "tuition_in_state", False, 10,
     lambda r: r["level"] + r["control"] + r["state"] == "four-yearpublicFL"),
    ("What are the ten largest universities in the country?", "enrollment_total", True, 10,
     lambda r: True),
    ("top 5 highest paid colleges", "earnings_10_years", True, 5, lambda r: True),
    ("Which college has the highest graduation rate in Ohio?", "graduation_rate_6_year", True, 1,
     lambda r: r["state"] == "OH"),
    ("3 most selective public universities", "admission_rate", False, 3,
     lambda r: r["control"] == "public"),
    ("public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, "
     "cheapest first", "tuition_in_state", False, 10,
     lambda r: r["control"] == "public" and r["state"] in ("TX", "OK")
     and number(r, "tuition_in_state") < 12_000 and number(r, "graduation_rate_6_year") > 60),
]  # fmt: skip


@pytest.mark.parametrize(("question", "column", "highest", "limit", "fits"), ENDS)
def test_the_ends_of_an_order(
    desk: Desk,
    rows: list[Row],
    question: str,
    column: str,
    highest: bool,
    limit: int,
    fits: Callable[[Row], bool],
) -> None:
    having = [row for row in rows if row[column] and fits(row)]
    figures = sorted((number(row, column) for row in having), reverse=highest)[:limit]

    facts = desk.told(question)

    assert facts.found
    shown = [next(f.value for f in e.facts if f.field == column) for e in facts.evidence]
    assert shown == figures
    by_name = {(row["name"], number(row, column)) for row in having}
    assert set(zip(names(facts), shown, strict=True)) <= by_name


# --- one number over many ---------------------------------------------------------------------


def test_a_count_says_which_rows(desk: Desk, rows: list[Row]) -> None:
    n = sum(r["hbcu"] == "yes" and r["state"] == "GA" for r in rows)

    facts = desk.told("How many HBCUs are there in Georgia?")

    assert facts.sentences[0].startswith(f"{n} colleges") and "[1]" in facts.sentences[0]
    assert f"{n} rows of institutions.csv" in facts.evidence[0].quote


@pytest.mark.parametrize(
    ("question", "column", "function", "fits"),
    [
        ("average in-state tuition of public four-year colleges in Ohio", "tuition_in_state",
         statistics.fmean, lambda r: r["control"] + r["level"] + r["state"] == "publicfour-yearOH"),
        ("what's the median of earnings of colleges in Vermont", "earnings_10_years",
         statistics.median, lambda r: r["state"] == "VT"),
        ("avg acceptance rate for private universities in NY", "admission_rate",
         statistics.fmean, lambda r: r["control"] + r["state"] == "private nonprofitNY"),
    ],
)  # fmt: skip
def test_an_average_says_over_how_many(
    desk: Desk,
    rows: list[Row],
    question: str,
    column: str,
    function: Callable[[list[float]], float],
    fits: Callable[[Row], bool],
) -> None:
    fitting = [row for row in rows if fits(row)]
    figures = [number(row, column) for row in fitting if row[column]]

    facts = desk.told(question)

    told = " ".join(facts.sentences)
    value = function(figures)
    said = f"${value:,.0f}" if column != "admission_rate" else f"{value:.1f}%"
    assert facts.found and said in told and "[1]" in told
    assert f"{len(figures):,} college" in told
    assert f"{len(fitting) - len(figures):,} more" in told


def test_groups_are_told_apart(desk: Desk, rows: list[Row]) -> None:
    public, private = (
        [number(r, "graduation_rate_6_year") for r in rows
         if r["control"] == control and r["graduation_rate_6_year"]]
        for control in ("public", "private nonprofit")
    )  # fmt: skip

    facts = desk.told("graduation rate public vs private colleges")

    assert facts.table is not None
    shown = {row[0]: row[2] for row in facts.table.rows}
    assert shown == {
        "public": pytest.approx(statistics.fmean(public)),
        "private nonprofit": pytest.approx(statistics.fmean(private)),
    }
    assert f"{len(public):,} colleges [2]" in facts.sentences[0]
    assert [e.n for e in facts.evidence] == [1, 2]


def test_where_there_are_most(desk: Desk, rows: list[Row]) -> None:
    n = sum(r["state"] == "CA" for r in rows)

    facts = desk.told("which state has the most colleges")

    assert facts.sentences[0].startswith(f"Colleges by state: California {n} [1];")
    assert f"{n} rows of institutions.csv (California)" in facts.evidence[0].quote


def test_one_without_a_figure_cannot_be_compared_with(desk: Desk) -> None:
    facts = desk.ask("colleges with a lower acceptance rate than Santa Monica College")

    assert facts is not None and not facts.found
    assert "no figure of Santa Monica College" in facts.sentences[0]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("compare two colleges' tuition", "Which colleges shall I compare?"),
        ("best colleges in California", "Best by what? I can rank colleges (California) by"),
        ("show me colleges", "Which colleges? I can choose them by state"),
        ("tuition", "Of which college?"),
    ],
)
def test_it_asks_back(desk: Desk, question: str, said: str) -> None:
    facts = desk.ask(question)

    assert facts is not None and not facts.found
    assert facts.sentences[0].startswith(said)


def test_a_slip_in_the_cards_words_is_put_right(desk: Desk) -> None:
    slipped, right = desk.told("cheepest coleges in Ohoi"), desk.told("cheapest colleges in Ohio")

    assert slipped.sentences == right.sentences


def test_figures_in_other_units(parts: Desk) -> None:
    told = parts.told("torque for A-1042 in lb-ft").sentences[0]
    heavy = parts.told("parts that weigh more than 10 pounds")

    assert "30 Nm (November 2026), that is 22.13 lb-ft [1]" in told
    assert all(e.facts[0].value > 10 * 0.45359237 for e in heavy.evidence)  # type: ignore[operator]


def test_named_figures_add_up(parts: Desk) -> None:
    told = parts.told("total price of A-1042 and A-1110").sentences

    assert told[1] == "Together: price $110.10 [1] [2]."


# --- follow-ups -------------------------------------------------------------------------------


def test_follow_ups_edit_the_list(desk: Desk, rows: list[Row]) -> None:
    first = desk.told("cheapest four-year colleges in Florida")
    public = desk.ask("only the public ones", first.plan_json)
    assert public is not None
    elsewhere = desk.ask("and in Georgia?", public.plan_json)
    assert elsewhere is not None
    largest = desk.ask("which of those is largest?", elsewhere.plan_json)
    assert largest is not None

    fitting = [r for r in rows if r["level"] + r["control"] + r["state"] == "four-yearpublicGA"]
    cheapest = sorted(number(r, "tuition_in_state") for r in fitting if r["tuition_in_state"])
    assert [e.facts[0].value for e in elsewhere.evidence] == cheapest[:10]
    assert names(largest) == best_known(fitting)[:1]


def test_follow_ups_know_places_and_earlier_names(desk: Desk, rows: list[Row]) -> None:
    ohio = [r for r in rows if r["control"] + r["state"] == "publicOH" and r["tuition_in_state"]]
    second = sorted(ohio, key=lambda r: number(r, "tuition_in_state"))[1]["name"]
    cheapest = desk.told("cheapest public colleges in Ohio").plan_json
    emory = desk.told("how hard is it to get into Emory").plan_json
    vanderbilt = desk.ask("how about Vanderbilt", emory)
    assert vanderbilt is not None

    at_place = desk.ask("what about the second one", cheapest)
    harder = desk.ask("which is harder", vanderbilt.plan_json)

    assert at_place is not None and names(at_place) == [second]
    assert harder is not None and names(harder) == ["Emory University", "Vanderbilt University"]


def test_a_question_of_its_own_is_no_follow_up(desk: Desk) -> None:
    last = desk.told("cheapest public colleges in Ohio").plan_json
    alone = desk.told("How many HBCUs are there in Georgia?")

    counted = desk.ask("How many HBCUs are there in Georgia?", last)
    named = desk.ask("and UCLA?", last)

    assert counted is not None and counted.sentences == alone.sentences
    assert named is not None and names(named) == ["University of California-Los Angeles"]
    assert desk.plan("What is the FAFSA?", last) is None


def test_more_goes_on_where_the_list_ended(desk: Desk, rows: list[Row]) -> None:
    expected = best_known([r for r in rows if r["control"] + r["state"] == "publicOR"])
    first = desk.told("public colleges in Oregon")
    second = desk.ask("more", first.plan_json)
    assert second is not None
    third = desk.ask("show me the rest", second.plan_json)
    assert third is not None
    fourth = desk.ask("more", third.plan_json)
    assert fourth is not None

    assert names(first) + names(second) + names(third) == expected
    assert not fourth.evidence and "That was all" in fourth.sentences[0]


# --- what it leaves alone ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "Is it better to go to a public or a private college?",
        "Why are private colleges so expensive?",
        "How many colleges should I apply to?",
        "How do I choose between community college and university?",
        "What do colleges look for?",
        "When do most colleges send out decisions?",
        "which colleges have the best food",
        "colleges with good marching bands in Texas",
        "what is the largest city in Texas",
        "cheapest flights to Texas",
        "richest people in California",
        "public transport in Boston",
    ],
)
def test_what_only_sounds_like_a_list_is_left(desk: Desk, question: str) -> None:
    facts = desk.ask(question)

    assert facts is None or not facts.found


@pytest.mark.parametrize(
    "question",
    [
        "how many states have HBCUs",
        "how many cities in Texas have colleges",
        "largest college in each state",
        "public college in Texas with highest earnings and lowest tuition",
        "colleges in Texas that do not require the SAT",
        "cheapest law schools in New York",
        "cheapest seminaries in Texas",
        "colleges that are not midsize",
    ],
)
def test_what_it_cannot_count_or_group_is_no_answer(desk: Desk, question: str) -> None:
    facts = desk.ask(question)

    assert facts is None or not facts.found


# --- named ones -------------------------------------------------------------------------------


def test_the_one_at_the_end_comes_first(desk: Desk) -> None:
    facts = desk.told("Which of UCSD, UCLA and Cal is the cheapest?")

    figures = [e.facts[0].value for e in facts.evidence]
    assert figures == sorted(figures) and len(figures) == 3
    assert facts.sentences[0].startswith("Lowest by in-state tuition")
    assert "University of California-Los Angeles $13,747 [1]; then" in facts.sentences[0]


def test_side_by_side_is_a_comparison(desk: Desk) -> None:
    assert desk.told("show me Rice and UCLA side by side").sentences[0].startswith("Side by side")
    one = desk.told("please put the tuition of Rice and UCLA side-by-side")
    assert len(one.evidence) == 2 and one.found


def test_how_much_more_is_said_in_money_and_percent(desk: Desk) -> None:
    near = desk.told("how much more expensive is UCLA than UT Austin")
    far = desk.told("Is UCLA cheaper than Rice?")
    rates = desk.told("UCLA vs USC acceptance rate")

    assert "Los Angeles is $2,069 (18%) higher." in near.sentences[0]
    assert "Rice University is $44,381 higher (4.2 times as much)." in far.sentences[0]
    assert "1.8 percentage points higher" in rates.sentences[0]


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("is Rice private?", "Yes."),
        ("Is Rice a public university?", "No."),
        ("is Spelman an HBCU", "Yes."),
        ("is Texas Tech a historically black college", "No."),
    ],
)
def test_yes_or_no_stands_before_the_cell(desk: Desk, question: str, verdict: str) -> None:
    facts = desk.told(question)

    assert facts.found
    assert facts.sentences[0].startswith(verdict) and "[1]" in facts.sentences[0]


def test_similar_ones_say_what_near_means(desk: Desk) -> None:
    facts = desk.told("colleges similar to Reed College")

    assert names(facts)[0] == "Reed College" and len(facts.evidence) == 11
    assert {next(f.value for f in e.facts if f.field == "control") for e in facts.evidence} == {
        "private nonprofit"
    }
    assert "graduation rate within 6 years" in facts.sentences[1]


def test_conditions_are_told_in_words_of_the_card(desk: Desk) -> None:
    told = " ".join(desk.told("public HBCUs in TX under $9,000").sentences)

    assert "(public; HBCU; Texas; in-state tuition and fees below $9,000)" in told


# --- another pack -----------------------------------------------------------------------------


def test_another_pack_needs_no_other_code(parts: Desk) -> None:
    cheapest = parts.told("cheapest brake pads")

    assert [e.facts[0].value for e in cheapest.evidence][:3] == [27.3, 34.9, 41.5]
    assert parts.told("how many brake pads are in stock").sentences[0].startswith("7 parts")
    assert len(parts.told("compare pads by price").evidence) == 8
    assert "$9.84" in parts.told("average price of oil filters").sentences[0]


def test_a_number_asks_for_ranges_that_hold_it(parts: Desk) -> None:
    with (CORPUS / "auto-parts" / "parts.csv").open(encoding="utf-8") as file:
        pads = [r for r in csv.DictReader(file) if r["category"] + r["make"] == "brake padsAldra"]
    fitting = [r for r in pads if int(r["year_from"]) <= 2014 <= int(r["year_to"])]
    assert 0 < len(fitting) < len(pads)

    facts = parts.told("cheapest brake pads for a 2014 Lark")

    expected = sorted(float(row["price_usd"]) for row in fitting)
    assert [e.facts[0].value for e in facts.evidence] == expected
    assert "model year 2014" in facts.sentences[0]


# --- any plan ---------------------------------------------------------------------------------

NUMERIC = ("tuition_in_state", "enrollment_total", "admission_rate", "earnings_10_years")
_numbers = st.one_of(
    st.sampled_from([0.0, 10.0, 50.0, 100.0, 5000.0, 12000.0, 60000.0]),
    st.floats(-1e6, 1e6, allow_nan=False),
)
_texts = st.one_of(
    st.sampled_from([*FEW_STATES, "x'); DROP TABLE records_institutions; --", "%", "_", ""]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
_filters = st.one_of(
    st.builds(
        Filter,
        field=st.sampled_from(NUMERIC),
        comparison=st.sampled_from(["<", "<=", ">", ">="]),
        number=_numbers,
    ),
    st.builds(
        Filter,
        field=st.sampled_from(["state", "city"]),
        values=st.lists(_texts, min_size=1, max_size=4).map(tuple),
        excluded=st.booleans(),
    ),
    st.builds(Filter, field=st.just("control"), values=st.just(("public",))),
)
_plans = st.builds(
    Plan,
    operation=st.just("list"),
    table=st.just("institutions"),
    fields=st.lists(st.sampled_from(NUMERIC), max_size=3, unique=True).map(tuple),
    filters=st.lists(_filters, max_size=4).map(tuple),
    order=st.none() | st.builds(Order, field=st.sampled_from(NUMERIC), highest=st.booleans()),
    limit=st.integers(1, 100),
    offset=st.integers(0, 50),
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def fits(record: Record, plan: Plan, *, unknown_too: bool = False) -> bool:
    for f in plan.filters:
        value = record.values[f.field]
        if f.comparison is None:
            if (value in f.values) is f.excluded:
                return False
        elif value is None:
            if not unknown_too:
                return False
        elif not _COMPARE[f.comparison](value, f.number):
            return False
    return True


def in_order(records: list[Record], plan: Plan) -> list[Record]:
    def known(record: Record) -> tuple[float, str, str]:
        students = record.values["enrollment_total"]
        return (-float(students if students is not None else -1), record.name, record.record_id)

    ordered = sorted(records, key=known)
    if plan.order is not None:
        key = plan.order.field
        ordered = [r for r in ordered if r.values[key] is not None]
        ordered.sort(key=lambda r: float(r.values[key] or 0), reverse=plan.order.highest)
        # Sorting is stable also in reverse, so ties stay the best known first.
    return ordered


@pytest.fixture(scope="module")
def records(desk: Desk) -> list[Record]:
    card = desk.card.tables[0]
    return list(read_records(CORPUS / "colleges" / card.file, card.file, card)[0])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(plan=_plans)
def test_any_plan_in_sql_is_the_same_over_lists(
    desk: Desk, records: list[Record], plan: Plan
) -> None:
    card = desk.card.tables[0]
    query = RecordQuery(record_table(card), card, plan)
    fitting = in_order([r for r in records if fits(r, plan)], plan)
    needed = {f.field for f in plan.filters if f.comparison}
    needed |= {plan.order.field} if plan.order else set()
    lacking = [
        r
        for r in records
        if fits(r, plan, unknown_too=True) and any(r.values[key] is None for key in needed)
    ]

    run = desk.connection.execute
    listed = [row.record_id for row in run(query.listed())]
    page = fitting[plan.offset : plan.offset + plan.limit]
    assert listed == [r.record_id for r in page]
    counts = run(query.counts()).one()
    assert (counts.fitting, counts.lacking) == (len(fitting), len(lacking))
    facts = desk.finder.run(plan, desk.connection)
    assert [e.key for e in facts.evidence] == listed


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    filters=st.lists(_filters, max_size=3).map(tuple),
    key=st.sampled_from(NUMERIC),
    function=st.sampled_from(["average", "median", "total"]),
)
def test_any_summary_in_sql_is_the_same_over_lists(
    desk: Desk, records: list[Record], filters: tuple[Filter, ...], key: str, function: Any
) -> None:
    plan = Plan(
        operation="summary",
        table="institutions",
        filters=filters,
        fields=(key,),
        function=function,
    )
    fitting = [r for r in records if fits(r, plan)]
    figures = [float(v) for r in fitting if (v := r.values[key]) is not None]

    told = " ".join(desk.finder.run(plan, desk.connection).sentences)

    if not figures:
        assert not re.search(r"is \$?\d", told)
        return
    functions = {"average": statistics.fmean, "median": statistics.median, "total": sum}
    value = functions[function](figures)  # type: ignore[operator]
    said = re.search(r" is \$?([\d,.]+)", told)
    assert said is not None, told
    tolerance = 0.051 if key == "admission_rate" else 0.51
    assert abs(float(said[1].rstrip(".").replace(",", "")) - value) <= tolerance
    assert f"over {len(figures):,} " in told


# --- text is never SQL ------------------------------------------------------------------------


@contextmanager
def listening(connection: sa.Connection) -> Iterator[list[str]]:
    """Collect the text of every statement that reaches the database driver."""
    heard: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    sa.event.listen(connection, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(connection, "before_cursor_execute", hear)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(value=st.text(st.characters(categories=["Lu", "Ll", "Po", "Nd"]), min_size=5, max_size=30))
def test_a_value_is_only_ever_a_parameter(desk: Desk, value: str) -> None:
    hostile = f"Zqx{value}'); DROP TABLE records_institutions; --"
    plan = Plan(
        operation="list",
        table="institutions",
        filters=(Filter(field="city", values=(hostile, value), words=hostile),),
    )
    with listening(desk.connection) as heard:
        facts = desk.finder.run(plan, desk.connection)

    assert heard and not any("Zqx" in s or "DROP" in s for s in heard)
    assert not any("Zqx" in s for s in facts.plan_json["sql"])


@pytest.mark.parametrize(
    "question",
    [
        "public colleges in Boston with more than 10734 students",
        "Compare tuition at UCLA and Rice'); DROP TABLE records_institutions; --",
        'colleges in Texas" OR 1=1 -- under $12751',
        "average tuition of HBCUs in Georgia",
        "cheapest colleges in Vermont; SELECT * FROM sqlite_master",
        "tuition at Robert'); DROP TABLE students;-- University",
    ],
)
def test_no_word_of_a_question_is_sql(desk: Desk, question: str) -> None:
    with listening(desk.connection) as heard:
        desk.ask(question)

    statements = " ".join(heard).lower()
    words = {w.lower() for w in re.findall(r"\w{4,}", question)}
    columns = {w for f in desk.card.tables[0].fields for w in f.key.split("_")}
    words -= columns | {"from", "select", "where", "institutions", "records_institutions"}
    spoken = set(re.findall(r"[^\W_]+", statements))
    assert not words & spoken
    assert not re.search(r"drop|1=1|sqlite_master|--", statements)
