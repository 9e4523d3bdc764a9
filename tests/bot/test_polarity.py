"""What contradicts what."""

from __future__ import annotations

import pytest

from bot.polarity import contradicts, negates, other_prefixes, turns_around
from bot.text import stem, words


def stems(text: str) -> set[str]:
    return set(map(stem, words(text)))


@pytest.mark.parametrize("text", ["It is not so", "It isn’t", "They never did", "without a key"])
def test_what_negates(text: str) -> None:
    assert negates(text)


@pytest.mark.parametrize("text", ["A notable knot", "Another one", "nothings"])
def test_what_only_looks_like_it(text: str) -> None:
    assert not negates(text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Where were the lines demolished?", "lines which were built in the mountains"),
        ("Which is the newest pharmacy?", "the oldest one was set up in 1221"),
        ("What gained the most?", "it had the fewest gains of all"),
    ],
)
def test_opposites_contradict_either_way(question: str, text: str) -> None:
    assert contradicts(stems(question), stems(text))
    assert contradicts(stems(text), stems(question))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When did applications drop?", "they declined while crime was increasing"),
        ("Is the newest or the oldest open?", "the oldest one is open"),
        ("Where were the lines built?", "lines which were built in the mountains"),
        ("What is the third rule?", "the third rule comes after the first"),
    ],
)
def test_a_word_of_the_same_side_or_both_sides_contradicts_nothing(
    question: str, text: str
) -> None:
    assert not contradicts(stems(question), stems(text))


@pytest.mark.parametrize(
    ("question", "text", "turned"),
    [
        ("who was unpaid", "they were all paid", True),
        ("who was paid", "all were unpaid", True),
        ("unless it rains", "less than that", False),
        ("which form is it", "it will inform you", False),
        ("who was unpaid", "paid or unpaid", False),
    ],
)
def test_a_negating_prefix_turns_a_word_around(question: str, text: str, turned: bool) -> None:
    assert turns_around(words(question), set(words(text))) is turned


def test_a_prefix_that_the_text_has_too_is_no_other() -> None:
    assert other_prefixes("the non-resident price", "the resident price")
    assert other_prefixes("the pro-union riots", "the anti-union riots")
    assert not other_prefixes("the non-resident price", "a Non-Resident pays more")
