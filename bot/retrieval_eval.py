"""Retrieval on judged question sets: the classes that answer questions, measured by ir-measures.

A set is read in the layout of BEIR (https://github.com/beir-cellar/beir), indexed by our own
loaders, chunker and index in a temporary folder, and asked query by query. Judgements are about
documents; a document stands where the best of its chunks stands.
"""

from __future__ import annotations

import html
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.intervals import Interval, bootstrap
from bot.rerank import FeatureReranker, Reranker
from bot.retriever import HybridRetriever
from ingest.documents import Chunk
from ingest.domain import DomainCard
from ingest.embeddings import NamedEmbeddings
from ingest.errors import UsageError
from ingest.index import Index
from ingest.paths import DomainPaths
from ingest.progress import Progress
from ingest.reindex import Reindexer

MEASURES = {
    "nDCG@10": "nDCG@10",
    "recall@10": "R@10",
    "recall@100": "R@100",
    "MRR@10": "RR@10",
    "hit@4": "Success@4",
}
# Chunks asked for, so that a hundred documents come together where some have several.
DEPTH = 200
# A name without a letter is no title, so that an untitled document gets no header from its file.
_FILE = "-.html"

System = Callable[[str], list[str]]
"""Answers a query with the ids of documents, best first, each once."""


@dataclass(frozen=True)
class JudgedDocument:
    """A document of a set; `title` may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Dataset:
    """Documents, queries by id, and for each query the relevance (> 0) of documents by id."""

    name: str
    documents: tuple[JudgedDocument, ...]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]

    @property
    def judged(self) -> list[str]:
        """The ids of the queries for which something is relevant; others cannot be scored."""
        return [key for key in self.queries if any(v > 0 for v in self.qrels.get(key, {}).values())]


@dataclass(frozen=True)
class Evaluation:
    """What each system scored: by system and measure, one value for each query, in order."""

    dataset: str
    values: dict[str, dict[str, NDArray[np.float64]]]
    milliseconds: dict[str, NDArray[np.float64]]

    def mean(self, system: str, measure: str) -> Interval:
        """Return a system's mean with its interval."""
        return bootstrap(self.values[system][measure])

    def difference(self, system: str, other: str, measure: str) -> Interval:
        """Return by how much a system is ahead of another on the same queries (paired)."""
        return bootstrap(self.values[system][measure] - self.values[other][measure])

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object; differences are the last system less each other."""
        *others, ours = self.values
        return {
            "dataset": self.dataset,
            "queries": len(next(iter(self.values[ours].values()))),
            "systems": {
                name: {
                    **{measure: self.mean(name, measure).to_json() for measure in MEASURES},
                    "p50_ms": round(float(np.median(self.milliseconds[name])), 2),
                    "p99_ms": round(float(np.percentile(self.milliseconds[name], 99)), 2),
                }
                for name in self.values
            },
            "differences": {
                f"{ours} - {other}": {
                    measure: self.difference(ours, other, measure).to_json() for measure in MEASURES
                }
                for other in others
            },
        }


def evaluate(
    dataset: Dataset, systems: Mapping[str, System], told: Callable[[], None] = lambda: None
) -> Evaluation:
    """Ask every system every judged query; `told` is called after each query.

    Raises UsageError if no query has a relevant document.
    """
    keys = dataset.judged
    if not keys:
        raise UsageError(f"{dataset.name} has no query with a relevant document.")
    runs: dict[str, dict[str, list[str]]] = {name: {} for name in systems}
    spent: dict[str, list[float]] = {name: [] for name in systems}
    for key in keys:
        for name, system in systems.items():
            started = time.perf_counter()
            runs[name][key] = system(dataset.queries[key])
            spent[name].append((time.perf_counter() - started) * 1000)
        told()
    return Evaluation(
        dataset.name,
        {name: score(dataset.qrels, run, keys) for name, run in runs.items()},
        {name: np.asarray(times) for name, times in spent.items()},
    )


def score(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Sequence[str]], keys: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Return for each measure its value for each of the queries, by trec_eval's code.

    Raises UsageError if ir-measures is not installed.
    """
    ir_measures = _ir_measures()
    by_code = {code: name for name, code in MEASURES.items()}
    values = {name: dict.fromkeys(keys, 0.0) for name in MEASURES}
    # trec_eval orders by score alone, in single precision: ranks keep our order exactly.
    scored = {
        key: {document: 1.0 / rank for rank, document in enumerate(run[key], start=1)}
        for key in keys
    }
    judged = {key: dict(qrels[key]) for key in keys}
    wanted = [ir_measures.parse_measure(code) for code in by_code]
    for found in ir_measures.iter_calc(wanted, judged, scored):
        values[by_code[str(found.measure)]][found.query_id] = found.value
    return {name: np.array([of[key] for key in keys]) for name, of in values.items()}


