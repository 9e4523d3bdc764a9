"""The files beside the database that are made from it: the full-text index and the vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np

from ingest.database import disk_errors_explained
from ingest.documents import Chunk
from ingest.lexical import LexicalIndex, LexicalWriter
from ingest.paths import DomainPaths
from ingest.vector_file import Numbers, VectorFile, VectorFileWriter, Vectors


class DerivedWriter:
    """Writes chunks to both files; readers see them once SQL knows their numbers."""

    def __init__(self, lexical: LexicalWriter, vectors: VectorFileWriter, first: int) -> None:
        """The full-text index has the chunks with numbers below `first` already."""
        self._lexical = lexical
        self._vectors = vectors
        self._first = first

    def add(self, chunks: Sequence[tuple[int, Chunk]], vectors: Vectors) -> None:
        """Write numbered chunks and their unit vectors, shape (len(chunks), dimension)."""
        self._lexical.add((n, chunk) for n, chunk in chunks if n >= self._first)
        with disk_errors_explained():
            self._vectors.write([number for number, _ in chunks], vectors)

    def commit(self) -> None:
        """Make it durable; to be called before the transaction that shows it commits."""
        with disk_errors_explained():
            self._vectors.flush()
        self._lexical.commit()


class DerivedFiles:
    """Both files of one domain, as a reindex looks after them."""

    def __init__(self, paths: DomainPaths, dimension: int) -> None:
        self._paths = paths
        self._dimension = dimension
        self.lexical = LexicalIndex(paths.lexical)

    @contextmanager
    def writing(self, collection: str, first: int = 0) -> Iterator[DerivedWriter]:
        """Open both for writing; `collection` names the vectors that belong together.

        The full-text index is left alone with chunks of numbers below `first`.
        """
        with disk_errors_explained():
            vectors = VectorFileWriter(self._paths.vectors(collection), self._dimension)
        with closing(vectors), self.lexical.writing() as lexical:
            yield DerivedWriter(lexical, vectors, first)

    def lost(self, collection: str, count: int, last: int) -> bool:
        """Tell whether a file is missing or too short for `count` chunks, `last` their highest."""
        there = self.lexical.prepare()
        if not count:
            return False
        try:
            file = VectorFile(self._paths.vectors(collection), self._dimension)
        except (OSError, ValueError):
            return True
        held = file.holds(np.asarray([last], dtype=np.int64))
        return not there or not held or len(self.lexical.searcher()) < count

    def has_words_of(self, known: Numbers) -> bool:
        """Tell whether the full-text index is sound and has all these chunks (ascending)."""
        if not self.lexical.prepare():
            return False
        return not len(np.setdiff1d(known, self.lexical.searcher().numbers()))

    def strays(self, known: Numbers) -> Numbers:
        """Return the numbers in the full-text index that are not among these (ascending)."""
        strays: Numbers = np.setdiff1d(self.lexical.searcher().numbers(), known)
        return strays

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
