from __future__ import annotations

import pytest

from bot.answer import Evidence
from bot.verify import numbers, verify

EVIDENCE = {
    1: Evidence(
        n=1,
        kind="passage",
        document="fafsa.md",
        title="FAFSA step by step",
        heading_path=("When the FAFSA opens",),
        quote="The 2027-28 FAFSA opened on October 1, 2026. It is free to file. A state may set an "
        "earlier deadline. You do not need to pay anyone $12,000 for help.",
        key="a",
    ),
    2: Evidence(
        n=2,
        kind="passage",
        document="loans.md",
        title="Loans",
        quote="A subsidized loan does not gain interest while you are in college. Grants from the "
        "Department of Education are not paid back.",
        key="b",
    ),
}


@pytest.mark.parametrize(
    "sentence",
    [
        "The 2027-28 FAFSA opened on October 1, 2026. [1]",
        "It is free to file the FAFSA [1].",
        "A state may set an earlier deadline. [1]",
        "Grants from the Department of Education are not paid back. [2]",
        "You do not need to pay anyone $12k for help. [1]",
    ],
)
def test_what_the_evidence_says_stands(sentence: str) -> None:
    assert verify(sentence, EVIDENCE).supported, verify(sentence, EVIDENCE).why


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("The FAFSA opened on October 1, 2026.", "cites nothing"),
        ("The FAFSA opened on October 1, 2026. [3]", "cites what is not there"),
        ("The 2027-28 FAFSA opened on October 2, 2026. [1]", "number 2 "),
        ("The 2027-28 FAFSA opened on October 1, 2025. [1]", "number 2025"),
        ("You do not need to pay anyone $13k for help. [1]", "number 13000"),
        ("It is free to file with Harvard. [1]", "name 'Harvard'"),
        ("It is free to file. [2]", "words"),
        ("Grants from the Department of Education are paid back. [2]", "negation"),
        ("It is not free to file. [1]", "negation"),
        ("Wizards enjoy purple bananas gladly. [1]", "words"),
        ("[1]", "says nothing"),
        ("A subsidized loan gains three times the interest. [2]", "number 3"),
    ],
)
def test_what_it_does_not_say_falls(sentence: str, why: str) -> None:
    verdict = verify(sentence, EVIDENCE)
    assert not verdict.supported
    assert why in verdict.why


def test_numbers_are_compared_by_value() -> None:
    assert numbers("$12k, 12,000 and 12 thousand") == {12000.0}
    assert numbers("86% in 4 years, two thirds") == {86.0, 4.0, 2.0}
    assert numbers("no figures") == set()
