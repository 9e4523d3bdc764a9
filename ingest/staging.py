"""What a reindex has read and nobody sees yet: a database file beside the index.

A corpus does not fit into memory, and it must show all at once. So documents, chunks and records
wait here under the numbers that they will have, and one transaction moves them into the index.
The file means nothing to anybody but the run that made it: each run begins with a new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ingest import database as db
from ingest.batches import batches
from ingest.changes import Prepared
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embedding_cache import text_hash
from ingest.records import Record, record_table

SQL_BATCH = 500
Numbered = tuple[int, Chunk]

_tables = sa.MetaData()
# Documents whose old version goes, and the chunks that go with them.
_replaced = sa.Table("replaced", _tables, sa.Column("name", sa.Text, primary_key=True))
_gone = sa.Table(
    "gone",
    _tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("chunk_id", sa.Text, nullable=False),
    sa.Column("text_hash", sa.Text, nullable=False),
)


class Staging:
    """Documents on their way into the index."""

    def __init__(self, path: Path, card: DomainCard, first_number: int) -> None:
        """Begin a new file; the first chunk gets `first_number`."""
        self.path = path
        self.first = first_number
        self.discard()
        self._next = first_number
        self._records = [record_table(table) for table in card.tables]
        self._engine = db.open_engine(path, durable=False)
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    def _make_tables(self) -> None:
        with db.writing(self._engine) as connection:
            for table in (db.documents, db.chunks, _replaced, _gone, *self._records):
                table.create(connection)

    def discard(self) -> None:
        """Delete the file."""
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file and delete it."""
        self._engine.dispose()
        self.discard()

    def remove(self, names: Iterable[str]) -> None:
        """Note documents that are not in the corpus any more."""
        with db.writing(self._engine) as connection:
            for batch in batches(names, SQL_BATCH):
                connection.execute(sa.insert(_replaced), [{"name": name} for name in batch])

    def add(self, item: Prepared) -> list[Numbered]:
        """Keep a document that was read; returns its chunks with their numbers."""
        numbered = list(enumerate(item.chunks, self._next))
        self._next += len(numbered)
        with db.writing(self._engine) as connection:
            connection.execute(sa.insert(_replaced), {"name": item.row["name"]})
            connection.execute(sa.insert(db.documents), item.row)
            for chunks in batches(numbered, SQL_BATCH):
                rows = [_chunk_row(number, chunk) for number, chunk in chunks]
                connection.execute(sa.insert(db.chunks), rows)
            if item.table is not None:
                for records in batches(item.records, SQL_BATCH):
                    rows = [_record_row(record) for record in records]
                    connection.execute(sa.insert(record_table(item.table)), rows)
        return numbered

    def kept(self, engine: sa.Engine, size: int) -> Iterator[list[Numbered]]:
        """Yield the index's chunks that stay as they are, `size` at a time."""
        c = db.chunks.c
        stays = c.document.not_in(sa.select(_staged(_replaced)))
        wanted = sa.select(db.chunks).where(stays).order_by(c.number).limit(size)
        last = 0
        while True:
            # Each a transaction of its own: a long one would keep the log from being cut.
            with db.reading_beside(engine, self.path) as connection:
                rows = connection.execute(wanted.where(c.number > last)).all()
            if not rows:
                return
            yield [(row.number, db.chunk_of(row)) for row in rows]
            last = rows[-1].number

    def move_in(self, connection: sa.Connection) -> None:
        """Swap old for new, in a transaction beside which this file is attached."""
        names = sa.select(_staged(_replaced))
        c = db.chunks.c
        leave = sa.select(c.number, c.chunk_id, c.text_hash).where(c.document.in_(names))
        connection.execute(sa.insert(_staged(_gone)).from_select(_gone.c.keys(), leave))
        for table in (db.chunks, *self._records):
            connection.execute(sa.delete(table).where(table.c.document.in_(names)))
        connection.execute(sa.delete(db.documents).where(db.documents.c.name.in_(names)))
        for table in (db.documents, db.chunks, *self._records):
            rows = sa.select(_staged(table))
            connection.execute(sa.insert(table).from_select(table.c.keys(), rows))

    def gone(self) -> Iterator[list[tuple[int, str]]]:
        """Yield number and id of the chunks that went, a batch at a time."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                sa.select(_gone.c.number, _gone.c.chunk_id),
                execution_options={"yield_per": SQL_BATCH},
            )
            for batch in rows.partitions():
                yield [(row.number, row.chunk_id) for row in batch]


def new_hashes() -> sa.Select[Any]:
    """Select the text hashes of the chunks that come, where a staging file is attached."""
    return sa.select(_staged(db.chunks).c.text_hash)


def gone_hashes() -> sa.Select[Any]:
    """Select the text hashes of the chunks that went, where a staging file is attached."""
    return sa.select(_staged(_gone).c.text_hash)


def _staged(table: sa.Table) -> sa.Table:
    """Return a table of the attached file."""
    return table.to_metadata(sa.MetaData(), schema=db.BESIDE)


def _chunk_row(number: int, chunk: Chunk) -> dict[str, Any]:
    return {"number": number, **vars(chunk), "text_hash": text_hash(chunk.index_text)}


def _record_row(record: Record) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "document": record.document,
        "row": record.row,
        "name": record.name,
        "aliases": "\n".join(record.aliases),
        **{f"f_{key}": value for key, value in record.values.items()},
    }


def count_documents(path: Path) -> int:
    """Return how many documents a run that is under way has read; 0 if none can be told.

    The file is another process's and may be gone at any moment.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as file:
            (count,) = file.execute("SELECT count(*) FROM documents").fetchone()
            return int(count)
    except sqlite3.Error:
        return 0
