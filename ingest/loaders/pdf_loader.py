"""PDF: text by page with headings, lists and tables, as far as the page's geometry shows them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pypdfium2 import PdfiumError  # type: ignore[import-untyped]

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument
from ingest.loaders.builder import DocumentBuilder, one_line
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.loaders.pdf_layout import EncryptedFile, Line, add_lines
from ingest.loaders.pdfium_pages import PdfiumFile

MEDIA_TYPE = "application/pdf"
_NO_TITLE = re.compile(
    r"^(\(?anonymous\)?|untitled|title|document\d*)?$|\.(docx?|indd|qxd|pdf|tex|dvi|xlsx?)$", re.I
)
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

    Text in pictures is not read (no OCR): pages without text are counted in a warning. Raises
    EncryptedDocument if a password is needed that is not among those of the limits,
    DocumentError if the file is broken, has too many pages, or holds no text at all.
    """
    with _one_at_a_time, _opened(data, name, limits) as file:
        pages, problems = _read_pages(file)
        title = _title(file)
    count = len(pages)
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
def _opened(data: bytes, name: str, limits: Limits) -> Iterator[PdfFile]:
    try:
        file = _open(data, limits.passwords)
    except EncryptedFile:
        raise EncryptedDocument(
            f"{name} is locked by a password.",
            hint="Name it in the setting document_passwords, or save a copy without it.",
        ) from None
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


def _read_pages(file: PdfFile) -> tuple[list[list[Line]], list[str]]:
    """Return the lines of each page, and why some pages could not be read."""
    pages: list[list[Line]] = []
    problems: list[str] = []
    for number in range(1, len(file) + 1):
        try:
            pages.append(file.lines(number))
        except MemoryError:
            raise
        except Exception as error:
            # As in _opened: one broken page must not cost the others.
            pages.append([])
            problems.append(_reason(error))
    return pages, problems


def _title(file: PdfFile) -> str:
    try:
        title = one_line(file.title)
    except Exception:
        # As in _opened: metadata may be broken in a file whose pages are sound.
        return ""
    title = re.sub(r"^Microsoft \w+ - ", "", title)
    return "" if _NO_TITLE.search(title) else title
