"""The corpus to be looked at: documents and what is wrong with them, passages, rows, files.

What is read here is what answers are made from, in the same generation of the same index. Whatever
names a document, a place or a row may come from an address that anybody wrote: it is looked up, and
what is not there is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import sqlalchemy as sa

from bot.answer import Evidence
from bot.evidence import evidence_of
from bot.facts import FactFinder, Facts, evidence_of_row
from bot.name_search import NameSearch, choice_of
from bot.plan import MAX_ENTITIES, MAX_FIELDS, Choice, Plan, PlannedEntity
from bot.record_pages import RecordPage, RecordPages, RowsWanted
from bot.retriever import HybridRetriever
from ingest import database as db
from ingest.documents import Chunk
from ingest.domain import DomainCard, TableCard
from ingest.filters import PASSAGES, DocumentType, Filter
from ingest.index import DocumentInfo, Index, Snapshot
from ingest.records import record_table
from ingest.scan import SourceFile, find_files, printable
from ingest.status import IndexStatus, index_status

AROUND_CHARS = 1_400
# SQLite's integers; what an address names beyond them is nowhere.
_MOST = 2**63 - 1


@dataclass(frozen=True)
class Place:
    """Where something stands: a character of a document's text, or a row of a table's file.

    `fields` are those of the row that are meant, where not all of it is.
    """

    document: str
    start: int = 0
    row: int | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A passage in its document: the `number`-th of `of`, with the text around it.

    `headings` are all headings of the document, to tell them from its text. `neighbours` are the
    places of the passage before and of that after it.
    """

    info: DocumentInfo
    chunk: Chunk
    number: int
    of: int
    before: str
    after: str
    headings: frozenset[str]
    neighbours: tuple[Place | None, Place | None]


@dataclass(frozen=True)
class Row:
    """A row of a declared table, all its cells as facts, and the places of the rows around it."""

    info: DocumentInfo
    table: TableCard
    evidence: Evidence
    neighbours: tuple[Place | None, Place | None]


@dataclass(frozen=True)
class Found:
    """A passage that a search found."""

    place: Place
    title: str
    headings: tuple[str, ...]
    page: int | None
    text: str


@dataclass(frozen=True)
class IndexState:
    """Which generation of the index this is, what it holds and since when, in nanoseconds."""

    generation: int
    updated_at_ns: int
    documents: tuple[DocumentInfo, ...]
    rows: dict[str, int]


@dataclass(frozen=True)
class ModelInUse:
    """A model and what it is used for; `digest` is empty where a provider tells none."""

    role: Literal["answers", "search"]
    name: str
    digest: str


