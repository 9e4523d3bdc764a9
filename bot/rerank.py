"""A second look at the best candidates: into the passage, which no index of single words sees.

Words count as far as they were found: where no passage has three of a question's terms, it was
asked in other words than the documents', and meaning decides. Beside the two scores it counts
whether the question's words stand side by side, and whether the rest of the document has those
that the passage lacks. Chosen as what is not worse than fusing on any of seven sets, among them
documents cut small (bench/retrieval.md). No word of a domain is in it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

from bot.fusion import Shares
from bot.text import words
from ingest.documents import Chunk
from ingest.lexical import STOP_WORDS, analyse

TRUSTED_TERMS = 3


@dataclass(frozen=True)
class Candidate:
    """A chunk with its shares of the best cosine and the best BM25 score."""

    chunk: Chunk
    shares: Shares


@runtime_checkable
class Reranker(Protocol):
    """Anything that scores candidates anew, for example a cross-encoder."""

    def score(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return a score in [0, 1] for each candidate; higher is better."""
        ...


@dataclass(frozen=True)
class Weights:
    """What each sign is worth; they add up to 1, so that scores stay in [0, 1].

    `pairs` is for the share of the query's neighbouring terms that are neighbours in the passage
    too; `document` for the share of the query's terms, weighed by their rarity, that stand in any
    candidate of the passage's document.
    """

    dense: float = 0.75
    lexical: float = 0.15
    pairs: float = 0.05
    document: float = 0.05


class FeatureReranker:
    """A weighted sum of four signs, in pure Python: a few milliseconds for fifty passages."""

    def __init__(self, weights: Weights = Weights()) -> None:
        self._weights = weights

    def score(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return a score in [0, 1] for each candidate; higher is better."""
        terms = content_terms(query)
        pairs = neighbours(query)
        read = [_Found.read(candidate.chunk, terms) for candidate in candidates]
        rarity = _rarity(terms, read)
        together = _by_document(candidates, read)
        most = max((len(found.terms) for found in read), default=0)
        trust = min(1.0, most / min(TRUSTED_TERMS, len(terms) or 1))
        w = self._weights
        return [
            w.dense * candidate.shares.dense
            + trust * w.lexical * candidate.shares.lexical
            + trust * w.pairs * found.share_of(pairs)
            + trust * w.document * _share(together[candidate.chunk.document], rarity)
            for candidate, found in zip(candidates, read, strict=True)
        ]


@dataclass(frozen=True)
class _Found:
    """The query's terms in a chunk: those in its header, and (place, term) in its text."""

    header: frozenset[str]
    places: tuple[tuple[int, str], ...]

    @classmethod
    def read(cls, chunk: Chunk, terms: Collection[str]) -> _Found:
        # Of a record only the header says what it is: its text holds the same labels as all others.
        text = "" if chunk.kind == "record" else chunk.text
        return cls(
            frozenset(analyse(chunk.header)) & frozenset(terms),
            tuple((place, term) for place, term in enumerate(analyse(text)) if term in terms),
        )

    @property
    def terms(self) -> set[str]:
        """The terms that are there at all."""
        return {*self.header, *(term for _, term in self.places)}

    def share_of(self, pairs: Collection[tuple[str, str]]) -> float:
        """Return the share of the pairs that stand side by side, or with a word between."""
        near = set()
        for (i, a), (j, b) in pairwise(self.places):
            near |= {(a, b), (b, a)} if j - i == 1 else {(a, b)} if j - i == 2 else set()
        return sum(pair in near for pair in pairs) / len(pairs) if pairs else 0.0


def _by_document(candidates: Sequence[Candidate], read: Sequence[_Found]) -> dict[str, set[str]]:
    """Return the terms that the candidates of each document have together."""
    together: dict[str, set[str]] = defaultdict(set)
    for candidate, found in zip(candidates, read, strict=True):
        together[candidate.chunk.document] |= found.terms
    return together


def _share(terms: Collection[str], rarity: Mapping[str, float]) -> float:
    return sum(rarity[term] for term in terms) / (sum(rarity.values()) or 1.0)


def content_terms(query: str) -> set[str]:
    """Return the stems of the query's content words; of all its words, where it has no others."""
    content = (word for word in words(query) if word not in STOP_WORDS)
    return {term for word in content for term in analyse(word)} or set(analyse(query))


def neighbours(query: str) -> set[tuple[str, str]]:
    """Return the stems of content words that follow each other in the query."""
    said = [(word in STOP_WORDS, analyse(word)) for word in words(query)]
    return {
        (a[-1], b[0])
        for (a_stops, a), (b_stops, b) in pairwise(said)
        if a and b and not (a_stops or b_stops)
    }


def _rarity(terms: Collection[str], passages: Sequence[_Found]) -> dict[str, float]:
    """Weigh each term by how few of the candidates have it (BM25's idf, over the candidates)."""
    n = len(passages)
    having = Counter(term for passage in passages for term in passage.terms)
    return {t: math.log(1 + (n - having[t] + 0.5) / (having[t] + 0.5)) for t in terms}
