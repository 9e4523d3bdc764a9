"""Table rows as sentences of the form "Column: value; Column: value"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.loaders.builder import one_line

_LETTER = re.compile(r"[^\W\d_]")
_FIGURE = re.compile(r"^[\W_]*\d[\d\s.,:/%$€£()–-]*$")
_NUMBERED = re.compile(r"\(?\d{1,3}[.):]\s")
# A row longer than this would be cut into passages, of which only the first would say whose
# figures they are. About 150 tokens, of the 180 that a passage aims at.
_MAX_CHARS = 600
_MAX_KEY_CHARS = 120


def looks_like_header(rows: Sequence[Sequence[str]]) -> bool:
    """Guess whether the first row names the columns.

    It does if more rows follow, each cell has letters and is no figure, none is repeated, at most
    one (the corner) is empty, and it is not the first of rows that are numbered.
    """
    if len(rows) < 2:
        return False
    first = [one_line(cell) for cell in rows[0]]
    named = [cell for cell in first if cell]
    if len(named) < 2 or len(first) - len(named) > 1 or len(set(named)) < len(named):
        return False
    if all(_NUMBERED.match(one_line(row[0])) for row in rows if row):
        return False
    return all(_LETTER.search(cell) and not _FIGURE.match(cell) for cell in named)


def has_figures_below(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the cells of some column are mostly figures, below a first one that is none."""
    for column, first in enumerate(rows[0]):
        below = [cell for row in rows[1:] if (cell := "".join(row[column : column + 1]).strip())]
        figures = sum(1 for cell in below if _FIGURE.match(cell))
        if first.strip() and not _FIGURE.match(first.strip()) and 2 * figures > len(below):
            return True
    return False


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
    return "; ".join(_named_cells(header, cells))


def row_texts(header: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    """Yield one row as text; a wide one in parts, each of which begins with whose row it is."""
    parts = _named_cells(header, cells)
    key = next((part for part in parts if not _FIGURE.match(part.rpartition(": ")[2])), "")
    lead = [key] if 0 < len(key) <= _MAX_KEY_CHARS else []
    line: list[str] = []
    for part in parts:
        if line and len("; ".join([*line, part])) > _MAX_CHARS:
            yield "; ".join(line)
            line = list(lead)
        line.append(part)
    if line:
        yield "; ".join(line)


def _named_cells(header: Sequence[str], cells: Sequence[str]) -> list[str]:
    parts = []
    for column, cell in enumerate(cells):
        value = one_line(cell)
        name = one_line(header[column]).rstrip(":") if column < len(header) else ""
        if value:
            parts.append(f"{name}: {value}" if name else value)
    return parts


def rows_as_text(rows: Sequence[Sequence[str]], header_rows: int | None = None) -> Iterator[str]:
    """Yield each row that is not a header as text, as `row_texts` does.

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
        yield from row_texts(header, row)
