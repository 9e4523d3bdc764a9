"""Reindex: bring the index in line with the corpus, in one visible step.

Files are read in worker processes, embedded in a thread and written here, all at the same time
and a few hundred chunks at a time, so that neither a core nor the memory waits for the whole.

The order makes a crash harmless. What was read waits in a staging file; vectors of new chunks go
to Chroma and to the files beside the database, where nobody sees them, for readers trust only
what SQL knows. One SQL transaction then swaps old chunks and records for new and counts the
generation up. What nothing refers to any more goes last. Killed at any moment, the index is the
old one or the new one, and the next run cleans up.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from filelock import FileLock, Timeout

from ingest import database as db
from ingest import embedding_cache
from ingest.batches import batches
from ingest.changes import ChangeFinder, Changes, known_documents
from ingest.derived import DerivedFiles, DerivedWriter
from ingest.domain import DomainCard
from ingest.embedding_cache import EmbeddingCache, model_key, text_hash
from ingest.embeddings import NamedEmbeddings, for_questions, token_window
from ingest.errors import CorpusError, IndexBusy, IndexDamaged, IndexMismatch
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.paths import DomainPaths
from ingest.progress import Growing, NoProgress, Progress, ReindexReport
from ingest.records import check_tables, make_record_tables, record_layout
from ingest.reindex_plan import Plan, Planner
from ingest.scan import SourceFile, find_files
from ingest.staging import Numbered, Staging, gone_hashes, new_hashes
from ingest.sweep import Sweeper
from ingest.vector_file import Vectors
from ingest.vectors import ChromaConnection

# So many chunks are embedded and written together, and so many groups wait at most.
GROUP = 512
GROUPS_AHEAD = 2
CACHE_BYTES = 256_000_000
TextVectors = dict[str, Vectors]


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
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        """`compared` are texts whose vectors readers need besides the card's examples.

        `limits` are those of reading one file; `cache_bytes` may be taken by vectors of texts
        that are not in the corpus any more.
        """
        self._folder = folder
        self._card = card
        self._paths = paths
        self._embeddings = embeddings
        self._model = model_key(embeddings)
        self._layout = record_layout(card)
        self._progress = progress or NoProgress()
        self._limits = limits
        self._cache_vectors = cache_bytes // (4 * embeddings.dimension)
        self._compared = {text_hash(text): text for text in [*card.example_texts(), *compared]}
        self._derived = DerivedFiles(paths, embeddings.dimension)

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
            connection = ChromaConnection(self._paths.chroma_server or self._paths.chroma)
            connection.connect_ahead()
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
                hint="Give the user who runs this the right to write to `data_dir`.",
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
        known = known_documents(engine)
        window = token_window(self._embeddings)
        finder = ChangeFinder(
            self._card, self._progress, window, read_all=rebuild, limits=self._limits
        )
        changes = finder.find(files, known, report)
        with closing(finder.read(changes, known, report)) as prepared:
            planner = Planner(engine, chroma, self._paths, self._derived, self._model)
            plan = planner.plan(state, changes, prepared, rebuild=rebuild)
            if plan is None:
                self._refuse_unread_tables(state, report)
                report.embedded = self._embed_compared(engine)
                self._touch(engine, changes)
            else:
                self._carry_out(engine, plan, report)
        self._summarise(engine, report)

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

    # --- reading, embedding and writing at the same time --------------------------------------

    def _carry_out(self, engine: sa.Engine, plan: Plan, report: ReindexReport) -> None:
        self._derived.lexical.prepare()
        sweeper = Sweeper(engine, plan.vectors, self._derived)
        sweeper.announce()
        with closing(self._stage(engine, plan.changes)) as staging:
            first = 0 if plan.reword else staging.first
            with self._derived.writing(plan.vectors.name, first) as derived:
                report.embedded = self._stream(engine, staging, derived, plan)
                report.embedded += self._embed_compared(engine)
                self._refuse_unread_tables(plan.state, report)
                self._commit(engine, staging, derived, plan)
            self._progress.begin("Cleaning up", 1)
            if plan.fresh:
                sweeper.sweep_all()
            else:
                sweeper.sweep_gone(staging.gone())
            self._progress.advance()
            self._progress.end()

    def _stage(self, engine: sa.Engine, changes: Changes) -> Staging:
        with engine.begin() as connection:
            first = db.last_number(connection) + 1
        staging = Staging(self._paths.staging, self._card, first)
        staging.remove(changes.removed)
        return staging

    def _stream(
        self, engine: sa.Engine, staging: Staging, derived: DerivedWriter, plan: Plan
    ) -> int:
        """Embed and write group after group while files are read; returns how many were embedded.

        Embedding has a thread of its own, which leaves Python's lock alone most of the time.
        """
        cache = EmbeddingCache(engine, self._embeddings)
        waiting: deque[tuple[list[Numbered], Future[TextVectors]]] = deque()
        embedding = Growing(self._progress.beside(), "Embedding")
        with ThreadPoolExecutor(1, thread_name_prefix="embedding") as thread:
            try:
                for group in self._groups(engine, staging, plan):
                    embedding.grow(len(group))
                    texts = {text_hash(c.index_text): c.index_text for _, c in group}
                    waiting.append((group, thread.submit(cache.vectors, texts)))
                    while len(waiting) > GROUPS_AHEAD:
                        embedding.advance(self._write(plan, derived, *waiting.popleft()))
                while waiting:
                    embedding.advance(self._write(plan, derived, *waiting.popleft()))
            except BaseException:
                cache.stop()
                thread.shutdown(cancel_futures=True)
                raise
        embedding.end()
        return cache.made

    def _groups(self, engine: sa.Engine, staging: Staging, plan: Plan) -> Iterator[list[Numbered]]:
        """Yield the chunks that come, as fast as they are read, then those to be written anew."""
        new = (numbered for item in plan.prepared for numbered in staging.add(item))
        yield from batches(new, GROUP)
        if plan.refill:
            yield from staging.kept(engine, GROUP)

    def _write(
        self,
        plan: Plan,
        derived: DerivedWriter,
        group: list[Numbered],
        embedded: Future[TextVectors],
    ) -> int:
        """Write a group's vectors and words where nobody sees them yet; returns its size."""
        found = embedded.result()
        vectors = np.stack([found[text_hash(chunk.index_text)] for _, chunk in group])
        derived.add(group, vectors)
        ids = [chunk.chunk_id for _, chunk in group]
        # A long table of which one row changed has all others there, under the same ids.
        missing = set(ids if plan.fresh else plan.vectors.missing(ids))
        places = [i for i, key in enumerate(ids) if key in missing]
        plan.vectors.upsert([ids[i] for i in places], vectors[places])
        return len(group)

    def _embed_compared(self, engine: sa.Engine) -> int:
        """Embed what questions are compared with as questions; returns how many were new."""
        cache = EmbeddingCache(engine, for_questions(self._embeddings))
        cache.vectors(self._compared)
        return cache.made

    def _refuse_unread_tables(self, state: sa.Row[Any] | None, report: ReindexReport) -> None:
        """Stop where the card has new columns for a table and the file does not give them.

        The last good version has the old columns, so it cannot be kept.
        """
        if state is None or state.record_layout == self._layout:
            return
        for table in self._card.tables:
            if table.file in report.failed:
                raise CorpusError(
                    report.failed[table.file], hint="The index stays as it was until this is right."
                )

    # --- the one visible step -----------------------------------------------------------------

    def _commit(
        self, engine: sa.Engine, staging: Staging, derived: DerivedWriter, plan: Plan
    ) -> None:
        """Swap old for new."""
        self._progress.begin("Storing", 3)
        with db.writing(engine, staging.path) as connection:
            make_record_tables(connection, self._card)
            staging.move_in(connection)
            self._progress.advance()
            self._update_touched(connection, plan.changes)
            self._tidy_cache(connection, plan)
            self._count_up(connection, plan.vectors.name)
            self._progress.advance()
            derived.commit()
            self._progress.advance()
        self._progress.end()

    def _tidy_cache(self, connection: sa.Connection, plan: Plan) -> None:
        """Note which vectors are in use now, and forget those that nobody has used for longest."""
        questions = model_key(for_questions(self._embeddings))
        compared = list(self._compared)
        gone, new = gone_hashes(), new_hashes()
        if plan.refill:
            gone, new = sa.select(db.embeddings.c.text_hash), sa.select(db.chunks.c.text_hash)
            embedding_cache.mark_models_unused(connection, but=[self._model, questions])
        embedding_cache.mark_unused(connection, gone, compared)
        embedding_cache.mark_used(connection, self._model, new)
        embedding_cache.mark_used(connection, questions, compared)
        embedding_cache.forget_unused(connection, self._cache_vectors)

    def _touch(self, engine: sa.Engine, changes: Changes) -> None:
        """Note what was found out about files that are as they were."""
        questions = model_key(for_questions(self._embeddings))
        with db.writing(engine) as connection:
            self._update_touched(connection, changes)
            embedding_cache.mark_used(connection, questions, list(self._compared))

    def _update_touched(self, connection: sa.Connection, changes: Changes) -> None:
        for row in changes.touched:
            connection.execute(
                sa.update(db.documents).where(db.documents.c.name == row["name"]).values(**row)
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
