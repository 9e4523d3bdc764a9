from __future__ import annotations

import pytest

from bot.parts import compared, parts_of, split_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("What is a wren, and how heavy is a robin?", ["What is a wren", "how heavy is a robin?"]),
        ("What do finches eat? And what is a tit?", ["What do finches eat", "what is a tit?"]),
        (
            "What is net price, and what is it at Rice?",
            ["What is net price", "what is net price at Rice?"],
        ),
        (
            "What is a wren? What is a tit? And what is a finch?",
            ["What is a wren", "What is a tit", "what is a finch?"],
        ),
        ("Compare the robin and the wren", ["Compare the robin and the wren"]),
        ("Weight and wingspan of the magpie", ["Weight and wingspan of the magpie"]),
        ("", [""]),
    ],
)
def test_parts(text: str, parts: list[str]) -> None:
    assert split_parts(text) == parts


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("What's the difference between a wren and a tit?", ["a wren", "a tit"]),
        ("difference between wooden and woodcrete boxes", ["wooden boxes", "woodcrete boxes"]),
        (
            "wooden vs woodcrete boxes for tits",
            ["wooden boxes for tits", "woodcrete boxes for tits"],
        ),
        ("are hanging feeders better than standing", ["hanging feeders", "standing feeders"]),
        ("hanging vs standing feeders", ["hanging feeders", "standing feeders"]),
        ("peanuts vs. suet: which is better?", ["peanuts", "suet"]),
        (
            "Compare the cost of suet and nyjer for beginners",
            ["the cost of suet for beginners", "the cost of nyjer for beginners"],
        ),
        (
            "How do tits, finches and wrens differ in winter?",
            ["tits in winter", "finches in winter", "wrens in winter"],
        ),
        ("How does a rook differ from a crow?", ["a rook", "a crow"]),
        (
            "How does a feeder for birds differ from a bird bath?",
            ["a feeder for birds", "a bird bath"],
        ),
        (
            "Compare the cost of a tube and a tray",
            ["the cost of a tube", "the cost of a tray"],
        ),
        ("compare a tube to a tray", ["a tube", "a tray"]),
        (
            "Compare the way to feed tits and the way to feed wrens",
            ["the way to feed tits", "the way to feed wrens"],
        ),
        ("what sets a rook apart from a crow?", ["a rook", "a crow"]),
        ("nyjer compared to sunflower hearts", ["nyjer", "sunflower hearts"]),
        ("how is RSPB different from BTO", ["RSPB", "BTO"]),
        ("Is a wooden box better than a woodcrete one?", ["a wooden box", "a woodcrete one"]),
        ("Which is warmer, a tube or a tray?", ["a tube", "a tray"]),
        ("What do rooks and crows have in common?", ["rooks", "crows"]),
        ("Between suet and seed, which is cheaper?", ["suet", "seed"]),
        ("Do suet and seed both spoil in summer?", ["suet", "seed"]),
    ],
)
def test_what_is_compared(text: str, items: list[str]) -> None:
    assert [part.name for part in compared(text)] == items


@pytest.mark.parametrize(
    "text",
    [
        "What do finches eat?",
        "Can I feed bread and cheese to birds?",
        "Should I clean the box in October or in March?",
        "Is 60 percent survival good or bad?",
        "How many eggs are there, and when?",
        "Compare",
        "difference between",
        "vs",
        "",
    ],
)
def test_a_question_with_one_part_is_left_alone(text: str) -> None:
    assert parts_of(text) == []


def test_statements_are_set_against_each_other() -> None:
    parts = parts_of(
        "Does the first guide say that bread harms birds, while the second guide offers it daily?"
    )
    assert [part.name for part in parts] == [
        "Does the first guide say that bread harms birds",
        "the second guide offers it daily",
    ]


def test_what_is_asked_of_both_is_asked_of_each() -> None:
    parts = parts_of("Between suet and seed, which lasts longer in summer?")
    assert [part.query for part in parts] == [
        "suet which lasts longer in summer",
        "seed which lasts longer in summer",
    ]


def test_a_part_is_looked_for_as_a_question() -> None:
    assert [part.query for part in parts_of("rook vs crow")] == ["What is rook?", "What is crow?"]
