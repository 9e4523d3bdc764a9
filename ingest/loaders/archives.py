"""Folders in ZIP files: which files they hold, and the bytes of one; nothing is written to disk."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ingest.errors import DocumentError
from ingest.loaders.limits import Limits, locked_document

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What makes an archive one document: it is read as that.
_DOCUMENT_PARTS = frozenset(
    {
        "[Content_Types].xml",
        "content.xml",
        "META-INF/container.xml",
    }
)
_SKIPPED = "._~"
_SKIPPED_FOLDERS = frozenset({"__MACOSX"})
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    `inside` is the way to it: its name in the archive, or an archive's there and its name in that
    one. `refusal` says why it is not read, if it is not.
    """

    inside: tuple[str, ...]
    size: int
    refusal: str = ""


def list_members(path: Path, limits: Limits) -> list[Member] | None:
    """Return the files in an archive and in the archives in it, in a stable order.

    None if it is no archive of files but one document (DOCX, XLSX, an e-book). Raises
    DocumentError if it is damaged, or holds more than the limits allow.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if _is_document(archive):
                return None
            return sorted(_Lister(path.name, limits).members(archive, ()), key=lambda m: m.inside)
    except _DAMAGE as error:
        raise DocumentError(f"{path.name} is a damaged archive: {error}.") from None


def read_member(path: Path, inside: Sequence[str], limits: Limits) -> tuple[bytes, os.stat_result]:
    """Return a file's bytes and the archive's state from which they were read.

    Raises EncryptedDocument if no password of the limits opens it, DocumentError if it is
    damaged or gone, or the archive was replaced meanwhile.
    """
    name = PurePosixPath(inside[-1]).name
    try:
        before = path.stat()
        archive = _opened(path, before.st_ino, before.st_size, before.st_mtime_ns)
        for part in inside[:-1]:
            archive = zipfile.ZipFile(io.BytesIO(_extract(archive, part, limits)))
        data = _extract(archive, inside[-1], limits)
        after = path.stat()
    except _DAMAGE as error:
        raise DocumentError(f"{name} cannot be unpacked: {error}.") from None
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    ):
        raise DocumentError(f"{name} was in an archive that changed while it was read.")
    return data, before


@lru_cache(maxsize=1)
def _opened(path: Path, inode: int, size: int, mtime_ns: int) -> zipfile.ZipFile:
    """Open an archive once for all its files: its directory may have thousands of lines."""
    return zipfile.ZipFile(path)


def _is_document(archive: zipfile.ZipFile) -> bool:
    return not _DOCUMENT_PARTS.isdisjoint(archive.namelist())


def _extract(archive: zipfile.ZipFile, member: str, limits: Limits) -> bytes:
    name = PurePosixPath(member).name
    info = _find(archive, member)
    if info.file_size > limits.megabytes << 20:
        raise DocumentError(
            f"{name} has {info.file_size / 2**20:.0f} MB, more than the {limits.megabytes} MB "
            "that a document may have.",
            hint="Split it into smaller files, or raise document_megabytes.",
        )
    if not info.flag_bits & 1:
        return archive.read(info)
    for password in limits.passwords:
        try:
            return archive.read(info, pwd=password.encode())
        except (RuntimeError, zlib.error, zipfile.BadZipFile):
            continue  # a wrong password shows by an error, or by what is unpacked with it
    raise locked_document(name, limits)


def _find(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    with suppress(KeyError):
        return archive.getinfo(member)
    found = _entries(archive).get(member)
    if found is None:
        raise DocumentError(f"{PurePosixPath(member).name} is no longer in its archive.")
    return found


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return what is in an archive by path; of two with one path the last, as in unpacking."""
    return {_path(info): info for info in archive.infolist()}


def _path(info: zipfile.ZipInfo) -> str:
    # Some programs of Windows write their own separator.
    return info.filename.replace("\\", "/")


class _Lister:
    """Counts what an archive and the archives in it hold together."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._files = 0
        self._bytes = 0

    def members(self, archive: zipfile.ZipFile, outer: tuple[str, ...]) -> Iterator[Member]:
        """Yield the files; raises DocumentError once they are too many or too large."""
        for path, info in _entries(archive).items():
            if info.is_dir() or path.endswith("/") or _is_left_out(path):
                continue
            self._count(info)
            inside = (*outer, path)
            refusal = _trick(info, path)
            if refusal:
                yield Member(inside, info.file_size, self._refused(path, refusal))
            else:
                yield from self._opened(archive, info, inside)

    def _opened(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, inside: tuple[str, ...]
    ) -> Iterator[Member]:
        """Yield a file, or if it is an archive the files in it."""
        plain = Member(inside, info.file_size)
        if info.flag_bits & 1:
            yield plain
            return
        with archive.open(info) as stream:
            if stream.read(4) not in MAGIC:
                yield plain
                return
        try:
            with zipfile.ZipFile(io.BytesIO(_extract(archive, inside[-1], self._limits))) as inner:
                if _is_document(inner):
                    yield plain
                elif len(inside) >= self._limits.archive_depth:
                    reason = f"archives are read {self._limits.archive_depth} deep (archive_depth)"
                    yield Member(inside, info.file_size, self._refused(inside[-1], reason))
                else:
                    yield from self.members(inner, inside)
        except zipfile.BadZipFile:
            yield plain  # its loader says what is wrong with it

    def _count(self, info: zipfile.ZipInfo) -> None:
        self._files += 1
        self._bytes += info.file_size
        if self._files > self._limits.archive_files:
            raise DocumentError(
                f"{self._name} holds more than {self._limits.archive_files} files.",
                hint="Unpack it, or raise archive_files.",
            )
        if self._bytes > self._limits.archive_megabytes << 20:
            raise DocumentError(
                f"{self._name} would unpack to more than {self._limits.archive_megabytes} MB.",
                hint="Unpack it, or raise archive_megabytes.",
            )

    def _refused(self, path: str, reason: str) -> str:
        return f"{PurePosixPath(path).name or path} in {self._name} is not read: {reason}."


def _is_left_out(path: str) -> bool:
    """As in a folder: what begins with a dot, an underscore or a tilde is some program's own."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return any(part[0] in _SKIPPED or part in _SKIPPED_FOLDERS for part in parts)


def _trick(info: zipfile.ZipInfo, path: str) -> str:
    """Say what is wrong with a name that is no plain path down from the archive."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or parts[0].endswith(":"):
        return "its path leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    return ""
