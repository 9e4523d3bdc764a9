"""Hybrid retrieval: what the corpus has that is near a query, best first.

Two lists of candidates, dense (cosine in Chroma) and lexical (BM25), fused by a convex
combination of their scores; near-duplicates are folded, and a reranker looks into what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import run_in_executor
from pydantic import ConfigDict, Field

from bot.fusion import convex, shares
from bot.rerank import Candidate, FeatureReranker, Reranker
from ingest.documents import Chunk
from ingest.embedding_cache import unit
from ingest.filters import EVERYTHING, Filter
from ingest.index import Index, Snapshot, Vector

CANDIDATES = 100
RERANKED = 50
DUPLICATE_COSINE = 0.985


@dataclass(frozen=True)
class Hit:
    """A retrieved chunk: its score in [0, 1], and the two scores it was found by."""

    rank: int
    score: float
    cosine: float
    bm25: float
    chunk: Chunk
    title: str = ""


class HybridRetriever:
    """Finds chunks in one snapshot of the index.

    `candidates` is how many each list gives; the best `RERANKED` of both
    get a second look, unless `reranker` is None.
    """

    def __init__(
        self,
        index: Index,
        candidates: int = CANDIDATES,
        reranker: Reranker | None = FeatureReranker(),  # noqa: B008  it holds no state
    ) -> None:
        self._index = index
        self._candidates = candidates
        self._reranker = reranker

    def embed_query(self, query: str) -> Vector:
        """Return the query's vector at length one, shape (dimension,)."""
        return unit(self._index.embeddings.embed_query(query))

    def search(
        self,
        snapshot: Snapshot,
        query: str,
        k: int,
        vector: Vector | None = None,
        within: Filter = EVERYTHING,
    ) -> list[Hit]:
        """Return up to k hits for a query, best first; none for an empty one.

        `within` says which part of the corpus is searched: passages alone, for example, so that
        thousands of rows do not crowd out a few guides. `vector` is what `embed_query` returned,
        where the caller has it already.
        """
        if not query.strip() or k <= 0:
            return []
        if vector is None:
            vector = self.embed_query(query)
        pool = _Pool.find(snapshot, query, vector, max(k, self._candidates), within)
        kept = pool.distinct(max(k, RERANKED))
        chunks = snapshot.chunks(kept)
        scores = self._score(query, pool, {number: chunks[number] for number in kept})
        # The sort is stable: equals stay in fused order.
        best = sorted(kept, key=lambda number: -scores[number])[:k]
        titles = snapshot.titles({chunks[number].document for number in best})
        return [
            Hit(
                rank=rank,
                score=scores[number],
                cosine=pool.cosines.get(number, 0.0),
                bm25=pool.bm25.get(number, 0.0),
                chunk=chunks[number],
                title=titles.get(chunks[number].document, chunks[number].document),
            )
            for rank, number in enumerate(best, start=1)
        ]

    def _score(self, query: str, pool: _Pool, chunks: dict[int, Chunk]) -> dict[int, float]:
        """Score chunks, given in fused order; who gets no second look stays below who does."""
        if self._reranker is None or not chunks:
            return pool.fused
        parts = shares(pool.cosines, pool.bm25)
        head = [*chunks][:RERANKED]
        candidates = [Candidate(chunks[number], parts[number]) for number in head]
        scores = dict(zip(head, self._reranker.score(query, candidates), strict=True))
        lowest = min(scores.values())
        return {number: scores.get(number, min(lowest, pool.fused[number])) for number in chunks}


@dataclass(frozen=True)
class _Pool:
    """The candidates of both lists by chunk number: scores, unit vectors, fused scores."""

    bm25: dict[int, float]
    cosines: dict[int, float]
    vectors: dict[int, Vector]
    fused: dict[int, float]

    @classmethod
    def find(
        cls, snapshot: Snapshot, query: str, vector: Vector, count: int, within: Filter
    ) -> _Pool:
        bm25 = dict(snapshot.lexical_search(query, count, within))
        cosines = dict(snapshot.dense_search(vector, count, within))
        vectors = snapshot.vectors_of([*bm25, *cosines])
        # Chroma's list is approximate and misses lexical hits: the stored vectors are exact.
        cosines |= {number: float(vector @ v) for number, v in vectors.items()}
        return cls(bm25, cosines, vectors, convex(cosines, bm25))

    def distinct(self, count: int) -> list[int]:
        """Return the first `count`, best first, less those that say the same as a better one."""
        kept: list[int] = []
        compared = np.empty((count, *next(iter(self.vectors.values()), np.empty(0)).shape), "<f4")
        filled = 0
        for number in sorted(self.fused, key=lambda n: (-self.fused[n], n)):
            if len(kept) == count:
                break
            vector = self.vectors.get(number)
            if vector is not None:
                if filled and float(np.max(compared[:filled] @ vector)) > DUPLICATE_COSINE:
                    continue
                compared[filled] = vector
                filled += 1
            kept.append(number)
        return kept


class GroundskeeperRetriever(BaseRetriever):
    """The same retriever for any LangChain program: documents with their place as metadata.

    `k` and `within`, what is searched, are its own unless a call gives others:
    `retriever.invoke(query, k=3, within=Filter(folder="guides"))`. Asynchronous calls run in a
    thread.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    k: int = 10
    within: Filter = EVERYTHING
    reranker: Reranker | None = Field(default_factory=FeatureReranker)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        within: Filter | None = None,
    ) -> list[Document]:
        retriever = HybridRetriever(self.index, reranker=self.reranker)
        with self.index.snapshot() as snapshot:
            hits = retriever.search(
                snapshot,
                query,
                self.k if k is None else k,
                within=self.within if within is None else within,
            )
        return [_document(hit) for hit in hits]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        within: Filter | None = None,
    ) -> list[Document]:
        return await run_in_executor(
            None,
            self._get_relevant_documents,
            query,
            run_manager=run_manager.get_sync(),
            k=k,
            within=within,
        )


def _document(hit: Hit) -> Document:
    chunk = hit.chunk
    return Document(
        id=chunk.chunk_id,
        page_content=chunk.text,
        metadata={
            "document": chunk.document,
            "title": hit.title,
            "page": chunk.page,
            "row": chunk.row,
            "heading_path": list(chunk.heading_path),
            "start": chunk.start,
            "end": chunk.end,
            "score": hit.score,
        },
    )
