"""The lines of a PDF's pages by pypdf, for the few files that PDFium does not open."""

from __future__ import annotations

import io
import logging
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pypdf import PageObject, PasswordType, PdfReader

from ingest.loaders.builder import clean
from ingest.loaders.pdf_lines import EncryptedFile, Line

_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.I)
# The widest a character usually is, in ems; the last known x plus this gives where text ends.
_CHAR_WIDTH = 0.55
_CELL_GAP = 1.5


class PypdfFile:
    """An open PDF; its methods raise whatever pypdf stumbles over in a broken file."""

    def __init__(self, data: bytes, passwords: Sequence[str]) -> None:
        """Raises EncryptedFile if no password opens it."""
        with _quiet():
            self._reader = PdfReader(io.BytesIO(data))
            if self._reader.is_encrypted and not self._unlocked(passwords):
                raise EncryptedFile
            self._count = len(self._reader.pages)

    def _unlocked(self, passwords: Sequence[str]) -> bool:
        """Most locked files only forbid printing: these open without any password."""
        return any(self._reader.decrypt(p) != PasswordType.NOT_DECRYPTED for p in ("", *passwords))

    def __len__(self) -> int:
        """The number of pages."""
        return self._count

    @property
    def title(self) -> str:
        """The title that the file gives itself, or nothing."""
        with _quiet():
            return str(self._reader.metadata.title or "") if self._reader.metadata else ""

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def lines(self, number: int) -> list[Line]:
        """Return the lines of a page (from 1), and cells of table rows, in the order drawn."""
        with _quiet():
            return _PageReader(number).read(self._reader.pages[number - 1])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pypdf's remarks on imperfect files off the terminal; failures are raised anyway."""
    logger = logging.getLogger("pypdf")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


class _PageReader:
    """Collects the text fragments that pypdf reports into lines with place and font."""

    def __init__(self, page: int) -> None:
        self._page = page
        self._lines: list[Line] = []
        self._pieces: list[_Piece] = []

    def read(self, page: PageObject) -> list[Line]:
        page.extract_text(visitor_text=self._visit)
        self._end_line()
        return self._lines

    def _visit(
        self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float
    ) -> None:
        if not text:
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = math.hypot(tm[2], tm[3]) * math.hypot(cm[2], cm[3])
        bold = bool(font) and bool(_BOLD.search(str(font.get("/BaseFont", ""))))
        *whole, rest = text.split("\n")
        for part in whole:
            self._pieces.append(_Piece(part, x, y, abs(size) * scale, bold))
            self._end_line()
        self._pieces.append(_Piece(rest, x, y, abs(size) * scale, bold))

    def _end_line(self) -> None:
        """Turn the pieces of a line into one Line, or several where wide gaps part cells."""
        group: list[_Piece] = []
        for piece in self._pieces:
            if not piece.text.strip():
                if group:
                    group[-1].text += piece.text
                continue
            if group and piece.x - group[-1].end > _CELL_GAP * piece.size:
                self._add(group)
                group = []
            group.append(piece)
        self._add(group)
        self._pieces = []

    def _add(self, group: list[_Piece]) -> None:
        text = clean("".join(piece.text.replace("\x7f", "•") for piece in group))
        if not text:
            return
        main = max(group, key=lambda piece: len(piece.text))
        bold = all(piece.bold for piece in group)
        first = group[0]
        line = Line(text, self._page, first.x, first.y, round(main.size, 1), bold)
        if self._lines and _is_torn_capital(self._lines[-1], line):
            capital = self._lines.pop()
            line = replace(line, text=capital.text + line.text, x=capital.x)
        self._lines.append(line)


def _is_torn_capital(capital: Line, rest: Line) -> bool:
    """Kerning moves the letter after V or T so far that pypdf takes it for another line's."""
    return (
        len(capital.text) == 1
        and capital.text.isupper()
        and rest.text[0].islower()
        and abs(capital.y - rest.y) < 0.1 * rest.size
        and 0 < rest.x - capital.x < rest.size
    )


class _Piece:
    """A fragment of text in one font."""

    def __init__(self, text: str, x: float, y: float, size: float, bold: bool) -> None:
        self.text = text
        self.x = x
        self.y = y
        self.size = size
        self.bold = bold

    @property
    def end(self) -> float:
        """About where the fragment ends; its true width is not known."""
        return self.x + len(self.text.rstrip()) * self.size * _CHAR_WIDTH