def _ir_measures() -> Any:
    try:
        import ir_measures
    except ImportError:
        raise UsageError(
            "The package ir-measures, which computes the measures, is not installed.",
            hint="Install it with pip install 'groundskeeper[evaluation]', or run make test.",
        ) from None
    return ir_measures


# --- our systems ------------------------------------------------------------------------------


@contextmanager
def temporary_index(
    documents: Sequence[JudgedDocument], embeddings: NamedEmbeddings, progress: Progress
) -> Iterator[tuple[Index, dict[str, str]]]:
    """Index documents in a folder that goes away; gives the index and the id of each document.

    Each becomes a web page, whose loader keeps text as text and a title apart from it.
    """
    ids = {f"{number:08}/{_FILE}": one.id for number, one in enumerate(documents)}
    with tempfile.TemporaryDirectory(prefix="groundskeeper-eval-") as name:
        for file, one in zip(ids, documents, strict=True):
            path = Path(name) / file
            path.parent.mkdir()
            path.write_text(_page(one), encoding="utf-8")
        with index_of(Path(name), embeddings, progress) as index:
            yield index, ids


@contextmanager
def index_of(folder: Path, embeddings: NamedEmbeddings, progress: Progress) -> Iterator[Index]:
    """Index a folder's documents; the index goes away, the folder stays."""
    # Chroma's server lingers for some seconds and may write while the files are deleted.
    with tempfile.TemporaryDirectory(
        prefix="groundskeeper-eval-", ignore_cleanup_errors=True
    ) as name:
        paths = DomainPaths(Path(name) / "index")
        Reindexer(folder, _CARD, paths, embeddings, progress).run()
        index = Index(_CARD, paths, embeddings)
        try:
            yield index
        finally:
            index.close()


def our_systems(
    index: Index,
    units_of: Callable[[Chunk], list[str]],
    depth: int = DEPTH,
    reranker: Reranker | None = FeatureReranker(),  # noqa: B008  it holds no state
) -> dict[str, System]:
    """Return the parts of our retrieval and the whole of it, each as a system of its own.

    `units_of` turns a chunk into the ids that judgements are about: its document's, mostly.
    """
    retriever = HybridRetriever(index, reranker=reranker)
    fusing = HybridRetriever(index, reranker=None)

    def units(chunks: Iterable[Chunk]) -> list[str]:
        return list(dict.fromkeys(unit for chunk in chunks for unit in units_of(chunk)))

    def by_number(query: str, find: Callable[[Any], list[tuple[int, float]]]) -> list[str]:
        with index.snapshot() as snapshot:
            found = [number for number, _ in find(snapshot)]
            chunks = snapshot.chunks(found)
        return units(chunks[number] for number in found)

    def lexical(query: str) -> list[str]:
        return by_number(query, lambda s: s.lexical_search(query, depth))

    def dense(query: str) -> list[str]:
        vector = retriever.embed_query(query)
        return by_number(query, lambda s: s.dense_search(vector, depth))

    def hybrid(how: HybridRetriever, query: str) -> list[str]:
        with index.snapshot() as snapshot:
            hits = how.search(snapshot, query, depth)
        return units(hit.chunk for hit in hits)

    return {
        "lexical": lexical,
        "dense": dense,
        "fused": partial(hybrid, fusing),
        "full": partial(hybrid, retriever),
    }


