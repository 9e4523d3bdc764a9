"""Does the evidence answer the question at all, or is it only near?

The best sentence's passage, which is what would be quoted, is looked into (bot.answerability).
The threshold turns down 12% of the answerable questions (split-conformal, as in bot.scope; by
tools/fit_answerability.py): of people's own questions no more than a gate on nearness does, while
far fewer near misses get an answer. Whoever is turned down is still shown the nearest places.

Not covered: evidence that answers only when two passages are put together; other embedding models
than the default, whose cosines mean something else, so that the weights are to be fitted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.answer import Evidence
from bot.answerability import Passage, Signs, probability, read_signs
from bot.extract import Extract, rank_sentences
from ingest.embedding_cache import unit
from ingest.index import Index, Vector

THRESHOLD = 0.38
EVEN = 0.5


@dataclass(frozen=True)
class Support:
    """How likely evidence answers a question: `score` in [0, 1], its best sentences, and why."""

    score: float
    extracts: tuple[Extract, ...]
    signs: Signs | None = None

    @property
    def enough(self) -> bool:
        """Whether to answer from this evidence; otherwise the bot abstains."""
        return self.score >= THRESHOLD

    @property
    def likely(self) -> bool:
        """Whether it answers more likely than not (the score is a probability)."""
        return self.score >= EVEN


def judge_support(
    index: Index, question: str, vector: Vector, evidence: Sequence[Evidence]
) -> Support:
    """Judge the evidence by the passage of its best sentence."""
    extracts = rank_sentences(index, question, vector, evidence)
    if not extracts:
        return Support(0.0, ())

    def embed(text: str) -> Vector:
        return unit(index.embeddings.embed_query(text))

    signs = read_signs(question, vector, _passage(extracts), embed)
    return Support(probability(signs), tuple(extracts), signs)


def _passage(extracts: Sequence[Extract]) -> Passage:
    """Return the passage of the best sentence, which comes first."""
    best = extracts[0]
    own = sorted((e for e in extracts if e.evidence.n == best.evidence.n), key=lambda e: e.start)
    return Passage(
        header=" ".join((best.evidence.title, *best.evidence.heading_path)),
        heading=next(iter(reversed(best.evidence.heading_path)), ""),
        text=best.evidence.quote,
        sentences=tuple(extract.text for extract in own),
        vectors=np.stack([extract.vector for extract in own]),
        best=own.index(best),
    )
