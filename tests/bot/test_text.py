from __future__ import annotations

import pytest

from bot.text import normalise, sentences, stem


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("  two\n\nlines\t", "two lines"),
        ("\uff35\uff23\uff2c\uff21", "UCLA"),
        ("ig\u200bno\u00adre", "ignore"),
        ("\u202eevil\u202c", "evil"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("café", "café"),
    ],
)
def test_text_is_read_as_it_looks(raw: str, read: str) -> None:
    assert normalise(raw) == read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs $1.50 at St. Mary's. Yes.", ["It costs $1.50 at St. Mary's.", "Yes."]),
        ("Ask Dr. Who, e.g. Tuesday. Fine.", ["Ask Dr. Who, e.g. Tuesday.", "Fine."]),
        ("- item one\n- item two", ["- item one", "- item two"]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("", []),
    ],
)
def test_sentences_are_slices_of_the_text(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text)] == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("grants", "grant"), ("applies", "apply"), ("applying", "apply"), ("admitted", "admitted")],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)
