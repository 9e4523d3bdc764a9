"""Several processes at one index, and processes killed in the middle: all of them real."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from ingest.lexical import LexicalIndex
from tests import workers
from tests.packs import HashedEmbeddings, Pack, end_vector_servers, server_pids
from tests.workers import MARK, editions_seen, write_edition

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "ui.cli"]
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """New processes within milliseconds: they fork from one that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.workers"])
    return context


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    pack = Pack.make(tmp_path)
    write_edition(pack, 1)
    yield pack
    end_vector_servers(tmp_path)


def start(
    processes: ForkServerContext, pack: Pack, *, rebuild: bool = False, die_at: int = 0
) -> ForkServerProcess:
    arguments = {"rebuild": rebuild, "die_at": die_at}
    process = processes.Process(target=workers.reindex, args=(pack.root,), kwargs=arguments)
    process.start()
    return process


def assert_one_edition(pack: Pack, hashed: HashedEmbeddings, allowed: set[str]) -> set[str]:
    """Search, and compare SQL, vectors and full text; returns the edition that is there."""
    for exact_chunks in (0, 1_000):
        with pack.index(hashed, exact_chunks) as index:
            _, editions, found, count = editions_seen(index, hashed)
        assert len(editions) == 1 and editions <= allowed
        assert found == count > 0, "dense search finds every passage of its generation"
    assert_stores_agree(pack, hashed)
    return editions


def assert_stores_agree(pack: Pack, hashed: HashedEmbeddings) -> None:
    """Whatever SQL knows is in Chroma, in the file of vectors and in the full-text index."""
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        chunks = snapshot.chunks(range(1, 100_000))
        marks = {mark for chunk in chunks.values() for mark in MARK.findall(chunk.text)}
        assert len(marks) == 1, "SQL holds one edition"
        assert {chunk.chunk_id for chunk in chunks.values()} <= snapshot._shared.vectors.ids()
        assert set(chunks) <= set(LexicalIndex(pack.paths.lexical).searcher().numbers().tolist())
        for number, vector in snapshot.vectors_of(list(chunks)).items():
            expected = hashed.embed_query(chunks[number].index_text)
            assert np.allclose(vector, expected, atol=1e-5)


def assert_healed(pack: Pack, hashed: HashedEmbeddings, edition: str) -> None:
    """After a run that was not disturbed, the new edition is there and nothing else is left."""
    report = pack.reindex(hashed)
    assert not report.failed
    assert_one_edition(pack, hashed, {edition})
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        known = {c.chunk_id for c in snapshot.chunks(range(1, 100_000)).values()}
        assert snapshot._shared.vectors.ids() == known
        numbers = LexicalIndex(pack.paths.lexical).searcher().numbers().tolist()
        assert {c.chunk_id for c in snapshot.chunks(numbers).values()} == known
        assert len(numbers) == len(known), "the full-text index holds nothing else"
        collections = index._chroma.client().list_collections()
    assert len(collections) == 1, "the collection of a rebuild that died is gone"
    assert pack.reindex(hashed).generation == report.generation


# --- killed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rebuild", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_killed_at_every_step(
    rebuild: bool, pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    pack.reindex(hashed)
    write_edition(pack, 2)
    seen = "1"
    for step in range(1, 100, 3 if rebuild else 1):
        process = start(processes, pack, rebuild=rebuild, die_at=step)
        process.join(30)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        (seen,) = assert_one_edition(pack, hashed, {seen, "2"})
    assert step > 12, "it died in every stage"
    assert_healed(pack, hashed, "2")
    assert len(server_pids(pack.root)) == 1


def kill_at_random_moments(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, times: int
) -> int:
    """Kill so many reindexes, each of a new edition; returns how many of them were too late.

    The moments lie anywhere in the time that such a run takes, as the last undisturbed one did.
    """
    pack.reindex(hashed)
    dice = random.Random(7)
    seen, late, seconds = "1", 0, 1.0
    for edition in range(2, times + 2):
        write_edition(pack, edition)
        process = start(processes, pack, rebuild=edition % 3 == 0)
        started = time.monotonic()
        process.join(dice.uniform(0.0, 1.2 * seconds))
        if process.exitcode == 0:
            late += 1
            seconds = time.monotonic() - started
        else:
            seconds *= 1.02  # what is killed again and again never tells how long it takes
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        (seen,) = assert_one_edition(pack, hashed, {seen, str(edition)})
    assert_healed(pack, hashed, str(times + 1))
    assert len(server_pids(pack.root)) == 1
    return late


def test_killed_at_any_moment(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    assert kill_at_random_moments(pack, hashed, processes, 10) < 10


@pytest.mark.slow
def test_killed_at_two_hundred_moments_while_somebody_searches(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, tmp_path: Path
) -> None:
    pack.reindex(hashed)
    with readers(processes, pack, tmp_path):
        late = kill_at_random_moments(pack, hashed, processes, 200)
    assert late < 100, "most of them died"


def test_the_first_index_killed_in_the_middle(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    for step in (1, 4, 6):
        process = start(processes, pack, die_at=step)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
    assert_healed(pack, hashed, "1")


# --- together -------------------------------------------------------------------------------------


def test_a_reader_never_sees_an_error_or_a_mixture(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, tmp_path: Path
) -> None:
    pack.reindex(hashed)
    with readers(processes, pack, tmp_path):
        for edition in range(2, 8):
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


@contextmanager
def readers(processes: ForkServerContext, pack: Pack, folder: Path) -> Iterator[None]:
    """Have two processes search all the time; at the end none has seen an error or a mixture."""
    stop, ready = processes.Event(), processes.Event()
    outcomes = [folder / f"reader-{i}.txt" for i in range(2)]
    running = [
        processes.Process(target=workers.read_until, args=(pack.root, stop, ready, outcome))
        for outcome in outcomes
    ]
    for reader in running:
        reader.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        stop.set()
        for reader in running:
            reader.join(60)
    for outcome in outcomes:
        summary, *wrong = outcome.read_text().splitlines()
        print(f"{outcome.name}: reads and generations: {summary}")
        reads, generations = map(int, summary.split())
        assert not wrong, wrong[:5]
        assert reads > 10 and generations > 2, "it read while the index changed"


def test_two_reindexes_at_once(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext
) -> None:
    running = [start(processes, pack) for _ in range(3)]
    for process in running:
        process.join(30)
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


def test_the_second_command_says_that_the_first_is_busy(pack: Pack) -> None:
    pack.paths.folder.mkdir(parents=True)
    with FileLock(pack.paths.reindex_lock):
        out, err = command(pack, "reindex", "--json").communicate(timeout=60)
    assert out == ""
    assert err == (
        "Another reindex of Garden birds is running. Wait until it is done; this one changed "
        "nothing.\n"
    )


def test_control_c_in_a_terminal(pack: Pack, hashed: HashedEmbeddings) -> None:
    """One clear sentence, the cursor back, the old index in place, and the next run goes on."""
    pack.reindex(hashed)
    write_edition(pack, 2, sections=500)
    terminal, inside = os.openpty()
    process = command(pack, "reindex", "--rebuild", stderr=inside)
    os.close(inside)
    shown = read_terminal(terminal, until=b"Embedding")
    process.send_signal(signal.SIGINT)
    shown += read_terminal(terminal)
    out, _ = process.communicate(timeout=60)
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
