"""Deleting what nothing refers to any more from the stores beside the database.

They are written before the transaction that makes chunks visible and deleted from after it, so
a reindex that was cut short leaves things there that SQL does not know, and never the reverse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import sqlalchemy as sa

from ingest import database as db
from ingest.batches import batches
from ingest.derived import DerivedFiles
from ingest.vectors import VectorStore

# Opening a writer of the full-text index takes longer than what it deletes; but each deletion
# takes a kilobyte of memory until it is committed.
AT_ONCE = 10_000


class Sweeper:
    """Keeps Chroma and the derived files to what SQL knows."""

    def __init__(self, engine: sa.Engine, vectors: VectorStore, derived: DerivedFiles) -> None:
        self._engine = engine
        self._vectors = vectors
        self._derived = derived

    def announce(self) -> None:
        """Note that a reindex begins to write; if it is cut short, the next one sweeps."""
        self._mark(needed=True)

    def sweep_gone(self, gone: Iterable[Sequence[tuple[int, str]]]) -> None:
        """Delete what one reindex has removed, told as (number, chunk id) in batches."""
        for some in batches(chain.from_iterable(gone), AT_ONCE):
            self._derived.remove([number for number, _ in some])
            # The id of a chunk is its content's: it may have come back under another number.
            self._vectors.delete(self._unknown([key for _, key in some]))
        self._mark(needed=False)

    def sweep_all(self) -> None:
        """Delete whatever SQL does not know, after a reindex that was cut short or a rebuild."""
        known = db.chunk_numbers(self._engine)
        for strays in batches(self._derived.strays(known).tolist(), AT_ONCE):
            self._derived.remove(strays)
        unknown = [key for page in self._vectors.pages() for key in self._unknown(page)]
        self._vectors.delete(unknown)
        self._vectors.drop_others()
        self._derived.drop_others(self._vectors.name)
        self._mark(needed=False)

    def _unknown(self, ids: Sequence[str]) -> list[str]:
        """Return those of the chunk ids that SQL does not know."""
        key = db.chunks.c.chunk_id
        with self._engine.begin() as connection:
            known = set(connection.scalars(sa.select(key).where(key.in_(ids))))
        return [one for one in ids if one not in known]

    def _mark(self, *, needed: bool) -> None:
        with db.writing(self._engine) as connection:
            connection.execute(sa.update(db.index_state).values(sweep_needed=needed))
