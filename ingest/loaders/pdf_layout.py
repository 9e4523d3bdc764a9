"""From lines with place and font size to headings, paragraphs, list items and table rows.

A PDF says where glyphs stand and nothing of what they mean. The rules here are modest on
purpose: what they do not recognise stays a paragraph, in the order in which the file draws it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import Literal

from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.table_rows import looks_like_header, row_texts


@dataclass(frozen=True)
class Line:
    """A line of text, or one cell's line: place of its start in points, y upwards from below."""

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool = False


class EncryptedFile(Exception):
    """A PDF that none of the given passwords opens."""


@dataclass
class _Piece:
    """A block in the making."""

    kind: Literal["heading", "paragraph", "list_item", "table_row"]
    lines: list[Line]
    level: int = 0
    text: str = ""
    cells: list[list[Line]] = field(default_factory=list)

    @property
    def page(self) -> int:
        return self.lines[0].page


_HEADING_RATIO = 1.12
_MAX_HEADING = 200
_MAX_BOLD_HEADING = 100
_PARAGRAPH_GAP = 1.35
_MAX_CELL_LINES = 15
_CELL_LEADING = 1.35
_HIGHEST_CELL = _MAX_CELL_LINES * _CELL_LEADING
_EDGE_LINES = 2
_BULLET = re.compile(r"(?:[•‣◦▪●○■□➢✓·\uf0b7\uf0a7\uf0d8]|[-–—*](?=\s|$))\s*")
_NUMBER = re.compile(r"(?:\(?\d{1,2}[.)]|\(?[a-z][.)]|\([ivx]{1,4}\))(?:\s+|$)")
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*[-–]?\s*(\d{1,4})\s*[-–]?(?:\s*(?:of|/|von)\s*\d{1,4})?$", re.I
)
_TERMINAL = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_HYPHEN = re.compile(r"(\w+)[-\u2010]$")
# Dots that lead to a page number: an entry of a table of contents.
_LEADER = re.compile(r"(?:\.\s?){5,}\s*\d*")
_CONTENTS = re.compile(r"(?:table of )?contents$", re.I)
# A letter that kerning has torn from its word; "a" and "I" are words.
_TORN = re.compile(r"(?<![\w'’])([b-zB-HJ-Z]) (?=([^\W\d_]+))")
_SMALL_PRINT = 0.95
_FOOTNOTE = re.compile(r"\d{1,3}\s+[^\W\d_]")
_WORD = re.compile(r"\w+(?:[-\u2010]\w+)*")


def add_lines(builder: DocumentBuilder, pages: Sequence[Sequence[Line]]) -> None:
    """Add the blocks of all pages; `pages` holds each page's lines in the order drawn."""
    pages = [_with_bullets_joined(lines) for lines in pages]
    body = [_without_contents(lines) for lines in _without_running_lines(pages)]
    # A file of nothing else (an index, a form of one line) is shown as it is.
    has_words = any(c.isalpha() for lines in body for line in lines for c in line.text)
    pages = body if has_words else pages
    layout = _Layout.of(pages)
    pieces: list[_Piece] = []
    for lines in pages:
        found = list(_page_pieces(lines, layout))
        _continue_over_page(pieces, found, layout)
        pieces.extend(found)
    for piece in _named_rows(pieces, layout):
        _add(builder, piece, layout)


def _add(builder: DocumentBuilder, piece: _Piece, layout: _Layout) -> None:
    text = piece.text or layout.joined(piece.lines)
    if piece.kind == "heading":
        builder.heading(text, piece.level, piece.page)
    elif piece.kind == "list_item":
        builder.list_item(text, piece.page)
    elif piece.kind == "table_row":
        builder.table_row(text, piece.page)
    else:
        builder.paragraph(text, piece.page)


# --- what repeats on every page -----------------------------------------------------------------


