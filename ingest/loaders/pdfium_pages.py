"""The lines of a PDF's pages by PDFium: some fifteen times as fast as in pure Python."""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from ingest.loaders.builder import clean
from ingest.loaders.ocr import DOTS_PER_INCH, POINTS_PER_INCH, Picture
from ingest.loaders.pdf_layout import EncryptedFile, Line

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
                return list(_LineReader(text.raw, number).read())
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

    def read(self) -> Iterator[Line]:
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

    def _line(self) -> Iterator[Line]:
        # PDFium counts in UTF-16: what lies beyond the first plane comes in two halves.
        halves = "".join(self._text).encode("utf-16-le", "surrogatepass")
        text = clean(halves.decode("utf-16-le", "replace").replace("\x7f", "•"))
        if text:
            sizes: Counter[float] = Counter()
            for style, count in self._styles.items():
                sizes[style.size] += count
            bold = all(style.bold for style in self._styles)
            yield Line(text, self._number, *self._start, sizes.most_common(1)[0][0], bold)
        self._text, self._styles = [], Counter()
