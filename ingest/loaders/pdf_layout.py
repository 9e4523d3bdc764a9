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
from ingest.loaders.pdf_lines import Line
from ingest.loaders.pdf_tables import Cell, find_tables, row_texts_of


@dataclass
class _Piece:
    """A block in the making."""

    kind: Literal["heading", "paragraph", "list_item", "table_row"]
    lines: list[Line]
    level: int = 0
    text: str = ""
    cells: list[Cell] = field(default_factory=list)
    header: list[Line] = field(default_factory=list)

    @property
    def page(self) -> int:
        return self.lines[0].page


_HEADING_RATIO = 1.12
_MAX_HEADING = 200
_MAX_BOLD_HEADING = 100
_PARAGRAPH_GAP = 1.35
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
    in_table = {line for table in find_tables(lines) for line in lines[table.start : table.end]}
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
                line = replace(line, text=f"{pending.text} {line.text}", x=pending.x, bold=False)
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
    for table in find_tables(lines):
        yield from _flow(lines[position : table.start], layout)
        for cells in table.rows:
            row = [line for cell in cells for line in cell]
            header = table.header if cells is table.rows[0] else []
            yield _Piece("table_row", row, cells=cells, header=header)
        position = table.end
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


def _named_rows(pieces: Iterable[_Piece], layout: _Layout) -> Iterator[_Piece]:
    """Give the rows of each table the names of its columns."""
    rows: list[_Piece] = []
    for piece in pieces:
        is_row = piece.kind == "table_row"
        # Without a header of its own, a table goes on over the page.
        if not is_row or piece.header:
            yield from _with_names(rows, layout)
            rows = []
        if is_row:
            rows.append(piece)
        else:
            yield piece
    yield from _with_names(rows, layout)


def _with_names(rows: list[_Piece], layout: _Layout) -> Iterator[_Piece]:
    if rows:
        texts = row_texts_of([row.cells for row in rows], rows[0].header, layout.joined)
        for row, parts in zip(rows, texts, strict=True):
            yield from (replace(row, text=text) for text in parts)
