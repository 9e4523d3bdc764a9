"""Watching a pack's folder: how it looks whenever something in it has changed and come to rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from watchfiles._rust_notify import RustNotify  # documented as watchfiles' Rust backend

from ingest.domain import CARD_NAME
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
    """
    step, debounce = int(rest * 1000), int(max(rest, RESTLESS_SECONDS) * 1000)
    # It watches before the first look, so that nothing is missed in between.
    with RustNotify([str(folder)], False, False, 300, True, False) as changes:
        yield current_state(folder)
        while changes.watch(debounce, step, int(look * 1000), None) != "signal":
            yield current_state(folder)
    raise KeyboardInterrupt


def current_state(folder: Path) -> State:
    """Return names, sizes and times of the documents and the card."""
    found = {(file.name, file.size, file.mtime_ns) for file in find_files(folder)}
    try:
        card = (folder / CARD_NAME).stat()
    except OSError:
        return frozenset(found)
    return frozenset(found | {(CARD_NAME, card.st_size, card.st_mtime_ns)})
