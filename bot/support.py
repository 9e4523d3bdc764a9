"""Does the evidence answer the question at all, or is it only near?

A first measure, made of what the best sentence and the best passage share with the question.
Its weights and threshold were chosen on the pack's own question set (see `groundskeeper eval`):
what the corpus does not answer, though it belongs to the domain, mostly scores 0.45 to 0.6.

Not covered: a passage about the right thing that leaves out what was asked ("how old is …" of a
passage without an age).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.answer import Evidence
from bot.extract import Extract, rank_sentences, term_coverage
from ingest.index import Index, Vector

THRESHOLD = 0.62


@dataclass(frozen=True)
class Support:
    """How well evidence answers a question: `score` in about [0, 1.25], and its best sentences."""

    score: float
    extracts: tuple[Extract, ...]

    @property
    def enough(self) -> bool:
        """Whether to answer from this evidence; otherwise the bot abstains."""
        return self.score >= THRESHOLD


def judge_support(
    index: Index, question: str, vector: Vector, evidence: Sequence[Evidence]
) -> Support:
    """Judge the evidence by its best sentence and by how many of the question's words it has."""
    extracts = rank_sentences(index, question, vector, evidence)
    if not extracts:
        return Support(0.0, ())
    best = extracts[0]
    text = f"{' '.join(best.evidence.heading_path)} {best.evidence.quote}"
    coverage = term_coverage(question, text)
    cosine = float(np.clip(best.cosine, 0.0, 1.0))
    return Support(0.75 * cosine + 0.5 * coverage, tuple(extracts))
