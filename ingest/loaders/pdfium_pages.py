"""The lines of a PDF's pages by PDFium: some fifteen times as fast as in pure Python."""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from ingest.loaders.builder import clean
from ingest.loaders.ocr import DOTS_PER_INCH, POINTS_PER_INCH, Picture
from ingest.loaders.pdf_lines import EncryptedFile, Line

_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.I)
_BOLD_WEIGHT = 600
_NAME_BYTES = 256
# PDFium's own mark for a hyphen at a line's end.
_HYPHENS = ("\x02", "\ufffe")
# In sizes of the font: what parts two cells of a row, and two lines.
_CELL_GAP = 1.0
_LINE_STEP = 0.2
_MARK_SIZE = 0.8
_MARK_STEP = 0.6
# How near a piece begins to where a line ends, that was drawn at another time.
_TORN_GAP = 0.3
_TORN_STEP = 0.1
_WORD_GAP = 0.15
# Of a page in grey, a byte each: an A3 page at 300 dots an inch has 17 million.
_MAX_DOTS = 40_000_000


class PdfiumFile:
    """An open PDF. PDFium is not safe for threads: one at a time in a process."""

    def __init__(self, data: bytes, passwords: Sequence[str]) -> None:
        """Raises EncryptedFile if no password opens it, PdfiumError if it cannot be opened."""
        for password in ("", *passwords):
            try:
                self._file = pypdfium2.PdfDocument(data, password=password or None)
                return
            except pypdfium2.PdfiumError as error:
                if error.err_code != pdfium.FPDF_ERR_PASSWORD:
                    raise
        raise EncryptedFile

    def __len__(self) -> int:
        """The number of pages."""
        return len(self._file)

    @property
    def title(self) -> str:
        """The title that the file gives itself, or nothing."""
        return str(self._file.get_metadata_value("Title"))

    def close(self) -> None:
        """Free what PDFium holds, which Python's memory does not show."""
        self._file.close()

    def page(self, number: int) -> Any:
        """Return a page (from 1); raises PdfiumError if it is damaged."""
        return self._file[number - 1]

    def lines(self, number: int) -> list[Line]:
        """Return the lines of a page (from 1), and cells of table rows, in the order drawn."""
        page = self.page(number)
        try:
            text = page.get_textpage()
            try:
                return _mended(list(_LineReader(text.raw, number).read()))
            finally:
                text.close()
        finally:
            page.close()


def page_picture(data: bytes, passwords: Sequence[str], number: int) -> Picture:
    """Return a page (from 1) as Tesseract likes it; a huge one is drawn in fewer dots."""
    file = PdfiumFile(data, passwords)
    try:
        page = file.page(number)
        width, height = page.get_size()
        scale = min(DOTS_PER_INCH / POINTS_PER_INCH, math.sqrt(_MAX_DOTS / (width * height)))
        bitmap = page.render(scale=scale, grayscale=True)
        rows = bytes(bitmap.buffer)
        dots = b"".join(
            rows[row * bitmap.stride : row * bitmap.stride + bitmap.width]
            for row in range(bitmap.height)
        )
        return Picture(bitmap.width, bitmap.height, dots, height)
    finally:
        file.close()


class _Drawn(NamedTuple):
    """A line, and where it ends (points)."""

    line: Line
    right: float


def _mended(drawn: Sequence[_Drawn]) -> list[Line]:
    """Put a piece that was drawn at another time (by an editor, mostly) behind its line.

    Otherwise the last digit of a figure might be lost, which makes another figure of it.
    """
    by_height: dict[int, list[int]] = defaultdict(list)
    for i, one in enumerate(drawn):
        by_height[round(one.line.y)].append(i)
    behind: dict[int, int] = {}
    torn: set[int] = set()
    for level in by_height:
        near = [i for y in (level - 1, level, level + 1) for i in by_height.get(y, ())]
        near.sort(key=lambda i: drawn[i].line.x)
        for first, second in pairwise(near):
            if first not in behind and second not in torn and _goes_on(drawn, first, second):
                behind[first] = second
                torn.add(second)
    return [_with_all(drawn, behind, i) for i in range(len(drawn)) if i not in torn]


def _goes_on(drawn: Sequence[_Drawn], first: int, second: int) -> bool:
    """Whether a piece begins where a line ends that was not drawn right before it."""
    (line, right), (piece, _) = drawn[first], drawn[second]
    return (
        first + 1 != second
        and piece.x > line.x
        and abs(piece.y - line.y) <= _TORN_STEP * line.size
        and abs(piece.x - right) <= _TORN_GAP * line.size
        and piece.size == line.size
    )


