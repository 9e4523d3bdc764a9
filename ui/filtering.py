"""The options of commands that search a part of the corpus: by document, folder, type and date."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, cast

import typer

from bot.narrowing import choose_documents
from ingest.errors import UsageError
from ingest.filters import DOCUMENT_TYPES, DocumentType, Filter
from ingest.index import Snapshot

DocumentOption = Annotated[
    list[str] | None,
    typer.Option("--document", help="Search only this document: path or title; repeatable."),
]
FolderOption = Annotated[str, typer.Option("--folder", help="Search only below this folder.")]
TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", help=f"Search only {', '.join(DOCUMENT_TYPES)}; repeatable."),
]
SinceOption = Annotated[
    str, typer.Option("--since", help="Search what is dated YYYY[-MM[-DD]] or later.")
]
UntilOption = Annotated[
    str, typer.Option("--until", help="Search what is dated YYYY[-MM[-DD]] or earlier.")
]
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


@dataclass(frozen=True)
class Wanted:
    """What a person typed behind the options."""

    documents: Sequence[str] | None = None
    folder: str = ""
    types: Sequence[str] | None = None
    since: str = ""
    until: str = ""

    def within(self, snapshot: Snapshot) -> Filter:
        """Return the filter; raises UsageError for what is not so, or if it leaves no document."""
        chosen = Filter(
            documents=choose_documents(self.documents or (), snapshot.documents()),
            folder=self.folder,
            types=tuple(_type(one) for one in self.types or ()),
            since=_day(self.since, "--since") if self.since else None,
            until=_day(self.until, "--until", last=True) if self.until else None,
        )
        if chosen.by_document and not snapshot.documents(chosen):
            raise UsageError(
                "No document fits what is to be searched.",
                hint="`groundskeeper status` lists them.",
            )
        return chosen


def _type(text: str) -> DocumentType:
    if text.lower() not in DOCUMENT_TYPES:
        raise UsageError(
            f"“{text}” is no type of document.", hint=f"There are {', '.join(DOCUMENT_TYPES)}."
        )
    return cast("DocumentType", text.lower())


def _day(text: str, option: str, *, last: bool = False) -> date:
    """Return the first or last day of a year, a month or a day."""
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2] or (12 if last else 1))
        return date(year, month, int(match[3] or (monthrange(year, month)[1] if last else 1)))
    except ValueError:  # IllegalMonthError is one too
        raise UsageError(
            f"{option} “{text}” is no date.", hint="Write YYYY, YYYY-MM or YYYY-MM-DD."
        ) from None
