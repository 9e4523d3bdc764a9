"""Fusing ranked lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DENSE_WEIGHT = 0.8


@dataclass(frozen=True)
class Shares:
    """How near a key comes to the best of each list, both in [0, 1]."""

    dense: float
    lexical: float


def shares(cosines: Mapping[int, float], bm25: Mapping[int, float]) -> dict[int, Shares]:
    """Return `(cos+1)/(maxcos+1)` and `bm25/maxbm25` of each key.

    A key that one list misses gets that list's minimum, so pass the cosine of lexical hits too.
    """
    max_cosine = max(cosines.values(), default=0.0)
    max_bm25 = max(bm25.values(), default=0.0) or 1.0
    return {
        key: Shares(
            dense=(cosines.get(key, -1.0) + 1.0) / (max_cosine + 1.0 or 1.0),
            lexical=bm25.get(key, 0.0) / max_bm25,
        )
        for key in {*cosines, *bm25}
    }


def convex(
    cosines: Mapping[int, float], bm25: Mapping[int, float], dense_weight: float = DENSE_WEIGHT
) -> dict[int, float]:
    """Fuse cosine similarities and BM25 scores into one score in [0, 1] for each key.

    `a*(cos+1)/(maxcos+1) + (1-a)*bm25/maxbm25` (Bruch, Gai, Ingber: "An Analysis of Fusion
    Functions for Hybrid Retrieval", ACM TOIS 2023, with theoretical minima -1 and 0).
    """
    return {
        key: dense_weight * share.dense + (1.0 - dense_weight) * share.lexical
        for key, share in shares(cosines, bm25).items()
    }
