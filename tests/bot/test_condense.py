"""What is a follow-up, what it goes on from, and what stands for itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answer import Question, Turn
from bot.condense import condense, follows, points_back

QUESTIONS = Path(__file__).parents[2] / "corpus" / "colleges" / "questions"


def condensed(*said: str) -> str:
    *before, text = said
    return condense(Question(text=text, history=tuple(Turn(question=one) for one in before)), text)


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (QUESTIONS / name).read_text().splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        "and in winter?", "What about thrushes?", "why?", "why not?", "is that harmful?",
        "for young birds?", "the best time?", "only in May?", "how long?", "How many of them?",
        "When is it best?", "do both work?", "which one is better?", "who qualifies?",
        "How do I apply?", "what's the price?", "how do I clean mine?", "Are they the same?",
    ],
)  # fmt: skip
def test_a_follow_up_gets_the_question_before_it(text: str) -> None:
    assert condensed("What do finches eat?", text) == f"What do finches eat? {text}"


@pytest.mark.parametrize(
    "text",
    [
        "What is a brood?", "what is suet?", "Tell me about wrens", "What does RSPB mean?",
        "How long does it take to hang a nest box?", "Is there a food that tits like in winter?",
        "Should I clean the box if it is not used?", "Why do great tits lay fewer eggs in cities?",
        "How do I show that I saw a rare bird?", "What happens this year in May with the swifts?",
        "Where do people who feed birds buy seed for them in large bags at low prices?", "",
    ],
)  # fmt: skip
def test_another_question_stands_for_itself(text: str) -> None:
    assert condensed("What do finches eat?", text) == text


def test_a_chain_leads_back_to_what_stands_for_itself() -> None:
    chain = ("Where do wrens nest?", "What do finches eat?", "and in winter?", "how much?")
    assert condensed(*chain) == "What do finches eat? and in winter? how much?"


def test_the_first_question_stands_for_itself() -> None:
    assert condensed("and in winter?") == "and in winter?"


def test_what_a_pronoun_stands_for_may_be_in_the_same_question() -> None:
    assert points_back("When do I clean them?")
    assert not points_back("When I clean a nest box after winter because it is dirty")


def test_questions_of_the_guides_stand_for_themselves() -> None:
    taken = [
        one["question"] for one in lines("retrieval/guides.jsonl") if follows(str(one["question"]))
    ]
    assert taken == []
