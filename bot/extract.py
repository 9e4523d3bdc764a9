"""Choosing the sentences of the evidence that answer a question best.

This is what is shown where the model's own sentence does not pass the verifier, so a quote is
exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.answer import Evidence
from bot.text import sentences, stem, words
from ingest.index import Index, Vector
from ingest.lexical import STOP_WORDS

MAX_SENTENCES = 60
TERM_WEIGHT = 0.25
MIN_WORDS = 4
WINDOW_CHARS = 420
LONG_ENOUGH = 160
_LEANS_BACK = re.compile(r"(?:It|They|This|That|These|Those|He|She|But|And|So|Also)\b")


@dataclass(frozen=True)
class Extract:
    """A sentence of the evidence: which, where in its quote (characters), how near."""

    evidence: Evidence
    start: int
    end: int
    score: float
    cosine: float = 0.0

    @property
    def text(self) -> str:
        """The sentence, to the letter."""
        return self.evidence.quote[self.start : self.end]

    def after(self, opening: Extract) -> str:
        """Return what is left behind an opening sentence; all of it if it opens otherwise."""
        opens = self.evidence.key == opening.evidence.key and self.start == opening.start
        return self.evidence.quote[opening.end : self.end].strip() if opens else self.text


def rank_sentences(
    index: Index, question: str, vector: Vector, evidence: Sequence[Evidence]
) -> list[Extract]:
    """Return the sentences of the evidence, best first.

    The score is the cosine of sentence (under its heading) and question, plus a quarter of the
    share of the question's content words that stand in it.
    """
    places = [
        (e, a, b)
        for e in evidence
        for a, b in sentences(e.quote)
        if len(words(e.quote[a:b])) >= MIN_WORDS
    ][:MAX_SENTENCES]
    if not places:
        return []
    texts = [f"{' '.join(e.heading_path[-1:])}: {e.quote[a:b]}" for e, a, b in places]
    cosines = np.asarray(index.embeddings.embed_documents(texts), dtype=np.float32) @ vector
    scores = [
        float(cosine) + TERM_WEIGHT * term_coverage(question, text)
        for cosine, text in zip(cosines, texts, strict=True)
    ]
    found = [
        Extract(e, a, b, score, float(cosine))
        for (e, a, b), score, cosine in zip(places, scores, cosines, strict=True)
    ]
    return sorted(found, key=lambda extract: -extract.score)


def windows(extracts: Sequence[Extract], limit: int = WINDOW_CHARS) -> list[Extract]:
    """Return one quotation for each passage, best first: its best sentence and what follows.

    A sentence alone often leaves out what the next one says ("... There are two kinds."), so
    whole sentences are added, up to `limit` characters.
    """
    best = {extract.evidence.n: extract for extract in reversed(extracts)}
    ordered = sorted(best.values(), key=lambda extract: -extract.score)
    return [_widen(extract, limit) for extract in ordered]


def _widen(extract: Extract, limit: int) -> Extract:
    """Add whole sentences: those that the first one leans on, then what follows."""
    text = extract.evidence.quote
    spans = sentences(text)
    first = last = next(i for i, (a, _) in enumerate(spans) if a == extract.start)

    def fits(start: int, end: int) -> bool:
        return spans[end][1] - spans[start][0] <= limit

    if fits(0, last) and "\n\n" not in text[: spans[first][0]]:
        first = 0
    while first and _LEANS_BACK.match(text[spans[first][0] :]) and fits(first - 1, last):
        first -= 1
    while last + 1 < len(spans) and fits(first, last + 1):
        length = spans[last][1] - spans[first][0]
        new_paragraph = "\n\n" in text[spans[last][1] : spans[last + 1][0]]
        if new_paragraph and length >= LONG_ENOUGH:
            break
        last += 1
    return replace(extract, start=spans[first][0], end=spans[last][1])


def term_coverage(question: str, text: str) -> float:
    """Return the share of the question's content words that stand in a text, stemmed."""
    wanted = {stem(word) for word in words(question) if word not in STOP_WORDS}
    have = {stem(word) for word in words(text)}
    return len(wanted & have) / len(wanted) if wanted else 0.0
