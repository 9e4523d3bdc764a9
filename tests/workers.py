"""What tests run in processes of their own: reindexes that die at a step, readers that watch."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

from ingest.errors import GroundskeeperError
from ingest.index import Index
from ingest.reindex import Reindexer
from tests.packs import HashedEmbeddings, Pack

MARK = re.compile(r"edition (\d+)")


def write_edition(pack: Pack, edition: int, sections: int = 30) -> None:
    """Write every document of the pack anew, each passage saying of which edition it is."""
    for name in ("feeding", "watching"):
        body = "\n\n".join(
            f"## Section {i}\n\nThe {name} chapter {i} of edition {edition} speaks of robins."
            for i in range(sections)
        )
        pack.write(f"guides/{name}.md", f"# The guide to {name}\n\n{body}\n")
    rows = (f"{i},Bird {i} edition {edition},,Family,{i},{i},{edition}" for i in range(sections))
    header = "id,name,aliases,family,weight,wingspan,eggs"
    pack.write("birds.csv", "\n".join([header, *rows]) + "\n")
    for name in ("guides/watching.txt", "guides/nest-boxes.html"):
        (pack.folder / name).unlink(missing_ok=True)


@dataclass
class DiesAtStep:
    """Progress that kills its process, as hard as can be, at the given step."""

    step: int
    seen: list[str] = field(default_factory=list)

    def begin(self, what: str, total: int) -> None:
        self._pass(f"begin {what}")

    def advance(self, steps: int = 1) -> None:
        self._pass("advance")

    def resize(self, total: int) -> None:
        """How long a stage turns out to be is nothing to die of."""

    def end(self) -> None:
        self._pass("end")

    def beside(self) -> DiesAtStep:
        return self

    def _pass(self, what: str) -> None:
        self.seen.append(what)
        if len(self.seen) == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def reindex(root: Path, *, rebuild: bool = False, die_at: int = 0) -> None:
    pack = Pack.at(root)
    progress = DiesAtStep(die_at)
    Reindexer(pack.folder, pack.card, pack.paths, HashedEmbeddings(), progress).run(rebuild=rebuild)


def editions_seen(index: Index, embeddings: HashedEmbeddings) -> tuple[int, set[str], int, int]:
    """Return what one snapshot shows: generation, editions, dense hits, and how many there are."""
    query = np.asarray(embeddings.embed_query("robins chapter 7"), dtype=np.float32)
    with index.snapshot() as snapshot:
        count = min(snapshot.counts()["chunks"], 60)
        dense = snapshot.dense_search(query, count)
        lexical = snapshot.lexical_search("robins chapter", count)
        chunks = snapshot.chunks([number for number, _ in [*dense, *lexical]])
        editions = {mark for chunk in chunks.values() for mark in MARK.findall(chunk.text)}
        return snapshot.generation, editions, len(dense) if lexical else 0, count


def read_until(root: Path, stop: Event, ready: Event, outcome: Path) -> None:
    """Query in a loop until told to stop; write what was wrong, and how much was read."""
    pack, embeddings = Pack.at(root), HashedEmbeddings()
    generations: set[int] = set()
    wrong: list[str] = []
    reads = 0
    with pack.index(embeddings) as exact, pack.index(embeddings, exact_chunks=0) as by_chroma:
        while not stop.is_set():
            index = by_chroma if reads % 2 else exact
            try:
                generation, editions, found, count = editions_seen(index, embeddings)
                if len(editions) != 1 or found != count:
                    wrong.append(f"generation {generation}: {editions}, {found} of {count}")
                generations.add(generation)
            except Exception as error:
                wrong.append(repr(error))
            reads += 1
            ready.set()
    outcome.write_text("\n".join([f"{reads} {len(generations)}", *wrong]))


def run_in_process(job: Callable[..., None], *arguments: object) -> None:
    """Do a job of this module in a process of its own, which must end by itself."""
    process = multiprocessing.get_context("spawn").Process(target=job, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode == 0


def reindex_with_small_files(root: Path, size: int, said: Path) -> None:
    """Reindex where no file may grow beyond so many bytes; write down what is raised."""
    pack = Pack.at(root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        Reindexer(pack.folder, pack.card, pack.paths, HashedEmbeddings()).run()
        told = "nothing was wrong\n"
    except GroundskeeperError as error:
        told = f"{type(error).__name__}: {error.message}\n{error.hint}\n"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    said.write_text(told)
