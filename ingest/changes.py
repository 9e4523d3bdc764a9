"""How the corpus differs from what is indexed: changed files are read and cut into chunks here."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ingest import database as db
from ingest.chunking import CHUNKER_VERSION
from ingest.documents import Chunk
from ingest.domain import DomainCard, TableCard
from ingest.errors import DocumentError
from ingest.injection_signs import signs_version
from ingest.loaders import load
from ingest.progress import Progress, ReindexReport
from ingest.record_text import record_chunk
from ingest.records import Record, read_records
from ingest.scan import Known, SourceFile, hash_file, printable, surely_unchanged
from ingest.suspicions import suspicions
from ingest.token_window import TokenWindow

_DATE = re.compile(r"\b(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?\b")


@dataclass(frozen=True)
class Prepared:
    """A document that was read and cut into chunks, not yet in the index."""

    row: dict[str, Any]
    chunks: list[Chunk]
    records: list[Record] = field(default_factory=list)
    table: TableCard | None = None


@dataclass
class Changes:
    """How the corpus differs from what is indexed."""

    prepared: list[Prepared] = field(default_factory=list)
    touched: list[dict[str, Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def replaced(self) -> list[str]:
        """The documents whose old chunks and records must go."""
        return [*self.removed, *(item.row["name"] for item in self.prepared)]


class ChangeFinder:
    """Compares the files of a pack with what the index remembers of them."""

    def __init__(
        self, card: DomainCard, progress: Progress, window: TokenWindow, *, read_all: bool
    ) -> None:
        """`window` is what the embedding model reads of a passage."""
        self._card = card
        self._progress = progress
        self._window = window
        self._read_all = read_all
        self._tables = {table.file: table for table in card.tables}

    def find(
        self, files: list[SourceFile], known: dict[str, Known], report: ReindexReport
    ) -> Changes:
        """Read every file that is new or changed; failures go into the report, not up."""
        changes = Changes(removed=sorted(set(known) - {file.name for file in files}))
        report.removed = [name for name in changes.removed if known[name].status == "indexed"]
        self._progress.begin("Reading documents", len(files))
        for file in files:
            before = known.get(file.name)
            try:
                self._read_if_changed(file, before, changes, report)
            except DocumentError as error:
                # It may quote the file's name, which may be no text at all.
                reason = printable(str(error))
                report.failed[file.name] = reason
                self._note_failure(file, before, reason, changes)
            self._progress.advance()
        self._progress.end()
        return changes

    def _read_if_changed(
        self,
        file: SourceFile,
        before: Known | None,
        changes: Changes,
        report: ReindexReport,
    ) -> None:
        recipe = self._recipe(file)
        same_recipe = before is not None and before.recipe == recipe and not self._read_all
        if before is not None and same_recipe and surely_unchanged(file, before):
            report.unchanged += 1
            return
        sha256 = hash_file(file.path)
        if before is not None and same_recipe and before.sha256 == sha256:
            report.unchanged += 1
            changes.touched.append({**_stat_columns(file, sha256), "stale": False, "reason": ""})
            return
        prepared = self._prepare(file, sha256, recipe)
        if prepared.row["warnings"]:
            report.warnings[file.name] = prepared.row["warnings"]
        was_indexed = before is not None and before.status == "indexed"
        (report.changed if was_indexed else report.added).append(file.name)
        changes.prepared.append(prepared)

    def _note_failure(
        self, file: SourceFile, before: Known | None, reason: str, changes: Changes
    ) -> None:
        """Keep the last good version, marked stale; without one, remember the failure."""
        if before is not None:
            stale = before.status == "indexed"
            changes.touched.append({"name": file.name, "stale": stale, "reason": reason})
            return
        row = {**_stat_columns(file, ""), "recipe": "", "kind": "document", "title": file.name}
        row |= {"media_type": "", "status": "failed", "reason": reason}
        changes.prepared.append(Prepared(_document_row(row), []))

    def _recipe(self, file: SourceFile) -> str:
        """Digest what, besides the file, decides its chunks; another recipe means read it again."""
        table = self._tables.get(file.name)
        card = f"{table.model_dump_json()}\n{self._card.domain.vintage}" if table else ""
        window = "" if self._window == TokenWindow() else repr(self._window)
        made_by = f"{CHUNKER_VERSION} {signs_version()}"
        return hashlib.sha256(f"{made_by}\n{card}{window}".encode()).hexdigest()[:16]

    def _prepare(self, file: SourceFile, sha256: str, recipe: str) -> Prepared:
        row = {**_stat_columns(file, sha256), "recipe": recipe, "status": "indexed"}
        table = self._tables.get(file.name)
        if table is not None:
            return self._prepare_table(file, row, table)
        document = load(file.path)
        row |= {"kind": "document", "title": document.title, "media_type": document.media_type}
        row |= {"pages": document.pages, "vintage": document.vintage, "text": document.text}
        chunks = self._window.chunk(document, file.name)
        row |= {"warnings": [*document.warnings, *suspicions(chunks)]}
        return Prepared(_document_row(row), chunks)

    def _prepare_table(self, file: SourceFile, row: dict[str, Any], table: TableCard) -> Prepared:
        records, warnings = read_records(file.path, file.name, table)
        chunks = [record_chunk(record, table) for record in records]
        for i in self._window.too_long([chunk.index_text for chunk in chunks]):
            warnings.append(
                f"row {chunks[i].row}: its names are more than the embedding model reads at once; "
                "the last ones are found by their words alone"
            )
        row |= {"kind": "table", "title": _table_title(table), "media_type": "text/csv"}
        warnings += suspicions(chunks)
        row |= {"vintage": self._card.domain.vintage, "warnings": warnings}
        return Prepared(_document_row(row), chunks, records, table)


def known_documents(engine: sa.Engine) -> dict[str, Known]:
    """Return what the index remembers of each document, of those that it could not read too."""
    columns = [db.documents.c[name] for name in Known.__dataclass_fields__]
    with engine.begin() as connection:
        rows = connection.execute(sa.select(db.documents.c.name, *columns))
        return {row.name: Known(*row[1:]) for row in rows}


def _stat_columns(file: SourceFile, sha256: str) -> dict[str, Any]:
    return {
        "name": file.name,
        "sha256": sha256,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "indexed_at_ns": time.time_ns(),
    }


def _document_row(row: dict[str, Any]) -> dict[str, Any]:
    defaults = {"pages": None, "vintage": "", "reason": "", "stale": False}
    dated = _date_of(row.get("vintage", ""), row["mtime_ns"])
    return {**defaults, "warnings": [], "text": "", "dated": dated, **row}


def _date_of(vintage: str, mtime_ns: int) -> str:
    """Return the date that a document gives itself, "2026", "2026-11" or "2026-11-21".

    Where it gives none it is the day on which its file was written.
    """
    said = _DATE.search(vintage)
    return said[0] if said else f"{datetime.fromtimestamp(mtime_ns / 1e9, UTC):%Y-%m-%d}"


def _table_title(table: TableCard) -> str:
    return f"{table.entity_plural[:1].upper()}{table.entity_plural[1:]}"
