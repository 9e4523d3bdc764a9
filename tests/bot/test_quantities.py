from __future__ import annotations

import pytest

from bot.quantities import Quantity, read_quantities


def only(text: str) -> Quantity:
    (quantity,) = read_quantities(text)
    return quantity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$12k", "12,000 dollars"),
        ("12 thousand dollars", "USD? $12,000"),
        ("1.5 million", "1,500,000"),
        ("March 1st", "1 March"),
        ("03/01", "March 1"),
        ("2026-10-01", "October 1, 2026"),
        ("2027–28".replace("–", "-"), "2027/28"),
        ("two thirds of them", "67%"),
        ("half of them", "50 percent"),
        ("twelve months", "12 months"),
        ("twice", "two times"),
        ("twenty-five", "25"),
        ("100 newton metres", "100 Nm"),
    ],
)
def test_the_same_figure_in_other_forms(one: str, other: str) -> None:
    assert only(one).agrees(only(other))
    assert only(other).agrees(only(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$12", "12%"),
        ("$12", "12"),
        ("$12", "€12"),
        ("12 months", "12 years"),
        ("12 Nm", "12 lb-ft"),
        ("12 thousand", "12 million"),
        ("October 1", "October 2"),
        ("October 1, 2026", "October 1, 2025"),
        ("2026", "2027"),
        ("2026-27", "2027-28"),
        ("12 minutes", "12"),
    ],
)
def test_figures_that_differ(one: str, other: str) -> None:
    assert not only(one).agrees(only(other))


def test_a_list_shares_its_unit() -> None:
    found = read_quantities("10, 15 or 20 years; $5 to $10; 2 or 3 thousand")
    assert [q.value for q in found] == [10, 15, 20, 5, 10, 2000, 3000]
    assert [q.units for q in found[:3]] == [frozenset({"year"})] * 3
    days = read_quantities("between September 1 and 30")
    assert [(q.month, q.value) for q in days] == [(9, 1), (9, 30)]


def test_identifiers_are_no_figures() -> None:
    assert read_quantities("Part A-1042 of form F-1 in a 2+2 plan, and you may march on") == []


def test_a_month_alone_needs_its_capital_where_it_is_a_word_too() -> None:
    assert only("The deadline is in May.").month == 5
    assert read_quantities("you may apply") == []


def test_a_year_is_no_count() -> None:
    assert only("in 2014").kind == "year"
    assert only("2000 months").kind == "number"
    assert only("1977").agrees(only("1,977")), "without a comma it may be either"
