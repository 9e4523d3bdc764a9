"""Fusing ranked lists."""

from __future__ import annotations

from collections.abc import Mapping

DENSE_WEIGHT = 0.8


def convex(
    cosines: Mapping[int, float], bm25: Mapping[int, float], dense_weight: float = DENSE_WEIGHT
) -> dict[int, float]:
    """Fuse cosine similarities and BM25 scores into one score in [0, 1] for each key.

    `a*(cos+1)/(maxcos+1) + (1-a)*bm25/maxbm25` (Bruch, Gai, Ingber: "An Analysis of Fusion
    Functions for Hybrid Retrieval", ACM TOIS 2023, with theoretical minima -1 and 0). A key that
    one list misses gets that list's minimum, so pass the cosine of lexical hits too.
    """
    max_cosine = max(cosines.values(), default=0.0)
    max_bm25 = max(bm25.values(), default=0.0) or 1.0
    return {
        key: dense_weight * (cosines.get(key, -1.0) + 1.0) / (max_cosine + 1.0 or 1.0)
        + (1.0 - dense_weight) * bm25.get(key, 0.0) / max_bm25
        for key in {*cosines, *bm25}
    }
