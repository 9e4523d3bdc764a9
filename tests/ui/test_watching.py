"""Watching a folder, with time that the test turns on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.embeddings import make_embeddings
from tests.packs import Pack, end_vector_servers
from ui.watching import changes


class Clock:
    """Stands in for sleeping: does what is planned for each interval instead."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.slept = 0

    def sleep(self, _: float) -> None:
        self.slept += 1
        if not self.steps:
            raise TimeoutError("nothing changed any more")
        self.steps.pop(0)()


def nothing() -> None:
    """An interval in which nobody touches the pack."""


def test_a_change_is_told_once_and_when_it_has_come_to_rest(small_pack: Pack) -> None:
    def write(text: str) -> Callable[[], object]:
        return lambda: small_pack.write("guides/owls.md", text)

    clock = Clock(nothing, write("# O"), write("# Owls, half"), write("# Owls, all"), nothing)
    watched = changes(small_pack.folder, sleep=clock.sleep)

    next(watched)

    assert clock.slept == 5
    assert not clock.steps


def test_card_and_removal_are_changes_and_other_files_are_not(small_pack: Pack) -> None:
    def remove() -> None:
        (small_pack.folder / "guides/watching.txt").unlink()

    clock = Clock(
        lambda: small_pack.write("guides/~lock.docx", "x"),
        nothing,
        lambda: small_pack.edit("domain.toml", "Garden birds", "Birds of gardens"),
        nothing,
        remove,
        nothing,
    )
    watched = changes(small_pack.folder, sleep=clock.sleep)

    next(watched)
    assert len(clock.steps) == 2
    next(watched)
    assert not clock.steps


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
        _, errors = process.communicate(timeout=60)
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
    time.sleep(0.5)  # the folder is looked at right after it is said
    pack.edit("domain.toml", 'name = "Garden birds"', 'nam = "Garden birds"')
    assert "domain.name" in process.stderr.readline()
    pack.edit("domain.toml", 'nam = "Garden birds"', 'name = "Garden birds"')
    pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    return first, json.loads(process.stdout.readline())
