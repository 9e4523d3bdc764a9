"""What an operator wants to know of an index, as one value for the command line and the app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import sqlalchemy as sa

from ingest import database as db
from ingest.index import DocumentInfo, Index, Snapshot
from ingest.paths import DomainPaths
from ingest.scan import find_files
from ingest.suspicions import SUSPICIOUS


@dataclass(frozen=True)
class TypeCount:
    """How much of one media type is indexed; `bytes` is the size of the files."""

    documents: int
    chunks: int
    bytes: int


@dataclass(frozen=True)
class IndexStatus:
    """The state of one domain's index; documents go by their names in the pack.

    `failed` could never be read, `stale` not the last time, when the last good version was kept:
    each with the reason and what to do. `suspicious` have passages that give orders to a model,
    `warnings` what else was noticed. `changed` are new, other or gone since the index was made.
    `sizes` are bytes on this machine's disk.
    """

    domain: str
    name: str
    generation: int
    updated_at: str
    embedding: str
    embedding_digest: str
    documents: int
    chunks: int
    types: dict[str, TypeCount]
    sizes: dict[str, int]
    failed: dict[str, str]
    stale: dict[str, str]
    suspicious: dict[str, list[str]]
    warnings: dict[str, list[str]]
    changed: list[str]
    indexed: list[str]

    @property
    def healthy(self) -> bool:
        """Whether every document is indexed as it is."""
        return not self.failed and not self.stale

    def to_json(self) -> dict[str, Any]:
        """Return the object that `groundskeeper status --json` prints."""
        return asdict(self)


def index_status(index: Index, folder: Path) -> IndexStatus:
    """Return the state of the index of the pack in `folder`; raises IndexUnavailable."""
    with index.snapshot() as snapshot:
        documents = snapshot.documents()
        when = datetime.fromtimestamp(snapshot.updated_at_ns / 1e9, tz=UTC)
        return IndexStatus(
            domain=index.card.domain.id,
            name=index.card.domain.name,
            generation=snapshot.generation,
            updated_at=when.isoformat(timespec="seconds"),
            embedding=index.embeddings.name,
            embedding_digest=snapshot.embedding_digest,
            **snapshot.counts(),
            types=_types(snapshot),
            sizes=_sizes(index.paths, snapshot.collection),
            failed={d.name: d.reason for d in documents if d.status == "failed"},
            stale={d.name: d.reason for d in documents if d.stale},
            suspicious=_said(documents, suspicious=True),
            warnings=_said(documents, suspicious=False),
            changed=_changed(snapshot, folder),
            indexed=[d.name for d in documents if d.status == "indexed"],
        )


def _types(snapshot: Snapshot) -> dict[str, TypeCount]:
    d, c = db.documents.c, db.chunks.c
    of_document = sa.select(c.document, sa.func.count().label("chunks")).group_by(c.document)
    counted = of_document.subquery()
    chunks = sa.func.coalesce(sa.func.sum(counted.c.chunks), 0)
    rows = snapshot.connection.execute(
        sa.select(d.media_type, sa.func.count(), chunks, sa.func.sum(d.size))
        .join(counted, counted.c.document == d.name, isouter=True)
        .where(d.status == "indexed")
        .group_by(d.media_type)
        .order_by(d.media_type)
    )
    return {media_type: TypeCount(*counts) for media_type, *counts in rows}


def _sizes(paths: DomainPaths, collection: str) -> dict[str, int]:
    return {
        "database": sum(_file_sizes(paths.folder.glob(f"{paths.database.name}*"))),
        "full_text": sum(_file_sizes(paths.lexical.rglob("*"))),
        "vectors": sum(_file_sizes([paths.vectors(collection)])),
        "chroma": sum(_file_sizes(paths.chroma.rglob("*"))),
    }


def _file_sizes(files: Iterable[Path]) -> Iterator[int]:
    """Yield the bytes that files take on the disk, which are fewer than their lengths say."""
    for path in files:
        with suppress(OSError):  # another process may just have deleted it
            yield path.stat().st_blocks * 512


def _said(documents: Iterable[DocumentInfo], *, suspicious: bool) -> dict[str, list[str]]:
    """Return the warnings of passages that give orders to a model, or all others."""
    found = {
        document.name: [s for s in document.warnings if s.startswith(SUSPICIOUS) == suspicious]
        for document in documents
    }
    return {name: said for name, said in found.items() if said}


def _changed(snapshot: Snapshot, folder: Path) -> list[str]:
    """Return the files that are not those of the index, going by size and time, and the lost."""
    there = {file.name: file for file in find_files(folder)}
    d = db.documents.c
    changed, met = set(), set()
    for name, size, mtime_ns in snapshot.connection.execute(sa.select(d.name, d.size, d.mtime_ns)):
        # A document that is no file may lie in one, an archive, whose time it has.
        ways = [name, *map(str, PurePosixPath(name).parents)]
        file = next((there[way] for way in ways if way in there), None)
        if file is None:
            changed.add(name)
            continue
        met.add(file.name)
        if mtime_ns != file.mtime_ns or (file.name == name and size != file.size):
            changed.add(file.name)
    return sorted(changed | (there.keys() - met))
