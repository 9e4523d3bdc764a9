"""Reading sets with near misses, and measuring the gate on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.abstention_evaluation import (
    AbstentionCase,
    AbstentionResult,
    Judged,
    auroc,
    grouped_auroc,
    judge_folder,
    judge_pack,
    read_cases,
    read_folder,
)
from bot.support import THRESHOLD
from ingest.embeddings import make_embeddings
from ingest.errors import UsageError
from ingest.index import Index
from ingest.progress import NoProgress
from tests.packs import Pack

QUESTIONS = Path(__file__).resolve().parents[2] / "corpus" / "colleges" / "questions"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "squad2_500"

PARAGRAPHS = [
    {"_id": "canal", "title": "", "text": "Kublai opened the canal at Dadu in 1293. It is long."},
    {"_id": "mill", "title": "Mills", "text": "The mill at Ely was built of brick by Ann Hall."},
]
QUERIES = [
    {"_id": "q1", "text": "When was the canal at Dadu opened?", "gold": "canal"},
    {"_id": "q2", "text": "When did Genghis close the canal at Dadu?", "gold": "canal"},
    {"_id": "q3", "text": "Who built the mill at Ely?", "gold": "mill", "answers": ["Ann Hall"]},
    {"_id": "q4", "text": "In what year was the mill at Ely not built?", "gold": "mill"},
]
CASES = [
    '{"id": "1", "question": "What do finches eat?", "answerable": true}',
    '{"id": "2", "question": "In what year did finches first eat raisins?", "answerable": false}',
]


def write_folder(folder: Path, queries: Sequence[dict[str, object]] | None = None) -> Path:
    if queries is None:
        queries = [q | {"is_impossible": q["_id"] in ("q2", "q4")} for q in QUERIES]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, PARAGRAPHS)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    return folder


def judged(*scores: tuple[bool, float]) -> AbstentionResult:
    cases = [
        AbstentionCase(id=str(n), question=f"Question {n}?", answerable=answerable)
        for n, (answerable, _) in enumerate(scores)
    ]
    return AbstentionResult(
        "made up",
        tuple(
            Judged(case, support, 0.5, 1.0, support >= THRESHOLD)
            for case, (_, support) in zip(cases, scores, strict=True)
        ),
    )


# --- what is measured -----------------------------------------------------------------------------


def test_shares_count_each_kind_by_itself() -> None:
    result = judged((True, 0.9), (True, 0.1), (True, 0.8), (True, 0.7), (False, 0.9), (False, 0.2))

    assert result.answerable_turned_down.mean == 0.25
    assert result.near_misses_answered.mean == 0.5
    assert result.accuracy.mean == pytest.approx(4 / 6)
    assert result.auroc().mean == (0.5 + 1 + 0 + 0 + 0 + 1 + 0 + 1) / 8
    assert result.auroc("cosine").mean == 0.5


def test_the_probability_is_held_against_the_truth() -> None:
    result = judged((True, 0.95), (True, 0.85), (False, 0.9), (False, 0.1))

    assert result.brier == pytest.approx((0.05**2 + 0.15**2 + 0.9**2 + 0.1**2) / 4)
    assert result.reliability == [
        {"n": 1, "said": 0.1, "true": 0.0},
        {"n": 3, "said": 0.9, "true": 0.6667},
    ]


def test_json_lists_what_went_wrong() -> None:
    report = judged((True, 0.1), (True, 1.0), (False, 0.0)).to_json()

    assert report == json.loads(json.dumps(report))
    assert (report["answerable"], report["near_misses"]) == (2, 1)
    assert report["auroc"].keys() == {"support", "cosine", "bm25"}
    assert report["auroc"]["support"]["mean"] == 1.0
    assert [one["id"] for one in report["wrong"]] == ["0"]


def test_auroc_counts_equals_half() -> None:
    labels, scores = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.4, 0.4, 0.1])
    assert auroc(labels, scores) == (1 + 1 + 0.5 + 1) / 4


def test_the_interval_is_wider_where_questions_belong_together() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 120).astype(float)
    scores = labels + rng.normal(0, 1.5, 120)
    # Ten copies of each question tell no more than one.
    copies = [np.repeat(values, 10) for values in (labels, scores)]
    alone = grouped_auroc(copies[0], copies[1], [str(n) for n in range(1200)])
    together = grouped_auroc(copies[0], copies[1], [str(n // 10) for n in range(1200)])

    assert alone.low <= alone.mean <= alone.high
    assert together.high - together.low > 2 * (alone.high - alone.low)


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "1"}', "is no"),
        ("no JSON", "is no"),
        ('{"id": "1", "question": "", "answerable": true}', "is no"),
        ('{"id": "1", "question": "Why?", "answerable": "perhaps"}', "is no"),
    ],
)
def test_a_wrong_case_is_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f"{CASES[0]}\n{line}\n")
    with pytest.raises(UsageError, match=rf"cases\.jsonl:2: {said}"):
        read_cases(path)


def test_a_set_of_one_kind_measures_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(CASES[0])
    with pytest.raises(UsageError, match="and some that are not"):
        read_cases(path)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"_id": "q", "text": "Why?", "gold": "canal"}, r"queries\.jsonl:1: is not of the form"),
        (
            {"_id": "q", "text": "Why?", "gold": "moat", "is_impossible": False},
            r"queries\.jsonl: there is no paragraph 'moat'",
        ),
    ],
)
def test_a_wrong_folder_is_named(query: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        read_folder(write_folder(tmp_path, [query]))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_folder(tmp_path / "nowhere")


def test_the_packs_own_questions_are_each_asked_once() -> None:
    cases = read_cases(QUESTIONS / "abstention.jsonl")

    assert len({case.id for case in cases}) == len({case.question for case in cases}) == len(cases)
    assert sum(case.answerable for case in cases) >= 100
    assert sum(not case.answerable for case in cases) >= 100


# --- with the real encoder ------------------------------------------------------------------------


def test_a_folder_is_judged_with_its_paragraph_and_with_what_is_found(
    tmp_path: Path, indexed_pack: Pack
) -> None:
    folder = read_folder(write_folder(tmp_path))
    given, found = judge_folder(folder, make_embeddings(indexed_pack.settings), NoProgress())

    assert [one.case.answerable for one in given.judged] == [True, False, True, False]
    for result in (given, found):
        assert result.auroc().mean == 1.0
        assert result.answerable_turned_down.mean == 0.0
        assert all(0.3 < one.cosine <= 1 and one.bm25 > 0 for one in result.judged)


def test_a_pack_is_asked_on_its_live_index(tmp_path: Path, indexed_pack: Pack) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(CASES))
    told: list[None] = []
    index = Index(indexed_pack.card, indexed_pack.paths, make_embeddings(indexed_pack.settings))
    try:
        result = judge_pack(index, read_cases(path), "birds", lambda: told.append(None))
    finally:
        index.close()

    assert len(told) == 2
    assert [one.enough for one in result.judged] == [True, False]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="shared data are absent")
def test_near_misses_of_squad_are_told_better_than_by_nearness(indexed_pack: Pack) -> None:
    folder = read_folder(DATA)
    given, found = judge_folder(folder, make_embeddings(indexed_pack.settings), NoProgress())

    for result in (given, found):
        assert result.auroc().low > result.auroc("cosine").mean
        assert result.auroc().mean > 0.72
        assert result.brier < 0.22