def _page(document: JudgedDocument) -> str:
    text = document.text if document.text.strip() else document.title
    body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
    title = html.escape(document.title)
    return f'<!doctype html><meta charset="utf-8"><title>{title}</title><body>{body}</body>'


_CARD = DomainCard.model_validate(
    {
        "domain": {
            "id": "evaluation",
            "name": "Evaluation",
            "description": "Documents of a judged question set.",
            "refusal": "Only retrieval is measured here.",
            "greeting": "Only retrieval is measured here.",
            "capabilities": ["Measure retrieval"],
            "suggestions": ["What is measured?", "How is it measured?"],
        },
        # Retrieval asks no gate; the card wants examples all the same.
        "scope": {
            "in_scope": [f"Question {n}" for n in range(10)],
            "out_of_scope": [f"Remark {n}" for n in range(10)],
        },
    }
)


# --- reading a set ----------------------------------------------------------------------------


def read_dataset(folder: Path) -> Dataset:
    """Read a folder in BEIR's layout: corpus*.jsonl, queries.jsonl, and the judgements.

    Judgements are in qrels/test.tsv (or the only file there), in qrels.tsv, or in the key "gold"
    of each query, one id or a list. Raises UsageError naming the file and line that is not so.
    """
    corpus = sorted(folder.glob("corpus*.jsonl"))
    if not corpus:
        raise UsageError(
            f"{folder} holds no corpus.jsonl.", hint="The layout is that of BEIR's data sets."
        )
    documents: dict[str, JudgedDocument] = {}
    for path in corpus:
        for place, entry in _json_lines(path):
            one = JudgedDocument(
                _string(entry, "_id", place),
                str(entry.get("title") or ""),
                _string(entry, "text", place),
            )
            if one.text.strip() or one.title.strip():
                documents[one.id] = one
    entries = list(_json_lines(folder / "queries.jsonl"))
    queries = {
        _string(entry, "_id", place): _string(entry, "text", place) for place, entry in entries
    }
    qrels = _read_qrels(folder) or _gold(entries)
    if not qrels:
        raise UsageError(
            f"{folder} holds no judgements.",
            hint='They are in qrels/test.tsv, in qrels.tsv, or in the key "gold" of a query.',
        )
    return Dataset(folder.resolve().name, tuple(documents.values()), queries, qrels)


def _read_qrels(folder: Path) -> dict[str, dict[str, int]]:
    test, alone = folder / "qrels" / "test.tsv", folder / "qrels.tsv"
    found = [path for path in (test, alone) if path.is_file()] or sorted(folder.glob("qrels/*.tsv"))
    if len(found) > 1 and found[0] != test:
        raise UsageError(f"{folder / 'qrels'} holds several sets of judgements and no test.tsv.")
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(found[0]) if found else [], start=1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and not _is_integer(cells[-1])):
            continue  # the header
        # TREC's own form has a second column that means nothing.
        if len(cells) not in (3, 4) or not _is_integer(cells[-1]):
            raise UsageError(f"{found[0]}:{number}: is not query, document and relevance.")
        qrels.setdefault(cells[0], {})[cells[-2]] = int(cells[-1])
    return qrels


def _is_integer(text: str) -> bool:
    return text.strip().lstrip("-").isascii() and text.strip().lstrip("-").isdigit()


def _gold(entries: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, int]]:
    qrels = {}
    for _, entry in entries:
        gold = entry.get("gold") or []
        qrels[str(entry["_id"])] = dict.fromkeys(gold if isinstance(gold, list) else [str(gold)], 1)
    return {key: judged for key, judged in qrels.items() if judged}


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object with its place, "file:line"."""
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise UsageError(f"{path}:{number}: is no JSON object.")
        yield f"{path}:{number}", entry


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines: a text may hold characters that it takes for line ends.
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None


def _string(entry: Mapping[str, Any], key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str | int):
        raise UsageError(f'{place}: has no "{key}".')
    return str(value)
