"""Watching a pack's folder: when something in it has changed and come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.domain import CARD_NAME
from ingest.scan import find_files

SECONDS = 2.0
State = frozenset[tuple[str, int, int]]


def changes(
    folder: Path, seconds: float = SECONDS, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Yield each time the folder differs from the last time, without end.

    A file that is still being written is waited for: the folder has to look the same twice,
    `seconds` apart. Looking costs one stat for each file; nothing is missed while the caller
    works, since it is compared with what was there when the last change was yielded.
    """
    last = current_state(folder)
    while True:
        sleep(seconds)
        now = current_state(folder)
        while now != last:
            sleep(seconds)
            settled, now = now, current_state(folder)
            if settled == now:
                last = now
                yield


def current_state(folder: Path) -> State:
    """Return names, sizes and times of the documents and the card."""
    found = {(file.name, file.size, file.mtime_ns) for file in find_files(folder)}
    try:
        card = (folder / CARD_NAME).stat()
    except OSError:
        return frozenset(found)
    return frozenset(found | {(CARD_NAME, card.st_size, card.st_mtime_ns)})