def _without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Drop running headers and footers: the same outermost line on half of the pages."""
    edges = [_edges(lines) for lines in pages]
    counts = Counter(key for found in edges for key in {k for line in found for k in _keys(line)})
    needed = max(2, round(0.5 * sum(1 for lines in pages if lines)))
    kept = []
    for lines, found in zip(pages, edges, strict=True):
        running = {
            line
            for line in found
            if _is_page_number(line) or any(counts[key] >= needed for key in _keys(line))
        }
        kept.append([line for line in lines if line not in running])
    return kept


def _edges(lines: Sequence[Line]) -> list[Line]:
    """The lines at the top and bottom, all that share a height counting as one.

    Rows of a table are none: its header comes again on each page and is needed.
    """
    in_table = {line for start, end, _ in _tables(lines) for line in lines[start:end]}
    heights = sorted({round(line.y) for line in lines})
    outer = {*heights[:_EDGE_LINES], *heights[-_EDGE_LINES:]}
    return [line for line in lines if round(line.y) in outer and line not in in_table]


def _keys(line: Line) -> set[tuple[str, int]]:
    """What a running line has in common over pages: its text, or all but the page's number."""
    # Without spaces, because kerning makes them come and go.
    text = re.sub(r"\s", "", line.text)
    texts = {text}
    numbers = list(re.finditer(r"\d{1,4}", text))
    for match in numbers[:1] + numbers[-1:]:
        relative = f"#{int(match[0]) - line.page}"
        texts.add(text[: match.start()] + relative + text[match.end() :])
    return {(text, round(line.y / 4)) for text in texts}


def _is_page_number(line: Line) -> bool:
    match = _PAGE_NUMBER.match(line.text)
    return match is not None and int(match[1]) == line.page


def _without_contents(lines: Sequence[Line]) -> list[Line]:
    """Drop a table of contents: it repeats the headings and would be found in their stead."""
    if sum(1 for line in lines if _LEADER.search(line.text)) < 3:
        return list(lines)
    kept = [line for line in lines if not _LEADER.search(line.text)]
    return [line for line in kept if not _CONTENTS.match(line.text)]


# --- the document's own measures ----------------------------------------------------------------


@dataclass
class _Layout:
    """What is usual in this document: body size, heading sizes, line spacing, its words."""

    body: float
    sizes: list[float]
    leading: float
    bold_is_rare: bool
    words: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, pages: Iterable[Iterable[Line]]) -> _Layout:
        lines = [line for page in pages for line in page]
        weight: Counter[float] = Counter()
        for line in lines:
            weight[line.size] += len(line.text)
        total = weight.total() or 1
        body = weight.most_common(1)[0][0] if weight else 10.0
        large = [size for size in weight if size >= _HEADING_RATIO * body and size > 0]
        gaps = [
            (before.y - line.y) / line.size
            for before, line in pairwise(lines)
            if line.size == before.size == body and 0 < before.y - line.y < 3 * max(body, 1)
        ]
        bold = sum(len(line.text) for line in lines if line.bold)
        words = Counter(w.lower() for line in lines for w in _WORD.findall(line.text))
        return cls(
            body,
            sorted(large, reverse=True),
            median(gaps) if gaps else 1.2,
            bold < 0.3 * total,
            words,
        )

    def heading_level(self, line: Line) -> int:
        """1 for the largest size in use, 0 for what is no heading by its size."""
        if line.size not in self.sizes or len(line.text) > _MAX_HEADING:
            return 0
        if not any(character.isalpha() for character in line.text):
            return 0
        return self.sizes.index(line.size) + 1

    def joined(self, lines: Sequence[Line]) -> str:
        """Join wrapped lines; a word parted at a line's end becomes whole again."""
        text = ""
        for line in lines:
            parted = _HYPHEN.search(text)
            if parted and line.text[:1].islower():
                text = self._rejoined(text, parted[1], line.text)
            else:
                text += line.text if parted or not text else f" {line.text}"
        return _TORN.sub(self._mended, text)

    def _mended(self, match: re.Match[str]) -> str:
        """Put "T hese" together where the document mostly writes "These"."""
        letter, rest = match[1], match[2]
        whole = self.words[f"{letter}{rest}".lower()]
        return letter if whole > 5 * self.words[rest.lower()] else match[0]

    def _rejoined(self, text: str, first: str, following: str) -> str:
        """Keep the hyphen only of a word that stands so elsewhere in the document."""
        match = _WORD.match(following)
        second = match[0].lower() if match else ""
        whole, hyphenated = f"{first}{second}".lower(), f"{first}-{second}".lower()
        if hyphenated in self.words and whole not in self.words:
            return text + following
        return text[:-1] + following


