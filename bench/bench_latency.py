"""How long a retrieval takes at 10,000, 100,000 and 1,000,000 chunks, part by part, and its memory.

The chunks are synthetic: words by a Zipf-Mandelbrot law over a vocabulary that grows with the text
(Heaps), each chunk leaning to a topic, whose direction its vector has too, with noise. Queries are
eight words of a chunk, some rare and some common, between the words of a question. Each is embedded
by the real model, for its time, and searched for with the vector of the chunk that it came from,
with noise. Everything else is the product's own classes over real files. Beside them, over the same
chunks: SQLite's FTS5, and Chroma asked as the product asks it beyond 100,000 chunks.

    .venv/bin/python bench/bench_latency.py [chunks ...] [--keep DIR]     writes bench/latency.md

The million takes most of an hour, nearly all of it Chroma's graph; without arguments it is left out
and its part of the report stays. What is built is kept under DIR and taken from there the next
time, so that it can be measured again when the machine is idle.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from bot.retriever import HybridRetriever
from ingest import database as db
from ingest.derived import DerivedFiles
from ingest.documents import Chunk
from ingest.domain import load_card
from ingest.embedding_cache import model_key, text_hash, to_bytes
from ingest.embeddings import NamedEmbeddings, make_embeddings
from ingest.filters import PASSAGES, Filter
from ingest.index import Index, Snapshot, Vector
from ingest.lexical import STOP_WORDS
from ingest.paths import DomainPaths
from ingest.records import record_layout
from ingest.settings import Settings
from ingest.vectors import ChromaConnection, VectorStore

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "bench" / "latency.md"
SIZES = (10_000, 100_000)
WORDS = 130
TOPICS = 500
DOCUMENT_CHUNKS = 20
QUERIES = 200
SEED = 20_261_121
COMMON = sorted(STOP_WORDS)
BATCH = 1_000
Queries = Sequence[tuple[str, Vector]]
Job = Callable[[str, Vector], object]


class Corpus:
    """Synthetic chunks, made in batches: their words and their vectors."""

    def __init__(self, size: int, dimension: int) -> None:
        self.size = size
        self._chance = np.random.default_rng(SEED)
        vocabulary = int(30 * (size * WORDS) ** 0.5)
        ranks = np.arange(1, vocabulary + 1)
        law = 1.0 / (ranks + 2.7) ** 1.07
        self._law = np.cumsum(law / law.sum())
        self._topics = self._units(self._chance.normal(size=(TOPICS, dimension)))

    def batches(self) -> Iterator[tuple[list[str], Vector]]:
        """Yield texts with their unit vectors, shape (texts, dimension)."""
        for start in range(0, self.size, BATCH):
            n = min(BATCH, self.size - start)
            topics = self._chance.integers(0, TOPICS, n)
            words = np.searchsorted(self._law, self._chance.random((n, WORDS)))
            # A third of the words belong to the topic: the same ranks, moved by its number.
            local = self._chance.random((n, WORDS)) < 0.33
            words = np.where(local & (words > 200), words + 7 * topics[:, None], words)
            yield [" ".join(map(word, row)) for row in words], self._near(self._topics[topics])

    def queries(self, texts: Sequence[str], vectors: Vector) -> list[tuple[str, Vector]]:
        """Make a question for each of these chunks, and its vector."""
        asked = []
        for text in texts:
            said = self._chance.choice(text.split(), 8, replace=False)
            filler = self._chance.choice(COMMON, 4, replace=False)
            asked.append(" ".join(["what", *filler, *said]))
        return list(zip(asked, self._near(vectors), strict=True))

    def _near(self, centres: Vector) -> Vector:
        # Cosine 0.75 between a text and its topic, and between a question and its text.
        noise = self._units(self._chance.normal(size=centres.shape))
        return self._units(0.75 * centres + 0.66 * noise)

    @staticmethod
    def _units(rows: np.ndarray) -> Vector:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def word(rank: int) -> str:
    """Spell a rank: the most frequent are function words, others are made of letters."""
    if rank < len(COMMON):
        return COMMON[rank]
    letters = ""
    while rank:
        rank, letter = divmod(int(rank), 26)
        letters += chr(97 + letter)
    return f"{letters}x"


class AsSynthetic:
    """The real model for its time, and the vector of a synthetic question for its result."""

    def __init__(self, real: NamedEmbeddings, queries: dict[str, Vector]) -> None:
        self.name, self.digest, self.dimension = real.name, real.digest, real.dimension
        self._real = real
        self._queries = queries

    def embed_query(self, text: str) -> list[float]:
        """Embed for nothing, and return what was made."""
        self._real.embed_query(text)
        return self._queries[text].tolist()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed with the real model."""
        return self._real.embed_documents(texts)


