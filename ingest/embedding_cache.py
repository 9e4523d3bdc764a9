"""Vectors of texts that were embedded before, kept by text hash and model digest.

A text that moves, is renamed or comes back costs no second embedding; and Chroma's files can be
made again from here without running the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from ingest import database as db


def text_hash(text: str) -> str:
    """Return the key under which a text's vector is cached."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def to_bytes(vector: Sequence[float]) -> bytes:
    """Return a vector as little-endian float32 bytes."""
    return np.asarray(vector, dtype="<f4").tobytes()


def cached_vectors(
    engine: sa.Engine, hashes: Sequence[str], digest: str
) -> dict[str, NDArray[np.float32]]:
    """Return the cached vectors of these text hashes made by the model of that digest."""
    e = db.embeddings.c
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(e.text_hash, e.vector).where(
                e.model_digest == digest, e.text_hash.in_(hashes)
            )
        )
        return {row.text_hash: np.frombuffer(row.vector, dtype="<f4") for row in rows}


def known_hashes(engine: sa.Engine, digest: str) -> set[str]:
    """Return the hashes of all texts that have a vector made by the model of that digest."""
    e = db.embeddings.c
    with engine.begin() as connection:
        return set(connection.scalars(sa.select(e.text_hash).where(e.model_digest == digest)))