class Library:
    """Reads the corpus of one domain as it is indexed; safe to share between threads."""

    def __init__(
        self,
        index: Index,
        folder: Path,
        retriever: HybridRetriever,
        models: Sequence[ModelInUse] = (),
    ) -> None:
        """`folder` is the pack's, where the documents' own files are."""
        self.card: DomainCard = index.card
        self.models = tuple(models)
        self._index = index
        self._folder = folder
        self._retriever = retriever
        self._finder = FactFinder(index.card)
        self._names = NameSearch(index.card)
        self._pages = {table.name: RecordPages(table) for table in index.card.tables}

    def warm_up(self) -> None:
        """Read all names, which the first search would wait for; raises IndexUnavailable."""
        for table in self.card.tables:
            self.entities(table.name, "", 1)

    def status(self) -> IndexStatus:
        """Return what an operator wants to know of the index; raises IndexUnavailable."""
        return index_status(self._index, self._folder)

    def state(self) -> IndexState:
        """Return what the index holds."""
        with self._index.snapshot() as snapshot:
            rows = {
                table.name: db.count(snapshot.connection, record_table(table))
                for table in self.card.tables
            }
            return IndexState(
                snapshot.generation, snapshot.updated_at_ns, tuple(snapshot.documents()), rows
            )

    def search(
        self, query: str, k: int, types: Sequence[DocumentType] = (), document: str = ""
    ) -> list[Found]:
        """Return the passages nearest to a query, best first, of some kinds or of one document."""
        within = Filter(
            kind=PASSAGES.kind, types=tuple(types), documents=(document,) if document else ()
        )
        with self._index.snapshot() as snapshot:
            hits = self._retriever.search(snapshot, query, k, within=within)
        return [
            Found(
                Place(hit.chunk.document, hit.chunk.start),
                hit.title,
                hit.chunk.heading_path,
                hit.chunk.page,
                evidence_of(1, hit).without_orders().quote,
            )
            for hit in hits
        ]

    # --- one source -----------------------------------------------------------------------------

    def source(self, wanted: Place) -> Passage | Row | None:
        """Return what stands at a place, or None where the index has nothing of that name."""
        if max(wanted.start, wanted.row or 0) > _MOST or min(wanted.start, wanted.row or 0) < 0:
            return None
        with self._index.snapshot() as snapshot:
            info = _info(snapshot, wanted.document)
            if info is None:
                return None
            table = next((t for t in self.card.tables if t.file == info.name), None)
            if table is not None:
                return self._row(snapshot, info, table, wanted)
            return _passage(snapshot, info, wanted)

    def _row(
        self, snapshot: Snapshot, info: DocumentInfo, table: TableCard, wanted: Place
    ) -> Row | None:
        records = record_table(table)
        in_file = records.c.document == info.name
        if wanted.row is None:
            first = sa.select(sa.func.min(records.c.row)).where(in_file)
            wanted = Place(info.name, row=snapshot.connection.scalar(first))
        found = snapshot.connection.execute(
            sa.select(records).where(in_file, records.c.row == wanted.row)
        ).first()
        if found is None:
            return None
        before = sa.select(sa.func.max(records.c.row)).where(in_file, records.c.row < wanted.row)
        after = sa.select(sa.func.min(records.c.row)).where(in_file, records.c.row > wanted.row)
        rows = [snapshot.connection.scalar(near) for near in (before, after)]
        previous, following = (None if n is None else Place(info.name, row=n) for n in rows)
        return Row(info, table, evidence_of_row(found, records, table), (previous, following))

    def file_of(self, document: str) -> Path | None:
        """Return the file of a document that the index knows; None where it cannot be read.

        Nothing but what a reindex would read is ever returned, whatever the name says.
        """
        with self._index.snapshot() as snapshot:
            if _info(snapshot, document) is None:
                return None
        if "\\" in document:  # the name holds what is no printable text, and was escaped
            files = find_files(self._folder)
            return next((file.path for file in files if file.name == document), None)
        path, root = self._folder / document, self._folder.resolve()
        inside = path.resolve().is_relative_to(root) and printable(document) == document
        return path if inside and path.is_file() else None

    def archive_of(self, document: str) -> SourceFile | None:
        """Return the archive that a document came in; None if it came in none that is there."""
        with self._index.snapshot() as snapshot:
            if _info(snapshot, document) is None:
                return None
        parents = {str(parent) for parent in PurePosixPath(document).parents}
        files = find_files(self._folder)
        return next((file for file in files if file.name in parents), None)

    def is_as_indexed(self, document: str, path: Path) -> bool:
        """Whether a file is, by size and time, the one that was indexed."""
        c = db.documents.c
        with self._index.snapshot() as snapshot:
            known = snapshot.connection.execute(
                sa.select(c.size, c.mtime_ns).where(c.name == document)
            ).one_or_none()
        stat = path.stat()
        return known is not None and tuple(known) == (stat.st_size, stat.st_mtime_ns)

    # --- records --------------------------------------------------------------------------------

    def rows(self, wanted: RowsWanted) -> RecordPage:
        """Return one page of a table's rows; raises KeyError if the card has no such table."""
        with self._index.snapshot() as snapshot:
            return self._pages[wanted.table].page(wanted, snapshot)

    def entities(self, table: str, typed: str, limit: int) -> list[Choice]:
        """Return the entities whose name or other name begins like what was typed, best first."""
        with self._index.snapshot() as snapshot:
            return self._names.search(table, typed, limit, snapshot)

    def named(self, table: str, record_ids: Sequence[str]) -> list[Choice]:
        """Return those of these records that there are, in their order."""
        card = self.card.table(table)
        records = record_table(card)
        wanted = list(dict.fromkeys(record_ids))[:MAX_ENTITIES]
        with self._index.snapshot() as snapshot:
            rows = snapshot.connection.execute(
                sa.select(records).where(records.c.record_id.in_(wanted))
            )
            found = {row.record_id: choice_of(row, records, card) for row in rows}
        return [found[key] for key in wanted if key in found]

    def compare(self, table: str, record_ids: Sequence[str], fields: Sequence[str]) -> Facts:
        """Put fields of records side by side, as an answer in the chat would."""
        entities = tuple(
            PlannedEntity(
                record_id=one.record_id,
                name=one.name,
                label=one.label,
                words=one.name,
                tier="exact",
            )
            for one in self.named(table, record_ids)
        )
        plan = Plan(
            operation="compare" if len(entities) > 1 else "lookup",
            table=table,
            entities=entities,
            fields=tuple(fields[:MAX_FIELDS]),
        )
        with self._index.snapshot() as snapshot:
            return self._finder.run(plan, snapshot.connection)


def _info(snapshot: Snapshot, name: str) -> DocumentInfo | None:
    return next(iter(snapshot.documents(Filter(documents=(name,)))), None) if name else None


def _passage(snapshot: Snapshot, info: DocumentInfo, wanted: Place) -> Passage | None:
    """Return the last passage that begins no later than the place, or else the first."""
    c = db.chunks.c
    outline = snapshot.connection.execute(
        sa.select(c.start, c.number, c.heading_path)
        .where(c.document == info.name, c.kind == "passage")
        .order_by(c.ordinal)
    ).all()
    if not outline:
        return None
    at = max((i for i, row in enumerate(outline) if row.start <= wanted.start), default=0)
    chunk = snapshot.chunks([outline[at].number])[outline[at].number]
    text = snapshot.document_text(info.name)
    starts = [Place(info.name, row.start) for row in outline]
    return Passage(
        info=info,
        chunk=chunk,
        number=at + 1,
        of=len(outline),
        before=text[max(0, chunk.start - AROUND_CHARS) : chunk.start],
        after=text[chunk.end : chunk.end + AROUND_CHARS],
        headings=frozenset(heading for row in outline for heading in row.heading_path),
        neighbours=(
            starts[at - 1] if at else None,
            starts[at + 1] if at + 1 < len(starts) else None,
        ),
    )
