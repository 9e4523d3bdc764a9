"""The index as readers see it: one generation at a time, SQL deciding what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ingest import database as db
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embedding_cache import cached_vectors, text_hash, to_bytes
from ingest.embeddings import NamedEmbeddings
from ingest.errors import IndexMismatch, IndexMissing
from ingest.lexical import Fts5Index, LexicalIndex
from ingest.paths import DomainPaths
from ingest.vectors import ChromaConnection, VectorStore

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class DocumentInfo:
    """A document as the index knows it, without its text."""

    name: str
    title: str
    kind: str
    media_type: str
    pages: int | None
    vintage: str
    status: str
    reason: str
    stale: bool
    warnings: tuple[str, ...]


class Snapshot:
    """One generation of the index, for as long as its transaction is open."""

    def __init__(
        self,
        connection: sa.Connection,
        state: sa.Row[Any],
        vectors: VectorStore,
        lexical: LexicalIndex,
    ) -> None:
        self.connection = connection
        self.generation: int = state.generation
        self.embedding_digest: str = state.embedding_digest
        self.updated_at_ns: int = state.updated_at_ns
        self._vectors = vectors
        self._lexical = lexical

    def lexical_search(self, query: str, k: int) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first."""
        return self._lexical.search(self.connection, query, k)

    def dense_search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k (chunk number, cosine), nearest first; only chunks that SQL knows."""
        near = self._vectors.nearest(vector, k)
        c = db.chunks.c
        rows = self.connection.execute(
            sa.select(c.chunk_id, c.number).where(c.chunk_id.in_([key for key, _ in near]))
        )
        numbers = {row.chunk_id: row.number for row in rows}
        return [(numbers[key], cosine) for key, cosine in near if key in numbers]

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return the chunks of these numbers."""
        rows = self.connection.execute(
            sa.select(db.chunks).where(db.chunks.c.number.in_(list(numbers)))
        )
        return {row.number: db.chunk_of(row) for row in rows}

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return one chunk, or None where this generation does not have it."""
        row = self.connection.execute(
            sa.select(db.chunks).where(db.chunks.c.chunk_id == chunk_id)
        ).one_or_none()
        return None if row is None else db.chunk_of(row)

    def vectors_of(self, numbers: Sequence[int]) -> dict[int, Vector]:
        """Return the stored vectors of these chunks, shape (dimension,) each."""
        c, e = db.chunks.c, db.embeddings.c
        rows = self.connection.execute(
            sa.select(c.number, e.vector)
            .join(db.embeddings, c.text_hash == e.text_hash)
            .where(c.number.in_(list(numbers)), e.model_digest == self.embedding_digest)
        )
        return {row.number: np.frombuffer(row.vector, dtype="<f4") for row in rows}

    def documents(self) -> list[DocumentInfo]:
        """Return all documents, by name."""
        columns = [db.documents.c[name] for name in DocumentInfo.__dataclass_fields__]
        rows = self.connection.execute(sa.select(*columns).order_by(db.documents.c.name))
        return [DocumentInfo(**{**row._mapping, "warnings": tuple(row.warnings)}) for row in rows]

    def document_text(self, name: str) -> str:
        """Return the text of a document that offsets point into; empty for a table."""
        text = self.connection.execute(
            sa.select(db.documents.c.text).where(db.documents.c.name == name)
        ).scalar_one_or_none()
        return text or ""

    def counts(self) -> dict[str, int]:
        """Return how many documents and chunks there are."""
        return {
            "documents": db.count(self.connection, db.documents),
            "chunks": db.count(self.connection, db.chunks),
        }


class Index:
    """A domain's index, open for reading from any thread; a reindex elsewhere shows at once.

    `embeddings` must be the model that the index was built with; `snapshot` checks it.
    """

    def __init__(self, card: DomainCard, paths: DomainPaths, embeddings: NamedEmbeddings) -> None:
        self.card = card
        self.paths = paths
        self.embeddings = embeddings
        self.engine = db.open_engine(paths.database) if paths.database.exists() else None
        self._chroma = ChromaConnection(paths.chroma)
        self._stores: dict[str, VectorStore] = {}
        self._lexical = Fts5Index()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the newest generation for reading.

        Raises IndexMissing if nothing was indexed, IndexMismatch if another embedding model made
        the index, IndexDamaged if it cannot be read.
        """
        with db.damaged_index_explained(self.paths.database):
            if self.engine is None and self.paths.database.exists():
                self.engine = db.open_engine(self.paths.database)
            if self.engine is None:
                raise self._missing()
            with self.engine.begin() as connection:
                state = db.read_state(connection)
                if state is None:
                    raise self._missing()
                self._check(state)
                yield Snapshot(connection, state, self._store(state.collection), self._lexical)

    def embed(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of texts, shape (len(texts), dimension); cached ones cost nothing."""
        hashes = [text_hash(text) for text in texts]
        have = cached_vectors(self.engine, hashes, self.embeddings.digest) if self.engine else {}
        missing = [text for text, key in zip(texts, hashes, strict=True) if key not in have]
        made = self.embeddings.embed_documents(missing) if missing else []
        for text, vector in zip(missing, made, strict=True):
            have[text_hash(text)] = np.frombuffer(to_bytes(vector), dtype="<f4")
        return np.stack([have[key] for key in hashes])

    def close(self) -> None:
        """Let go of the database and of Chroma's server."""
        self._chroma.close()
        if self.engine is not None:
            self.engine.dispose()

    def _store(self, collection: str) -> VectorStore:
        if collection not in self._stores:
            self._stores = {collection: VectorStore(self._chroma.client, collection)}
        return self._stores[collection]

    def _missing(self) -> IndexMissing:
        return IndexMissing(
            f"{self.card.domain.name} has not been indexed yet.",
            hint="Run `groundskeeper reindex`.",
        )

    def _check(self, state: sa.Row[Any]) -> None:
        if state.schema_version != db.SCHEMA_VERSION:
            raise IndexMismatch(
                "The index was built by another version of Groundskeeper.",
                hint="Run `groundskeeper reindex`.",
            )
        if state.embedding_digest != self.embeddings.digest:
            raise IndexMismatch(
                f"The index was built with the embedding model {state.embedding_name}, but the "
                f"settings name {self.embeddings.name}.",
                hint="Run `groundskeeper reindex`, or set the model back.",
            )
