from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from snowballstemmer import stemmer

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


def test_words_of_several_threads_keep_their_own_stems() -> None:
    threads, each = 4, 500
    asked = [[f"relation{i}{'als' * (t + 1)}" for i in range(each)] for t in range(threads)]
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            together = list(pool.map(lambda words: [stem(word) for word in words], asked))
    finally:
        sys.setswitchinterval(switching)

    alone = stemmer("english")
    assert together == [[alone.stemWord(word) for word in words] for words in asked]
