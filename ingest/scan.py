"""Which files of a pack are documents, and which of them changed since they were indexed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.domain import CARD_NAME
from ingest.errors import CorpusError
from ingest.loaders.archives import MAGIC
from ingest.rules import RULES_NAME

# Folders of a pack that hold what the pack is tested with, not what it knows.
SKIPPED_FOLDERS = frozenset({"questions"})
# What the pack says of itself is no evidence: a rule would be quoted by its own message.
SKIPPED_FILES = frozenset({(CARD_NAME,), (RULES_NAME,)})
# Archives that are one document, by what they are called; the others are looked into.
_DOCUMENT_SUFFIXES = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".epub"})
# Deleted while we looked, or a link to nothing: no document, and nothing to tell.
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_GRANT = "Give the user who runs this the right to read it."
# A file changed this shortly before it was indexed could change again within one clock tick.
DOUBT_NS = 2_000_000_000


@dataclass(frozen=True)
class SourceFile:
    """A document's file: its name inside the pack (with forward slashes), size and mtime.

    The name is for people and for SQL: what is no printable text in it is escaped. A file in an
    archive has the archive's path and time; `inside` is the way to it from there. `refusal` says
    why it is not read, if that is known already.
    """

    name: str
    path: Path
    size: int
    mtime_ns: int
    inside: tuple[str, ...] = ()
    refusal: str = ""


@dataclass(frozen=True)
class Known:
    """What the index remembers of a document: enough to tell whether it changed."""

    sha256: str
    size: int
    mtime_ns: int
    indexed_at_ns: int
    recipe: str
    status: str
    stale: bool = False
    reason: str = ""


def find_files(folder: Path) -> Iterator[SourceFile]:
    """Yield the documents of a pack in a stable order.

    Left out: the card and the rules, names that begin with a dot, an underscore or a tilde
    (editors' and office programs' own), and links that lead out of the pack. A folder that cannot
    be looked into comes last, as a file that is not read: what is in it has not gone.
    """
    root = folder.resolve()
    unreadable: list[OSError] = []
    for parts in sorted(_names(folder, unreadable.append)):
        path = folder.joinpath(*parts)
        try:
            found = path.stat()
        except OSError as error:
            unreadable.append(error)
            continue
        if not stat.S_ISREG(found.st_mode):
            continue
        # Folders that are links are not entered, so only the file itself can lead out.
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            continue
        name = printable("/".join(parts))
        yield SourceFile(name, path, found.st_size, found.st_mtime_ns)
    yield from (_unread(folder, error) for error in unreadable if error.errno not in _NOT_THERE)


def _unread(folder: Path, error: OSError) -> SourceFile:
    """Return what could not be looked at as a document that is refused.

    Raises CorpusError if it is the pack's folder itself.
    """
    path = Path(error.filename)
    if path == folder:
        raise CorpusError(f"{folder} cannot be read: {error.strerror}.", hint=_GRANT)
    refusal = f"{printable(path.name)} cannot be read: {error.strerror}. {_GRANT}"
    return SourceFile(printable(path.relative_to(folder).as_posix()), path, 0, 0, refusal=refusal)


def _names(folder: Path, failed: Callable[[OSError], None]) -> Iterator[tuple[str, ...]]:
    """Yield the ways from a folder to what is in it and below, leaving out what is no document."""
    for place, folders, files in os.walk(folder, onerror=failed):
        folders[:] = [f for f in folders if f[0] not in "._~" and f not in SKIPPED_FOLDERS]
        way = Path(place).relative_to(folder).parts
        for name in files:
            if name[0] not in "._~" and (*way, name) not in SKIPPED_FILES:
                yield (*way, name)


def printable(text: str) -> str:
    """Escape control characters, bytes that are not UTF-8, and the backslash itself."""
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text
    )


def surely_unchanged(file: SourceFile, known: Known) -> bool:
    """Tell by size and mtime alone that a file is what was indexed.

    Not of one that could not be read the last time: put back from a backup, or made readable
    again, it may have the time that it had before.
    """
    return (
        not known.stale
        and file.size == known.size
        and file.mtime_ns == known.mtime_ns
        and known.indexed_at_ns - file.mtime_ns > DOUBT_NS
    )


def file_in_archive(
    archive: SourceFile, inside: Sequence[str], size: int, refusal: str
) -> SourceFile:
    """Return a file in an archive as a document: "archive.zip/folder/file.pdf"."""
    # A name that leads upwards must not do so as the name of a document.
    parts = ["(..)" if part == ".." else part for part in "/".join(inside).split("/") if part]
    name = f"{archive.name}/{printable('/'.join(parts))}"
    return SourceFile(name, archive.path, size, archive.mtime_ns, tuple(inside), refusal)


def may_be_archive(path: Path) -> bool:
    """Tell by its first bytes whether a file may be an archive with documents in it."""
    if path.suffix.lower() in _DOCUMENT_SUFFIXES:
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(4) in MAGIC
    except OSError:
        return False  # reading it will say why
