"""Questions in several parts and follow-ups, all the way through the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.answer import Answer, Question, Turn
from bot.draft import MARKER
from bot.pipeline import Bot, open_bot
from ingest.embeddings import make_embeddings
from tests.packs import Pack

GUIDE = """# Feeders

## Tube feeders

A tube feeder is a plastic tube with perches for small birds such as finches, and it holds seed.

## Tray feeders

A tray feeder is an open table for thrushes and other birds that feed on the ground. It must be
swept every day, because wet seed rots.

## Suet cages

A suet cage is a wire cage for a block of fat, and woodpeckers cling to it in winter.
"""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    pack = Pack.make(tmp_path_factory.mktemp("parts"))
    pack.write("guides/feeders.md", GUIDE)
    pack.reindex(make_embeddings(pack.settings))
    with open_bot(pack.settings) as opened:
        yield opened


def ask(bot: Bot, text: str, *before: str) -> Answer:
    return bot.answer(Question(text=text, history=tuple(Turn(question=one) for one in before)))


def test_each_part_is_answered_from_its_own_passage(bot: Bot) -> None:
    answer = ask(
        bot, "What is the difference between a tube feeder, a tray feeder and a suet cage?"
    )
    assert answer.status == "answered"
    for said in ("plastic tube", "open table", "wire cage"):
        assert said in answer.text
    assert {int(n) for n in MARKER.findall(answer.text)} == {c.n for c in answer.citations}


def test_a_part_without_an_answer_is_named(bot: Bot) -> None:
    answer = ask(bot, "How does a tray feeder for birds differ from a carburettor?")
    assert answer.status == "answered"
    assert "open table" in answer.text
    assert "My sources do not answer what you ask about “a carburettor”." in answer.text


def test_of_parts_that_are_all_unknown_none_is_answered(bot: Bot) -> None:
    answer = ask(bot, "Compare the moult of bird feathers with the vision of birds of prey")
    assert (answer.status, answer.reason) == ("abstained", "no_evidence"), answer.text


def test_records_are_compared_as_records(bot: Bot) -> None:
    answer = ask(bot, "Compare the weight of the robin and the wren")
    assert answer.table is not None and len(answer.table.rows) == 2


def test_a_follow_up_is_judged_with_what_it_goes_on_from(bot: Bot) -> None:
    answer = ask(bot, "why?", "How often must a tray feeder be swept?")
    assert answer.status == "answered" and "wet seed rots" in answer.text


def test_a_follow_up_may_not_leave_the_domain(bot: Bot) -> None:
    answer = ask(bot, "and what is the capital of France?", "How do I clean a tray feeder?")
    assert answer.status == "refused" and answer.reason == "scope"
