"""Vectors of texts that were embedded before, kept by text hash and model.

A text that moves, is renamed or comes back costs no second embedding; and Chroma's files can be
made again from here without running the model. Vectors of texts that went are kept for a while:
those that have been of no use for longest go first, when they take more space than they may.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import ArrayLike, NDArray

from ingest import database as db
from ingest.batches import batches
from ingest.embeddings import NamedEmbeddings

EMBED_BATCH = 128


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


class EmbeddingCache:
    """Embeds passages or questions with one model, each text once."""

    def __init__(self, engine: sa.Engine, embeddings: NamedEmbeddings) -> None:
        self._engine = engine
        self._embeddings = embeddings
        self._stopped = threading.Event()
        self.model = model_key(embeddings)
        self.made = 0

    def stop(self) -> None:
        """Let a `vectors` that runs in another thread end soon, with CancelledError."""
        self._stopped.set()

    def vectors(self, texts: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
        """Return the unit vectors of texts by their hashes; what is new is kept at once.

        Until an index is made of them, new ones count as unused.
        """
        with self._engine.begin() as connection:
            found = cached_vectors(connection, list(texts), self.model)
        # Texts of like length in a batch: the encoder pads a batch to its longest.
        missing = sorted((key for key in texts if key not in found), key=lambda k: len(texts[k]))
        for batch in batches(missing, EMBED_BATCH):
            if self._stopped.is_set():
                raise CancelledError
            made = self._embeddings.embed_documents([texts[key] for key in batch])
            vectors = dict(zip(batch, map(unit, made), strict=True))
            self._keep(vectors)
            found |= vectors
        self.made += len(missing)
        return found

    def _keep(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        rows = [
            {
                "text_hash": key,
                "model_key": self.model,
                "vector": vector.tobytes(),
                "unused_since_ns": time.time_ns(),
            }
            for key, vector in vectors.items()
        ]
        with db.writing(self._engine) as connection:
            connection.execute(sa.insert(db.embeddings).prefix_with("OR REPLACE"), rows)


def mark_used(
    connection: sa.Connection, model: str, hashes: sa.Select[Any] | Sequence[str]
) -> None:
    """Note that these texts' vectors by the model of that key are in use."""
    e = db.embeddings.c
    found = (e.text_hash.in_(hashes), e.model_key == model, e.unused_since_ns.is_not(None))
    connection.execute(sa.update(db.embeddings).where(*found).values(unused_since_ns=None))


def mark_unused(connection: sa.Connection, hashes: sa.Select[Any], compared: Sequence[str]) -> None:
    """Note which of these texts are neither in a chunk nor `compared` with questions any more."""
    e = db.embeddings.c
    in_a_chunk = sa.exists().where(db.chunks.c.text_hash == e.text_hash)
    lost = (e.text_hash.in_(hashes), e.text_hash.not_in(compared), ~in_a_chunk)
    _retire(connection, *lost)


def mark_models_unused(connection: sa.Connection, but: Sequence[str]) -> None:
    """Note that no vectors are in use but those of the models of these keys."""
    _retire(connection, db.embeddings.c.model_key.not_in(but))


def _retire(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> None:
    e = db.embeddings.c
    used = sa.update(db.embeddings).where(e.unused_since_ns.is_(None), *which)
    connection.execute(used.values(unused_since_ns=time.time_ns()))


def forget_unused(connection: sa.Connection, keep: int) -> None:
    """Delete all unused vectors but the `keep` that were in use most lately."""
    e = db.embeddings.c
    unused = sa.select(e.text_hash, e.model_key).where(e.unused_since_ns.is_not(None))
    late = unused.order_by(e.unused_since_ns.desc()).limit(-1).offset(keep)
    key = sa.tuple_(e.text_hash, e.model_key)
    connection.execute(sa.delete(db.embeddings).where(key.in_(late)))
