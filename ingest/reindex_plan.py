"""What a reindex has to write, found out before it begins: what changed, and what got lost."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa

from ingest import database as db
from ingest.changes import Changes, Prepared
from ingest.derived import DerivedFiles
from ingest.errors import IndexDamaged
from ingest.paths import DomainPaths
from ingest.sweep import Sweeper
from ingest.vectors import ChromaConnection, VectorStore, collection_name


@dataclass(frozen=True)
class Plan:
    """What a run has found out before it begins to write.

    `prepared` are the documents that changed, which are read while it writes. `fresh`: the vectors
    go into a new collection. `refill`: chunks that stay are written anew to Chroma and the derived
    files, which lack some. `reword`: to the full-text index too, which another embedding model
    leaves as it is.
    """

    state: sa.Row[Any] | None
    changes: Changes
    prepared: Iterator[Prepared]
    vectors: VectorStore
    fresh: bool
    refill: bool
    reword: bool


class Planner:
    """Compares what SQL says of the index with what Chroma and the derived files hold."""

    def __init__(
        self,
        engine: sa.Engine,
        chroma: ChromaConnection,
        paths: DomainPaths,
        derived: DerivedFiles,
        model: str,
    ) -> None:
        """`model` is the key of the embedding model that the index shall have."""
        self._engine = engine
        self._chroma = chroma
        self._paths = paths
        self._derived = derived
        self._model = model

    def plan(
        self,
        state: sa.Row[Any] | None,
        changes: Changes,
        prepared: Iterator[Prepared],
        *,
        rebuild: bool,
    ) -> Plan | None:
        """Return what there is to do, None where nothing is.

        `state` is what SQL says of the index as it is. What a run that was cut short has left is
        swept away on the way.
        """
        live = None if rebuild else self._live(state)
        lost = live is None or self._files_lost(live.name)
        first = next(prepared, None)
        if not lost and first is None and not changes.removed:
            return None
        return Plan(
            state,
            changes,
            prepared if first is None else chain([first], prepared),
            live or self._collection(collection_name(self._model), state),
            fresh=live is None,
            refill=lost,
            reword=lost and (rebuild or self._words_lost()),
        )

    def _live(self, state: sa.Row[Any] | None) -> VectorStore | None:
        """Return the collection that is in use, if it is this model's and lacks nothing."""
        if state is None or state.embedding_key != self._model:
            return None
        live = self._collection(state.collection, state)
        return None if self._vectors_lost(live, state) else live

    def _collection(self, name: str, state: sa.Row[Any] | None) -> VectorStore:
        generation = state.generation + 1 if state is not None else 1
        told = {"index": self._index_id(), "model": self._model, "generation": generation}
        return VectorStore(self._chroma, name, create=True, told=told)

    def _index_id(self) -> str:
        path = self._paths.index_id
        with db.disk_errors_explained():
            if not path.exists():
                path.write_text(secrets.token_hex(8))
            return path.read_text()

    def _vectors_lost(self, vectors: VectorStore, state: sa.Row[Any]) -> bool:
        """Tell whether Chroma lost or spoilt what SQL says it holds."""
        with self._engine.begin() as connection:
            expected = db.count(connection, db.chunks)
        try:
            if state.sweep_needed:
                self._derived.lexical.prepare()
                Sweeper(self._engine, vectors, self._derived).sweep_all()
            return vectors.count() < expected
        except IndexDamaged:
            return True

    def _files_lost(self, collection: str) -> bool:
        with self._engine.begin() as connection:
            count = db.count(connection, db.chunks)
            last = connection.scalar(sa.select(sa.func.max(db.chunks.c.number))) or 0
        return self._derived.lost(collection, count, last)

    def _words_lost(self) -> bool:
        return not self._derived.has_words_of(db.chunk_numbers(self._engine))