def build(corpus: Corpus, paths: DomainPaths, model: NamedEmbeddings) -> tuple[list[Any], float]:
    """Write the index by the product's own writers; return some chunks, and Chroma's seconds."""
    paths.folder.mkdir(parents=True)
    engine = db.open_engine(paths.database)
    connection = ChromaConnection(paths.chroma)
    chroma = VectorStore(connection, "bench", create=True)
    derived = DerivedFiles(paths, model.dimension)
    derived.lexical.prepare()
    kept, spent, number = [], 0.0, 0
    every = max(1, corpus.size // BATCH // QUERIES)
    with db.writing(engine) as sql, derived.writing("bench") as files:
        db.make_tables(sql)
        for i, (texts, vectors) in enumerate(corpus.batches()):
            chunks = [chunk_of(number + j, text) for j, text in enumerate(texts)]
            store(sql, chunks, vectors, model_key(model))
            files.add(list(enumerate(chunks, start=number + 1)), vectors)
            number += len(chunks)
            started = time.perf_counter()
            chroma.upsert([chunk.chunk_id for chunk in chunks], vectors)
            spent += time.perf_counter() - started
            if i % every == 0:
                kept += [
                    (texts[j], vectors[j]) for j in range(0, 1 + QUERIES * BATCH // corpus.size)
                ]
            print(f"\r{number:,} chunks", end="", file=sys.stderr, flush=True)
        sql.execute(sa.insert(db.index_state), [state_of(model)])
        files.commit()
    engine.dispose()
    connection.close()
    return kept[:QUERIES], spent


def chunk_of(number: int, text: str) -> Chunk:
    """Return a passage of a document of twenty."""
    document, ordinal = divmod(number, DOCUMENT_CHUNKS)
    return Chunk(f"c{number}", f"d{document}.md", ordinal, text, f"Title {document}", 0, len(text))


def store(sql: sa.Connection, chunks: list[Chunk], vectors: Vector, model: str) -> None:
    """Insert chunks, their documents and their vectors."""
    hashes = [text_hash(chunk.index_text) for chunk in chunks]
    rows = [
        {
            **{name: getattr(chunk, name) for name in chunk.__dataclass_fields__},
            "heading_path": list(chunk.heading_path),
            "text_hash": key,
        }
        for chunk, key in zip(chunks, hashes, strict=True)
    ]
    sql.execute(sa.insert(db.chunks), rows)
    stored = [
        {"text_hash": key, "model_key": model, "vector": to_bytes(vector)}
        for key, vector in zip(hashes, vectors, strict=True)
    ]
    sql.execute(sa.insert(db.embeddings).prefix_with("OR REPLACE"), stored)
    names = {chunk.document for chunk in chunks}
    blank = {"size": 0, "mtime_ns": 0, "recipe": "", "kind": "document", "media_type": "text/plain"}
    blank |= {"sha256": "", "status": "indexed", "indexed_at_ns": 0, "warnings": []}
    documents = [{**blank, "name": name, "title": name} for name in sorted(names)]
    sql.execute(sa.insert(db.documents).prefix_with("OR IGNORE"), documents)


def state_of(model: NamedEmbeddings) -> dict[str, Any]:
    """Return the row that makes the index whole."""
    return {
        "id": 1,
        "generation": 1,
        "embedding_name": model.name,
        "embedding_digest": model.digest,
        "embedding_key": model_key(model),
        "dimension": model.dimension,
        "collection": "bench",
        "record_layout": record_layout(CARD),
        "updated_at_ns": 1,
    }


# --- measuring --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Times:
    """Milliseconds of one part over all queries."""

    p50: float
    p99: float

    @classmethod
    def of(cls, job: Callable[[str, Vector], object], queries: Queries) -> Times:
        """Do a job for each query; the first ten only warm up."""
        spent = []
        for text, vector in [*queries[:10], *queries]:
            started = time.perf_counter()
            job(text, vector)
            spent.append(1000 * (time.perf_counter() - started))
        low, high = np.percentile(spent[10:], [50, 99])
        return cls(round(float(low), 2), round(float(high), 2))


def measure(size: int, keep: Path | None) -> dict[str, Any]:
    """Measure every part over an index of so many chunks; the index is built unless it was kept."""
    model = make_embeddings(Settings())
    corpus = Corpus(size, model.dimension)
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        paths = DomainPaths((keep or Path(stack.enter_context(temporary))) / f"{size}")
        texts, vectors, times = built(corpus, paths, model)
        queries = corpus.queries(texts, vectors)
        synthetic = AsSynthetic(model, dict(queries))
        found: dict[str, Any] = {"chunks": size, **times}
        found["fts5"] = vars(full_text_in_sqlite(paths, queries))
        index = Index(CARD, paths, synthetic)
        asking_chroma = Index(CARD, paths, synthetic, exact_chunks=0)
        found |= measure_parts(index, asking_chroma, queries)
        found |= memory(paths) | {"load": round(os.getloadavg()[0], 1)}
        index.close()
        asking_chroma.close()
    return found


def built(
    corpus: Corpus, paths: DomainPaths, model: NamedEmbeddings
) -> tuple[list[str], Vector, dict[str, int]]:
    """Return what the queries are made of and the seconds of building, which is done only once."""
    notes, vectors = paths.folder / "bench.json", paths.folder / "bench.npy"
    if not notes.exists():
        started = time.perf_counter()
        kept, of_it_chroma = build(corpus, paths, model)
        spent = {"built_s": round(time.perf_counter() - started)}
        spent["of_it_chroma_s"] = round(of_it_chroma)
        np.save(vectors, np.stack([vector for _, vector in kept]))
        notes.write_text(json.dumps([[text for text, _ in kept], spent]), encoding="utf-8")
    texts, spent = json.loads(notes.read_text(encoding="utf-8"))
    return texts, np.load(vectors), spent


def measure_parts(index: Index, asking_chroma: Index, queries: Queries) -> dict[str, Any]:
    """Time the whole and its parts, and see what Chroma misses."""
    retriever = HybridRetriever(index)
    tenth = Filter(documents=tuple(f"d{n}.md" for n in range(0, 5_000, 10)))

    def whole(text: str, _: Vector) -> None:
        with index.snapshot() as snapshot:
            retriever.search(snapshot, text, 10, within=PASSAGES)

    def filtered(text: str, _: Vector) -> None:
        with index.snapshot() as snapshot:
            retriever.search(snapshot, text, 10, within=tenth)

    found: dict[str, Any] = {"whole": vars(Times.of(whole, queries))}
    found["filtered"] = vars(Times.of(filtered, queries))
    found["embed"] = vars(Times.of(lambda t, _: retriever.embed_query(t), queries))
    with index.snapshot() as exact, asking_chroma.snapshot() as graph:
        found["full_text"] = vars(Times.of(lambda t, _: exact.lexical_search(t, 100), queries))
        one_by_one = index_of_all(exact)
        found["one_by_one"] = vars(Times.of(one_by_one, queries))
        found["chroma"] = vars(Times.of(lambda _, v: graph.dense_search(v, 100), queries))
        found["chroma_recall_10"] = recall(one_by_one, graph, queries)
    return found


def index_of_all(snapshot: Snapshot) -> Callable[[str, Vector], list[tuple[int, float]]]:
    """Return a search that compares everything, at any size."""
    numbers = snapshot._selected(PASSAGES)
    return lambda _, vector: snapshot._nearest_exactly(vector, 100, numbers)


def recall(
    exact: Callable[[str, Vector], list[tuple[int, float]]],
    graph: Snapshot,
    queries: Queries,
) -> float:
    """Return the share of the ten nearest that Chroma's ten are."""
    shares = [
        len({n for n, _ in exact("", v)[:10]} & {n for n, _ in graph.dense_search(v, 10)}) / 10
        for _, v in queries
    ]
    return round(float(np.mean(shares)), 4)


def full_text_in_sqlite(paths: DomainPaths, queries: Queries) -> Times:
    """Index the same chunks in FTS5 and ask it the same words, stop words left out."""
    (paths.folder / "fts5.sqlite3").unlink(missing_ok=True)
    engine = db.open_engine(paths.folder / "fts5.sqlite3")
    with db.writing(engine) as sql:
        sql.exec_driver_sql(
            "CREATE VIRTUAL TABLE t USING fts5(header, text, tokenize='porter unicode61')"
        )
        source = db.open_engine(paths.database)
        with source.begin() as reading:
            c = db.chunks.c
            rows = reading.execute(
                sa.select(c.number, c.header, c.text), execution_options={"yield_per": BATCH}
            )
            for batch in rows.partitions():
                insert = "INSERT INTO t (rowid, header, text) VALUES (?, ?, ?)"
                sql.exec_driver_sql(insert, [tuple(row) for row in batch])
        source.dispose()
    asked = sa.text(
        "SELECT rowid, bm25(t, 2.0, 1.0) AS s FROM t WHERE t MATCH :q ORDER BY s LIMIT 100"
    )
    with engine.begin() as sql:

        def ask(text: str, _: Vector) -> None:
            words = [w for w in re.findall(r"\w+", text) if w not in STOP_WORDS]
            sql.execute(asked, {"q": " OR ".join(f'"{w}"' for w in words)}).all()

        times = Times.of(ask, queries[:60])
    engine.dispose()
    return times


def memory(paths: DomainPaths) -> dict[str, int]:
    """Return megabytes: of this process alone, of files it maps, and of Chroma's server."""
    own = status_of("self")
    servers = [
        status_of(folder.name)["RssAnon"]
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and serves(folder, paths)
    ]
    return {
        "own_mb": own["RssAnon"] // 1024,
        "mapped_mb": own["RssFile"] // 1024,
        "chroma_mb": sum(servers) // 1024,
    }


def serves(folder: Path, paths: DomainPaths) -> bool:
    """Whether a process is Chroma's server of this index."""
    try:
        command = (folder / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return str(paths.chroma.resolve()) in command


def status_of(process: str) -> dict[str, int]:
    """Return the kilobytes that the kernel tells of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line.startswith("Rss"))
    return {key.rstrip(":"): int(value) for key, value, _ in pairs}


# --- the report -------------------------------------------------------------------------------

COLUMNS = {
    "whole": "whole retrieval",
    "filtered": "in a tenth, or 10,000",
    "embed": "embedding",
    "full_text": "full text (tantivy)",
    "fts5": "SQLite FTS5",
    "one_by_one": "vectors one by one",
    "chroma": "Chroma",
}
HEAD = """# Latency of retrieval

Written by `bench/bench_latency.py`; synthetic chunks of {words} words (see there), {queries}
queries, 2 shared cores. Milliseconds, p50 / p99. "Whole retrieval" is `HybridRetriever.search` with
k = 10 among the passages, the embedding of the query by the real model included, in a snapshot of
its own. Two cores are idle at a load of about 1; at a load of 8 everything takes some four times as
long, so compare columns of one row.

"""


def report(found: Sequence[dict[str, Any]]) -> str:
    """Return the report as Markdown, with the figures for the next run in a comment."""
    lines = [HEAD.format(words=WORDS, queries=QUERIES).rstrip(), ""]
    lines += [
        "| chunks | " + " | ".join(COLUMNS.values()) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
    ]
    for one in found:
        cells = (f"{one[key]['p50']:.1f} / {one[key]['p99']:.1f}" for key in COLUMNS)
        lines.append(f"| {one['chunks']:,} | {' | '.join(cells)} |")
    lines += ["", "| chunks | of Chroma's nearest ten right | memory of the process, MB"]
    lines[-1] += (
        " | files it maps, MB | Chroma's server, MB | built in, s | of it Chroma, s | run on |"
    )
    lines.append("| --- |" + " --- |" * 7)
    for one in found:
        keys = ("chroma_recall_10", "own_mb", "mapped_mb", "chroma_mb", "built_s", "of_it_chroma_s")
        cells = (str(one[key]) for key in keys)
        lines.append(f"| {one['chunks']:,} | {' | '.join(cells)} | {one['date']} |")
    return "\n".join([*lines, "", *(f"<!-- {json.dumps(one)} -->" for one in found), ""])


def earlier() -> dict[int, dict[str, Any]]:
    """Return the figures of the last report, by size."""
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    return {one["chunks"]: one for one in map(json.loads, re.findall(r"<!-- (\{.*\}) -->", text))}


def main() -> None:
    """Measure each size and write the report."""
    parser = argparse.ArgumentParser(description="Measure the latency of retrieval.")
    parser.add_argument("chunks", nargs="*", type=int, default=SIZES)
    parser.add_argument("--keep", type=Path, help="a folder to keep the indexes in")
    options = parser.parse_args()
    found = earlier()
    for size in options.chunks:
        found[size] = {**measure(size, options.keep), "date": f"{date.today()}"}
        print(json.dumps(found[size]), flush=True)
        REPORT.write_text(report([found[key] for key in sorted(found)]), encoding="utf-8")


CARD = load_card(ROOT / "corpus" / "auto-parts")

if __name__ == "__main__":
    main()
