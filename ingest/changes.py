"""How the corpus differs from what is indexed: changed files are read and cut into chunks here."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa

from ingest import database as db
from ingest.chunking import CHUNKER_VERSION
from ingest.documents import Chunk
from ingest.domain import DomainCard, TableCard
from ingest.injection_signs import signs_version
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.progress import Progress, ReindexReport
from ingest.reading import Readers
from ingest.reading_messages import Answer, Job
from ingest.records import Record
from ingest.scan import (
    Known,
    SourceFile,
    file_in_archive,
    may_be_archive,
    printable,
    surely_unchanged,
)
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
    """How the corpus differs from what is indexed.

    `unsure` are the files of which size and time do not tell that they are what was indexed.
    `touched` (new columns of document rows) and `removed` are complete when all was read.
    """

    unsure: list[SourceFile] = field(default_factory=list)
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
        self,
        card: DomainCard,
        progress: Progress,
        window: TokenWindow,
        *,
        read_all: bool,
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        """`window` is what the embedding model reads of a passage."""
        self._card = card
        self._progress = progress
        self._window = window
        self._read_all = read_all
        self._limits = limits
        self._tables = {table.file: table for table in card.tables}
        self._recipes = {name: self._made_recipe(table) for name, table in self._tables.items()}
        self._usual_recipe = self._made_recipe(None)
        self._limits_recipe = _digest(f"{self._usual_recipe} {limits}")

    def find(
        self, files: list[SourceFile], known: dict[str, Known], report: ReindexReport
    ) -> Changes:
        """Compare sizes and times, which costs nothing; nothing is read yet."""
        changes = Changes()
        files = list(self._with_archives(files, known, changes, report))
        kept = {file.name for file in files} | {row["name"] for row in changes.touched}
        changes.removed = sorted(set(known) - kept)
        report.removed = [name for name in changes.removed if known[name].status == "indexed"]
        for file in files:
            self._compare(file, known.get(file.name), changes, report)
        return changes

    def _compare(
        self, file: SourceFile, before: Known | None, changes: Changes, report: ReindexReport
    ) -> None:
        if before is None or not surely_unchanged(file, before):
            changes.unsure.append(file)
        elif self._given_up(before):
            report.failed[file.name] = before.reason
        elif self._same_recipe(file, before):
            report.unchanged += 1
        else:
            changes.unsure.append(file)

    def _with_archives(
        self,
        files: list[SourceFile],
        known: dict[str, Known],
        changes: Changes,
        report: ReindexReport,
    ) -> Iterator[SourceFile]:
        """Yield the files, and in place of each archive those in it.

        What is in a folder or an archive that cannot be looked into stays as it was, and is stale.
        """
        inside = _names_in_archives({file.name for file in files}, known)
        for file in files:
            members = {name: known[name] for name in inside.get(file.name, ())}
            before = known.get(file.name)
            if file.refusal:
                yield from _refused(file, members, changes)
            elif members and all(self._is_settled(file, member) for member in members.values()):
                yield from (replace(file, name=n, size=k.size) for n, k in members.items())
            elif self._is_document(file, before):
                yield file
            else:
                yield from self._listed(file, members, changes)

    @staticmethod
    def _is_document(file: SourceFile, before: Known | None) -> bool:
        was_read = before is not None and before.status == "indexed"
        if before is not None and was_read and surely_unchanged(file, before):
            return True
        return not may_be_archive(file.path)

    def _is_settled(self, archive: SourceFile, member: Known) -> bool:
        """Whether an archive's file need not be looked at, going by the archive's time."""
        same = surely_unchanged(replace(archive, size=member.size), member)
        return same and (self._same_recipe(archive, member) or self._given_up(member))

    def _listed(
        self, file: SourceFile, members: Iterable[str], changes: Changes
    ) -> Iterator[SourceFile]:
        """Yield the files in an archive; the file itself if it is none, or cannot be opened."""
        with Readers(self._limits, self._window, 1) as readers:
            job = Job(path=str(file.path), name=file.name, listed=True)
            ((_, answer),) = readers.read([job])
        if answer.members is not None:
            told = (
                file_in_archive(file, m["inside"], m["size"], m["refusal"]) for m in answer.members
            )
            # "a.zip/b.txt" may be a file in the folder "a.zip", and one in the archive "a.zip".
            yield from {one.name: one for one in told}.values()
            return
        yield from _refused(replace(file, refusal=answer.failure), members, changes)

    def read(
        self, changes: Changes, known: dict[str, Known], report: ReindexReport
    ) -> Generator[Prepared, None, None]:
        """Yield what each new or changed file holds, one at a time, while others are being read.

        Failures go into the report, not up. Files that turn out to be unchanged go into
        `changes.touched`.
        """
        if not changes.unsure:
            return
        self._progress.begin("Reading documents", len(changes.unsure))
        files = {file.name: file for file in changes.unsure}
        for file in changes.unsure:
            if file.refusal:
                refused = Answer(failure=file.refusal)
                yield from self._taken(file, known.get(file.name), refused, changes, report)
                self._progress.advance()
        with Readers(self._limits, self._window) as readers:
            wanted = (file for file in changes.unsure if not file.refusal)
            jobs = (self._job(file, known.get(file.name)) for file in wanted)
            for job, answer in readers.read(jobs):
                file, before = files[job.name], known.get(job.name)
                yield from self._taken(file, before, answer, changes, report)
                self._progress.advance()
        self._progress.end()

    def _job(self, file: SourceFile, before: Known | None) -> Job:
        table = self._tables.get(file.name)
        same = before is not None and self._same_recipe(file, before)
        return Job(
            path=str(file.path),
            name=file.name,
            inside=file.inside,
            known_sha256=before.sha256 if before is not None and same else "",
            table=table.model_dump_json(exclude_defaults=True) if table is not None else "",
            size=file.size,
        )

    def _given_up(self, before: Known) -> bool:
        """Whether reading it took too much, and nothing has changed that it could take less."""
        return before.recipe == self._limits_recipe and not self._read_all

    def _same_recipe(self, file: SourceFile, before: Known) -> bool:
        return before.recipe == self._recipe(file) and not self._read_all

    def _taken(
        self,
        file: SourceFile,
        before: Known | None,
        answer: Answer,
        changes: Changes,
        report: ReindexReport,
    ) -> Iterator[Prepared]:
        """Note what came of a file; yield its document if it has a new one."""
        if answer.failure:
            # It may quote the file's name, which may be no text at all.
            reason = printable(answer.failure)
            report.failed[file.name] = reason
            recipe = self._limits_recipe if answer.over_limit else ""
            yield from self._failed(file, before, {"reason": reason, "recipe": recipe}, changes)
        elif answer.document is None:
            report.unchanged += 1
            row = {**_read_columns(file, answer), "stale": False, "reason": ""}
            changes.touched.append(row)
        else:
            prepared = self._prepared(file, answer, answer.document)
            if prepared.row["warnings"]:
                report.warnings[file.name] = prepared.row["warnings"]
            if before is None or before.status != "indexed":
                report.added.append(file.name)
            else:
                same = answer.sha256 == before.sha256
                (report.reread if same else report.changed).append(file.name)
            yield prepared

    def _failed(
        self, file: SourceFile, before: Known | None, failure: dict[str, Any], changes: Changes
    ) -> Iterator[Prepared]:
        """Keep the last good version, marked stale; without one, remember the failure."""
        if before is not None and before.status == "indexed":
            row = {"name": file.name, "stale": True, "reason": failure["reason"]}
            changes.touched.append(row)
        elif before is not None:
            changes.touched.append({**_stat_columns(file), **failure})
        else:
            row = {**_stat_columns(file), **failure, "kind": "document", "title": file.name}
            row |= {"media_type": "", "status": "failed"}
            yield Prepared(_document_row(row), [])

    def _recipe(self, file: SourceFile) -> str:
        return self._recipes.get(file.name, self._usual_recipe)

    def _made_recipe(self, table: TableCard | None) -> str:
        """Digest what, besides the file, decides its chunks; another recipe means read it again."""
        card = f"{table.model_dump_json()}\n{self._card.domain.vintage}" if table else ""
        window = "" if self._window == TokenWindow() else repr(self._window)
        made_by = f"{CHUNKER_VERSION} {signs_version()}"
        return _digest(f"{made_by}\n{card}{window}")

    def _prepared(self, file: SourceFile, answer: Answer, document: dict[str, Any]) -> Prepared:
        row = {**_read_columns(file, answer), "recipe": self._recipe(file), "status": "indexed"}
        row |= document
        table = self._tables.get(file.name)
        if table is None:
            return Prepared(_document_row({**row, "kind": "document"}), answer.chunks)
        row |= {"kind": "table", "title": _table_title(table), "media_type": "text/csv"}
        row |= {"vintage": self._card.domain.vintage}
        records = [Record(**{**r, "aliases": tuple(r["aliases"])}) for r in answer.records]
        return Prepared(_document_row(row), answer.chunks, records, table)


def _refused(file: SourceFile, members: Iterable[str], changes: Changes) -> Iterator[SourceFile]:
    """Yield what is not opened; what was read of it the last time stays, marked stale."""
    if file.refusal:
        reason = printable(file.refusal)
        changes.touched += [{"name": n, "stale": True, "reason": reason} for n in members]
    yield file


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _names_in_archives(files: set[str], known: Iterable[str]) -> dict[str, list[str]]:
    """Return the known documents that are no files but may lie in one, by the file's name."""
    inside: dict[str, list[str]] = {}
    for name in known:
        if name not in files and "/" in name:
            parents = (str(parent) for parent in PurePosixPath(name).parents)
            archive = next((parent for parent in parents if parent in files), None)
            if archive is not None:
                inside.setdefault(archive, []).append(name)
    return inside


def known_documents(engine: sa.Engine) -> dict[str, Known]:
    """Return what the index remembers of each document, of those that it could not read too."""
    columns = [db.documents.c[name] for name in Known.__dataclass_fields__]
    with engine.begin() as connection:
        rows = connection.execute(sa.select(db.documents.c.name, *columns))
        return {row.name: Known(*row[1:]) for row in rows}


def _read_columns(file: SourceFile, answer: Answer) -> dict[str, Any]:
    """Return the columns that tell a changed file, as it was when it was read."""
    return {
        "name": file.name,
        "sha256": answer.sha256,
        "size": answer.size,
        "mtime_ns": answer.mtime_ns,
        "indexed_at_ns": answer.read_at_ns,
    }


def _stat_columns(file: SourceFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "sha256": "",
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
