"""The chunks' vectors side by side in one file, to be compared one by one as fast as memory reads.

Chroma's graph finds the nearest of all chunks quickly and nearly always; it knows nothing of
filters, and asked with one it takes longer than comparing everything here (bench/latency.md).
This file is derived from the database, as Chroma is: row n holds the unit vector of chunk n,
little-endian float32. Numbers are never given twice, so a row that a reader may know of is never
written again. What was removed leaves a hole; a rebuild begins a new file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]
GATHER = 16_384
# Reading a stretch of the file is quicker than picking rows from it, up to so many rows a hit.
SPARSE = 4


class VectorFileWriter:
    """Writes rows; `flush` before the transaction that makes their numbers visible."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._bytes = 4 * dimension

    def write(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Write the vectors, shape (len(numbers), dimension), of these chunks."""
        rows = np.ascontiguousarray(vectors, dtype="<f4")
        breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
        for run in np.split(np.arange(len(numbers)), breaks):
            self._file.seek(numbers[run[0]] * self._bytes)
            self._file.write(rows[run].tobytes())

    def flush(self) -> None:
        """Bring everything written to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class VectorFile:
    """The file as readers map it into memory; its pages are shared between processes.

    Raises OSError or ValueError where the file is missing or empty.
    """

    def __init__(self, path: Path, dimension: int) -> None:
        self.size = path.stat().st_size
        rows = self.size // (4 * dimension)
        self._rows = np.memmap(path, dtype="<f4", mode="r", shape=(rows, dimension))

    def holds(self, numbers: Numbers) -> bool:
        """Whether the file reaches as far as these numbers, given in ascending order."""
        return not len(numbers) or int(numbers[-1]) < len(self._rows)

    def take(self, numbers: Numbers) -> Vectors:
        """Return the vectors of these chunks, shape (len(numbers), dimension)."""
        return np.asarray(self._rows[numbers])

    def nearest(self, numbers: Numbers, direction: Vectors, k: int) -> list[tuple[int, float]]:
        """Return up to k (chunk number, cosine) of these chunks, nearest first.

        `numbers` ascend; `direction` has length one. Every one of them is compared.
        """
        cosines = self._cosines(numbers, direction)
        k = min(k, len(numbers))
        best = np.argpartition(-cosines, k - 1)[:k] if k else np.empty(0, dtype=np.int64)
        ordered = best[np.lexsort((numbers[best], -cosines[best]))]
        return [(int(numbers[i]), float(cosines[i])) for i in ordered]

    def _cosines(self, numbers: Numbers, direction: Vectors) -> Vectors:
        if not len(numbers):
            return np.empty(0, dtype=np.float32)
        first, end = int(numbers[0]), int(numbers[-1]) + 1
        if end - first <= SPARSE * len(numbers):
            return np.asarray(self._rows[first:end] @ direction)[numbers - first]
        parts = [numbers[i : i + GATHER] for i in range(0, len(numbers), GATHER)]
        return np.concatenate([self._rows[part] @ direction for part in parts])
