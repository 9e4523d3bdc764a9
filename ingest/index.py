"""The index as readers see it: one generation at a time, SQL deciding what is there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ingest import database as db
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embedding_cache import (
    VectorMemory,
    cached_vectors,
    from_bytes,
    model_key,
    text_hash,
    unit,
)
from ingest.embeddings import NamedEmbeddings, for_questions
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.filters import EVERYTHING, Filter
from ingest.lexical import LexicalIndex, LexicalSearcher
from ingest.paths import DomainPaths
from ingest.records import record_layout
from ingest.shared_vectors import SharedVectors
from ingest.vector_file import Numbers
from ingest.vectors import ChromaConnection, VectorStore

SQL_BATCH = 500
# Comparing so many vectors one by one takes no longer than asking Chroma, and misses none.
EXACT_CHUNKS = 100_000
OVERFETCH = 8
SENTENCES = 20_000
ATTEMPTS = 3
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


@dataclass(frozen=True)
class DocumentVersion:
    """What tells one version of a document's file from another, and since when it is indexed."""

    sha256: str
    indexed_at_ns: int


class Snapshot:
    """One generation of the index, for as long as its transaction is open."""

    def __init__(
        self,
        connection: sa.Connection,
        state: sa.Row[Any],
        shared: SharedVectors,
        lexical: LexicalSearcher,
        overtaken: Callable[[int], bool],
    ) -> None:
        self.connection = connection
        self.generation: int = state.generation
        self.embedding_digest: str = state.embedding_digest
        self.updated_at_ns: int = state.updated_at_ns
        self.collection: str = state.collection
        self._model: str = state.embedding_key
        self._dimension: int = state.dimension
        self._shared = shared
        self._lexical = lexical
        self._overtaken = overtaken

    def lexical_search(
        self, query: str, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first; only chunks that SQL knows.

        Those that a reindex has written and not yet shown may stand before all others.
        """
        names = self._names(within) if within.by_document else None
        found: list[tuple[int, float]] = []
        for wanted in (k, OVERFETCH * k, max(k, len(self._lexical))):
            near = self._lexical.search(query, wanted, within.kind, names)
            known = set(self._known(number for number, _ in near).tolist())
            found = [(number, score) for number, score in near if number in known][:k]
            if len(found) == k or len(near) < wanted:
                break
        return found

    def dense_search(
        self, vector: Vector, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, cosine), nearest first; only chunks that SQL knows.

        Some ten thousands are compared one by one, and so is whatever a filter on documents
        leaves. Beyond that Chroma is asked. It has no generations: once a newer one is there, it
        may lack vectors of this one, which are then compared one by one too.
        """
        numbers = self._selected(within)
        if within.by_document or len(numbers) <= self._shared.exact_chunks:
            return self._nearest_exactly(vector, k, numbers)
        try:
            found = self._nearest_known(vector, k, within)
        except IndexDamaged:
            if not self._overtaken(self.generation):
                raise
            found = None
        if found is None or self._overtaken(self.generation):
            return self._nearest_exactly(vector, k, numbers)
        return found

    def _nearest_known(
        self, vector: Vector, k: int, within: Filter
    ) -> list[tuple[int, float]] | None:
        """Ask Chroma; None where it finds fewer than there are, for it may be on the move.

        It may hold vectors that are not yet in the index, or no longer; and its graph, while
        others are written and deleted, may not lead to every vector.
        """
        c = db.chunks.c
        for wanted in (k, OVERFETCH * k):
            near = self._shared.vectors.nearest(vector, wanted)
            rows = self.connection.execute(
                sa.select(c.chunk_id, c.number)
                .where(c.chunk_id.in_([key for key, _ in near]))
                .where(within.chunk_condition())
            )
            numbers = {row.chunk_id: row.number for row in rows}
            known = [(numbers[key], cosine) for key, cosine in near if key in numbers]
            if len(known) >= k:
                return known[:k]
        return None

    def _nearest_exactly(self, vector: Vector, k: int, numbers: Numbers) -> list[tuple[int, float]]:
        """Compare with every one of these chunks: some 15 ms for a hundred thousand."""
        direction = unit(vector)
        file = self._shared.vector_file(self._dimension)
        if file is not None and file.holds(numbers):
            return file.nearest(numbers, direction, k)
        found: list[tuple[int, float]] = []
        for i in range(0, len(numbers), SQL_BATCH):
            stored = self._stored_vectors(numbers[i : i + SQL_BATCH].tolist())
            found += ((number, float(v @ direction)) for number, v in stored.items())
        return sorted(found, key=lambda item: -item[1])[:k]

    def _selected(self, within: Filter) -> Numbers:
        """Return the numbers of the chunks that a filter leaves, ascending."""

        def select() -> Numbers:
            c = db.chunks.c
            chosen = sa.select(c.number).where(within.chunk_condition()).order_by(c.number)
            return np.fromiter(self.connection.scalars(chosen), dtype=np.int64)

        return self._shared.selection(self.updated_at_ns, within, select)

    def _names(self, within: Filter) -> Sequence[str]:
        d = db.documents.c
        return self.connection.scalars(sa.select(d.name).where(within.document_condition())).all()

    def _known(self, numbers: Iterable[int]) -> Numbers:
        """Return those of these numbers that SQL knows, each once, ascending."""
        known, asked = self._selected(EVERYTHING), np.unique(np.fromiter(numbers, dtype=np.int64))
        if not len(known):
            return known
        places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found: Numbers = asked[known[places] == asked]
        return found

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return the chunks of these numbers."""
        rows = self.connection.execute(
            sa.select(db.chunks).where(db.chunks.c.number.in_(list(numbers)))
        )
        return {row.number: db.chunk_of(row) for row in rows}

    def first_chunks(self, kind: Literal["passage", "record"], limit: int) -> list[Chunk]:
        """Return up to `limit` chunks of a kind, in the order in which they were indexed."""
        c = db.chunks.c
        chosen = sa.select(db.chunks).where(c.kind == kind).order_by(c.number).limit(limit)
        return [db.chunk_of(row) for row in self.connection.execute(chosen)]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return one chunk, or None where this generation does not have it."""
        row = self.connection.execute(
            sa.select(db.chunks).where(db.chunks.c.chunk_id == chunk_id)
        ).one_or_none()
        return None if row is None else db.chunk_of(row)

    def vectors_of(self, numbers: Sequence[int]) -> dict[int, Vector]:
        """Return the unit vectors of those of these chunks that SQL knows, (dimension,) each."""
        known = self._known(numbers)
        file = self._shared.vector_file(self._dimension)
        if file is None or not file.holds(known):
            return self._stored_vectors(known.tolist())
        return dict(zip(known.tolist(), file.take(known), strict=True))

    def _stored_vectors(self, numbers: Sequence[int]) -> dict[int, Vector]:
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

    def documents(self, within: Filter = EVERYTHING) -> list[DocumentInfo]:
        """Return all documents, or those that a filter leaves, by name."""
        columns = [db.documents.c[name] for name in DocumentInfo.__dataclass_fields__]
        wanted = sa.select(*columns).where(within.document_condition())
        rows = self.connection.execute(wanted.order_by(db.documents.c.name))
        return [DocumentInfo(**{**row._mapping, "warnings": tuple(row.warnings)}) for row in rows]

    def titles(self, names: Collection[str]) -> dict[str, str]:
        """Return the titles of these documents."""
        c = db.documents.c
        rows = self.connection.execute(sa.select(c.name, c.title).where(c.name.in_(names)))
        return {row.name: row.title for row in rows}

    def versions(self, names: Collection[str]) -> dict[str, DocumentVersion]:
        """Return the versions of those of these documents that there are."""
        c = db.documents.c
        chosen = sa.select(c.name, c.sha256, c.indexed_at_ns).where(c.name.in_(names))
        rows = self.connection.execute(chosen)
        return {row.name: DocumentVersion(row.sha256, row.indexed_at_ns) for row in rows}

    def document_text(self, name: str) -> str:
        """Return the text of a document that offsets point into; empty for a table."""
        text = self.connection.execute(
            sa.select(db.documents.c.text).where(db.documents.c.name == name)
        ).scalar_one_or_none()
        return text or ""

    def counts(self) -> dict[str, int]:
        """Return how many documents and chunks are indexed."""
        status = db.documents.c.status
        indexed = sa.select(sa.func.count()).where(status == "indexed")
        return {
            "documents": self.connection.execute(indexed).scalar_one(),
            "chunks": db.count(self.connection, db.chunks),
        }


class Index:
    """A domain's index, open for reading from any thread; a reindex elsewhere shows at once.

    `embeddings` must be the model that the index was built with; `snapshot` checks it.
    """

    def __init__(
        self,
        card: DomainCard,
        paths: DomainPaths,
        embeddings: NamedEmbeddings,
        exact_chunks: int = EXACT_CHUNKS,
    ) -> None:
        """`exact_chunks` is how many vectors are compared one by one rather than in Chroma."""
        self.card = card
        self.paths = paths
        self.embeddings = embeddings
        self._sentences = VectorMemory(embeddings.embed_documents, SENTENCES)
        self._database = db.Database(paths.database)
        self._layout = record_layout(card)
        self._chroma = ChromaConnection(paths.chroma_server or paths.chroma)
        self._collections: dict[str, SharedVectors] = {}
        self._lexical = LexicalIndex(paths.lexical)
        self._whole: LexicalSearcher | None = None
        self._exact_chunks = exact_chunks

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the newest generation for reading.

        Raises IndexMissing if nothing was indexed, IndexMismatch if another embedding model or
        another card made the index, IndexDamaged if it cannot be read.
        """
        with self._reading_whole() as (connection, state, lexical):
            shared = self._shared(state.collection)
            yield Snapshot(connection, state, shared, lexical, self._newer_than)

    @contextmanager
    def _reading_whole(self) -> Iterator[tuple[sa.Connection, sa.Row[Any], LexicalSearcher]]:
        """Open a generation together with the full-text index of that moment.

        The next reindex deletes from the full-text index after its commit: if that has come
        between the two, both are opened anew. One look for each searcher is enough.
        """
        for attempt in range(ATTEMPTS):
            with self._reading() as (connection, state):
                self._check(state)
                lexical = self._lexical.searcher(state.updated_at_ns)
                last = attempt + 1 == ATTEMPTS
                if lexical is self._whole or last or not self._newer_than(state.generation):
                    self._whole = lexical
                    yield connection, state, lexical
                    return

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
        """Return the unit vectors of questions, shape (len(texts), dimension); cached are free.

        They are for texts that a question is compared with because they are like one.
        """
        model = for_questions(self.embeddings)
        hashes = [text_hash(text) for text in texts]
        with self._reading() as (connection, _):
            have = cached_vectors(connection, hashes, model_key(model))
        missing = [text for text, key in zip(texts, hashes, strict=True) if key not in have]
        made = model.embed_documents(missing) if missing else []
        for text, vector in zip(missing, made, strict=True):
            have[text_hash(text)] = unit(vector)
        return np.stack([have[key] for key in hashes])

    def embed_sentences(self, sentences: Sequence[str]) -> Vector:
        """Return the unit vectors of sentences, (len(sentences), dimension); it remembers many."""
        return self._sentences.vectors(sentences)

    def close(self) -> None:
        """Let go of the database and of Chroma's server."""
        self._chroma.close()
        self._database.close()

    def _shared(self, collection: str) -> SharedVectors:
        if collection not in self._collections:
            store = VectorStore(self._chroma, collection)
            self._collections = {
                collection: SharedVectors(store, self.paths.vectors(collection), self._exact_chunks)
            }
        return self._collections[collection]

    def _missing(self) -> IndexMissing:
        return IndexMissing(
            f"{self.card.domain.name} has not been indexed yet.",
            hint="Run `groundskeeper reindex`.",
        )

    def _check(self, state: sa.Row[Any]) -> None:
        if state.embedding_key != model_key(self.embeddings):
            changed = f", but the settings name {self.embeddings.name}"
            if self.embeddings.name == state.embedding_name:
                changed = ", whose files or prompts have changed since"
            raise IndexMismatch(
                f"The index was built with the embedding model {state.embedding_name}{changed}.",
                hint="Run `groundskeeper reindex`, or set the model back.",
            )
        if state.record_layout != self._layout:
            raise IndexMismatch(
                "The domain card gives its tables other columns than the index has.",
                hint="Run `groundskeeper reindex`, and start anew what was running before it.",
            )
