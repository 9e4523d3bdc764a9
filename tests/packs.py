"""A small domain pack in a temporary folder, and a quick stand-in for an embedding model."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.domain import DomainCard, load_card
from ingest.embeddings import NamedEmbeddings
from ingest.index import EXACT_CHUNKS, Index
from ingest.paths import DomainPaths, domain_paths
from ingest.progress import ReindexReport
from ingest.reindex import Reindexer
from ingest.settings import Settings

CARD = """
[domain]
id = "garden-birds"
name = "Garden birds"
description = "A table of garden birds and short guides to feeding and watching them."
refusal = "That's not about garden birds. I know their sizes, broods and what to feed them."
greeting = "Hello! Ask me about the birds of your garden."
capabilities = ["Look up a bird", "Say what birds eat"]
suggestions = ["How heavy is a robin?", "What do finches eat?"]
vintage = "2025"

[scope]
in_scope = [
    "How heavy is a robin?", "What is the wingspan of a magpie?", "Which bird lays most eggs?",
    "What do finches eat?", "When should I clean a nest box?", "Which birds weigh under 10 g?",
    "Is a wren smaller than a goldcrest?", "How many eggs does a blackbird lay?",
    "Can I feed bread to birds?", "Where should I hang a feeder?",
]
out_of_scope = [
    "What is the capital of France?", "Write a poem about love", "How do I fix a flat tyre?",
    "What is two plus two?", "Book me a table", "Who won the match?", "What time is it?",
    "Recommend a film", "How do I file my taxes?", "Translate hello into German",
]

[[tables]]
name = "birds"
file = "birds.csv"
entity = "bird"
entity_plural = "birds"
name_column = "name"
key_column = "id"
alias_column = "aliases"
label_fields = ["family"]
overview_fields = ["weight", "wingspan", "eggs"]

[[tables.fields]]
key = "family"
label = "Family"
type = "category"

[[tables.fields]]
key = "weight"
label = "Weight"
type = "number"
unit = "g"
synonyms = ["mass"]

[[tables.fields]]
key = "wingspan"
label = "Wingspan"
type = "number"
unit = "cm"

[[tables.fields]]
key = "eggs"
label = "Eggs in a brood"
type = "count"
synonyms = ["clutch"]
"""

TABLE = """id,name,aliases,family,weight,wingspan,eggs
1,European robin,Robin; Redbreast,Old World flycatchers,18,21,5
2,Eurasian wren,Wren,Wrens,9,15,6
3,Great tit,,Tits,18,24,8
4,Blue tit,,Tits,11,18,9
5,Common blackbird,Blackbird,Thrushes,100,36,4
6,Song thrush,,Thrushes,80,34,4
7,House sparrow,Sparrow,Sparrows,30,24,4
8,Goldfinch,,Finches,16,23,5
9,Chaffinch,,Finches,22,26,4
10,Goldcrest,,Kinglets,6,14,10
11,Magpie,,Crows,220,56,6
12,Wood pigeon,,Pigeons,500,77,2
"""

FEEDING = """# Feeding birds

## What to offer

Finches take sunflower hearts and nyjer seed from a hanging feeder. Thrushes and blackbirds feed
on the ground and like halved apples and raisins that were soaked in water.

## What to leave out

Bread fills a bird without feeding it, and salted food harms it. Mouldy food must go at once.
"""

NEST_BOXES = """<!doctype html><html lang="en"><head><title>Nest boxes</title></head><body>
<h1>Nest boxes</h1><h2>The entrance</h2>
<p>A hole of 28 millimetres lets blue tits in and keeps great tits out; sparrows need 32.</p>
<h2>Cleaning</h2>
<p>Empty the box in October, when the last brood has left, and rinse it with boiling water.</p>
</body></html>
"""

WATCHING = """Watching birds

Keep a hide three metres from the feeder and sit still. Most birds come within the first two hours
after sunrise.
"""

FILES = {
    "domain.toml": CARD,
    "birds.csv": TABLE,
    "guides/feeding.md": FEEDING,
    "guides/nest-boxes.html": NEST_BOXES,
    "guides/watching.txt": WATCHING,
}
DOCUMENTS = sorted(name for name in FILES if name != "domain.toml")


class HashedEmbeddings:
    """A stand-in for an embedding model: words hashed into a few dimensions, quick and repeatable.

    It counts the texts that it was given. `seed` makes another "model" with another digest.
    """

    def __init__(self, seed: str = "a", dimension: int = 64) -> None:
        self.name = f"hashed-{seed}"
        self.digest = f"sha256:{hashlib.sha256(f'{seed} {dimension}'.encode()).hexdigest()}"
        self.dimension = dimension
        self.texts: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts += texts
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = np.full(self.dimension, 1e-3)
        for word in re.findall(r"\w+", text.lower()):
            hashed = hashlib.sha256(f"{self.digest} {word}".encode()).digest()
            vector[int.from_bytes(hashed[:4]) % self.dimension] += 1 if hashed[4] % 2 else -1
        return [float(x) for x in vector / np.linalg.norm(vector)]


@dataclass(frozen=True)
class Pack:
    """A domain pack on disk, with settings whose data is kept in a folder of its own."""

    settings: Settings

    @classmethod
    def at(cls, root: Path) -> Pack:
        """The pack that was made in this folder."""
        return cls(Settings(domain=root / "pack", data_dir=root / "data"))

    @classmethod
    def make(cls, root: Path, files: dict[str, str] = FILES) -> Pack:
        pack = cls.at(root)
        for name, content in files.items():
            pack.write(name, content)
        return pack

    @property
    def root(self) -> Path:
        return self.folder.parent

    @property
    def folder(self) -> Path:
        return self.settings.domain

    @property
    def card(self) -> DomainCard:
        return load_card(self.folder)

    @property
    def paths(self) -> DomainPaths:
        return domain_paths(self.settings, self.card)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def reindex(self, embeddings: NamedEmbeddings, *, rebuild: bool = False) -> ReindexReport:
        """Index as the command does; the stand-in without what a bot compares questions with."""
        from bot.examples import compared_texts

        card = self.card
        compared = () if isinstance(embeddings, HashedEmbeddings) else compared_texts(card)
        reindexer = Reindexer(self.folder, card, self.paths, embeddings, compared=compared)
        return reindexer.run(rebuild=rebuild)

    @contextmanager
    def index(
        self, embeddings: NamedEmbeddings, exact_chunks: int = EXACT_CHUNKS
    ) -> Iterator[Index]:
        index = Index(self.card, self.paths, embeddings, exact_chunks)
        try:
            yield index
        finally:
            index.close()


def end_vector_servers(root: Path) -> None:
    """End the Chroma servers of every index below `root` rather than wait until they leave."""
    for pid in server_pids(root):
        os.kill(pid, signal.SIGKILL)


def server_pids(root: Path) -> list[int]:
    """Return the vector servers that serve an index below `root`, found by their command lines."""
    return [pid for pid, command in _processes() if _serves(command, root)]


def _serves(command: Sequence[str], root: Path) -> bool:
    return "ingest.chroma_server" in command and any(
        Path(word).is_relative_to(root.resolve()) for word in command if word.startswith("/")
    )


def _processes() -> Iterable[tuple[int, list[str]]]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            yield int(path.name), words


def json_lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]
