"""What is embedded before anybody asks."""

from __future__ import annotations

import pytest

from bot.answer import Question
from bot.pipeline import open_bot
from bot.read_ahead import AT_ONCE, read_ahead
from ingest.embeddings import LocalEmbeddings
from tests.packs import Pack

QUESTION = "What do finches eat?"


def test_the_first_question_finds_the_sentences_of_its_passages_embedded(
    indexed_pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    embed = LocalEmbeddings.embed_documents

    def noted(self: LocalEmbeddings, texts: list[str]) -> list[list[float]]:
        embedded.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(LocalEmbeddings, "embed_documents", noted)
    with open_bot(indexed_pack.settings) as bot:
        embedded.clear()
        bot.read_ahead()
        ahead = set(embedded)
        embedded.clear()
        quotes = [cited.quote for cited in bot.answer(Question(text=QUESTION)).citations]
    quoted = {text for text in ahead if any(text.partition(": ")[2] in quote for quote in quotes)}
    assert quoted and not quoted & set(embedded)


def test_whoever_asks_goes_first(indexed_pack: Pack) -> None:
    gave_way: list[None] = []
    with open_bot(indexed_pack.settings) as bot:
        count = read_ahead(bot.index, lambda: gave_way.append(None))
    assert len(gave_way) == -(-count // AT_ONCE) > 0
