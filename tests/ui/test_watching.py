"""Watching a folder: what is told of it, and what the command makes of that."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from ingest.embeddings import make_embeddings
from tests.packs import Pack, end_vector_servers
from ui.watching import State, current_state, states


@pytest.fixture
def watched(small_pack: Pack) -> Iterator[Watched]:
    watched = Watched(small_pack)
    yield watched
    watched.end()


class Watched:
    """A pack that is watched from another thread, with a rest of a tenth of a second."""

    def __init__(self, pack: Pack) -> None:
        self.seen: Queue[State] = Queue()
        self._states = states(pack.folder, rest=0.1, look=1.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        assert self.next() == current_state(pack.folder)

    def next(self) -> State:
        return self.seen.get(timeout=60)

    def until(self, state: State) -> int:
        """Return how many other states were seen before this one."""
        return next(n for n in range(1000) if self.next() == state)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)

    def _watch(self) -> None:
        for state in self._states:
            self.seen.put(state)
            if self._ended.is_set():
                return


def test_a_change_is_told_when_it_has_come_to_rest(small_pack: Pack, watched: Watched) -> None:
    before = current_state(small_pack.folder)
    seen = set()
    for i in range(10):
        small_pack.write("guides/owls.md", "# Owls\n" * (i + 1))
        seen.add(current_state(small_pack.folder))
        time.sleep(0.02)
    after = current_state(small_pack.folder)
    states_seen = {watched.next()}
    while after not in states_seen:
        states_seen.add(watched.next())
    assert len(seen) == 10 and len(states_seen - {before, after}) <= 2, "it is not told ten times"


def test_a_folder_that_was_replaced_is_watched_in_its_place(
    small_pack: Pack, watched: Watched
) -> None:
    folder, away = small_pack.folder, small_pack.folder.with_name("away")
    folder.rename(away)
    watched.until(frozenset())
    shutil.copytree(away, folder)
    watched.until(current_state(folder))
    small_pack.write("guides/owls.md", "# Owls")
    watched.until(current_state(folder))


def test_card_and_removal_are_changes_and_other_files_are_not(small_pack: Pack) -> None:
    first = current_state(small_pack.folder)
    small_pack.write("guides/~lock.docx", "x")
    assert current_state(small_pack.folder) == first
    small_pack.edit("domain.toml", "Garden birds", "Birds of gardens")
    second = current_state(small_pack.folder)
    (small_pack.folder / "guides/watching.txt").unlink()
    assert len({first, second, current_state(small_pack.folder)}) == 3


def test_what_changes_is_indexed_until_control_c(small_pack: Pack, tmp_path: Path) -> None:
    small_pack.reindex(make_embeddings(small_pack.settings))
    environment = {
        **os.environ,
        "GROUNDSKEEPER_DOMAIN": str(small_pack.folder),
        "GROUNDSKEEPER_DATA_DIR": str(small_pack.settings.data_dir),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "reindex", "--watch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            first, second = edit_while_it_watches(small_pack, process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()  # else nobody would ever be told
                raise
    end_vector_servers(tmp_path)

    assert first["added"] == []
    assert second["added"] == ["guides/owls.md"]
    assert process.returncode == 130
    assert "Traceback" not in errors


def edit_while_it_watches(pack: Pack, process: subprocess.Popen[str]) -> tuple[Any, Any]:
    """Break the card, mend it and add a guide; return what the first and last run printed."""
    assert process.stdout is not None and process.stderr is not None
    first = json.loads(process.stdout.readline())
    while "Watching" not in process.stderr.readline():
        assert process.poll() is None
    pack.edit("domain.toml", 'name = "Garden birds"', 'nam = "Garden birds"')
    assert "domain.name" in process.stderr.readline()
    pack.edit("domain.toml", 'nam = "Garden birds"', 'name = "Garden birds"')
    pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    return first, json.loads(process.stdout.readline())
