"""Small talk, with the real encoder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.scope import everyday_requests
from bot.smalltalk import EXAMPLES, WORDS, SmallTalk
from ingest.domain import load_card
from ingest.embeddings import make_embeddings
from ingest.index import Index
from tests.packs import Pack

ROOT = Path(__file__).parents[2]


class Reply:
    """What is said to a text if it is small talk."""

    def __init__(self, index: Index) -> None:
        self._embeddings = index.embeddings
        self._small_talk = SmallTalk(index)

    def __call__(self, text: str) -> str | None:
        return self._said([text])[0]

    def taken(self, texts: Sequence[str]) -> list[str]:
        """Return those texts that are taken for small talk."""
        return [text for text, said in zip(texts, self._said(texts), strict=True) if said]

    def _said(self, texts: Sequence[str]) -> list[str | None]:
        vectors = np.asarray(self._embeddings.embed_documents(list(texts)), dtype=np.float32)
        return [self._small_talk.reply(*both) for both in zip(texts, vectors, strict=True)]


@pytest.fixture(scope="module")
def reply(indexed_pack: Pack) -> Iterator[Reply]:
    with indexed_pack.index(make_embeddings(indexed_pack.settings)) as index:
        yield Reply(index)


@pytest.fixture(scope="module")
def college_reply(indexed_pack: Pack) -> Iterator[Reply]:
    """Small talk beside the college card's examples; which documents are indexed is no matter."""
    card = load_card(ROOT / "corpus" / "colleges")
    index = Index(card, indexed_pack.paths, make_embeddings(indexed_pack.settings))
    yield Reply(index)
    index.close()


OPENINGS = {
    "greeting": "Hello! Ask me about the birds",
    "thanks": "You're welcome!",
    "goodbye": "Goodbye",
    "assent": "All right.",
    "capabilities": "A table of garden birds",
    "identity": "I am a computer program",
    "sources": "From a fixed set of documents",
}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Good afternoon!", "greeting"),
        ("heyyy", "greeting"),
        ("yo", "greeting"),
        ("¡Hola!", "greeting"),
        ("Guten Morgen", "greeting"),
        ("привет", "greeting"),
        ("こんにちは", "greeting"),
        ("hope you're having a good day", "greeting"),
        ("thx", "thanks"),
        ("ty so much", "thanks"),
        ("merci beaucoup", "thanks"),
        ("muchas gracias amigo", "thanks"),
        ("ok thanks", "thanks"),
        ("谢谢", "thanks"),
        ("that was a big help, thank you", "thanks"),
        ("i owe you one", "thanks"),
        ("sayonara", "goodbye"),
        ("cya later", "goodbye"),
        ("thanks, bye", "goodbye"),
        ("au revoir, my friend", "goodbye"),
        ("take it easy!", "goodbye"),
        ("I should get going", "goodbye"),
        ("ok", "assent"),
        ("okay got it", "assent"),
        ("never mind", "assent"),
        ("what are you able to tell me", "capabilities"),
        ("which questions can you answer", "capabilities"),
        ("Are you human?", "identity"),
        ("who created you?", "identity"),
    ],
)
def test_small_talk_is_answered_in_kind(reply: Reply, text: str, kind: str) -> None:
    said = reply(text)
    assert said is not None
    assert said.startswith(OPENINGS[kind])


@pytest.mark.parametrize(
    "text",
    [
        "hi, what is the wingspan of a magpie?",
        "thanks! and how heavy is a wren?",
        "ok, what about the robin",
        "good morning, where should I hang a feeder",
        "bye the way, what do finches eat",
        "no bread for birds?",
    ],
)
def test_a_kind_word_does_not_swallow_a_question(reply: Reply, text: str) -> None:
    assert reply(text) is None


def test_a_long_message_is_no_small_talk(reply: Reply) -> None:
    assert reply("thank you " * 3) is not None
    assert reply("thank you " * 20) is None


def test_words_that_only_fill_have_no_kind(reply: Reply) -> None:
    assert reply("to it for the") is None


def test_no_question_in_scope_is_taken_for_small_talk(college_reply: Reply) -> None:
    pack = ROOT / "corpus" / "colleges"
    card = load_card(pack)
    lines = (pack / "questions/scope/in-scope.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [*card.scope.in_scope, *(json.loads(line)["text"] for line in lines)]
    assert college_reply.taken(asked) == []


def test_everyday_requests_are_not_small_talk(reply: Reply) -> None:
    assert reply.taken(everyday_requests()) == []


def test_every_kind_has_a_reply_and_no_word_two_kinds() -> None:
    assert set(OPENINGS) == set(EXAMPLES)
    assert set(WORDS) <= set(EXAMPLES)
    known = [word for words in WORDS.values() for word in words]
    assert len(known) == len(set(known))
