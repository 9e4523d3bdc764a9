"""Answers in JSON: held to a schema, read while they come in, and never trusted to be JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bot.structured import answer_schema, choice_schema, read_answer, read_choice

ANSWER = {
    "sentences": [
        {"text": 'Robins eat "worms" {mostly}.', "cites": [1]},
        {"text": "Wrens are small. [9]", "cites": [1, 2]},
    ]
}
SENTENCES = ['Robins eat "worms" {mostly}. [1]', "Wrens are small. [1][2]"]


def pieces(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize("indent", [None, 2])
def test_sentences_come_out_of_json_one_by_one(size: int, indent: int | None) -> None:
    text = json.dumps(ANSWER, indent=indent)
    assert list(read_answer(pieces(text, size))) == SENTENCES


def test_a_sentence_is_there_before_the_next_has_come() -> None:
    text = json.dumps(ANSWER)
    taken: list[str] = []

    def coming() -> Iterator[str]:
        for piece in pieces(text, 4):
            taken.append(piece)
            yield piece

    answer = read_answer(coming())
    assert next(answer) == SENTENCES[0]
    assert "Wrens" not in "".join(taken)


def test_json_in_a_code_fence_is_json() -> None:
    text = f"```json\n{json.dumps(ANSWER)}\n```"
    assert list(read_answer(pieces(text, 5))) == SENTENCES


@pytest.mark.parametrize("size", [1, 6, 1000])
def test_prose_where_json_was_asked_for_is_read_as_prose(size: int) -> None:
    text = "**Robins** eat worms. [1] Wrens are small. [1][2] And so on"
    said = ["Robins eat worms. [1]", "Wrens are small. [1][2]", "And so on"]
    assert list(read_answer(pieces(text, size))) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"sentences": []}', []),
        ('{"sentences": [{"text": "Cut off in the mid', []),
        ('{"other": 1} Robins eat worms. [1]', []),
        ('{"sentences": [{"text": 5, "cites": "1"}]}', [""]),
        ('{"sentences": [{"cites": [true, "2", 3]}]}', ["[3]"]),
        ('{"sentences": ["Robins eat worms. [1]"]}', []),
        ('{"sentences": [{"text": "A. [4]", "cites": [1]}] } And more. [1]', ["A. [1]"]),
        ("", []),
    ],
)
def test_what_does_not_keep_to_the_schema_is_no_answer(text: str, said: list[str]) -> None:
    assert list(read_answer(pieces(text, 3))) == said


def test_the_schema_allows_only_evidence_that_is_there() -> None:
    cites = answer_schema([2, 5])["properties"]["sentences"]["items"]["properties"]["cites"]
    assert cites["items"]["enum"] == [2, 5]
    assert choice_schema([1, 2])["properties"]["numbers"]["items"]["enum"] == [1, 2]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ('{"numbers": [3, 1, 3]}', [3, 1]),
        ("[2]", [2]),
        ('```json\n{"numbers": [1]}\n```', [1]),
        ('{"numbers": []}', []),
        ('{"numbers": [4]}', []),
        ('{"numbers": [true]}', []),
        ('{"numbers": "1"}', []),
        ("Sentence 1, because it is best", []),
        ('{"numbers": [1', []),
        ("null", []),
    ],
)
def test_only_numbers_that_are_there_can_be_chosen(text: str, chosen: list[int]) -> None:
    assert read_choice(text, [1, 2, 3]) == chosen
