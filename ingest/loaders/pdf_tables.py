"""Tables of a PDF's page: which lines stand beside each other, and what names their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from ingest.loaders.pdf_lines import Line
from ingest.loaders.table_rows import looks_like_header, row_texts

_MAX_CELL_LINES = 15
_CELL_LEADING = 1.35
_HIGHEST_CELL = _MAX_CELL_LINES * _CELL_LEADING
# In lines: how high a header may be. In points: how far the middle of a name that spans columns
# may stand from theirs.
_HIGHEST_HEADER = 8
_MAX_HEADER_CHARS = 60
_OFF_CENTRE = 8.0

Cell = list[Line]
Row = tuple[int, int, list[Cell]]
Span = tuple[float, float]
Joined = Callable[[Sequence[Line]], str]


@dataclass(frozen=True)
class Table:
    """Rows of cells, and the lines above them that name columns.

    `start` and `end` are the places of both among the lines of the page.
    """

    start: int
    end: int
    rows: list[list[Cell]]
    header: list[Line] = field(default_factory=list)


def find_tables(lines: Sequence[Line]) -> Iterator[Table]:
    """Yield the tables of a page, whose lines stand in the order in which it draws them.

    Programs draw a table cell by cell: down the lines of a cell, then up and to the right to
    the next one. Two such rows below each other, of two cells or more, are a table; a page in
    two columns looks like one row only.
    """
    rows = list(_rows(lines))
    i = before = 0
    while i < len(rows):
        j = i + 1
        while j < len(rows) and _next_row(rows[j - 1], rows[j]):
            j += 1
        if j - i >= 2:
            start, before_this, before = rows[i][0], before, rows[j - 1][1]
            cells = [cells for _, _, cells in rows[i:j]]
            header = _header_above(lines[before_this:start], cells)
            yield Table(start - len(header), before, cells, header)
        i = j


def _next_row(row: Row, following: Row) -> bool:
    """Whether a row belongs to the same table as the one before it."""
    if row[1] != following[0]:
        return False
    starts = [cell[0].x for cell in row[2]], [cell[0].x for cell in following[2]]
    few, many = sorted(starts, key=len)
    if len(few) == len(many):
        return True
    size = row[2][0][0].size
    return all(min(abs(x - other) for other in many) < 2 * size for x in few)


def _rows(lines: Sequence[Line]) -> Iterator[Row]:
    """Yield each stretch of lines that reads as a row of two cells or more."""
    i = 0
    while i + 1 < len(lines):
        if not _beside(lines[i], lines[i + 1]):
            i += 1
            continue
        start = _cell_start(lines, i, lines[i + 1])
        cells, end = _cells(lines, start, i)
        if all(len(cell) <= _MAX_CELL_LINES for cell in cells):
            yield start, end, cells
        i = end


def _beside(line: Line, following: Line) -> bool:
    """The next line stands to the right of this one, not below it, nor a whole cell above it."""
    size = max(line.size, 1.0)
    rise = following.y - line.y
    return following.x > line.x + 1.5 * size and -0.4 * size < rise < _HIGHEST_CELL * size


def _cell_start(lines: Sequence[Line], last: int, beside: Line) -> int:
    """Walk up from the last line of a row's first cell to its first.

    Lines above the second cell belong to it too where cells are aligned at the bottom; then
    only their spacing tells them from a paragraph that stands above the table.
    """
    size = max(beside.size, 1.0)
    start = last
    while start > 0 and last - start < _MAX_CELL_LINES:
        above, line = lines[start - 1], lines[start]
        aligned = abs(above.x - lines[last].x) < 0.5 * size and above.y > line.y
        close = above.y <= beside.y + 0.5 * size or above.y - line.y <= _CELL_LEADING * size
        if not (aligned and close):
            break
        start -= 1
    return start


def _cells(lines: Sequence[Line], start: int, last: int) -> tuple[list[Cell], int]:
    """Collect the cells of the row whose first cell is lines[start] to lines[last]."""
    cells: list[Cell] = [list(lines[start : last + 1])]
    i = last + 1
    while i < len(lines):
        line, before = lines[i], lines[i - 1]
        size = max(line.size, 1.0)
        if _beside(before, line):
            cells.append([line])
        elif abs(line.x - cells[-1][0].x) < 0.5 * size and 0 < before.y - line.y < 1.6 * size:
            cells[-1].append(line)
        else:
            break
        i += 1
    return cells, i


# --- what names the columns -----------------------------------------------------------------------


def _header_above(lines: Sequence[Line], rows: Sequence[Sequence[Cell]]) -> list[Line]:
    """Return the last of these lines that stand over the columns of the table below them.

    A header of several rows, or of cells of several lines, does not look like a row. At least two
    lines must stand beside each other right of the first column, and none may reach from it into
    the second: a paragraph does. What stands over the first column alone belongs to the header
    only beside the others.
    """
    label, second, *_ = _spans(rows)
    first = rows[0][0][0]
    ceiling = first.y + _HIGHEST_HEADER * _CELL_LEADING * first.size
    top, middles, taken = first.y, set[int](), 0
    for count, line in enumerate(reversed(lines), 1):
        low = line.y <= first.y + 0.5 * first.size
        wide = len(line.text) > _MAX_HEADER_CHARS or (line.x < label[1] and line.right > second[0])
        if low or wide or line.y > ceiling:
            break
        if line.x >= label[1]:
            top, taken = max(top, line.y), count
            middles.add(round(line.centre))
        elif line.y <= top + 0.5 * line.size:
            taken = count
        else:
            break
    return list(lines[len(lines) - taken :]) if len(middles) >= 2 else []


def _spans(rows: Sequence[Sequence[Cell]]) -> list[Span]:
    """Return from where to where each column reaches, going by the rows that have all of them."""
    count = max(map(len, rows))
    full = [row for row in rows if len(row) == count]
    return [
        (min(line.x for row in full for line in row[c]), max(_right(row[c]) for row in full))
        for c in range(count)
    ]


def _right(cell: Cell) -> float:
    return max(line.right for line in cell)


def _overlap(line: Line, span: Span) -> bool:
    return line.x < span[1] and line.right > span[0]


def named_columns(header: Sequence[Line], columns: Sequence[Span]) -> list[list[Line]]:
    """Return the lines of a header that name each column, from above."""
    names: list[list[Line]] = [[] for _ in columns]
    for row in _levels(header):
        for line, over in zip(row, _spanned(row, columns), strict=True):
            for column in over:
                names[column].append(line)
    return names


def _levels(header: Sequence[Line]) -> list[list[Line]]:
    """Return the lines by their height, from above, those of a height from left to right."""
    levels: list[list[Line]] = []
    for line in sorted(header, key=lambda line: (-line.y, line.x)):
        if levels and levels[-1][0].y - line.y < 0.5 * line.size:
            levels[-1].append(line)
        else:
            levels.append([line])
    return [sorted(level, key=lambda line: line.x) for level in levels]


def _spanned(row: Sequence[Line], columns: Sequence[Span]) -> list[list[int]]:
    """Return the columns that each line of a header's row names.

    Lines that stand over the middles of equal groups of columns name all of their group; any other
    names those that it stands over, for which of its neighbours it should name besides is not to
    be seen.
    """
    labelled = [line for line in row if not _overlap(line, columns[0])]
    over = [[c for c, span in enumerate(columns) if _overlap(line, span)] for line in row]
    size, rest = divmod(len(columns) - 1, len(labelled) or 1)
    # One name in the middle of an odd number of columns may be that of the middle one.
    if not labelled or rest or size < 2 or (len(labelled) == 1 and size % 2):
        return over
    groups = [list(range(1 + i * size, 1 + (i + 1) * size)) for i in range(len(labelled))]
    middles = [(columns[group[0]][0] + columns[group[-1]][1]) / 2 for group in groups]
    if any(abs(m - line.centre) > _OFF_CENTRE for m, line in zip(middles, labelled, strict=True)):
        return over
    return [*over[: len(row) - len(labelled)], *groups]


def row_texts_of(
    rows: Sequence[list[Cell]], header: Sequence[Line], joined: Joined
) -> Iterator[list[str]]:
    """Yield the texts of each row of a table, with the names of its columns; none of its header.

    `header` are the lines above it, `joined` makes one text of several lines.
    """
    columns = [cell[0].x for cell in max(rows, key=len)]
    texts = [_in_columns(row, columns, joined) for row in rows]
    bold = [all(line.bold for cell in row for line in cell) for row in rows]
    # Two rows without bold may be anything that stands in two columns.
    is_named = (bold[0] and not all(bold)) or (len(rows) > 2 and looks_like_header(texts))
    first = texts[0] if is_named and len(rows) > 1 else []
    names = [joined(lines) for lines in named_columns(header, _spans(rows))] if header else []
    merged = [" ".join(filter(None, pair)) for pair in zip_longest(names, first, fillvalue="")]
    for cells in texts:
        # The header comes again where the table goes on over the page.
        yield [] if cells == first else list(row_texts(merged, cells))


def _in_columns(
    row: list[Cell], columns: list[float], joined: Callable[[Sequence[Line]], str]
) -> list[str]:
    texts = [joined(cell) for cell in row]
    if len(texts) == len(columns):
        return texts
    placed = [""] * len(columns)
    for cell, text in zip(row, texts, strict=True):
        nearest = min(range(len(columns)), key=lambda c: abs(columns[c] - cell[0].x))
        placed[nearest] = f"{placed[nearest]} {text}".strip()
    return placed
