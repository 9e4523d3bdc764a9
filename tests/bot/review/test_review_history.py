"""The history in plain words: who did what, and no code of ours among them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.reasons import ENDINGS, told_ending
from bot.review import Category, Event, Outcome, Severity, Status
from bot.review.history import told
from bot.review.states import FORMER_CATEGORIES


def event(kind: str, old: str = "", new: str = "", detail: str = "", actor: str = "birch") -> Event:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    return Event(
        number=1, at=moment, actor=actor, kind=kind, old=old, new=new, detail=detail, text="",
        version=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (event("filed", new="wrong_fact", actor="reporter"), "a visitor reported it (wrong fact)"),
        (
            event("filed", new="harmful", detail="high", actor="reporter"),
            "a visitor reported it (unsafe or offensive), severity high",
        ),
        (event("assigned", new="birch"), "birch took it"),
        (event("assigned", old="birch", new="birch"), "birch took it"),
        (event("assigned", old="cedar", new="birch"), "birch took it (before: cedar)"),
        (event("assigned", new="cedar", actor="operator"), "the operator gave it to cedar"),
        (event("assigned", old="birch"), "birch put it back"),
        (event("assigned", old="cedar"), "birch took it from cedar"),
        (event("moved", "new", "in_progress"), "birch moved it from new to in progress"),
        (
            event("resolved", "new", "corpus_fixed", "a.md"),
            "birch resolved it (the documents were corrected): a.md",
        ),
        (
            event("rerun", "answered", "abstained", "a.md"),
            "birch asked it again, as a.md had changed: left open now, answered before",
        ),
        (event("noted"), "birch added a note"),
    ],
)
def test_what_happened_is_said_in_plain_words(happened: Event, said: str) -> None:
    assert told(happened) == said


def test_no_code_is_left_in_the_words() -> None:
    categories = (*get_args(Category), *FORMER_CATEGORIES)
    happened = [
        *(event(kind, new=code) for kind in ("filed", "repeated") for code in categories),
        *(event("moved", old, new) for old in get_args(Status) for new in get_args(Status)),
        *(event("rated", old, "low") for old in get_args(Severity)),
        *(event("resolved", "new", code) for code in get_args(Outcome)),
        *(event("rerun", old, "answered", "a.md") for old in ENDINGS),
    ]
    assert not [told(one) for one in happened if "_" in told(one)]


def test_how_an_answer_ended_is_said_with_its_reason() -> None:
    assert told_ending("answered", "") == "answered"
    assert told_ending("abstained", "no_evidence") == "left open: the sources do not say"