# --- one page -----------------------------------------------------------------------------------


def _with_bullets_joined(lines: Sequence[Line]) -> list[Line]:
    """Put a bullet or number that was drawn by itself in front of its text."""
    joined: list[Line] = []
    pending: Line | None = None
    for line in lines:
        alone = _BULLET.fullmatch(line.text) or _NUMBER.fullmatch(line.text)
        if pending is not None:
            beside = abs(pending.y - line.y) <= line.size and line.x >= pending.x
            if beside and not alone:
                line = Line(
                    f"{pending.text} {line.text}", line.page, pending.x, line.y, line.size, False
                )
            else:
                joined.append(pending)
            pending = None
        if alone:
            pending = line
        else:
            joined.append(line)
    return joined if pending is None else [*joined, pending]


def _page_pieces(lines: Sequence[Line], layout: _Layout) -> Iterator[_Piece]:
    position = 0
    for start, end, rows in _tables(lines):
        yield from _flow(lines[position:start], layout)
        for cells in rows:
            row = [line for cell in cells for line in cell]
            yield _Piece("table_row", row, cells=cells)
        position = end
    yield from _flow(lines[position:], layout)


def _flow(lines: Sequence[Line], layout: _Layout) -> Iterator[_Piece]:
    """Headings, list items and paragraphs of lines that belong to no table."""
    piece: _Piece | None = None
    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else None
        if piece is not None and _continues(piece, line, layout):
            piece.lines.append(line)
            continue
        if piece is not None:
            yield piece
        piece = _begin(line, lines[i - 1] if i else None, after, layout)
    if piece is not None:
        yield piece


def _begin(line: Line, before: Line | None, after: Line | None, layout: _Layout) -> _Piece:
    bullet = _BULLET.match(line.text) or _NUMBER.match(line.text)
    level = layout.heading_level(line)
    if level:
        return _Piece("heading", [line], level)
    if _is_bold_heading(line, before, after, layout):
        return _Piece("heading", [line], len(layout.sizes) + 1)
    if bullet and bullet.end() < len(line.text):
        mark = _BULLET.match(line.text)
        # A bullet goes; a number stays, for the text may refer to it.
        text = line.text[mark.end() :] if mark else line.text
        return _Piece("list_item", [replace(line, text=text)])
    return _Piece("paragraph", [line])


def _is_bold_heading(line: Line, before: Line | None, after: Line | None, layout: _Layout) -> bool:
    """A short bold line by itself, with body text below, where bold is not the rule."""
    if not line.bold or not layout.bold_is_rare or len(line.text) > _MAX_BOLD_HEADING:
        return False
    if _TERMINAL.search(line.text) or line.text[-1] in ",;" or not line.text[0].isalnum():
        return False
    if after is None or after.bold or after.y >= line.y - 0.5 * line.size:
        return False
    return before is None or before.y < line.y or before.y - line.y > layout.leading * line.size


def _continues(piece: _Piece, line: Line, layout: _Layout) -> bool:
    last = piece.lines[-1]
    gap = (last.y - line.y) / max(last.size, 1.0)
    if piece.kind == "heading":
        same = line.size == last.size and line.bold == last.bold
        return same and 0 < gap < 1.4 and bool(piece.level)
    if layout.heading_level(line) or (_starts_item(line) and not _HYPHEN.search(last.text)):
        return False
    if abs(line.size - last.size) > 0.06 * last.size:
        # Footnote marks and the like stand in smaller print on about the same height.
        return abs(gap) < 0.6
    if gap < -0.5:
        # The text goes on at the top of the next column.
        return not _TERMINAL.search(last.text) and line.text[:1].islower()
    if gap > _PARAGRAPH_GAP * layout.leading:
        return False
    if piece.kind == "list_item" and line.x < piece.lines[0].x - 0.5 * line.size:
        return False
    if line.bold and not last.bold and _TERMINAL.search(last.text):
        return False
    if line.size < _SMALL_PRINT * layout.body and _FOOTNOTE.match(line.text):
        return not _TERMINAL.search(last.text)
    return not _ends_early(piece, last)


