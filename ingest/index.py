"""The index as readers see it: one generation at a time, SQL deciding what is there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ingest import database as db
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embedding_cache import cached_vectors, from_bytes, model_key, text_hash, unit
from ingest.embeddings import NamedEmbeddings
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.filters import EVERYTHING, Filter
from ingest.lexical import Fts5Index, LexicalIndex
from ingest.paths import DomainPaths
from ingest.records import record_layout
from ingest.vectors import ChromaConnection, VectorStore

SQL_BATCH = 500
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
        overtaken: Callable[[int], bool],
    ) -> None:
        self.connection = connection
        self.generation: int = state.generation
        self.embedding_digest: str = state.embedding_digest
        self.updated_at_ns: int = state.updated_at_ns
        self._model: str = state.embedding_key
        self._dimension: int = state.dimension
        self._vectors = vectors
        self._lexical = lexical
        self._overtaken = overtaken

    def lexical_search(
        self, query: str, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first."""
        return self._lexical.search(self.connection, query, k, within)

    def dense_search(
        self, vector: Vector, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, cosine), nearest first; only chunks that SQL knows.

        Chroma has no generations. Once a newer one is there, it may lack vectors of this one,
        which are then compared one by one as SQL still has them; so are those of a filter,
        which Chroma does not know.
        """
        if within != EVERYTHING:
            return self._nearest_exactly(vector, k, within)
        try:
            found = self._nearest_known(vector, k)
        except IndexDamaged:
            if not self._overtaken(self.generation):
                raise
            found = None
        if found is None or self._overtaken(self.generation):
            return self._nearest_exactly(vector, k)
        return found

    def _nearest_known(self, vector: Vector, k: int) -> list[tuple[int, float]] | None:
        """Ask Chroma; None where it finds fewer than there are, for it may be on the move.

        It may hold vectors that are not yet in the index, or no longer; and its graph, while
        others are written and deleted, may not lead to every vector.
        """
        c = db.chunks.c
        for wanted in (k, 8 * k):
            near = self._vectors.nearest(vector, wanted)
            rows = self.connection.execute(
                sa.select(c.chunk_id, c.number).where(c.chunk_id.in_([key for key, _ in near]))
            )
            numbers = {row.chunk_id: row.number for row in rows}
            known = [(numbers[key], cosine) for key, cosine in near if key in numbers]
            if len(known) >= k:
                return known[:k]
            if len(near) < wanted:
                break
        return known if len(known) == db.count(self.connection, db.chunks) else None

    def _nearest_exactly(
        self, vector: Vector, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Compare with every stored vector; some 10 ms for a thousand chunks."""
        chosen = sa.select(db.chunks.c.number).where(within.chunk_condition())
        numbers = self.connection.scalars(chosen).all()
        direction = unit(vector)
        found: list[tuple[int, float]] = []
        for i in range(0, len(numbers), SQL_BATCH):
            stored = self.vectors_of(numbers[i : i + SQL_BATCH])
            found += ((number, float(v @ direction)) for number, v in stored.items())
        return sorted(found, key=lambda item: -item[1])[:k]

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
        """Return the stored unit vectors of these chunks, shape (dimension,) each."""
        c, e = db.chunks.c, db.embeddings.c
        rows = self.connection.execute(
            sa.select(c.number, e.vector)
            .join(db.embeddings, c.text_hash == e.text_hash)
            .where(c.number.in_(list(numbers)), e.model_key == self._model)
        )
        return {row.number: from_bytes(row.vector) for row in rows}

    def sample_vectors(self, kind: Literal["passage", "record"], limit: int) -> Vector:
        """Return the unit vectors of up to `limit` chunks of a kind, shape (chunks, dimension).

        They are taken in the order of their ids, which are hashes: a sample that stays the same.
        """
        c, e = db.chunks.c, db.embeddings.c
        found = self.connection.scalars(
            sa.select(e.vector)
            .join(db.chunks, c.text_hash == e.text_hash)
            .where(c.kind == kind, e.model_key == self._model)
            .order_by(c.chunk_id)
            .limit(limit)
        ).all()
        vectors = [from_bytes(stored) for stored in found]
        return np.stack(vectors) if vectors else np.empty((0, self._dimension), np.float32)

    def documents(self) -> list[DocumentInfo]:
        """Return all documents, by name."""
        columns = [db.documents.c[name] for name in DocumentInfo.__dataclass_fields__]
        rows = self.connection.execute(sa.select(*columns).order_by(db.documents.c.name))
        return [DocumentInfo(**{**row._mapping, "warnings": tuple(row.warnings)}) for row in rows]

    def titles(self, names: Collection[str]) -> dict[str, str]:
        """Return the titles of these documents."""
        c = db.documents.c
        rows = self.connection.execute(sa.select(c.name, c.title).where(c.name.in_(names)))
        return {row.name: row.title for row in rows}

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
        self._database = db.Database(paths.database)
        self._layout = record_layout(card)
        self._chroma = ChromaConnection(paths.chroma)
        self._stores: dict[str, VectorStore] = {}
        self._lexical = Fts5Index()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the newest generation for reading.

        Raises IndexMissing if nothing was indexed, IndexMismatch if another embedding model or
        another card made the index, IndexDamaged if it cannot be read.
        """
        with self._reading() as (connection, state):
            self._check(state)
            vectors = self._store(state.collection)
            yield Snapshot(connection, state, vectors, self._lexical, self._newer_than)

    @contextmanager
    def _reading(self) -> Iterator[tuple[sa.Connection, sa.Row[Any]]]:
        with db.damaged_index_explained(self.paths.database):
            engine = self._database.engine()
            if engine is None:
                raise self._missing()
            with engine.begin() as connection:
                state = db.read_state(connection)
                if state is None:
                    raise self._missing()
                yield connection, state

    def _newer_than(self, generation: int) -> bool:
        with self._reading() as (_, state):
            newest: int = state.generation
            return newest != generation

    def embed(self, texts: Sequence[str]) -> Vector:
        """Return the unit vectors of texts, shape (len(texts), dimension); cached ones are free."""
        hashes = [text_hash(text) for text in texts]
        with self._reading() as (connection, _):
            have = cached_vectors(connection, hashes, model_key(self.embeddings))
        missing = [text for text, key in zip(texts, hashes, strict=True) if key not in have]
        made = self.embeddings.embed_documents(missing) if missing else []
        for text, vector in zip(missing, made, strict=True):
            have[text_hash(text)] = unit(vector)
        return np.stack([have[key] for key in hashes])

    def close(self) -> None:
        """Let go of the database and of Chroma's server."""
        self._chroma.close()
        self._database.close()

    def _store(self, collection: str) -> VectorStore:
        if collection not in self._stores:
            self._stores = {collection: VectorStore(self._chroma, collection)}
        return self._stores[collection]

    def _missing(self) -> IndexMissing:
        return IndexMissing(
            f"{self.card.domain.name} has not been indexed yet.",
            hint="Run `groundskeeper reindex`.",
        )

    def _check(self, state: sa.Row[Any]) -> None:
        if state.embedding_key != model_key(self.embeddings):
            raise IndexMismatch(
                f"The index was built with the embedding model {state.embedding_name}, but the "
                f"settings name {self.embeddings.name}.",
                hint="Run `groundskeeper reindex`, or set the model back.",
            )
        if state.record_layout != self._layout:
            raise IndexMismatch(
                "The domain card gives its tables other columns than the index has.",
                hint="Run `groundskeeper reindex`, and start anew what was running before it.",
            )
