"""A sheet of cells (CSV, XLSX) as headings and table rows: which row is a header, which a title.

People lay sheets out as pages: a title above, a table, an empty row, a subtitle, the table going
on under the header that it had. What is told here by empty rows and lone cells, a spreadsheet tells
better, by cells merged into one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.loaders.builder import DocumentBuilder, one_line
from ingest.loaders.table_rows import (
    has_figures_below,
    looks_like_header,
    merge_headers,
    row_texts,
)

_MAX_TITLE_CHARS = 200


@dataclass(frozen=True)
class SheetRow:
    """A row's cells, a merged cell's text in each that it covers.

    `is_title`: all that it holds is one cell over several columns. `header_rows`: how many rows
    its merged cells make one header of, if it is one.
    """

    cells: Sequence[str]
    is_title: bool = False
    header_rows: int = 1

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(1 for cell in self.cells if cell.strip())


def add_sheet(
    builder: DocumentBuilder, rows: Sequence[SheetRow], level: int = 1
) -> tuple[int, int]:
    """Add the rows of a sheet; its titles are headings from `level` downwards.

    Returns how many rows are no headers, and how many of these have more or fewer cells than
    their header.
    """
    writer = _SheetWriter(builder, level, max((row.filled for row in rows), default=0))
    for block in _blocks(rows):
        writer.add(block)
    writer.end()
    return writer.rows, writer.odd


def _blocks(rows: Sequence[SheetRow]) -> Iterator[list[SheetRow]]:
    """Yield stretches of rows without an empty row in them; a title begins a new one."""
    block: list[SheetRow] = []
    for row in rows:
        begins = row.is_title and block and not block[-1].is_title
        if (begins or not row.filled) and block:
            yield block
            block = []
        if row.filled:
            block.append(row)
    if block:
        yield block


class _SheetWriter:
    def __init__(self, builder: DocumentBuilder, level: int, width: int) -> None:
        self._builder = builder
        self._level = level
        self._width = width
        self._header: list[str] = []
        # Lone cells of which it is not yet known whether they are titles or all that there is.
        self._lone: list[str] = []
        self._alone: list[SheetRow] = []
        self.rows = 0
        self.odd = 0

    def add(self, block: list[SheetRow]) -> None:
        """Add a block: its titles, its header if it has one of its own, its rows."""
        first = 0
        while first < len(block) and self._is_lone(block[first]):
            self._lone.append(_only_text(block[first]))
            first += 1
        if first == len(block):
            if first > 1:
                self._write_lone()
            return
        for depth, title in enumerate(self._lone):
            self._title(title, self._level + depth)
        if self._lone and not self.rows and not self._alone:
            # The title of the whole sheet: those of its parts stand below it.
            self._level += 1
        self._lone = []
        self._table(block[first:])

    def end(self) -> None:
        """Write lone cells below which nothing stands as the paragraphs that they are."""
        for row in self._alone:
            self._row(row)
        self._alone = []
        self._write_lone()

    def _write_lone(self) -> None:
        for text in self._lone:
            self._builder.paragraph(text)
        self._lone = []

    def _is_lone(self, row: SheetRow) -> bool:
        return row.is_title or (row.filled == 1 and self._width > 1)

    def _title(self, text: str, level: int) -> None:
        if len(text) > _MAX_TITLE_CHARS:
            self._builder.paragraph(text)
        else:
            self._builder.heading(text, level)

    def _table(self, block: list[SheetRow]) -> None:
        if self._heads_what_follows(block):
            self._alone = block
            return
        block, self._alone = [*self._alone, *block], []
        cells = [row.cells for row in block]
        count = min(block[0].header_rows, len(block) - 1)
        header = merge_headers(cells[:count])
        candidate = [header, *cells[count:]]
        if looks_like_header(candidate) and (not self._header or has_figures_below(candidate)):
            self._header = header
            block = block[count:]
        elif len(cells[0]) > len(self._header):
            self._header = []
        for row in block:
            self._row(row)

    def _heads_what_follows(self, block: list[SheetRow]) -> bool:
        """Whether a row by itself may be the header of tables that empty rows part from it."""
        if self._header or self._alone or len(block) > 1:
            return False
        return looks_like_header([block[0].cells, []])

    def _row(self, row: SheetRow) -> None:
        self.rows += 1
        self.odd += bool(self._header) and len(row.cells) != len(self._header)
        if row.is_title:
            self._builder.paragraph(_only_text(row))
            return
        for text in row_texts(self._header, row.cells):
            self._builder.table_row(text)


def _only_text(row: SheetRow) -> str:
    return next(one_line(cell) for cell in row.cells if cell.strip())
