"""Several processes at one index, and processes killed in the middle: all of them real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from filelock import FileLock

from tests.kills import (
    assert_healed,
    assert_one_edition,
    fork_server,
    kill_at_random_moments,
    readers,
    start,
)
from tests.packs import HashedEmbeddings, Pack, end_vector_servers, server_pids
from tests.workers import Death, write_edition
from ui.cli import run

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "ui.cli"]
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """New processes within milliseconds: they fork from one that has everything imported."""
    return fork_server()


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    pack = Pack.make(tmp_path)
    write_edition(pack, 1)
    yield pack
    end_vector_servers(tmp_path)


# --- killed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rebuild", "stride"),
    [
        (False, 5),
        pytest.param(False, 1, marks=pytest.mark.slow),
        pytest.param(True, 3, marks=pytest.mark.slow),
    ],
)
def test_killed_at_step_after_step(
    rebuild: bool,
    stride: int,
    pack: Pack,
    hashed: HashedEmbeddings,
    processes: ForkServerContext,
) -> None:
    pack.reindex(hashed)
    write_edition(pack, 2)
    seen = "1"
    for step in range(1 if stride == 1 else 2, 100, stride):
        process = start(processes, pack, rebuild=rebuild, death=Death(step))
        process.join(120)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        (seen,) = assert_one_edition(pack, hashed, {seen, "2"})
    assert step > 12, "it died in every stage"
    assert_healed(pack, hashed, "2")
    assert len(server_pids(pack.root)) == 1


def test_killed_at_any_moment(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    kill_at_random_moments(pack, hashed, processes, 3)


@pytest.mark.slow
def test_killed_at_two_hundred_moments_while_somebody_searches(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, tmp_path: Path
) -> None:
    pack.reindex(hashed)
    with readers(processes, pack, tmp_path):
        died = kill_at_random_moments(pack, hashed, processes, 200)
    assert min(died[phase] for phase in ("Looking", "Embedding", "Storing", "Cleaning up")) > 5


def test_the_first_index_killed_in_the_middle(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    for step in (2, 6):
        process = start(processes, pack, death=Death(step))
        process.join(120)
        assert process.exitcode == -signal.SIGKILL
    assert_healed(pack, hashed, "1")


# --- together -------------------------------------------------------------------------------------


def test_a_reader_never_sees_an_error_or_a_mixture(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, tmp_path: Path
) -> None:
    pack.reindex(hashed)
    with readers(processes, pack, tmp_path):
        for edition in range(2, 6):
            write_edition(pack, edition)
            pack.reindex(hashed, rebuild=edition % 2 == 0)
    assert len(server_pids(pack.root)) == 1


@pytest.mark.slow
def test_readers_and_reindexes_live_side_by_side_for_ten_minutes(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, tmp_path: Path
) -> None:
    pack.reindex(hashed)
    edition, end = 1, time.monotonic() + float(os.environ.get("SIDE_BY_SIDE_SECONDS", "600"))
    with readers(processes, pack, tmp_path):
        while time.monotonic() < end:
            edition += 1
            write_edition(pack, edition, sections=30 + edition % 40)
            started = time.monotonic()
            assert pack.reindex(hashed, rebuild=edition % 5 == 0).generation == edition
            assert time.monotonic() - started < 60, "nothing hangs"
    assert edition > 20 and len(server_pids(pack.root)) == 1


def test_two_reindexes_at_once(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    running = [start(processes, pack) for _ in range(2)]
    for process in running:
        process.join(120)
    assert 0 in [process.exitcode for process in running]
    assert_healed(pack, hashed, "1")


# --- the command ----------------------------------------------------------------------------------


def command(pack: Pack, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "GROUNDSKEEPER_DOMAIN": str(pack.folder),
        "GROUNDSKEEPER_DATA_DIR": str(pack.settings.data_dir),
        "TERM": "xterm",
    }
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environment,
        cwd=REPOSITORY,
    )


def test_the_second_command_says_that_the_first_is_busy(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(pack.folder))
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(pack.settings.data_dir))
    pack.paths.folder.mkdir(parents=True)
    with FileLock(pack.paths.reindex_lock):
        assert run(["reindex", "--json"]) != 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Another reindex of Garden birds is running. Wait until it is done; this one changed "
        "nothing.\n"
    )


def test_control_c_in_a_terminal(pack: Pack, hashed: HashedEmbeddings) -> None:
    """One clear sentence, the cursor back, the old index in place, and the next run goes on."""
    pack.reindex(hashed)
    write_edition(pack, 2, sections=200)
    terminal, inside = os.openpty()
    process = command(pack, "reindex", "--rebuild", stderr=inside)
    os.close(inside)
    shown = read_terminal(terminal, until=b"Embedding")
    process.send_signal(signal.SIGINT)
    shown += read_terminal(terminal)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and out == ""
    assert b"Traceback" not in shown
    last = shown.decode().rstrip().splitlines()[-1]
    assert last.endswith("Stopped. Nothing is half done; run the same command again.")
    assert shown.rindex(SHOW_CURSOR) > shown.rindex(HIDE_CURSOR)
    assert_one_edition(pack, hashed, {"1"})
    assert_healed(pack, hashed, "2")


def read_terminal(terminal: int, until: bytes = b"") -> bytes:
    """Return what a terminal shows until it shows these bytes, or is left."""
    shown = b""
    while not until or until not in shown:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # Linux's word for a terminal that nobody has open any more
            more = b""
        if not more:
            os.close(terminal)
            break
        shown += more
    return shown
