"""Filters: which part of the corpus a search looks into, chosen in SQL.

Neither Chroma nor the full-text index decides what may be found: a filter selects chunks in the
one database, and what it selects is scored exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import sqlalchemy as sa

from ingest import database as db
from ingest.documents import ChunkKind

DocumentType = Literal["pdf", "html", "docx", "markdown", "text", "table"]
DOCUMENT_TYPES: tuple[DocumentType, ...] = get_args(DocumentType)

_MEDIA: dict[DocumentType, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "html": ("text/html",),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    "markdown": ("text/markdown",),
    "text": ("text/plain",),
    "table": ("text/csv", "text/tab-separated-values"),
}


def type_of(media_type: str) -> DocumentType | None:
    """Return the type of document that a media type belongs to."""
    return next((name for name, media in _MEDIA.items() if media_type in media), None)


@dataclass(frozen=True)
class Filter:
    """What is searched; an empty part leaves everything in, several parts must all hold.

    `kind` is one kind of chunk. `documents` are names (paths inside the pack), `folder` a path
    above them, `types` kinds of file. `since` and `until`, both included, bound the date that a
    document gives itself, or else its file's; a document that says "2023" is of all days of 2023.
    """

    kind: ChunkKind | None = None
    documents: tuple[str, ...] = ()
    folder: str = ""
    types: tuple[DocumentType, ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def by_document(self) -> bool:
        """Whether it leaves out documents, not only a kind of chunk."""
        return self != Filter(kind=self.kind)

    def chunk_condition(self) -> sa.ColumnElement[bool]:
        """Return the condition on `chunks` that holds for what may be found."""
        c = db.chunks.c
        kind = sa.true() if self.kind is None else c.kind == self.kind
        if not self.by_document:
            return kind
        names = sa.select(db.documents.c.name).where(self.document_condition())
        return kind & c.document.in_(names)

    def document_condition(self) -> sa.ColumnElement[bool]:
        """Return the condition on `documents` that holds for those that may be found."""
        d = db.documents.c
        conditions: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.documents:
            conditions.append(d.name.in_(self.documents))
        if self.folder.strip("/"):
            conditions.append(d.name.startswith(f"{self.folder.strip('/')}/", autoescape=True))
        if self.types:
            conditions.append(d.media_type.in_([m for t in self.types for m in _MEDIA[t]]))
        if self.since is not None:
            # "2023" and "2023-05" stand for their last day here, and for their first below.
            conditions.append(d.dated.concat("~") >= self.since.isoformat())
        if self.until is not None:
            conditions.append(d.dated <= self.until.isoformat())
        return sa.and_(*conditions)


EVERYTHING = Filter()
PASSAGES = Filter(kind="passage")
