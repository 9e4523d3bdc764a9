"""The second look: what it counts, and that it stays within its bounds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fusion import Shares
from bot.rerank import TRUSTED_TERMS, Candidate, FeatureReranker, Weights, content_terms, neighbours
from ingest.documents import Chunk

PASSAGE = Chunk("id", "guide.md", 0, "", "", 0, 0)
LEXICAL_ONLY = FeatureReranker(Weights(dense=0, lexical=1, pairs=0, document=0))
PAIRS_ONLY = FeatureReranker(Weights(dense=0, lexical=0, pairs=1, document=0))
DOCUMENT_ONLY = FeatureReranker(Weights(dense=0, lexical=0, pairs=0, document=1))


def candidate(text: str, header: str = "", dense: float = 0.5, lexical: float = 0.5) -> Candidate:
    return Candidate(replace(PASSAGE, text=text, header=header), Shares(dense, lexical))


def scores(reranker: FeatureReranker, query: str, *candidates: Candidate) -> list[float]:
    return reranker.score(query, candidates)


def test_words_count_as_far_as_some_passage_has_them() -> None:
    query = "wren robin finch magpie"
    said = query.split()
    for found in range(len(said) + 1):
        (score, _) = scores(
            LEXICAL_ONLY,
            query,
            candidate(" ".join(said[:found]), lexical=1.0),
            candidate(""),
        )
        assert score == pytest.approx(min(1.0, found / TRUSTED_TERMS))


def test_all_of_a_short_query_is_enough() -> None:
    assert scores(LEXICAL_ONLY, "A-1042", candidate("Order A-1042", lexical=1.0)) == [1.0]


def test_where_words_are_few_meaning_decides() -> None:
    like, said = (
        candidate("nestbox in spring", dense=1.0),
        candidate("clean", dense=0.9, lexical=1.0),
    )
    by_meaning = FeatureReranker().score("when do I clean my birdhouse", [like, said])
    assert by_meaning[0] > by_meaning[1]
    more = candidate("clean my birdhouse when dirty", dense=0.9, lexical=1.0)
    by_words = FeatureReranker().score("when do I clean my dirty birdhouse", [like, more])
    assert by_words[1] > by_words[0]


def test_the_rest_of_a_document_counts() -> None:
    query = "cleaning wooden nest boxes"
    first, other = candidate("nest boxes"), candidate("clean wood")
    alone = replace(first, chunk=replace(PASSAGE, document="other.md", text="nest boxes"))
    with_it, its_other, without = scores(DOCUMENT_ONLY, query, first, other, alone)
    assert with_it == its_other > without > 0


def test_headings_count_for_a_document() -> None:
    (score,) = scores(
        DOCUMENT_ONLY, "cleaning a nest box", candidate("Empty the box.", "Nests > Clean")
    )
    assert score == pytest.approx(1.0)


def test_rare_terms_count_more_than_common_ones() -> None:
    common = [
        replace(one, chunk=replace(one.chunk, document=f"{n}.md"))
        for n, one in enumerate([candidate("food")] * 8)
    ]
    rare = candidate("nyjer")
    rarely, plainly, *_ = scores(DOCUMENT_ONLY, "nyjer food", rare, *common)
    assert rarely > 3 * plainly


def test_pairs_count_side_by_side_and_with_a_word_between() -> None:
    every = candidate("nest boxes cleaned")
    _, beside, between, turned, apart = scores(
        PAIRS_ONLY,
        "nest boxes, a cleaning",
        every,
        candidate("a nesting box"),
        candidate("nest or box"),
        candidate("box nest"),
        candidate("nest word word box"),
    )
    assert (beside, between, turned, apart) == (1, 1, 1, 0)


def test_of_a_record_only_its_header_is_read() -> None:
    record = candidate("Weight: 16; Wingspan: 23", "Goldfinch")
    record = replace(record, chunk=replace(record.chunk, kind="record"))
    assert scores(DOCUMENT_ONLY, "wingspan", record) == [0.0]
    assert scores(DOCUMENT_ONLY, "goldfinches", record) == [1.0]


def test_stop_words_are_no_terms_unless_there_is_nothing_else() -> None:
    assert content_terms("what is the nest?") == {"nest"}
    assert content_terms("to be") == {"to", "be"}
    assert neighbours("the old nest of a bird") == {("old", "nest")}


def test_nothing_to_rank() -> None:
    assert FeatureReranker().score("nest", []) == []


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=4))
def test_scores_stay_within_zero_and_one(query: str, texts: list[tuple[str, str]]) -> None:
    found = FeatureReranker().score(query, [candidate(t, h, 1.0, 1.0) for t, h in texts])
    assert all(0.0 <= score <= 1.0 + 1e-9 for score in found)


def test_fifty_passages_take_milliseconds() -> None:
    passages = [candidate(f"nest box {n} " + "some words of a guide " * 40) for n in range(50)]
    FeatureReranker().score("when to clean a nest box", passages)
    started = time.process_time()
    FeatureReranker().score("when to clean a nest box", passages)
    assert time.process_time() - started < 0.2  # a tenth of it on a quiet machine