def _with_all(drawn: Sequence[_Drawn], behind: Mapping[int, int], i: int) -> Line:
    """Return a line with the pieces behind it, each of which stands further to the right."""
    line, right = drawn[i]
    text = line.text
    while (following := behind.get(i)) is not None:
        piece = drawn[following]
        text += " " * (piece.line.x - right > _WORD_GAP * line.size) + piece.line.text
        i, right = following, piece.right
    return replace(line, text=text, end=right)


class _Style(NamedTuple):
    size: float
    bold: bool


class _LineReader:
    """Collects the characters of a page into lines; the calls into PDFium are what takes time."""

    def __init__(self, page: Any, number: int) -> None:
        self._page = page
        self._number = number
        self._text: list[str] = []
        self._start = (0.0, 0.0)
        self._last_x = 0.0
        self._last_index = 0
        self._size = 0.0
        self._styles: Counter[_Style] = Counter()

    def read(self) -> Iterator[_Drawn]:
        """Yield the lines in the order in which the page draws them."""
        x, y = ctypes.c_double(), ctypes.c_double()
        drawn, style = 0, _Style(0.0, False)
        for i in range(pdfium.FPDFText_CountChars(self._page)):
            code = pdfium.FPDFText_GetUnicode(self._page, i)
            text = chr(code) if code <= sys.maxunicode else "\ufffd"
            if text.isspace():
                # PDFium puts spaces where it sees gaps, and breaks of lines where we see them too.
                self._text += " " if self._text else ""
                continue
            found = pdfium.FPDFText_GetTextObject(self._page, i)
            owner = ctypes.addressof(found.contents) if found else drawn
            if owner != drawn:
                drawn, style = owner, self._style(i)
            pdfium.FPDFText_GetCharOrigin(self._page, i, x, y)
            place = (x.value, y.value)
            if self._text and self._parts(place, style.size) and not self._is_bullet(place):
                yield from self._line()
            if not self._text:
                self._start = place
                self._size = style.size
            elif self._size < _MARK_SIZE * style.size:
                # A footnote begins with its mark, and stands where its text does.
                self._start = (self._start[0], place[1])
            self._text.append("-" if text in _HYPHENS else text)
            self._styles[style] += 1
            self._last_x, self._last_index = place[0], i
            self._size = max(self._size, style.size)
        yield from self._line()

    def _style(self, i: int) -> _Style:
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._page, i, matrix)
        size = pdfium.FPDFText_GetFontSize(self._page, i) * math.hypot(matrix.c, matrix.d)
        name = ctypes.create_string_buffer(_NAME_BYTES)
        pdfium.FPDFText_GetFontInfo(self._page, i, name, _NAME_BYTES, None)
        bold = bool(_BOLD.search(name.value.decode("utf-8", "replace")))
        heavy = pdfium.FPDFText_GetFontWeight(self._page, i) >= _BOLD_WEIGHT
        return _Style(round(abs(size), 1), bold or heavy)

    def _parts(self, place: tuple[float, float], size: float) -> bool:
        """Whether a character begins another line, or another cell of the row."""
        larger = max(self._size, size, 1.0)
        step = abs(place[1] - self._start[1])
        # The mark of a footnote stands higher and smaller, in its line.
        is_mark = min(self._size, size) < _MARK_SIZE * larger and step < _MARK_STEP * larger
        if step > _LINE_STEP * larger and not is_mark:
            return True
        if abs(place[0] - self._last_x) < _CELL_GAP * larger:
            return place[0] < self._last_x - larger
        return place[0] < self._last_x or place[0] - self._right() > _CELL_GAP * larger

    def _is_bullet(self, place: tuple[float, float]) -> bool:
        """Whether what stands in front, wide apart, is the letter that Word draws as a bullet."""
        beside = abs(place[1] - self._start[1]) < 0.1 * self._size and place[0] > self._last_x
        if not beside or "".join(self._text).strip() != "o":
            return False
        self._text = ["• "]
        return True

    def _right(self) -> float:
        """Where the last character ends."""
        box = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(self._page, self._last_index, box)
        return float(box.right)

    def _line(self) -> Iterator[_Drawn]:
        # PDFium counts in UTF-16: what lies beyond the first plane comes in two halves.
        halves = "".join(self._text).encode("utf-16-le", "surrogatepass")
        text = clean(halves.decode("utf-16-le", "replace").replace("\x7f", "•"))
        if text:
            sizes: Counter[float] = Counter()
            for style, count in self._styles.items():
                sizes[style.size] += count
            bold = all(style.bold for style in self._styles)
            right = self._right()
            size = sizes.most_common(1)[0][0]
            yield _Drawn(Line(text, self._number, *self._start, size, bold, right), right)
        self._text, self._styles = [], Counter()
