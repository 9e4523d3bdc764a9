"""What a question asks for, and what sentence holds it."""

from __future__ import annotations

import pytest

from bot.asking import Asked, Kind, kind_of
from bot.names import tokenize


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many eggs does a wren lay?", "amount"),
        ("and how much does it weigh?", "amount"),
        ("How long do robins live?", "duration"),
        ("In what year was it founded?", "year"),
        ("The nest was found in what year", "year"),
        ("What percentage of chicks survive?", "share"),
        ("When did they arrive?", "time"),
        ("by when must I clean it, and who helps?", "time"),
        ("Who found the nest?", "person"),
        ("Where do swifts sleep?", "place"),
        ("Which countries do they cross?", "place"),
        ("Why do they sing?", "reason"),
        ("Is it a wren?", "yes or no"),
        ("My feeder broke, can I mend it?", "yes or no"),
        ("What do finches eat?", "anything"),
        ("What do they do when they are cold?", "anything"),
        ("the day when we left", "anything"),
        ("", "anything"),
    ],
)
def test_the_kind_of_thing_that_is_asked_for(question: str, kind: Kind) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("question", "sentence", "held"),
    [
        ("In what year was it founded?", "It was founded in 1889.", True),
        ("In what year was it founded?", "It was founded by 30 people.", False),
        ("When was the 1889 fair held?", "The 1889 fair was held here.", False),
        ("When is it open?", "It opens six weeks after the thaw.", True),
        ("How long does it take?", "It takes an hour or two.", True),
        ("How long does it take?", "It takes 3 tools.", False),
        ("What share survives?", "Nearly half survive.", True),
        ("Who found it?", "It was found by Mary Anning.", True),
        ("Who found it?", "It was found near the lake.", False),
        ("Where is it?", "It stands in Lyme.", True),
        ("Where is it?", "It was heavy.", False),
        ("Why is it heavy?", "It is heavy because it holds water.", True),
        ("Why is it heavy?", "It weighs 3 tons.", False),
        ("What is it?", "Anything at all.", True),
    ],
)
def test_a_sentence_holds_such_a_thing_or_not(question: str, sentence: str, held: bool) -> None:
    assert Asked.read(question).held_by(tokenize(sentence)) is held


def test_a_number_must_stand_by_what_is_counted() -> None:
    asked = Asked.read("How many eggs does a wren lay?")

    assert asked.held_by(tokenize("A wren lays 5 to 8 eggs."))
    assert not asked.held_by(tokenize("A wren weighs 9 grams and builds a nest for white eggs."))
    assert asked.kind_held_by(tokenize("A wren weighs 9 grams."))


def names(question: str) -> list[str]:
    asked = Asked.read(question)
    return [token.text for token in asked.tokens if asked.is_name(token)]


def test_names_numbers_and_codes_are_names() -> None:
    assert names("Does the BTO count wrens in Norfolk since 1994?") == ["BTO", "Norfolk", "1994"]
    assert names("Wrens are what?") == []


def test_what_a_person_tells_before_asking_is_not_asked_for() -> None:
    assert names("I live in Oregon, does the BTO count here?") == ["BTO"]
    assert names("In Oregon, does the BTO count?") == ["Oregon", "BTO"]
