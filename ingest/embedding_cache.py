"""Vectors of texts that were embedded before, kept by text hash and model.

A text that moves, is renamed or comes back costs no second embedding; and Chroma's files can be
made again from here without running the model.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import ArrayLike, NDArray

from ingest import database as db
from ingest.embeddings import NamedEmbeddings


class VectorMemory:
    """The unit vectors of the texts that came last, for texts that come again and again.

    The sentences of a corpus are compared with every question that finds their passage. At most
    `size` are kept, 1.5 KB each with 384 dimensions; safe to share between threads.
    """

    def __init__(self, embed: Callable[[list[str]], list[list[float]]], size: int) -> None:
        self._embed = embed
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of one text or more, shape (len(texts), dimension)."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            found |= dict(zip(missing, map(unit, self._embed(missing)), strict=True))
        with self._lock:
            self._kept |= found
            for text in texts:
                self._kept.move_to_end(text)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return np.stack([found[text] for text in texts])


def model_key(embeddings: NamedEmbeddings) -> str:
    """Return what tells a model's vectors from another's: its digest, or its name without one."""
    return embeddings.digest or embeddings.name


def text_hash(text: str) -> str:
    """Return the key under which a text's vector is cached."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def unit(vector: ArrayLike) -> NDArray[np.float32]:
    """Return a vector at length one, so that a dot product is the cosine."""
    exact = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(exact))
    return (exact / length if length else exact).astype("<f4")


def to_bytes(vector: ArrayLike) -> bytes:
    """Return a vector at length one as little-endian float32 bytes."""
    return unit(vector).tobytes()


def from_bytes(stored: bytes) -> NDArray[np.float32]:
    """Return the vector that was stored."""
    return np.frombuffer(stored, dtype="<f4")


def cached_vectors(
    connection: sa.Connection, hashes: Sequence[str], model: str
) -> dict[str, NDArray[np.float32]]:
    """Return the cached vectors of these text hashes made by the model of that key."""
    e = db.embeddings.c
    rows = connection.execute(
        sa.select(e.text_hash, e.vector).where(e.model_key == model, e.text_hash.in_(hashes))
    )
    return {row.text_hash: from_bytes(row.vector) for row in rows}


def known_hashes(connection: sa.Connection, model: str) -> set[str]:
    """Return the hashes of all texts that have a vector made by the model of that key."""
    e = db.embeddings.c
    return set(connection.scalars(sa.select(e.text_hash).where(e.model_key == model)))
