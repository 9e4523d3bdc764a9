"""Which sentences are quoted: from the right passage, from where it begins, and nothing idle."""

from __future__ import annotations

import numpy as np
import pytest

from bot.answer import Evidence
from bot.extract import Extract, rank_sentences, windows
from ingest.embedding_cache import unit
from ingest.embeddings import make_embeddings
from ingest.index import Index, Vector
from ingest.settings import Settings

WORK = (
    "A seed bank is a place where seeds are kept cold and dry. "
    "It opens on Mondays, and members may borrow ten bags. "
    "What a seed bank earns from its members is left out of the tax form."
)
DATED = "Last reviewed: May 2026. Dates are for members who want to borrow seeds.\n\n" + WORK


class EncoderAlone(Index):
    """Only what embeds: no index stands behind it."""

    def __init__(self) -> None:
        self.embeddings = make_embeddings(Settings())

    def embed_sentences(self, texts: list[str]) -> list[Vector]:
        return [unit(vector) for vector in self.embeddings.embed_documents(texts)]


@pytest.fixture(scope="module")
def encoder() -> EncoderAlone:
    return EncoderAlone()


def piece(n: int, heading: str, quote: str, score: float = 0.5) -> Evidence:
    return Evidence(
        n=n,
        kind="passage",
        document="a.md",
        title="Seeds",
        quote=quote,
        key=f"{n}",
        heading_path=(heading,),
        end=len(quote),
        score=score,
    )


def ranked(encoder: EncoderAlone, question: str, *evidence: Evidence) -> list[Extract]:
    vector = np.asarray(unit(encoder.embeddings.embed_query(question)))
    return rank_sentences(encoder, question, vector, evidence)


def test_what_a_section_is_about_is_quoted_from_its_beginning(encoder: EncoderAlone) -> None:
    [quotation] = windows(ranked(encoder, "what is a seed bank", piece(1, "The seed bank", WORK)))
    assert quotation.text.startswith("A seed bank is a place")


def test_a_particular_of_a_section_is_quoted_for_what_asks_for_it(encoder: EncoderAlone) -> None:
    [best, *_] = ranked(encoder, "how many bags may I borrow?", piece(1, "Opening hours", WORK))
    assert best.text == "It opens on Mondays, and members may borrow ten bags."


def test_when_a_document_was_written_is_never_quoted(encoder: EncoderAlone) -> None:
    question = "which dates are for members who want to borrow seeds"
    found = ranked(encoder, question, piece(1, "The seed bank", DATED))
    assert found and not any("Dates are" in e.text or "reviewed" in e.text for e in found)
    assert "reviewed" not in windows(found)[0].text


def test_the_passage_that_the_retriever_prefers_comes_first_among_alike(
    encoder: EncoderAlone,
) -> None:
    both = [piece(1, "Banks", WORK, score=0.4), piece(2, "Banks", WORK, score=0.6)]
    found = ranked(encoder, "when does it open?", *both)
    assert [e.evidence.n for e in windows(found)] == [2, 1]
    assert [e.evidence.n for e in found] == [2, 2, 2, 1, 1, 1]


def test_a_quotation_begins_where_its_paragraph_begins(encoder: EncoderAlone) -> None:
    quote = "Nothing of this is asked here at all.\n\n" + WORK
    found = ranked(encoder, "how many bags may I borrow?", piece(1, "Hours", quote))
    assert windows(found)[0].text == WORK


def test_without_sentences_there_is_nothing(encoder: EncoderAlone) -> None:
    assert ranked(encoder, "what?", piece(1, "Banks", "Hours")) == []
