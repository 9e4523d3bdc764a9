"""Reindexes that are killed, and readers beside them: for the tests and bench/bench_kills.py."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import numpy as np

from ingest.lexical import LexicalIndex
from tests import workers
from tests.packs import HashedEmbeddings, Pack, server_pids
from tests.workers import MARK, Death, editions_seen, write_edition

# So many steps a reindex of this pack tells of.
STEPS = 16


def fork_server() -> ForkServerContext:
    """Return what starts processes within milliseconds: they fork from one that has it all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.workers", "chromadb.api.fastapi", "httpcore"])
    return context


def start(
    processes: ForkServerContext, pack: Pack, *, rebuild: bool = False, death: Death | None = None
) -> ForkServerProcess:
    """Start a reindex in a process of its own."""
    process = processes.Process(target=workers.reindex, args=(pack.root, rebuild, death))
    process.start()
    return process


def kill_at_random_moments(
    pack: Pack, hashed: HashedEmbeddings, processes: ForkServerContext, times: int
) -> Counter[str]:
    """Kill so many reindexes, each of a new edition; returns in which phases they died.

    Every other one dies at a random moment of the time that such a run takes, as the last
    undisturbed one did; the others at or soon after a random step, so that short phases have their
    share. Those that are done before their moment are not counted.
    """
    pack.reindex(hashed)
    dice = random.Random(7)
    died: Counter[str] = Counter()
    seen, seconds, edition = "1", 1.0, 1
    while died.total() < times:
        edition += 1
        write_edition(pack, edition)
        by_step = Death(dice.randint(1, STEPS), dice.choice([0.0, dice.uniform(0.0, 0.05)]))
        by_time = edition % 2 == 0
        started = time.monotonic()
        process = start(
            processes, pack, rebuild=edition % 3 == 0, death=Death() if by_time else by_step
        )
        process.join(dice.uniform(0.0, 1.1 * seconds) if by_time else 60)
        if process.exitcode == 0:
            seconds = time.monotonic() - started
        elif by_time:
            seconds *= 1.02  # what is killed again and again never tells how long it takes
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        if process.exitcode:
            died[workers.phase(pack.root)] += 1
        (seen,) = assert_one_edition(pack, hashed, {seen, str(edition)})
    assert_healed(pack, hashed, str(edition))
    assert len(server_pids(pack.root)) == 1
    return died


@contextmanager
def readers(processes: ForkServerContext, pack: Pack, folder: Path) -> Iterator[list[str]]:
    """Have one process search and one ask; at the end neither has seen an error or a mixture.

    Yields a list, which then holds a line about each.
    """
    stop, told = processes.Event(), []
    running, read = {}, {}
    for job in (workers.search_until, workers.ask_until):
        outcome = folder / f"{job.__name__}.txt"
        read[outcome] = processes.Event()
        arguments = (pack.root, stop, read[outcome], outcome)
        running[outcome] = processes.Process(target=job, args=arguments)
        running[outcome].start()
        assert read[outcome].wait(60)
    try:
        yield told
        for event in 2 * [*read.values()]:  # the second was begun after the last change
            event.clear()
            assert event.wait(120)
    finally:
        stop.set()
        for reader in running.values():
            reader.join(60)
    for outcome in running:
        summary, *wrong = outcome.read_text().splitlines()
        assert not wrong, wrong[:5]
        reads, generations = map(int, summary.split())
        assert generations > 1, "it read before and after a change"
        done = "searched" if "search" in outcome.stem else "asked"
        told.append(f"one process {done} {reads:,} times and saw {generations} generations")


# --- what is there afterwards ---------------------------------------------------------------------


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
