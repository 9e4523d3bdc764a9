from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ingest.embedding_cache import VectorMemory


class CountingEmbedder:
    def __init__(self) -> None:
        self.embedded: list[str] = []

    def __call__(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(len(text)), 1.0] for text in texts]


def test_a_text_that_comes_again_is_embedded_once() -> None:
    embed = CountingEmbedder()
    memory = VectorMemory(embed, 10)
    first = memory.vectors(["a", "bb", "a"])
    again = memory.vectors(["bb", "ccc"])
    assert embed.embedded == ["a", "bb", "ccc"]
    assert np.array_equal(first[1], again[0]) and np.array_equal(first[0], first[2])
    assert np.linalg.norm(again, axis=1) == pytest.approx([1.0, 1.0])


def test_what_came_longest_ago_is_forgotten() -> None:
    embed = CountingEmbedder()
    memory = VectorMemory(embed, 2)
    memory.vectors(["a", "bb"])
    memory.vectors(["a"])
    memory.vectors(["ccc"])
    memory.vectors(["a"])
    assert embed.embedded == ["a", "bb", "ccc"]
    memory.vectors(["bb"])
    assert embed.embedded == ["a", "bb", "ccc", "bb"]
    assert memory.vectors(["a", "bb", "ccc", "dddd"]).shape == (4, 2), "more than it keeps"


def test_it_may_be_shared_between_threads() -> None:
    memory = VectorMemory(CountingEmbedder(), 5)
    texts = [["x" * (1 + (i + j) % 9) for j in range(4)] for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        for asked, vectors in zip(texts, pool.map(memory.vectors, texts), strict=True):
            assert vectors[:, 0] / vectors[:, 1] == pytest.approx([len(text) for text in asked])
