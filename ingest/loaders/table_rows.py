"""Table rows as sentences of the form "Column: value; Column: value"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.loaders.builder import one_line

_LETTER = re.compile(r"[^\W\d_]")
_FIGURE = re.compile(r"^[\W_]*\d[\d\s.,:/%$€£()–-]*$")


def looks_like_header(rows: Sequence[Sequence[str]]) -> bool:
    """Guess whether the first row names the columns.

    It does if more rows follow, each cell has letters and is no figure, none is repeated, and at
    most one (the corner) is empty.
    """
    if len(rows) < 2:
        return False
    first = [one_line(cell) for cell in rows[0]]
    named = [cell for cell in first if cell]
    if len(named) < 2 or len(first) - len(named) > 1 or len(set(named)) < len(named):
        return False
    return all(_LETTER.search(cell) and not _FIGURE.match(cell) for cell in named)


def merge_headers(rows: Sequence[Sequence[str]]) -> list[str]:
    """Make one header of several header rows: what stands above stands in front."""
    width = max((len(row) for row in rows), default=0)
    merged = []
    for column in range(width):
        parts = [one_line(row[column]) for row in rows if column < len(row)]
        merged.append(" ".join(dict.fromkeys(part for part in parts if part)))
    return merged


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return one row as text; empty cells are left out, cells without a name stand bare."""
    parts = []
    for column, cell in enumerate(cells):
        value = one_line(cell)
        name = one_line(header[column]).rstrip(":") if column < len(header) else ""
        if value:
            parts.append(f"{name}: {value}" if name else value)
    return "; ".join(parts)


def rows_as_text(rows: Sequence[Sequence[str]], header_rows: int | None = None) -> Iterator[str]:
    """Yield each row that is not a header as text.

    `header_rows` is how many rows at the top name the columns, or None to guess. A table of
    headers only yields them, so that nothing is lost.
    """
    if header_rows is None:
        header_rows = 1 if looks_like_header(rows) else 0
    if header_rows >= len(rows):
        header_rows = 0
    header = merge_headers(rows[:header_rows])
    yield from _texts(header, rows[header_rows:])


def _texts(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        text = row_text(header, row)
        if text:
            yield text
