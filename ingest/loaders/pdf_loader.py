"""PDF: text by page with headings, lists and tables, as far as the page's geometry shows them."""

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

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument
from ingest.loaders.builder import DocumentBuilder, clean, one_line
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.loaders.pdf_layout import Line, add_lines

MEDIA_TYPE = "application/pdf"
_NO_TITLE = re.compile(
    r"^(\(?anonymous\)?|untitled|title|document\d*)?$|\.(docx?|indd|qxd|pdf|tex|dvi|xlsx?)$", re.I
)
_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.I)
# The widest a character usually is, in ems; the last known x plus this gives where text ends.
_CHAR_WIDTH = 0.55
_CELL_GAP = 1.5


def load_pdf(data: bytes, name: str, limits: Limits = USUAL_LIMITS) -> LoadedDocument:
    """Read a PDF; the title from its metadata or its first heading.

    Text in pictures is not read (no OCR): pages without text are counted in a warning. Raises
    EncryptedDocument if a password is needed that is not among those of the limits,
    DocumentError if the file is broken, has too many pages, or holds no text at all.
    """
    with _quiet_pypdf():
        reader, count = _open(data, name, limits)
        pages, problems = _read_pages(reader, count)
        title = _title(reader)
    empty = sum(1 for lines in pages if not any(line.text for line in lines))
    if empty == count:
        reason = problems[0] if problems else "scanned, or empty"
        raise DocumentError(f"{name} holds no text on any of its {count} pages ({reason}).")
    builder = DocumentBuilder(MEDIA_TYPE)
    add_lines(builder, pages)
    if problems:
        builder.warn(f"{len(problems)} of {count} pages cannot be read ({problems[0]}).")
    if empty > len(problems):
        builder.warn(f"{empty - len(problems)} of {count} pages hold no text (scanned?).")
    return builder.build(title, pages=count)


@contextmanager
def _quiet_pypdf() -> Iterator[None]:
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


def _open(data: bytes, name: str, limits: Limits) -> tuple[PdfReader, int]:
    try:
        reader = PdfReader(io.BytesIO(data))
        locked = reader.is_encrypted and not _unlocks(reader, limits.passwords)
        count = 0 if locked else len(reader.pages)
    except MemoryError:
        raise
    except Exception as error:
        # On broken files pypdf raises what its parser stumbled over: KeyError, RecursionError,
        # zlib.error, its own errors. Whatever it is, the file cannot be read.
        raise DocumentError(f"{name} is a damaged PDF: {_reason(error)}.") from None
    if locked:
        raise EncryptedDocument(
            f"{name} is locked by a password.",
            hint="Name it in the setting document_passwords, or save a copy without it.",
        )
    if count == 0:
        raise DocumentError(f"{name} is a damaged PDF: it has no pages.")
    if count > limits.pages:
        raise DocumentError(
            f"{name} has {count} pages, more than the {limits.pages} that a document may have.",
            hint="Split it into smaller files, or raise document_pages.",
        )
    return reader, count


def _unlocks(reader: PdfReader, passwords: tuple[str, ...]) -> bool:
    """Most locked files only forbid printing: these open without any password."""
    return any(reader.decrypt(p) != PasswordType.NOT_DECRYPTED for p in ("", *passwords))


def _reason(error: Exception) -> str:
    text = one_line(str(error))[:160].rstrip(".")
    return text or type(error).__name__


def _read_pages(reader: PdfReader, count: int) -> tuple[list[list[Line]], list[str]]:
    """Return the lines of each page, and why some pages could not be read."""
    pages: list[list[Line]] = []
    problems: list[str] = []
    for number in range(count):
        try:
            pages.append(_PageReader(number + 1).read(reader.pages[number]))
        except MemoryError:
            raise
        except Exception as error:
            # As in _open: one broken page must not cost the others.
            pages.append([])
            problems.append(_reason(error))
    return pages, problems


def _title(reader: PdfReader) -> str:
    try:
        title = one_line(str(reader.metadata.title or "") if reader.metadata else "")
    except Exception:
        # As in _open: metadata may be broken in a file whose pages are sound.
        return ""
    title = re.sub(r"^Microsoft \w+ - ", "", title)
    return "" if _NO_TITLE.search(title) else title


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
