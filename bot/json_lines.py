"""Files of one JSON object a line: read line by line, and appended to by several processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import UsageError


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers from 1.

    Raises UsageError if the file cannot be read or is not UTF-8.
    """
    try:
        # Not splitlines: a text may hold characters that it takes for line ends.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    yield from ((n, line) for n, line in enumerate(lines, start=1) if line.strip())


def append_line(path: Path, value: Any) -> None:
    """Append one JSON value as a line of its own, whoever else appends at the same time.

    The line goes out in one write to the end of the file, which POSIX keeps in one piece on a
    local file system (open(2), O_APPEND). What a crash left unfinished is ended first, so that
    only it is lost. Raises UsageError if the line cannot be written in full.
    """
    line = json.dumps(value, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            whole = (line if _ends_well(file) else f"\n{line}").encode()
            written = os.write(file, whole)
        finally:
            os.close(file)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}.") from None
    if written < len(whole):
        raise UsageError(f"{path} cannot be written to its end.", hint="Is the disk full?")


def _ends_well(file: int) -> bool:
    size = os.fstat(file).st_size
    return size == 0 or os.pread(file, 1, size - 1) == b"\n"