def _starts_item(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBER.match(line.text))


def _ends_early(piece: _Piece, last: Line) -> bool:
    """The paragraph's last line is much shorter than its others and ends a sentence."""
    longest = max(len(line.text) for line in piece.lines)
    return len(last.text) < 0.6 * longest and bool(_TERMINAL.search(last.text))


def _continue_over_page(pieces: list[_Piece], found: list[_Piece], layout: _Layout) -> None:
    """Join a sentence that goes on at the top of the next page, past any footnotes."""
    if not found or found[0].kind != "paragraph":
        return
    before = len(pieces) - 1
    while before >= 0 and _is_small_print(pieces[before], layout):
        before -= 1
    if before < 0 or pieces[before].kind not in ("paragraph", "list_item"):
        return
    last, first = pieces[before], found[0]
    goes_on = first.lines[0].text[:1].islower() or _HYPHEN.search(last.lines[-1].text)
    if first.page == pieces[-1].page + 1 and not _TERMINAL.search(last.lines[-1].text) and goes_on:
        last.lines.extend(first.lines)
        found.pop(0)


def _is_small_print(piece: _Piece, layout: _Layout) -> bool:
    return max(line.size for line in piece.lines) < _SMALL_PRINT * layout.body


# --- tables -------------------------------------------------------------------------------------

Cell = list[Line]


def _tables(lines: Sequence[Line]) -> Iterator[tuple[int, int, list[list[Cell]]]]:
    """Yield start, end and rows of each table on a page.

    Programs draw a table cell by cell: down the lines of a cell, then up and to the right to
    the next one. Two such rows below each other, of two cells or more, are a table; a page in
    two columns looks like one row only.
    """
    rows = list(_rows(lines))
    i = 0
    while i < len(rows):
        j = i + 1
        while j < len(rows) and _next_row(rows[j - 1], rows[j]):
            j += 1
        if j - i >= 2:
            yield rows[i][0], rows[j - 1][1], [cells for _, _, cells in rows[i:j]]
        i = j


Row = tuple[int, int, list[Cell]]


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


def _named_rows(pieces: list[_Piece], layout: _Layout) -> list[_Piece]:
    """Give the rows of each table the names of its columns, which its first row holds."""
    named: list[_Piece] = []
    i = 0
    while i < len(pieces):
        j = i
        while j < len(pieces) and pieces[j].kind == "table_row":
            j += 1
        named.extend(_name_table(pieces[i:j], layout))
        if j < len(pieces):
            named.append(pieces[j])
        i = j + 1
    return named


def _name_table(rows: list[_Piece], layout: _Layout) -> Iterator[_Piece]:
    if not rows:
        return
    columns = [cell[0].x for cell in max((row.cells for row in rows), key=len)]
    texts = [_in_columns(row, columns, layout) for row in rows]
    bold = [all(line.bold for line in row.lines) for row in rows]
    # Two rows without bold may be anything that stands in two columns.
    is_named = (bold[0] and not all(bold)) or (len(rows) > 2 and looks_like_header(texts))
    header = texts[0] if is_named and len(rows) > 1 else []
    for row, cells in zip(rows, texts, strict=True):
        # The header comes again where the table goes on over the page.
        if cells != header:
            for text in row_texts(header, cells):
                yield replace(row, text=text)


def _in_columns(row: _Piece, columns: list[float], layout: _Layout) -> list[str]:
    texts = [layout.joined(cell) for cell in row.cells]
    if len(texts) == len(columns):
        return texts
    placed = [""] * len(columns)
    for cell, text in zip(row.cells, texts, strict=True):
        nearest = min(range(len(columns)), key=lambda c: abs(columns[c] - cell[0].x))
        placed[nearest] = f"{placed[nearest]} {text}".strip()
    return placed
