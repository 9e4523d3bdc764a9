"""Reading judged sets, and measuring our own classes on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bot.intervals import bootstrap
from bot.retrieval_eval import (
    MEASURES,
    Dataset,
    Evaluation,
    JudgedDocument,
    evaluate,
    our_systems,
    read_dataset,
    score,
    temporary_index,
)
from ingest.errors import UsageError
from ingest.progress import NoProgress
from tests.packs import HashedEmbeddings, end_vector_servers

CORPUS = [
    {"_id": "d1", "title": "Robins", "text": "A robin eats mealworms & <b>berries</b>."},
    {"_id": "d2", "title": "", "text": "Wrens nest in ivy and in sheds."},
    {"_id": "d3", "title": "Empty", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "what does a robin eat"},
    {"_id": "q2", "text": "where do wrens nest", "gold": "d2"},
    {"_id": "q3", "text": "nobody knows"},
]
HEADER = "query-id\tcorpus-id\tscore\n"


def write_set(folder: Path, **files: str) -> Path:
    texts = {
        "corpus.jsonl": "\n".join(map(json.dumps, CORPUS)),
        "queries.jsonl": "\n".join(map(json.dumps, QUERIES)),
    } | files
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"qrels/test.tsv": HEADER + "q1\td1\t1\n", "qrels/dev.tsv": HEADER + "q2\td2\t1\n"},
        {"qrels/dev.tsv": HEADER + "q1\td1\t1\n"},
        {"qrels.tsv": "q1\t0\td1\t1\nq2\t0\td2\t0\n"},
    ],
    ids=["BEIR", "one split", "TREC"],
)
def test_judgements_are_read_in_the_usual_layouts(tmp_path: Path, files: dict[str, str]) -> None:
    dataset = read_dataset(write_set(tmp_path, **files))
    assert dataset.judged == ["q1"] and dataset.qrels["q1"] == {"d1": 1}
    assert [d.id for d in dataset.documents] == ["d1", "d2", "d3"]


def test_gold_ids_may_stand_in_the_queries(tmp_path: Path) -> None:
    assert read_dataset(write_set(tmp_path)).qrels == {"q2": {"d2": 1}}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"corpus.jsonl": '{"_id": "d1", "text": "x"}\n{"_id": '}, "corpus.jsonl:2: is no JSON"),
        ({"corpus.jsonl": '{"_id": "d1"}'}, 'corpus.jsonl:1: has no "text"'),
        ({"queries.jsonl": "[1]"}, "queries.jsonl:1: is no JSON object"),
        ({"qrels.tsv": HEADER + "q1 d1 1"}, "qrels.tsv:2: is not query"),
        ({"qrels/a.tsv": HEADER, "qrels/b.tsv": HEADER}, "several sets"),
        ({"queries.jsonl": '{"_id": "q", "text": "x"}'}, "holds no judgements"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_dataset(write_set(tmp_path, **files))


def test_a_folder_that_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no corpus\.jsonl"):
        read_dataset(tmp_path)


def test_measures_are_what_they_are_called() -> None:
    run = {"a": ["x", "y", "right"], "b": ["right"], "c": []}
    values = score({key: {"right": 1, "x": 0} for key in run}, run, list(run))
    assert values["MRR@10"].tolist() == pytest.approx([1 / 3, 1, 0])
    assert values["nDCG@10"].tolist() == pytest.approx([0.5, 1, 0])
    assert values["hit@4"].tolist() == [1, 1, 0] == values["recall@10"].tolist()


def test_order_is_kept_far_down_the_list() -> None:
    documents = [f"d{n:05}" for n in range(1000, 0, -1)]
    values = score({"q": {documents[99]: 1}}, {"q": documents}, ["q"])
    assert values["recall@100"].tolist() == [1.0]
    values = score({"q": {documents[100]: 1}}, {"q": documents}, ["q"])
    assert values["recall@100"].tolist() == [0.0]


def test_an_interval_holds_its_mean_and_narrows_with_more_queries() -> None:
    few, many = (bootstrap(np.tile([0.0, 1.0], n)) for n in (10, 1000))
    assert few.low < few.mean == 0.5 < few.high
    assert many.high - many.low < 0.3 * (few.high - few.low)
    assert bootstrap(np.ones(7)).to_json() == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_differences_are_paired() -> None:
    worse = np.linspace(0, 0.9, 30)
    values = {
        name: dict.fromkeys(MEASURES, v) for name, v in {"a": worse, "b": worse + 0.1}.items()
    }
    times = dict.fromkeys("ab", np.ones(30))
    difference = Evaluation("set", values, times).difference("b", "a", "MRR@10")
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))


def test_a_set_without_relevant_documents_is_refused() -> None:
    dataset = Dataset("none", (), {"q": "?"}, {"q": {"d": 0}})
    with pytest.raises(UsageError, match="no query with a relevant document"):
        evaluate(dataset, {"any": lambda query: []})


def test_our_own_systems_find_what_is_judged(tmp_path: Path, hashed: HashedEmbeddings) -> None:
    dataset = read_dataset(write_set(tmp_path, **{"qrels.tsv": "q1\td1\t1\nq2\td2\t1\n"}))
    texts = {}
    with temporary_index(dataset.documents, hashed, NoProgress()) as (index, ids):
        folder = index.paths.folder
        try:
            with index.snapshot() as snapshot:
                for document in snapshot.documents():
                    texts[ids[document.name]] = snapshot.document_text(document.name)
            told: list[None] = []
            result = evaluate(
                dataset, our_systems(index, lambda chunk: [ids[chunk.document]]), _count(told)
            )
        finally:
            end_vector_servers(folder)
    assert not folder.exists()
    # Markup of a set's text is text.
    assert texts == {"d1": CORPUS[0]["text"], "d2": CORPUS[1]["text"], "d3": "Empty"}
    assert len(told) == 2
    found = result.to_json()
    assert found["queries"] == 2
    assert found["systems"]["lexical"]["MRR@10"]["mean"] == 1.0
    assert found["systems"]["full"]["recall@10"]["mean"] == 1.0
    assert found["systems"]["full"]["p99_ms"] > 0
    assert "full - lexical" in found["differences"]


def _count(told: list[None]) -> Callable[[], None]:
    return lambda: told.append(None)


def test_an_untitled_document_gets_no_header(hashed: HashedEmbeddings) -> None:
    documents = [JudgedDocument("a", "", "Some words."), JudgedDocument("b", "Title", "Others.")]
    with temporary_index(documents, hashed, NoProgress()) as (index, _):
        try:
            with index.snapshot() as snapshot:
                found = snapshot.lexical_search("words others", 5)
                headers = {
                    chunk.header for chunk in snapshot.chunks([n for n, _ in found]).values()
                }
        finally:
            end_vector_servers(index.paths.folder)
    assert headers == {"", "Title"}
