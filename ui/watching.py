"""Watching a pack's folder: how it looks whenever something in it has changed and come to rest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles._rust_notify import RustNotify  # documented as watchfiles' Rust backend

from ingest.domain import CARD_NAME
from ingest.errors import CorpusError
from ingest.scan import find_files

REST_SECONDS = 2.0
# A folder where something is written all the time is looked at all the same.
RESTLESS_SECONDS = 30.0
# Where the system tells of no changes (some network drives), looking now and then sees them.
LOOK_SECONDS = 60.0
State = frozenset[tuple[str, int, int]]


def states(folder: Path, rest: float = REST_SECONDS, look: float = LOOK_SECONDS) -> Iterator[State]:
    """Yield how the folder looks: at once, and then after each change and now and then, endlessly.

    A change counts when nothing has moved for `rest` seconds; every `look` seconds the folder is
    looked at whether or not a change was told. What changes while the caller works is told after.
    A folder that has gone is waited for, and one that was put in its place is watched instead.
    """
    step, debounce = int(rest * 1000), int(max(rest, RESTLESS_SECONDS) * 1000)
    while True:
        watched = _identity(folder)
        try:
            # It watches before the first look, so that nothing is missed in between.
            changes = RustNotify([str(folder)], False, _polling(), 300, True, True)
        except FileNotFoundError:
            time.sleep(rest)
            continue
        with changes:
            yield current_state(folder)
            while (there := _identity(folder)) in (watched, None):
                patience = int((look if there else rest) * 1000)
                if changes.watch(debounce, step, patience, None) == "signal":
                    raise KeyboardInterrupt
                yield current_state(folder)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Tell a folder from another that has its name; what tells of changes does not."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _polling() -> bool:
    """Whether to look at every file again and again; watchfiles documents this variable."""
    asked = os.environ.get("WATCHFILES_FORCE_POLLING", "")
    return asked.lower() not in ("", "false", "disable", "disabled")


def current_state(folder: Path) -> State:
    """Return names, sizes and times of the documents and the card."""
    try:
        found = {(file.name, file.size, file.mtime_ns) for file in find_files(folder)}
    except CorpusError:
        return frozenset()  # reindexing it will say why
    try:
        card = (folder / CARD_NAME).stat()
    except OSError:
        return frozenset(found)
    return frozenset(found | {(CARD_NAME, card.st_size, card.st_mtime_ns)})
