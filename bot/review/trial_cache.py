"""What trying rules worked out about the pack's own questions, kept for the next try.

It can all be made again, so a damaged file is replaced, and a folder that cannot be written costs
only time. What people reported is never kept here: a purge has to remove it everywhere.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from ingest.database import open_engine, writing

log = logging.getLogger(__name__)

_AT_ONCE = 500  # bound parameters in one statement

_metadata = sa.MetaData()
_kept = sa.Table(
    "kept",
    _metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("made_with", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)


class TrialCache:
    """Values by text in the SQLite file at `path`; safe between threads and processes.

    `kind` is what a value is, `made_with` by what it was made: a model, or a generation with its
    rules. Only the texts' hashes are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: sa.Engine | None = None
        self._lock = threading.Lock()

    def find(self, kind: str, made_with: str, texts: Sequence[str]) -> dict[str, bytes]:
        """Return the values that there are of these texts."""
        keys = {_key(text): text for text in texts}
        wanted = list(keys)
        found: dict[str, bytes] = {}
        mine = sa.and_(_kept.c.kind == kind, _kept.c.made_with == made_with)
        with self._forgiving(), self._opened().connect() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = _kept.c.key.in_(wanted[start : start + _AT_ONCE])
                rows = connection.execute(sa.select(_kept.c.key, _kept.c.value).where(mine, some))
                found |= {keys[row.key]: row.value for row in rows}
        return found

    def keep(self, kind: str, made_with: str, values: Mapping[str, bytes]) -> None:
        """Keep values; those that were made with something else nobody asks for any more."""
        own = {"kind": kind, "made_with": made_with}
        rows = [{**own, "key": _key(text), "value": value} for text, value in values.items()]
        if not rows:
            return
        others = sa.and_(_kept.c.kind == kind, _kept.c.made_with != made_with)
        with self._forgiving(), writing(self._opened()) as connection:
            connection.execute(sa.delete(_kept).where(others))
            connection.execute(insert(_kept).on_conflict_do_nothing(), rows)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _opened(self) -> sa.Engine:
        with self._lock:
            if self._engine is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                engine = open_engine(self._path)
                with writing(engine) as connection:
                    _metadata.create_all(connection)
                self._engine = engine
            return self._engine

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Go on without what cannot be read or kept; a damaged file makes room for a new one."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            log.warning("What rules were tried on is not kept (%s: %s)", self._path.name, cause)
            self.close()
            if "not a database" in cause or "malformed" in cause:
                self._path.unlink(missing_ok=True)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
