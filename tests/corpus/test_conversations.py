"""Comparisons and follow-ups over the guides: each part, each turn, finds its section in four."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Question, Turn
from bot.condense import condense
from bot.parts import parts_of
from bot.passages import gather, guaranteed
from bot.retrieval_eval import index_of
from bot.retriever import HybridRetriever
from bot.section_questions import SectionedPack
from ingest.embeddings import make_embeddings
from ingest.index import Index
from ingest.progress import NoProgress
from ingest.settings import Settings

PACK = Path(__file__).parents[2] / "corpus" / "colleges"
SHOWN = 4

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("guides")
    shutil.copytree(PACK / "guides", folder / "guides")
    with index_of(folder, make_embeddings(Settings()), NoProgress()) as opened:
        yield opened


def lines(name: str) -> list[dict[str, Any]]:
    path = PACK / "questions" / name / "guides.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def shown(index: Index, query: str, parts: list[str]) -> set[str]:
    """Return the ids of the sections that the first four passages show."""
    retriever, documents = HybridRetriever(index), SectionedPack(PACK)
    with index.snapshot() as snapshot:
        whole, *found = (retriever.search(snapshot, one, 20) for one in [query, *parts])
        hits = gather(snapshot, guaranteed(found, whole), SHOWN)
    return {
        key
        for chunk in (hit.chunk for hit in hits)
        for key in documents[chunk.document].sections_of(chunk.start, chunk.end)
    }


def wanted(sections: list[dict[str, str]]) -> set[str]:
    return {f"{section['document']}#{section['heading']}" for section in sections}


def test_each_part_of_a_comparison_has_its_passage(index: Index) -> None:
    missing = [
        row["question"]
        for row in lines("comparisons")
        for found in [shown(index, row["question"], [p.query for p in parts_of(row["question"])])]
        if not all(found & wanted(part) for part in row["parts"])
    ]
    assert len(missing) <= 1, missing


def test_most_follow_ups_find_what_they_are_about(index: Index) -> None:
    rows = [row for row in lines("conversation") if row["expected"]]
    missed = [
        row["id"]
        for row in rows
        for history in [tuple(Turn(question=one) for one in row["history"])]
        for query in [condense(Question(text=row["question"], history=history), row["question"])]
        if not shown(index, query, []) & wanted(row["expected"])
    ]
    assert len(missed) <= 0.15 * len(rows), missed
