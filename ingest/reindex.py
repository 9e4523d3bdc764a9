"""Reindex: bring the index in line with the corpus, in one visible step.

The order makes a crash harmless. Vectors of new chunks go to Chroma first, where nobody sees
them, for readers trust only ids that SQL knows. One SQL transaction then swaps old chunks and
records for new and counts the generation up. Vectors that nothing refers to any more go last.
Killed at any moment, the index is the old one or the new one, and the next run cleans up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from filelock import FileLock, Timeout

from ingest import database as db
from ingest.changes import ChangeFinder, Changes, Prepared, known_documents
from ingest.derived import DerivedFiles, DerivedWriter
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embedding_cache import cached_vectors, known_hashes, model_key, text_hash, to_bytes
from ingest.embeddings import NamedEmbeddings, for_questions, token_window
from ingest.errors import CorpusError, IndexBusy, IndexDamaged, IndexMismatch
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.paths import DomainPaths
from ingest.progress import NoProgress, Progress, ReindexReport
from ingest.records import (
    Record,
    check_tables,
    make_record_tables,
    record_layout,
    record_table,
)
from ingest.scan import SourceFile, find_files
from ingest.vectors import ChromaConnection, VectorStore, collection_name

EMBED_BATCH = 256
SQL_BATCH = 500
T = TypeVar("T")


class Reindexer:
    """Brings one domain's index in line with its corpus; one at a time for each domain."""

    def __init__(
        self,
        folder: Path,
        card: DomainCard,
        paths: DomainPaths,
        embeddings: NamedEmbeddings,
        progress: Progress | None = None,
        compared: Iterable[str] = (),
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        """`compared` are texts whose vectors readers need besides the card's examples.

        `limits` are those of reading one file.
        """
        self._folder = folder
        self._card = card
        self._paths = paths
        self._embeddings = embeddings
        self._model = model_key(embeddings)
        self._layout = record_layout(card)
        self._progress = progress or NoProgress()
        self._limits = limits
        self._compared = [*card.example_texts(), *compared]
        self._derived = DerivedFiles(paths, self._model, embeddings.dimension)

    def run(self, *, rebuild: bool = False) -> ReindexReport:
        """Index what changed, or everything when `rebuild`; returns what was done.

        Raises CorpusError if there is nothing to index, IndexBusy if another reindex runs,
        IndexDamaged if the index cannot be written and no rebuild was asked for.
        """
        started = time.monotonic()
        check_tables(self._folder, self._card)
        files = list(find_files(self._folder))
        if not files:
            raise CorpusError(
                f"{self._folder} holds no documents.",
                hint="Put PDF, HTML, DOCX, Markdown, text or CSV files there.",
            )
        report = ReindexReport()
        with self._alone(), db.damaged_index_explained(self._paths.database):
            if rebuild:
                self._discard_damaged()
            engine = db.open_engine(self._paths.database)
            connection = ChromaConnection(self._paths.chroma)
            try:
                if rebuild:
                    connection.repair()
                self._run(engine, connection, files, report, rebuild)
            finally:
                connection.close()
                engine.dispose()
        report.seconds = round(time.monotonic() - started, 3)
        return report

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(self._paths.reindex_lock)
        try:
            self._paths.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise IndexBusy(
                f"Another reindex of {self._card.domain.name} is running.",
                hint="Wait until it is done; this one changed nothing.",
            ) from None
        except OSError as error:
            raise IndexDamaged(
                f"{self._paths.folder} cannot be written ({error.strerror}).",
                hint="Give the user who runs this the right to write there.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _discard_damaged(self) -> None:
        """Put away an index database that cannot be read; a sound one stays until the swap."""
        try:
            with db.damaged_index_explained(self._paths.database):
                engine = db.open_engine(self._paths.database)
                with engine.begin() as connection:
                    db.check_integrity(connection)
                engine.dispose()
        except IndexDamaged:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._paths.database}{suffix}").unlink(missing_ok=True)

    def _run(
        self,
        engine: sa.Engine,
        chroma: ChromaConnection,
        files: list[SourceFile],
        report: ReindexReport,
        rebuild: bool,
    ) -> None:
        state = self._prepare_schema(engine)
        self._derived.lexical.prepare()
        fresh = rebuild or state is None or state.embedding_key != self._model
        window = token_window(self._embeddings)
        finder = ChangeFinder(
            self._card, self._progress, window, read_all=rebuild, limits=self._limits
        )
        known = known_documents(engine)
        changes = finder.find(files, known, report)
        changes.prepared.extend(finder.read(changes, known, report))
        if state is not None and state.record_layout != self._layout:
            self._refuse_unread_tables(report)
        name = state.collection if state and not fresh else collection_name(self._model)
        vectors = VectorStore(chroma, name, create=True)
        if not fresh and self._vectors_lost(engine, vectors, state):
            vectors = VectorStore(chroma, collection_name(self._model), create=True)
            fresh = True
        refill = fresh or self._files_lost(engine, name)
        if not refill and not changes.prepared and not changes.removed:
            report.embedded = self._embed_all(engine, {})
            self._touch(engine, changes)
            self._summarise(engine, report)
            return
        if state is not None:
            self._mark_sweep(engine, needed=True)
        self._fill_vectors(engine, vectors, changes, fresh, report)
        removed = self._commit(engine, changes, vectors.name, refill)
        self._sweep(engine, vectors, None if fresh else removed)
        self._summarise(engine, report)

    # --- what changed -------------------------------------------------------------------------

    def _prepare_schema(self, engine: sa.Engine) -> sa.Row[Any] | None:
        """Make the tables; an index of another schema version is dropped, it can be made again."""
        with db.writing(engine) as connection:
            try:
                state = db.read_state(connection)
            except IndexMismatch:
                db.drop_tables(connection)
                state = None
            db.make_tables(connection)
            return state

    def _refuse_unread_tables(self, report: ReindexReport) -> None:
        """Stop where the card has new columns for a table and the file does not give them.

        The last good version has the old columns, so it cannot be kept.
        """
        for table in self._card.tables:
            if table.file in report.failed:
                raise CorpusError(
                    report.failed[table.file], hint="The index stays as it was until this is right."
                )

    # --- vectors ------------------------------------------------------------------------------

    def _vectors_lost(
        self, engine: sa.Engine, vectors: VectorStore, state: sa.Row[Any] | None
    ) -> bool:
        """Tell whether Chroma lost or spoilt what SQL says it holds."""
        with engine.begin() as connection:
            expected = db.count(connection, db.chunks)
        try:
            if state is not None and state.sweep_needed:
                self._sweep(engine, vectors)
            return vectors.count() < expected
        except IndexDamaged:
            return True

    def _files_lost(self, engine: sa.Engine, collection: str) -> bool:
        with engine.begin() as connection:
            c = db.chunks.c
            numbers = connection.scalars(sa.select(c.number).order_by(c.number)).all()
        return self._derived.lost(collection, numbers)

    def _fill_vectors(
        self,
        engine: sa.Engine,
        vectors: VectorStore,
        changes: Changes,
        fresh: bool,
        report: ReindexReport,
    ) -> None:
        """Embed what no cache holds and write the vectors of all chunks that are new to Chroma."""
        wanted = {
            chunk.chunk_id: chunk.index_text for item in changes.prepared for chunk in item.chunks
        }
        if fresh:
            wanted |= self._kept_chunks(engine, changes.replaced)
        hashes = {key: text_hash(text) for key, text in wanted.items()}
        texts = {hashes[key]: text for key, text in wanted.items()}
        report.embedded = self._embed_all(engine, texts)
        self._progress.begin("Writing vectors", len(wanted))
        for batch in _batches(list(wanted), SQL_BATCH):
            # A long table of which one row changed has all others there, under the same ids.
            missing = vectors.missing(batch)
            with engine.begin() as connection:
                found = cached_vectors(connection, [hashes[key] for key in missing], self._model)
            if missing:
                vectors.upsert(missing, np.stack([found[hashes[key]] for key in missing]))
            self._progress.advance(len(batch))
        self._progress.end()

    def _examples(self) -> dict[str, str]:
        return {text_hash(text): text for text in self._compared}

    def _kept_chunks(self, engine: sa.Engine, replaced: list[str]) -> dict[str, str]:
        with engine.begin() as connection:
            rows = connection.execute(sa.select(db.chunks)).all()
        gone = set(replaced)
        kept = (db.chunk_of(row) for row in rows if row.document not in gone)
        return {chunk.chunk_id: chunk.index_text for chunk in kept}

    def _embed_all(self, engine: sa.Engine, passages: dict[str, str]) -> int:
        """Embed passages, and what questions are compared with as questions."""
        questions = for_questions(self._embeddings)
        made = self._embed_missing(engine, self._embeddings, passages)
        return made + self._embed_missing(engine, questions, self._examples())

    def _embed_missing(
        self, engine: sa.Engine, embeddings: NamedEmbeddings, texts: dict[str, str]
    ) -> int:
        """Embed the texts that have no vector of this model yet; each batch is kept at once."""
        model = model_key(embeddings)
        with engine.begin() as connection:
            have = known_hashes(connection, model)
        # Texts of like length in a batch: the encoder pads a batch to its longest.
        missing = sorted((key for key in texts if key not in have), key=lambda k: len(texts[k]))
        self._progress.begin("Embedding", len(missing))
        for batch in _batches(missing, EMBED_BATCH):
            made = embeddings.embed_documents([texts[key] for key in batch])
            rows = [
                {"text_hash": key, "model_key": model, "vector": to_bytes(vector)}
                for key, vector in zip(batch, made, strict=True)
            ]
            with db.writing(engine) as connection:
                connection.execute(sa.insert(db.embeddings).prefix_with("OR REPLACE"), rows)
            self._progress.advance(len(batch))
        self._progress.end()
        return len(missing)

    def _mark_sweep(self, engine: sa.Engine, *, needed: bool) -> None:
        with db.writing(engine) as connection:
            connection.execute(sa.update(db.index_state).values(sweep_needed=needed))

    def _sweep(
        self, engine: sa.Engine, vectors: VectorStore, removed: Mapping[int, str] | None = None
    ) -> None:
        """Delete what nothing refers to any more.

        That is what this reindex removed (chunk ids by number); or, where an earlier one may
        have been cut short, whatever SQL does not know.
        """
        if removed is None:
            live = self._live(engine)
            numbers = self._derived.lexical.searcher().numbers() - live.keys()
            ids = vectors.ids() - set(live.values())
            vectors.drop_others()
            self._derived.drop_others(vectors.name)
        else:
            # The id of a chunk is its content's: it may have come back under another number.
            numbers = set(removed)
            ids = set(removed.values()) - self._still_there(engine, list(removed.values()))
        vectors.delete(sorted(ids))
        self._derived.remove(sorted(numbers))
        self._mark_sweep(engine, needed=False)

    def _live(self, engine: sa.Engine) -> dict[int, str]:
        """Return the ids of all chunks by number."""
        with engine.begin() as connection:
            rows = connection.execute(sa.select(db.chunks.c.number, db.chunks.c.chunk_id))
            return {row.number: row.chunk_id for row in rows}

    def _still_there(self, engine: sa.Engine, ids: list[str]) -> set[str]:
        """Return those of the chunk ids that SQL knows."""
        key = db.chunks.c.chunk_id
        with engine.begin() as connection:
            return {
                found
                for batch in _batches(ids, SQL_BATCH)
                for found in connection.scalars(sa.select(key).where(key.in_(batch)))
            }

    # --- the one visible step -----------------------------------------------------------------

    def _commit(
        self, engine: sa.Engine, changes: Changes, collection: str, refill: bool
    ) -> dict[int, str]:
        """Swap old for new; returns the ids of the chunks that went, by number."""
        with db.writing(engine) as connection, self._derived.writing(collection) as derived:
            make_record_tables(connection, self._card)
            removed = self._remove(connection, changes.replaced)
            if refill:
                self._refill(connection, derived)
            self._progress.begin("Storing", len(changes.prepared))
            for item in changes.prepared:
                self._insert(connection, derived, item)
                self._progress.advance()
            self._update_touched(connection, changes)
            self._forget_unused_vectors(connection)
            self._count_up(connection, collection)
            derived.commit()
            self._progress.end()
        return removed

    def _refill(self, connection: sa.Connection, derived: DerivedWriter) -> None:
        """Write everything that SQL holds to the files that are made from it."""
        rows = connection.execute(
            sa.select(db.chunks).order_by(db.chunks.c.number),
            execution_options={"yield_per": SQL_BATCH},
        )
        for batch in rows.partitions():
            derived.add(connection, [(row.number, db.chunk_of(row)) for row in batch])

    def _remove(self, connection: sa.Connection, names: list[str]) -> dict[int, str]:
        c = db.chunks.c
        removed: dict[int, str] = {}
        for name in names:
            rows = connection.execute(sa.select(c.number, c.chunk_id).where(c.document == name))
            removed |= {row.number: row.chunk_id for row in rows}
            connection.execute(sa.delete(db.chunks).where(c.document == name))
            connection.execute(sa.delete(db.documents).where(db.documents.c.name == name))
            for table in map(record_table, self._card.tables):
                connection.execute(sa.delete(table).where(table.c.document == name))
        return removed

    def _insert(self, connection: sa.Connection, derived: DerivedWriter, item: Prepared) -> None:
        connection.execute(sa.insert(db.documents), [item.row])
        for batch in _batches(item.chunks, SQL_BATCH):
            numbers = connection.scalars(
                sa.insert(db.chunks).returning(db.chunks.c.number, sort_by_parameter_order=True),
                [_chunk_row(chunk) for chunk in batch],
            ).all()
            derived.add(connection, list(zip(numbers, batch, strict=True)))
        if item.table is not None:
            for records in _batches(item.records, SQL_BATCH):
                connection.execute(
                    sa.insert(record_table(item.table)), [_record_row(r) for r in records]
                )

    def _touch(self, engine: sa.Engine, changes: Changes) -> None:
        with db.writing(engine) as connection:
            self._update_touched(connection, changes)

    def _update_touched(self, connection: sa.Connection, changes: Changes) -> None:
        for row in changes.touched:
            connection.execute(
                sa.update(db.documents).where(db.documents.c.name == row["name"]).values(**row)
            )

    def _forget_unused_vectors(self, connection: sa.Connection) -> None:
        """Drop cached vectors of texts that are neither in a chunk nor compared with."""
        keep = list(self._examples())
        used = sa.select(db.chunks.c.text_hash)
        e = db.embeddings.c
        connection.execute(
            sa.delete(db.embeddings).where(e.text_hash.not_in(used), e.text_hash.not_in(keep))
        )

    def _count_up(self, connection: sa.Connection, collection: str) -> None:
        before = db.read_state(connection)
        connection.execute(sa.delete(db.index_state))
        connection.execute(
            sa.insert(db.index_state).values(
                id=1,
                generation=(before.generation if before else 0) + 1,
                embedding_name=self._embeddings.name,
                embedding_digest=self._embeddings.digest,
                dimension=self._embeddings.dimension,
                embedding_key=self._model,
                collection=collection,
                record_layout=self._layout,
                sweep_needed=True,
                updated_at_ns=time.time_ns(),
            )
        )

    def _summarise(self, engine: sa.Engine, report: ReindexReport) -> None:
        with engine.begin() as connection:
            state = db.read_state(connection)
            report.generation = state.generation if state else 0
            report.chunks = db.count(connection, db.chunks)


def _chunk_row(chunk: Chunk) -> dict[str, Any]:
    return {**asdict(chunk), "text_hash": text_hash(chunk.index_text)}


def _record_row(record: Record) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "document": record.document,
        "row": record.row,
        "name": record.name,
        "aliases": "\n".join(record.aliases),
        **{f"f_{key}": value for key, value in record.values.items()},
    }


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    everything = list(items)
    for i in range(0, len(everything), size):
        yield everything[i : i + size]
