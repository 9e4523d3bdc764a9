"""Hybrid retrieval: what the corpus has that is near a query, best first.

Two lists of candidates, dense (cosine in Chroma) and lexical (BM25), fused by a convex
combination of their scores; near-duplicates are folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.fusion import convex
from ingest.documents import Chunk
from ingest.embedding_cache import unit
from ingest.index import Index, Snapshot, Vector

CANDIDATES = 100
DUPLICATE_COSINE = 0.985


@dataclass(frozen=True)
class Hit:
    """A retrieved chunk: fused score in [0, 1], and the two scores it was made from."""

    rank: int
    score: float
    cosine: float
    bm25: float
    chunk: Chunk
    title: str = ""


class HybridRetriever:
    """Finds chunks in one snapshot of the index."""

    def __init__(self, index: Index, candidates: int = CANDIDATES) -> None:
        self._index = index
        self._candidates = candidates

    def embed_query(self, query: str) -> Vector:
        """Return the query's vector at length one, shape (dimension,)."""
        return unit(self._index.embeddings.embed_query(query))

    def search(
        self, snapshot: Snapshot, query: str, k: int, vector: Vector | None = None
    ) -> list[Hit]:
        """Return up to k hits for a query, best first; none for an empty one.

        `vector` is what `embed_query` returned for the query, where the caller has it already.
        """
        if not query.strip() or k <= 0:
            return []
        if vector is None:
            vector = self.embed_query(query)
        candidates = max(k, self._candidates)
        bm25 = dict(snapshot.lexical_search(query, candidates))
        cosines = dict(snapshot.dense_search(vector, candidates))
        found = snapshot.vectors_of([*bm25, *cosines])
        # Chroma's list is approximate and misses lexical hits: the stored vectors are exact.
        cosines |= {number: float(vector @ v) for number, v in found.items()}
        fused = convex(cosines, bm25)
        order = sorted(fused, key=lambda n: (-fused[n], n))
        kept = _without_duplicates(order, found, k)
        chunks = snapshot.chunks(kept)
        titles = {document.name: document.title for document in snapshot.documents()}
        return [
            Hit(
                rank=rank,
                score=fused[number],
                cosine=cosines.get(number, 0.0),
                bm25=bm25.get(number, 0.0),
                chunk=chunks[number],
                title=titles.get(chunks[number].document, chunks[number].document),
            )
            for rank, number in enumerate(kept, start=1)
        ]


def _without_duplicates(order: Sequence[int], vectors: dict[int, Vector], k: int) -> list[int]:
    """Return the first k keys, leaving out those that say the same as a better one."""
    kept: list[int] = []
    for key in order:
        if len(kept) == k:
            break
        vector = vectors.get(key)
        if vector is not None and any(
            float(vector @ vectors[other]) > DUPLICATE_COSINE for other in kept if other in vectors
        ):
            continue
        kept.append(key)
    return kept


class GroundskeeperRetriever(BaseRetriever):
    """The same retriever for any LangChain program: documents with their place as metadata."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    k: int = 10

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        with self.index.snapshot() as snapshot:
            hits = HybridRetriever(self.index).search(snapshot, query, self.k)
        return [_document(hit) for hit in hits]


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
