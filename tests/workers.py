"""What tests run in processes of their own: reindexes that die at a step, readers that watch."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from langchain_core.language_models import FakeListChatModel

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
    rows = (
        f"{i},Bird {i} edition {edition},Bird {i},Family,{i},{i},{edition}" for i in range(sections)
    )
    header = "id,name,aliases,family,weight,wingspan,eggs"
    pack.write("birds.csv", "\n".join([header, *rows]) + "\n")
    for name in ("guides/watching.txt", "guides/nest-boxes.html"):
        (pack.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Death:
    """When a reindex kills itself: at a step of its progress (0: never), or seconds after it."""

    step: int = 0
    delay: float = 0.0


@dataclass
class DiesAtStep:
    """Progress that kills its process, as hard as can be, and notes in which phase it is."""

    death: Death
    phase: Path
    steps: int = 0

    def begin(self, what: str, total: int) -> None:
        _tell(self.phase, what)
        self._pass()

    def advance(self, steps: int = 1) -> None:
        self._pass()

    def resize(self, total: int) -> None:
        """How long a stage turns out to be is nothing to die of."""

    def end(self) -> None:
        self._pass()

    def beside(self) -> DiesAtStep:
        return self

    def _pass(self) -> None:
        self.steps += 1
        if self.steps == self.death.step:
            if self.death.delay:
                threading.Timer(self.death.delay, _die).start()
            else:
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _tell(file: Path, phase: str) -> None:
    """Write at once or not at all, for whoever writes may be killed."""
    new = file.with_suffix(".new")
    new.write_text(phase)
    new.replace(file)


def phase(root: Path) -> str:
    """Return in which phase the last reindex was that told of one; "" if none has yet."""
    told = root / "phase.txt"
    return told.read_text() if told.exists() else ""


def reindex(root: Path, rebuild: bool = False, death: Death | None = None) -> None:
    pack, told = Pack.at(root), root / "phase.txt"
    _tell(told, "Looking")
    progress = DiesAtStep(death or Death(), told)
    Reindexer(pack.folder, pack.card, pack.paths, HashedEmbeddings(), progress).run(rebuild=rebuild)
    _tell(told, "Leaving")


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


@dataclass
class Outcome:
    """What a reader saw: how often it read, which generations, and what was wrong."""

    reads: int = 0
    generations: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def note(self, generation: int, wrong: str) -> None:
        self.generations.add(generation)
        self.wrong += [f"generation {generation}: {wrong}"] if wrong else []

    def write(self, path: Path) -> None:
        path.write_text("\n".join([f"{self.reads} {len(self.generations)}", *self.wrong]))


def search_until(root: Path, stop: Event, ready: Event, told: Path) -> None:
    """Search in a loop until told to stop; write what was wrong, and how much was read."""
    pack, embeddings = Pack.at(root), HashedEmbeddings()
    outcome = Outcome()
    with pack.index(embeddings) as exact, pack.index(embeddings, exact_chunks=0) as by_chroma:

        def search() -> None:
            index = by_chroma if outcome.reads % 2 else exact
            generation, editions, found, count = editions_seen(index, embeddings)
            fine = len(editions) == 1 and found == count
            outcome.note(generation, "" if fine else f"{editions}, {found} of {count}")

        repeat(search, outcome, stop, ready)
    outcome.write(told)


def ask_until(root: Path, stop: Event, ready: Event, told: Path) -> None:
    """Ask for a fact and for a passage in a loop until told to stop; write as `search_until`."""
    from bot.answer import Question
    from bot.chat_models import NamedChatModel
    from bot.pipeline import Bot

    pack, outcome = Pack.at(root), Outcome()
    silent = NamedChatModel(FakeListChatModel(responses=[""]), "silent-fake", "", 4_096, False)
    with pack.index(HashedEmbeddings()) as index, Bot(index, silent, pack.settings) as bot:

        def ask() -> None:
            answer = bot.answer(Question(text="How many eggs are in a brood of Bird 7?"))
            fine = answer.status == "answered" and len(set(MARK.findall(str(answer)))) == 1
            outcome.note(answer.index_generation, "" if fine else repr(answer))

        repeat(ask, outcome, stop, ready)
    outcome.write(told)


def repeat(job: Callable[[], None], outcome: Outcome, stop: Event, ready: Event) -> None:
    """Do a job until told to stop, ten times a second at most; what it raises is noted."""
    while not stop.wait(0.1):
        try:
            job()
        except Exception as error:
            outcome.wrong.append(repr(error))
        outcome.reads += 1
        ready.set()


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
