"""A cited passage in its document as that is indexed today: where it was, moved, or gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from bot.answer import Citation
from ingest import database as db
from ingest.index import Snapshot

AROUND = 600
Found = Literal["there", "moved", "changed", "gone"]


@dataclass(frozen=True)
class PassageToday:
    """What stands in the document now, and the text around it; of a row, the row.

    `found`: "there" and "moved" have the passage word by word; "changed" is a row whose place has
    other words now, which `text` holds; "gone" is what is no longer there.
    """

    citation: Citation
    found: Found
    before: str = ""
    text: str = ""
    after: str = ""


def passage_today(snapshot: Snapshot, citation: Citation) -> PassageToday:
    """Look a citation up in today's index."""
    if citation.row is not None:
        return _row_today(snapshot, citation)
    text = snapshot.document_text(citation.document)
    quote = citation.quote
    unmoved = bool(quote) and text[citation.start : citation.start + len(quote)] == quote
    start = citation.start if unmoved else text.find(quote)
    if not quote or start < 0:
        return PassageToday(citation, "gone")
    end = start + len(quote)
    around = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return PassageToday(citation, "there" if unmoved else "moved", around[0], quote, around[1])


def _row_today(snapshot: Snapshot, citation: Citation) -> PassageToday:
    rows = sa.select(db.chunks.c.row, db.chunks.c.text).where(
        db.chunks.c.document == citation.document,
        sa.or_(db.chunks.c.row == citation.row, db.chunks.c.text == citation.quote),
    )
    known = {row.text: row.row for row in snapshot.connection.execute(rows)}
    if citation.quote in known:
        unmoved = known[citation.quote] == citation.row
        return PassageToday(citation, "there" if unmoved else "moved", text=citation.quote)
    if known:
        return PassageToday(citation, "changed", text=next(iter(known)))
    return PassageToday(citation, "gone")
