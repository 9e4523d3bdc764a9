"""PDF: text by page with headings, lists and tables, as far as the page's geometry shows them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from pypdfium2 import PdfiumError  # type: ignore[import-untyped]

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders import ocr
from ingest.loaders.builder import DocumentBuilder, one_line
from ingest.loaders.limits import USUAL_LIMITS, Limits, locked_document
from ingest.loaders.pdf_layout import add_lines
from ingest.loaders.pdf_lines import EncryptedFile, Line
from ingest.loaders.pdfium_pages import PdfiumFile, page_picture

MEDIA_TYPE = "application/pdf"
_NO_TITLE = re.compile(
    r"^(\(?anonymous\)?|untitled|title|document\d*)?$|\.(docx?|indd|qxd|pdf|tex|dvi|xlsx?)$", re.I
)
# The share of its time that a file may spend before its last scanned page is begun.
_OCR_SHARE = 0.7
_RANGES_NAMED = 8
_one_at_a_time = threading.Lock()


class PdfFile(Protocol):
    """An open PDF, whoever reads it."""

    def __len__(self) -> int:
        """The number of pages."""
        ...

    @property
    def title(self) -> str:
        """The title that the file gives itself, or nothing."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...

    def lines(self, number: int) -> list[Line]:
        """Return the lines of a page (from 1), and cells of table rows, in the order drawn."""
        ...


def load_pdf(data: bytes, name: str, limits: Limits = USUAL_LIMITS) -> LoadedDocument:
    """Read a PDF; the title from its metadata or its first heading.

    Pages without text are read by Tesseract where it is installed, as many as there is time for;
    the others are named in a warning. Raises EncryptedDocument if a password is needed that is
    not among those of the limits, DocumentError if the file is broken, has too many pages, or
    holds no text at all.
    """
    started = time.monotonic()
    with _one_at_a_time:
        with _opened(data, name, limits) as file:
            pages, problems = _read_pages(file)
            title = _title(file)
        scans = _Scans(data, limits, started + _OCR_SHARE * limits.seconds)
        scans.read_into(pages, problems)
    if not any(line.text for lines in pages for line in lines):
        raise _no_text(name, pages, problems, scans)
    builder = DocumentBuilder(MEDIA_TYPE)
    add_lines(builder, pages)
    if problems:
        reason = next(iter(problems.values()))
        builder.warn(f"{_pages_named(problems)} cannot be read ({reason}).")
    for sentence in scans.warnings:
        builder.warn(sentence)
    return builder.build(title, pages=len(pages))


class _Scans:
    """Reads the pages that hold no text, until the time is up."""

    def __init__(self, data: bytes, limits: Limits, deadline: float) -> None:
        self._data = data
        self._limits = limits
        self._deadline = deadline
        self.reason = "" if ocr.installed() else "scanned? Tesseract, which reads such, is missing"
        self.warnings: list[str] = []

    def read_into(self, pages: list[list[Line]], problems: Collection[int]) -> None:
        """Fill in the lines of pages that have none, and note which were read by OCR or not."""
        empty = [n for n, lines in enumerate(pages, 1) if n not in problems and not _text(lines)]
        read = []
        for number in empty:
            lines = [] if self.reason else self._read(number)
            pages[number - 1] = lines
            if lines:
                read.append(number)
        missed = [number for number in empty if number not in read]
        if read:
            verb = "is a scan" if len(read) == 1 else "are scans"
            self.warnings.append(f"{_pages_named(read)} {verb}, read by OCR.")
        if missed:
            verb = "holds" if len(missed) == 1 else "hold"
            self.warnings.append(
                f"{_pages_named(missed)} {verb} no text ({self.reason or 'empty?'})."
            )

    def _read(self, number: int) -> list[Line]:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            self.reason = "scanned? no time was left for OCR, see document_seconds"
            return []
        try:
            picture = page_picture(self._data, self._limits.passwords, number)
            return ocr.read_picture(picture, number, self._limits.ocr_languages, seconds)
        except TimeoutError:
            self.reason = "scanned? no time was left for OCR, see document_seconds"
        except (OSError, PdfiumError, EncryptedFile) as error:
            self.reason = f"OCR failed: {_reason(error)}"
        return []


def _text(lines: list[Line]) -> bool:
    return any(line.text for line in lines)


def _no_text(
    name: str, pages: Sequence[object], problems: dict[int, str], scans: _Scans
) -> DocumentError:
    reason = next(iter(problems.values()), "") or scans.reason or "scanned, or empty"
    hint = "" if ocr.installed() else "Install tesseract-ocr to have scanned pages read."
    where = f"any of its {len(pages)} pages" if len(pages) > 1 else "its only page"
    return DocumentError(f"{name} holds no text on {where} ({reason}).", hint=hint)


def _pages_named(numbers: Iterable[int]) -> str:
    """Return "page 3" or "pages 1-4, 7", the first few of many."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = [f"{first}-{last}" if last > first else str(first) for first, last in ranges]
    more = f" and {len(shown) - _RANGES_NAMED} more" if len(shown) > _RANGES_NAMED else ""
    many = len(shown) > 1 or "-" in shown[0]
    return f"{'Pages' if many else 'Page'} {', '.join(shown[:_RANGES_NAMED])}{more}"


@contextmanager
def _opened(data: bytes, name: str, limits: Limits) -> Iterator[PdfFile]:
    try:
        file = _open(data, limits.passwords)
    except EncryptedFile:
        raise locked_document(name, limits) from None
    except MemoryError:
        raise
    except Exception as error:
        # On broken files pypdf raises what its parser stumbled over: KeyError, RecursionError,
        # zlib.error, its own errors. Whatever it is, the file cannot be read.
        raise DocumentError(f"{name} is a damaged PDF: {_reason(error)}.") from None
    try:
        _check_pages(len(file), name, limits)
        yield file
    finally:
        file.close()


def _open(data: bytes, passwords: tuple[str, ...]) -> PdfFile:
    try:
        return PdfiumFile(data, passwords)
    except PdfiumError:
        from ingest.loaders.pypdf_pages import PypdfFile  # a third of a second, seldom needed

        return PypdfFile(data, passwords)


def _check_pages(count: int, name: str, limits: Limits) -> None:
    if count == 0:
        raise DocumentError(f"{name} is a damaged PDF: it has no pages.")
    if count > limits.pages:
        raise DocumentError(
            f"{name} has {count} pages, more than the {limits.pages} that a document may have.",
            hint="Split it into smaller files, or raise document_pages.",
        )


def _reason(error: Exception) -> str:
    text = one_line(str(error))[:160].rstrip(".")
    return text or type(error).__name__


def _read_pages(file: PdfFile) -> tuple[list[list[Line]], dict[int, str]]:
    """Return the lines of each page, and why some pages (from 1) could not be read."""
    pages: list[list[Line]] = []
    problems: dict[int, str] = {}
    for number in range(1, len(file) + 1):
        try:
            pages.append(file.lines(number))
        except MemoryError:
            raise
        except Exception as error:
            # As in _opened: one broken page must not cost the others.
            pages.append([])
            problems[number] = _reason(error)
    return pages, problems


def _title(file: PdfFile) -> str:
    try:
        title = one_line(file.title)
    except Exception:
        # As in _opened: metadata may be broken in a file whose pages are sound.
        return ""
    title = re.sub(r"^Microsoft \w+ - ", "", title)
    return "" if _NO_TITLE.search(title) else title
