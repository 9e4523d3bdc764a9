"""The second look: what it counts, and that it stays within its bounds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fusion import Shares
from bot.rerank import WINDOW_WORDS, Candidate, FeatureReranker, Weights, content_terms, neighbours
from ingest.documents import Chunk

PASSAGE = Chunk("id", "guide.md", 0, "", "", 0, 0)
WINDOW_ONLY = FeatureReranker(Weights(dense=0, lexical=0, window=1, pairs=0))
PAIRS_ONLY = FeatureReranker(Weights(dense=0, lexical=0, window=0, pairs=1))


def candidate(text: str, header: str = "", dense: float = 0.5, lexical: float = 0.5) -> Candidate:
    return Candidate(replace(PASSAGE, text=text, header=header), Shares(dense, lexical))


def scores(reranker: FeatureReranker, query: str, *candidates: Candidate) -> list[float]:
    return reranker.score(query, candidates)


def test_terms_that_stand_together_count_more_than_terms_far_apart() -> None:
    far = "nest " + "word " * WINDOW_WORDS + "box"
    together, apart = scores(
        WINDOW_ONLY, "nest box", candidate("word nest box word"), candidate(far)
    )
    assert together == pytest.approx(1.0)
    assert apart == pytest.approx(0.5)


def test_the_last_word_of_a_window_counts_and_the_next_does_not() -> None:
    just = "nest " + "word " * (WINDOW_WORDS - 2) + "box"
    inside, outside = scores(
        WINDOW_ONLY, "nest box", candidate(just), candidate(just.replace("nest", "nest word"))
    )
    assert inside == pytest.approx(1.0) and outside < 0.9


def test_headings_stand_over_every_window() -> None:
    (score,) = scores(
        WINDOW_ONLY, "cleaning a nest box", candidate("Empty the box.", "Nests > Clean")
    )
    assert score == pytest.approx(1.0)


def test_rare_terms_count_more_than_common_ones() -> None:
    common = [candidate("food") for _ in range(8)]
    rare, plain, *_ = scores(
        WINDOW_ONLY, "nyjer food", candidate("nyjer"), candidate("food"), *common
    )
    assert rare > 3 * plain


def test_pairs_count_side_by_side_and_with_a_word_between() -> None:
    beside, between, turned, apart = scores(
        PAIRS_ONLY,
        "nest boxes",
        candidate("a nesting box"),
        candidate("nest or box"),
        candidate("box nest"),
        candidate("nest word word box"),
    )
    assert (beside, between, turned, apart) == (1, 1, 1, 0)


def test_of_a_record_only_its_header_is_read() -> None:
    record = candidate("Weight: 16; Wingspan: 23", "Goldfinch")
    record = replace(record, chunk=replace(record.chunk, kind="record"))
    assert scores(WINDOW_ONLY, "wingspan", record) == [0.0]
    assert scores(WINDOW_ONLY, "goldfinches", record) == [1.0]


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
    started = time.perf_counter()
    FeatureReranker().score("when to clean a nest box", passages)
    assert time.perf_counter() - started < 0.2  # a tenth of it on a quiet machine
