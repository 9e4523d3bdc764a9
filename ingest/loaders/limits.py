"""What reading one file may take; who reads files is told by the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.errors import EncryptedDocument


@dataclass(frozen=True)
class Limits:
    """What one file may have and what reading it may take; over that, it is marked failed.

    `megabytes`: the size of a file. `pages`: of a PDF. `seconds`: from request to answer, by the
    clock. `memory_megabytes`: address space, beyond what the idle worker has. `passwords` are
    tried in turn on a locked file. `archive_megabytes`: the size of all that is packed in a file,
    `archive_files` how many these may be, `archive_depth` how many archives within each other.
    `ocr_languages` are Tesseract's names for the languages of scanned pages.
    The settings have the same names with "document_" in front, but for the
    archives' and this one.
    """

    megabytes: int = 100
    pages: int = 5_000
    seconds: float = 60.0
    memory_megabytes: int = 1_024
    passwords: tuple[str, ...] = ()
    ocr_languages: str = "eng"
    archive_megabytes: int = 400
    archive_files: int = 10_000
    archive_depth: int = 2


USUAL_LIMITS = Limits()


def locked_document(name: str, limits: Limits) -> EncryptedDocument:
    """Return the error that says of a file that none of the known passwords opens it."""
    if limits.passwords:
        return EncryptedDocument(
            f"{name} is locked by a password, and none of those in document_passwords opens it.",
            hint="Add the right one there, or save a copy without it.",
        )
    return EncryptedDocument(
        f"{name} is locked by a password.",
        hint="Name it in the setting document_passwords, or save a copy without it.",
    )
