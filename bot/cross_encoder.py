"""A cross-encoder as reranker: it reads question and passage together, word against word.

Slower than vectors that were made beforehand, so only the first candidates are read (Nogueira and
Cho, "Passage Re-ranking with BERT", 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.rerank import Candidate, FeatureReranker, Reranker
from ingest.encoder import PairEncoder
from ingest.model_pins import ModelPins, PinnedFolder
from ingest.settings import Settings

# Each pair costs as much time as embedding a passage.
READ = 20


class CrossEncoderReranker:
    """Scores the first candidates by a local cross-encoder; the others stay behind them.

    Raises ModelError if its files cannot be read, or are not what was pinned: at once, and later
    if they were swapped since. Safe to share between threads.
    """

    def __init__(self, files: PinnedFolder, read: int = READ) -> None:
        self._files = files
        self._read = read
        self._encoder = PairEncoder(files.verify())

    def score(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return a score in [0, 1] for each candidate: the logistic function of the model's own.

        Candidates come best first; those that are not read get less than all that are.
        """
        if not candidates:
            return []
        self._files.verify()
        texts = [candidate.chunk.index_text for candidate in candidates[: self._read]]
        logits = self._encoder.logits(query, texts).astype(np.float64)
        scores: list[float] = (1.0 / (1.0 + np.exp(-logits))).tolist()
        return scores + [min(scores) / 2] * (len(candidates) - len(scores))


def make_reranker(settings: Settings) -> Reranker | None:
    """Return the reranker that the settings name; None where candidates stay as they were fused.

    Raises ModelError if a cross-encoder is missing or not the pinned one.
    """
    if settings.reranker == "none":
        return None
    if settings.reranker == "features":
        return FeatureReranker()
    pins = ModelPins(settings.models_file)
    return CrossEncoderReranker(PinnedFolder(settings.reranker, pins))
