"""What the snapshots of one collection of vectors share, so that it is opened and asked once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ingest.filters import Filter
from ingest.vector_file import Numbers, VectorFile
from ingest.vectors import VectorStore

# So many filters of one generation are remembered.
SELECTIONS = 16


class SharedVectors:
    """Chroma's collection, the mapped file beside it, and what filters leave; for all threads."""

    def __init__(self, vectors: VectorStore, path: Path, exact_chunks: int) -> None:
        self.vectors = vectors
        self.exact_chunks = exact_chunks
        self._path = path
        self._lock = threading.Lock()
        self._file: VectorFile | None = None
        self._selections: dict[tuple[int, Filter], Numbers] = {}

    def vector_file(self, dimension: int) -> VectorFile | None:
        """Return the file of vectors as it is now; None where it is missing."""
        with self._lock, suppress(OSError, ValueError):
            if self._file is None or self._file.size != self._path.stat().st_size:
                self._file = None
                self._file = VectorFile(self._path, dimension)
            return self._file
        return None

    def selection(self, stamp: int, within: Filter, select: Callable[[], Numbers]) -> Numbers:
        """Return what a filter leaves of the generation of that time, asking SQL only once."""
        key = stamp, within
        with self._lock:
            if key in self._selections:
                return self._selections[key]
        chosen = select()
        with self._lock:
            newest = [k for k in self._selections if k[0] == stamp][-SELECTIONS:]
            self._selections = {k: self._selections[k] for k in newest} | {key: chosen}
        return chosen
