"""The files beside the database that are made from it: the full-text index and the vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np
import sqlalchemy as sa

from ingest.documents import Chunk
from ingest.embedding_cache import cached_vectors, text_hash
from ingest.lexical import LexicalIndex, LexicalWriter
from ingest.paths import DomainPaths
from ingest.vector_file import VectorFile, VectorFileWriter


class DerivedWriter:
    """Writes chunks to both files; readers see them once SQL knows their numbers."""

    def __init__(self, lexical: LexicalWriter, vectors: VectorFileWriter, model: str) -> None:
        self._lexical = lexical
        self._vectors = vectors
        self._model = model

    def add(self, connection: sa.Connection, chunks: Sequence[tuple[int, Chunk]]) -> None:
        """Write numbered chunks, whose vectors the embedding cache holds."""
        if not chunks:
            return
        self._lexical.add(chunks)
        hashes = [text_hash(chunk.index_text) for _, chunk in chunks]
        cached = cached_vectors(connection, hashes, self._model)
        numbers = [number for number, _ in chunks]
        self._vectors.write(numbers, np.stack([cached[key] for key in hashes]))

    def commit(self) -> None:
        """Make it durable; to be called before the transaction that shows it commits."""
        self._vectors.flush()
        self._lexical.commit()


class DerivedFiles:
    """Both files of one domain, as a reindex looks after them."""

    def __init__(self, paths: DomainPaths, model: str, dimension: int) -> None:
        self._paths = paths
        self._model = model
        self._dimension = dimension
        self.lexical = LexicalIndex(paths.lexical)

    @contextmanager
    def writing(self, collection: str) -> Iterator[DerivedWriter]:
        """Open both for writing; `collection` names the vectors that belong together."""
        path = self._paths.vectors(collection)
        with (
            closing(VectorFileWriter(path, self._dimension)) as vectors,
            self.lexical.writing() as lexical,
        ):
            yield DerivedWriter(lexical, vectors, self._model)

    def lost(self, collection: str, numbers: Sequence[int]) -> bool:
        """Tell whether a file is missing or lacks something of these chunks (ascending)."""
        there = self.lexical.prepare()
        try:
            file = VectorFile(self._paths.vectors(collection), self._dimension)
        except (OSError, ValueError):
            return bool(numbers)
        held = file.holds(np.asarray(numbers[-1:], dtype=np.int64))
        return not there or not held or len(self.lexical.searcher()) < len(numbers)

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget chunks that SQL does not know any more."""
        if numbers:
            with self.lexical.writing() as lexical:
                lexical.remove(numbers)
                lexical.commit()

    def drop_others(self, collection: str) -> None:
        """Delete the files of collections that are not in use any more."""
        for path in self._paths.folder.glob("*.f32"):
            if path != self._paths.vectors(collection):
                path.unlink(missing_ok=True)
