"""Files to documents: `load` looks at a file's content and picks the loader."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import cast

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument, UnsupportedDocument
from ingest.loaders.archives import MAGIC
from ingest.loaders.builder import title_of_name
from ingest.loaders.limits import USUAL_LIMITS, Limits

Loader = Callable[[bytes, str], LoadedDocument]

# Loaders are imported when their first file comes: a worker that reads notes needs no PDF reader.
_BY_SUFFIX = {
    ".md": "markdown_loader.load_markdown",
    ".markdown": "markdown_loader.load_markdown",
    ".csv": "delimited_loader.load_csv",
    ".tsv": "delimited_loader.load_tsv",
    ".tab": "delimited_loader.load_tsv",
    ".html": "html_loader.load_html",
    ".htm": "html_loader.load_html",
    ".xhtml": "html_loader.load_html",
}
_OTHER_KINDS = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a database"),
    (b"%!PS", "a PostScript file"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_LOADERS = (
    ("word/document.xml", "docx_loader.load_docx"),
    ("xl/workbook.xml", "xlsx_loader.load_xlsx"),
)
_ZIP_KINDS = (
    ("xl/workbook.bin", "a binary Excel workbook", "Save it as XLSX or CSV."),
    ("ppt/presentation.xml", "a PowerPoint presentation", "Save it as PDF."),
    ("content.xml", "an OpenDocument file", "Save it as DOCX, XLSX or PDF."),
    ("META-INF/container.xml", "an e-book", "Save it as HTML or PDF."),
)
_HTML_START = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.DOTALL
)
_SNIFFED = 4096
_TRIES = 3
_PAUSE_SECONDS = 0.2


def load(path: Path, limits: Limits = USUAL_LIMITS) -> LoadedDocument:
    """Read a document, by what the file holds and not by what it is called.

    Only between kinds of plain text (Markdown, CSV, HTML fragments, text) does the name's ending
    decide. Raises EncryptedDocument, UnsupportedDocument, or DocumentError; the sentence names
    the file and the reason. Nothing in the file is run and nothing it refers to is fetched.
    """
    return load_bytes(read_settled(path, limits)[0], path.name, limits)


def load_bytes(data: bytes, name: str, limits: Limits) -> LoadedDocument:
    """Read a document from the bytes of its file; `name` is the file's, without folders."""
    document = _choose(data, name, limits)(data, name)
    if not document.text:
        raise DocumentError(f"{name} holds no text.")
    if document.title:
        return document
    return dataclasses.replace(document, title=title_of_name(name))


def read_settled(path: Path, limits: Limits) -> tuple[bytes, os.stat_result]:
    """Return a file's bytes and what they were read from; read again if it changed meanwhile."""
    for attempt in range(_TRIES):
        time.sleep(_PAUSE_SECONDS * attempt)
        try:
            before = path.stat()
            _check_size(before.st_size, path.name, limits)
            data = path.read_bytes()
            if _version(before) == _version(path.stat()) and len(data) == before.st_size:
                return data, before
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DocumentError(f"{path.name} cannot be read: {reason}.") from None
    raise DocumentError(
        f"{path.name} was written to each time that it was read.",
        hint="Reindex when it is finished.",
    )


def _version(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _check_size(size: int, name: str, limits: Limits) -> None:
    if size > limits.megabytes << 20:
        raise DocumentError(
            f"{name} has {size / 2**20:.0f} MB, more than the {limits.megabytes} MB "
            "that a document may have.",
            hint="Split it into smaller files, or raise document_megabytes.",
        )


def _choose(data: bytes, name: str, limits: Limits) -> Loader:
    if _is_pdf(data):
        from ingest.loaders.pdf_loader import load_pdf

        return functools.partial(load_pdf, limits=limits)
    if data.startswith(MAGIC):
        return _loader(_packed_kind(data, name, limits))
    if data.startswith(_OLD_OFFICE):
        raise _old_office(data, name)
    for magic, kind in _OTHER_KINDS:
        if data.startswith(magic):
            raise UnsupportedDocument(f"{name} is {kind}, which cannot be read.")
    suffix = PurePosixPath(name).suffix.lower()
    start = data.removeprefix(b"\xef\xbb\xbf")[:_SNIFFED]
    if _HTML_START.match(start) and suffix not in (".md", ".markdown"):
        return _loader("html_loader.load_html")
    return _loader(_BY_SUFFIX.get(suffix, "text_loader.load_text"))


def _loader(place: str) -> Loader:
    module, _, function = place.partition(".")
    return cast(Loader, getattr(importlib.import_module(f"ingest.loaders.{module}"), function))


def _is_pdf(data: bytes) -> bool:
    """Readers accept a PDF that begins within the first 1,024 bytes (PDF 1.7, appendix H)."""
    if data[:64].lstrip().startswith(b"%PDF-"):
        return True
    return b"%PDF-" in data[:1024] and b"endobj" in data


def _packed_kind(data: bytes, name: str, limits: Limits) -> str:
    """Return the loader for a Word document or a workbook of bearable size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError(f"{name} is a damaged archive: {error}.") from None
    if sum(member.file_size for member in members) > limits.archive_megabytes << 20:
        raise DocumentError(
            f"{name} would unpack to more than {limits.archive_megabytes} MB, so it is not opened."
        )
    names = {member.filename for member in members}
    for part, loader in _ZIP_LOADERS:
        if part in names:
            return loader
    for part, kind, hint in _ZIP_KINDS:
        if part in names:
            raise UnsupportedDocument(f"{name} is {kind}, which cannot be read.", hint=hint)
    raise UnsupportedDocument(f"{name} is a ZIP archive without a document in it.")


def _old_office(data: bytes, name: str) -> DocumentError:
    # A Word document with a password is an old-style container around the encrypted new one.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return EncryptedDocument(
            f"{name} is locked by a password.", hint="Save a copy without the password."
        )
    return UnsupportedDocument(
        f"{name} is in an Office format from before 2007.", hint="Save it as DOCX, XLSX or PDF."
    )
