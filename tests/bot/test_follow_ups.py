from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.outputs import ChatResult

from bot.answer import Answer, Question
from bot.follow_ups import Section, follow_ups
from bot.next_questions import figure_question, section_question
from bot.pipeline import Bot
from bot.planning import Planning
from bot.silent_chat import SilentChat, silent_chat
from ingest.domain import FieldCard
from ingest.embeddings import make_embeddings
from tests.packs import HashedEmbeddings, Pack


def test_what_is_offered_next_has_an_answer_and_is_another_question(small_pack: Pack) -> None:
    small_pack.reindex(HashedEmbeddings())
    with small_pack.index(HashedEmbeddings()) as index:
        bot = Bot(index, silent_chat(), small_pack.settings)
        for asked in ("What is the weight of the wren?", "List the birds by weight"):
            answer = bot.answer(Question(text=asked))
            assert answer.status == "answered", answer.text
            offered = bot.follow_ups(answer)
            assert offered and asked not in offered, answer.plan
            for question in offered:
                assert bot.answer(Question(text=question)).status == "answered", question


def test_nothing_is_offered_after_what_no_record_has(small_pack: Pack) -> None:
    small_pack.reindex(HashedEmbeddings())
    with small_pack.index(HashedEmbeddings()) as index:
        bot = Bot(index, silent_chat(), small_pack.settings)
        assert bot.follow_ups(bot.answer(Question(text="hello"))) == ()


def test_a_guide_is_followed_by_sections_near_it_that_would_answer(indexed_pack: Pack) -> None:
    guide, tried = "guides/feeding.md", list[str]()
    near_it = (guide, ("Feeding birds", "What to offer"))
    settings = indexed_pack.settings
    with indexed_pack.index(make_embeddings(settings)) as index, index.snapshot() as snapshot:
        answer = Bot(index, silent_chat(), settings).answer(
            Question(text="Is bread bad for birds?")
        )
        assert answer.citations[0].heading_path[-1] == "What to leave out"

        def offered(answer: Answer, sections: frozenset[Section] | None) -> tuple[str, ...]:
            def rehearse(question: str) -> frozenset[Section] | None:
                tried.append(question)
                return sections

            return follow_ups(answer, index.card, Planning(index.card), snapshot, rehearse)

        assert offered(answer, frozenset([near_it])) == ("What do you offer?",)
        assert offered(answer, frozenset([(guide, ("Feeding birds",))])) == ()
        assert offered(answer, None) == ()
        assert tried == ["What do you offer?"] * 3
        refused = answer.model_copy(update={"status": "refused", "citations": ()})
        assert offered(refused, frozenset()) == tuple(index.card.domain.suggestions)
        assert offered(answer.model_copy(update={"status": "blocked"}), frozenset()) == ()


def test_no_model_is_asked_for_what_could_follow(small_pack: Pack) -> None:
    class Unheard(SilentChat):
        def _generate(self, *_: Any, **__: Any) -> ChatResult:
            raise AssertionError("asked")

    small_pack.reindex(HashedEmbeddings())
    chat = replace(silent_chat(), model=Unheard())
    with small_pack.index(HashedEmbeddings()) as index:
        quiet, bot = (Bot(index, c, small_pack.settings) for c in (silent_chat(), chat))
        answer = quiet.answer(Question(text="What to leave out for birds?"))
        assert bot.follow_ups(answer) == quiet.follow_ups(answer)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Is it binding?", "Is it binding?"),
        ("How much? Limits and terms", "How much?"),
        ("What a moult is", "What is a moult?"),
        ("What ringing means", "What does ringing mean?"),
        ("How to clean a feeder", "How do you clean a feeder?"),
        ("What you need for a nest box", "What do you need for a nest box?"),
        ("What you can see in May", "Explain what you can see in May"),
        ("How a wren differs from a robin", "Explain how a wren differs from a robin"),
        ("RSPB reserves: north and south", "Tell me about RSPB reserves"),
        ("Early nest boxes", "Tell me about early nest boxes"),
        ("Great Barr Heronry", "Tell me about Great Barr Heronry"),
        ("If you move away", ""),
        ("Step 1: Create an account", ""),
        ("Sources", ""),
    ],
)
def test_a_heading_becomes_a_question(heading: str, question: str) -> None:
    assert section_question(heading) == question


@pytest.mark.parametrize(
    ("card", "one", "two"),
    [
        ({"label": "Eggs", "type": "count"}, "How many eggs does Wren have?", "more eggs"),
        (
            {"label": "Weight", "type": "number"},
            "What is the weight for Wren?",
            "the higher weight",
        ),
        (
            {"label": "Costs per year", "type": "money"},
            "What are the costs per year for Wren?",
            "the higher costs per year",
        ),
        (
            {"label": "Nest watch", "type": "count", "unit": "days"},
            "What is the nest watch for Wren?",
            "the higher nest watch",
        ),
    ],
)
def test_a_figure_is_asked_for_in_a_sentence(card: dict[str, str], one: str, two: str) -> None:
    field = FieldCard(key="x", **card)
    assert figure_question(["Wren"], field) == one
    assert figure_question(["Wren", "Robin"], field) == f"Which has {two}: Wren or Robin?"
