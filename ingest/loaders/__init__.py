"""Files to documents: `load` looks at a file's content and picks the loader."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument, UnsupportedDocument
from ingest.loaders.delimited_loader import load_csv, load_tsv
from ingest.loaders.docx_loader import load_docx
from ingest.loaders.html_loader import load_html
from ingest.loaders.markdown_loader import load_markdown
from ingest.loaders.pdf_loader import load_pdf
from ingest.loaders.text_loader import load_text

MAX_BYTES = 100 * 1024 * 1024
# A packed file may grow a thousandfold when it is opened.
MAX_UNPACKED_BYTES = 400 * 1024 * 1024

Loader = Callable[[bytes, str], LoadedDocument]

_BY_SUFFIX: dict[str, Loader] = {
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".csv": load_csv,
    ".tsv": load_tsv,
    ".tab": load_tsv,
    ".html": load_html,
    ".htm": load_html,
    ".xhtml": load_html,
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
_ZIP_KINDS = (
    ("xl/workbook.xml", "an Excel workbook", "Save it as CSV."),
    ("ppt/presentation.xml", "a PowerPoint presentation", "Save it as PDF."),
    ("content.xml", "an OpenDocument file", "Save it as DOCX or PDF."),
    ("META-INF/container.xml", "an e-book", "Save it as HTML or PDF."),
)
_HTML_START = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.DOTALL
)
_SNIFFED = 4096


def load(path: Path) -> LoadedDocument:
    """Read a document, by what the file holds and not by what it is called.

    Only between kinds of plain text (Markdown, CSV, HTML fragments, text) does the name's ending
    decide. Raises EncryptedDocument, UnsupportedDocument, or DocumentError; the sentence names
    the file and the reason. Nothing in the file is run and nothing it refers to is fetched.
    """
    data = _read(path)
    document = _choose(data, path)(data, path.name)
    if not document.text:
        raise DocumentError(f"{path.name} holds no text.")
    if document.title:
        return document
    title = re.sub(r"[-_\s]+", " ", path.stem).strip().encode("utf-8", "ignore").decode()
    return dataclasses.replace(document, title=title)


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(
                f"{path.name} has {size / 2**20:.0f} MB, more than the {MAX_BYTES >> 20} MB "
                "that a document may have.",
                hint="Split it into smaller files.",
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentError(f"{path.name} cannot be read: {reason}.") from None


def _choose(data: bytes, path: Path) -> Loader:
    name = path.name
    if _is_pdf(data):
        return load_pdf
    if data.startswith(b"PK\x03\x04"):
        _check_zip(data, name)
        return load_docx
    if data.startswith(_OLD_OFFICE):
        raise _old_office(data, name)
    for magic, kind in _OTHER_KINDS:
        if data.startswith(magic):
            raise UnsupportedDocument(f"{name} is {kind}, which cannot be read.")
    suffix = path.suffix.lower()
    start = data.removeprefix(b"\xef\xbb\xbf")[:_SNIFFED]
    if _HTML_START.match(start) and suffix not in (".md", ".markdown"):
        return load_html
    return _BY_SUFFIX.get(suffix, load_text)


def _is_pdf(data: bytes) -> bool:
    """Readers accept a PDF that begins within the first 1,024 bytes (PDF 1.7, appendix H)."""
    if data[:64].lstrip().startswith(b"%PDF-"):
        return True
    return b"%PDF-" in data[:1024] and b"endobj" in data


def _check_zip(data: bytes, name: str) -> None:
    """Let only a Word document of bearable size pass."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError(f"{name} is a damaged archive: {error}.") from None
    names = {member.filename for member in members}
    if "word/document.xml" not in names:
        for part, kind, hint in _ZIP_KINDS:
            if part in names:
                raise UnsupportedDocument(f"{name} is {kind}, which cannot be read.", hint=hint)
        raise UnsupportedDocument(f"{name} is a ZIP archive without a Word document in it.")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise DocumentError(
            f"{name} would unpack to more than {MAX_UNPACKED_BYTES >> 20} MB, so it is not opened."
        )


def _old_office(data: bytes, name: str) -> DocumentError:
    # A Word document with a password is an old-style container around the encrypted new one.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return EncryptedDocument(
            f"{name} is locked by a password.", hint="Save a copy without the password."
        )
    return UnsupportedDocument(
        f"{name} is in an Office format from before 2007.", hint="Save it as DOCX or PDF."
    )
