"""Passages that give orders to a model: found when a document is read, and said in its warnings.

What such a passage says is data like all other text. It stays in the index, can be searched and
looked up, and is neither shown to a model nor quoted as an answer (`bot.writer`, `bot.extract`).
No model sees a table's rows; what stands in a cell is told as what the cell says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ingest.documents import Chunk
from ingest.injection_signs import find_signs, orders_in

SUSPICIOUS = "Suspicious: "
SHOWN_CHARS = 80
Span = tuple[int, int]


def order_spans(title: str, headings: Sequence[str], text: str) -> tuple[Span, ...]:
    """Return where a passage gives orders to a model: (start, end) in characters, by paragraphs.

    If its title or headings do, that is all of it, for they are shown wherever it is. Not
    covered: what `ingest.injection_signs` does not cover, and text that is drawn so that nobody
    sees it (white on white, tiny), whose orders count like all others but are not called hidden.
    """
    return _order_spans("\n".join((title, *headings)), text)


@lru_cache(maxsize=4_096)
def _order_spans(header: str, text: str) -> tuple[Span, ...]:
    return ((0, len(text)),) if _gives_orders(header) else tuple(orders_in(text))


@lru_cache(maxsize=1_024)
def _gives_orders(header: str) -> bool:
    """Whether a header does, which many passages share."""
    return find_signs(header, "document").attack


def suspicions(chunks: Sequence[Chunk]) -> list[str]:
    """Return one sentence for each passage or row that gives orders to a model."""
    found = []
    for chunk in chunks:
        spans = order_spans(chunk.header, (), chunk.text)
        if spans:
            start, end = spans[0]
            said = " ".join(chunk.text[start:end].split())[:SHOWN_CHARS]
            found.append(f"{SUSPICIOUS}{_place(chunk)} gives orders to a model (“{said}…”).")
    return found


def _place(chunk: Chunk) -> str:
    if chunk.row is not None:
        return f"row {chunk.row}"
    heading = next(iter(reversed(chunk.heading_path)), "")
    section = f"the section “{heading[:SHOWN_CHARS]}”" if heading else "a passage"
    return section if chunk.page is None else f"{section} on page {chunk.page}"
