"""What reading one file may take; who reads files is told by the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one file may have and what reading it may take; over that, it is marked failed.

    `megabytes`: the size of a file, `unpacked_megabytes` that of all that is packed in it.
    `pages`: the pages of a PDF. `seconds`: from request to answer, by the clock.
    `memory_megabytes`: address space, beyond what the idle worker has. `archive_files` and
    `archive_depth`: the files in an archive, and the archives within each other.
    `passwords` are tried in turn on a locked file.
    """

    megabytes: int = 100
    unpacked_megabytes: int = 400
    pages: int = 5_000
    seconds: float = 60.0
    memory_megabytes: int = 1_024
    archive_files: int = 10_000
    archive_depth: int = 2
    passwords: tuple[str, ...] = ()


USUAL_LIMITS = Limits()
