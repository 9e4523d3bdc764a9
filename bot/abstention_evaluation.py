"""Does the bot say so when its evidence does not answer? Measured on answered and near-miss sets.

Two kinds of set are read. Lines of {"id", "question", "answerable"} are asked of a pack's live
index. A folder as SQuAD 2.0's questions come in (Rajpurkar et al., "Know What You Don't Know",
2018) holds `corpus.jsonl` with "_id", "title" and "text", and `queries.jsonl` with "_id", "text",
"gold" (a paragraph's id) and "is_impossible"; each of its questions is judged twice: with its
paragraph given, and with what our retriever finds among all of them.

What is measured is the gate that weighs evidence (bot.support), against the cosine and the BM25
score of the best passage as gates of their own. Not covered: whether what is then said is right;
a near miss that another paragraph happens to answer, which counts as a mistake though it is none;
what the stages before do (scope, records): `groundskeeper eval scope` and `facts` tell that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.answer import Evidence
from bot.answerability import Signs
from bot.evidence import evidence_of
from bot.intervals import LEVEL, RESAMPLES, SEED, Interval, wilson
from bot.json_lines import numbered_lines
from bot.passages import gather, spread
from bot.pipeline import CANDIDATES, PASSAGES
from bot.retrieval_eval import JudgedDocument, temporary_index
from bot.retriever import Hit, HybridRetriever
from bot.support import THRESHOLD, judge_support
from ingest.embeddings import NamedEmbeddings
from ingest.errors import UsageError
from ingest.filters import PASSAGES as PASSAGES_ONLY
from ingest.index import Index, Snapshot, Vector
from ingest.progress import Progress

BINS = 5
DEPTH = 100
System = Literal["support", "cosine", "bm25"]
Told = Callable[[], None]


class AbstentionCase(BaseModel):
    """A question, and whether it is answered; `paragraph` is the id of the one it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str = Field(min_length=1)
    answerable: bool
    paragraph: str = ""


@dataclass(frozen=True)
class NearMissFolder:
    """Paragraphs, and questions that each are about one of them."""

    name: str
    paragraphs: tuple[JudgedDocument, ...]
    cases: tuple[AbstentionCase, ...]


@dataclass(frozen=True)
class Judged:
    """What each system says of a case: higher is more likely answered; support in [0, 1]."""

    case: AbstentionCase
    support: float
    cosine: float
    bm25: float
    enough: bool
    signs: Signs | None = None


@dataclass(frozen=True)
class AbstentionResult:
    """How well a set's answerable questions are told from its near misses."""

    name: str
    judged: tuple[Judged, ...]

    @property
    def near_misses_answered(self) -> Interval:
        """The share of near misses that would be answered."""
        return self._share(answerable=False, enough=True)

    @property
    def answerable_turned_down(self) -> Interval:
        """The share of answerable questions that would not be answered."""
        return self._share(answerable=True, enough=False)

    @property
    def accuracy(self) -> Interval:
        """The share of questions for which the gate is right."""
        right = sum(one.enough == one.case.answerable for one in self.judged)
        return wilson(right, len(self.judged))

    def auroc(self, system: System = "support") -> Interval:
        """Return how often an answerable question is above a near miss, with its 95% interval.

        The interval is a bootstrap over the paragraphs that questions are about.
        """
        scores = np.array([getattr(one, system) for one in self.judged])
        return grouped_auroc(self._labels, scores, [_group(one.case) for one in self.judged])

    @property
    def brier(self) -> float:
        """The mean squared error of the probability; 0.25 is what always saying 0.5 gets."""
        return float(np.mean((self._supports - self._labels) ** 2))

    @property
    def reliability(self) -> list[dict[str, float]]:
        """For bands of probability: how many, what was said on average, what was true."""
        places = np.minimum((self._supports * BINS).astype(int), BINS - 1)
        return [
            {
                "n": int(np.sum(places == place)),
                "said": round(float(self._supports[places == place].mean()), 4),
                "true": round(float(self._labels[places == place].mean()), 4),
            }
            for place in range(BINS)
            if np.any(places == place)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object; the questions that went wrong are listed."""
        wrong = [one for one in self.judged if one.enough != one.case.answerable]
        return {
            "name": self.name,
            "answerable": int(self._labels.sum()),
            "near_misses": int(len(self.judged) - self._labels.sum()),
            "threshold": THRESHOLD,
            "auroc": {s: self.auroc(s).to_json() for s in ("support", "cosine", "bm25")},
            "accuracy": self.accuracy.to_json(),
            "near_misses_answered": self.near_misses_answered.to_json(),
            "answerable_turned_down": self.answerable_turned_down.to_json(),
            "brier": round(self.brier, 4),
            "reliability": self.reliability,
            "wrong": [
                {
                    "id": one.case.id,
                    "question": one.case.question,
                    "answerable": one.case.answerable,
                    "support": round(one.support, 4),
                }
                for one in wrong
            ],
        }

    @cached_property
    def _labels(self) -> NDArray[np.float64]:
        return np.array([one.case.answerable for one in self.judged], dtype=np.float64)

    @cached_property
    def _supports(self) -> NDArray[np.float64]:
        return np.array([one.support for one in self.judged])

    def _share(self, answerable: bool, enough: bool) -> Interval:
        ends = [one.enough for one in self.judged if one.case.answerable == answerable]
        return wilson(ends.count(enough), len(ends))


def _group(case: AbstentionCase) -> str:
    return case.paragraph or case.id


# --- measuring --------------------------------------------------------------------------------


def judge_pack(
    index: Index, cases: Sequence[AbstentionCase], name: str, told: Told = lambda: None
) -> AbstentionResult:
    """Judge what a live index has for each question; `told` is called after each.

    Raises IndexUnavailable, and UsageError where all or none of the questions are answerable.
    """
    _check_both(name, cases)
    judged = []
    with index.snapshot() as snapshot:
        judge = _Judge(index, snapshot, HybridRetriever(index))
        for case in cases:
            judged.append(judge.retrieved(judge.search(case)))
            told()
    return AbstentionResult(name, tuple(judged))


def judge_folder(
    folder: NearMissFolder,
    embeddings: NamedEmbeddings,
    progress: Progress,
) -> tuple[AbstentionResult, AbstentionResult]:
    """Judge each question with its paragraph given, and with what is retrieved among all."""
    _check_both(folder.name, folder.cases)
    texts = {one.id: one for one in folder.paragraphs}
    given, found = [], []
    with (
        temporary_index(folder.paragraphs, embeddings, progress) as (index, ids),
        index.snapshot() as snapshot,
    ):
        judge = _Judge(index, snapshot, HybridRetriever(index))
        progress.begin(folder.name, len(folder.cases))
        for case in folder.cases:
            search = judge.search(case)
            own = [hit for hit in search.hits if ids[hit.chunk.document] == case.paragraph]
            given.append(judge.judged(search, [_whole(texts[case.paragraph])], own))
            found.append(judge.retrieved(search))
            progress.advance()
        progress.end()
    return (
        AbstentionResult(f"{folder.name}, paragraph given", tuple(given)),
        AbstentionResult(f"{folder.name}, retrieved", tuple(found)),
    )


@dataclass(frozen=True)
class _Search:
    """A case, its question's vector, and the hits for it, best first."""

    case: AbstentionCase
    vector: Vector
    hits: Sequence[Hit]


@dataclass(frozen=True)
class _Judge:
    """Judges cases by one snapshot of an index, with the classes that answer people."""

    index: Index
    snapshot: Snapshot
    retriever: HybridRetriever

    def search(self, case: AbstentionCase) -> _Search:
        """Search for a case, deep enough to find its own paragraph too."""
        vector = self.retriever.embed_query(case.question)
        hits = self.retriever.search(self.snapshot, case.question, DEPTH, vector, PASSAGES_ONLY)
        return _Search(case, vector, hits)

    def retrieved(self, search: _Search) -> Judged:
        """Judge a case by the passages that people would get."""
        found = spread(search.hits[:CANDIDATES], search.case.question)
        hits = gather(self.snapshot, found, PASSAGES)
        evidence = [evidence_of(n, hit) for n, hit in enumerate(hits, start=1)]
        return self.judged(search, evidence, hits)

    def judged(self, search: _Search, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> Judged:
        """Judge a case by some evidence, and by the best scores of its hits."""
        support = judge_support(self.index, search.case.question, search.vector, evidence)
        return Judged(
            search.case,
            support.score,
            max((hit.cosine for hit in hits), default=0.0),
            max((hit.bm25 for hit in hits), default=0.0),
            support.enough,
            support.signs,
        )


def _whole(paragraph: JudgedDocument) -> Evidence:
    return Evidence(
        n=1,
        kind="passage",
        document=paragraph.id,
        title=paragraph.title,
        quote=paragraph.text,
        key=paragraph.id,
        end=len(paragraph.text),
    )


def auroc(labels: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve: the chance that a positive is above a negative.

    Equal scores count half (Mann and Whitney, 1947).
    """
    positive, negative = scores[labels == 1], scores[labels == 0]
    above = np.sum(positive[:, None] > negative[None, :])
    equal = np.sum(positive[:, None] == negative[None, :])
    return float((above + equal / 2) / (len(positive) * len(negative)))


def grouped_auroc(
    labels: NDArray[np.float64], scores: NDArray[np.float64], groups: Sequence[str]
) -> Interval:
    """Return the AUROC with a percentile interval over resampled groups of like questions."""
    rng = np.random.default_rng(SEED)
    names = sorted(set(groups))
    members = [np.flatnonzero(np.array(groups) == name) for name in names]
    drawn = []
    for _ in range(RESAMPLES):
        picks = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        if 0 < labels[picks].sum() < len(picks):
            drawn.append(auroc(labels[picks], scores[picks]))
    low, high = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(auroc(labels, scores), float(low), float(high))


# --- reading ----------------------------------------------------------------------------------


def read_cases(path: Path) -> list[AbstentionCase]:
    """Read lines of {"id", "question", "answerable"}; raises UsageError naming what is not so."""
    cases = []
    for number, line in numbered_lines(path):
        try:
            cases.append(AbstentionCase.model_validate(json.loads(line)))
        except (ValueError, ValidationError):
            raise UsageError(
                f'{path}:{number}: is no {{"id", "question", "answerable"}}.'
            ) from None
    _check_both(str(path), cases)
    return cases


def read_folder(folder: Path) -> NearMissFolder:
    """Read `corpus.jsonl` and `queries.jsonl`; raises UsageError naming what is not so."""
    paragraphs = tuple(
        JudgedDocument(one.id, one.title, one.text)
        for one in _lines(folder / "corpus.jsonl", _ParagraphLine)
    )
    known = {one.id for one in paragraphs}
    cases = []
    for one in _lines(folder / "queries.jsonl", _QueryLine):
        if one.gold not in known:
            raise UsageError(f"{folder / 'queries.jsonl'}: there is no paragraph {one.gold!r}.")
        cases.append(
            AbstentionCase(
                id=one.id,
                question=one.text,
                answerable=not one.is_impossible,
                paragraph=one.gold,
            )
        )
    _check_both(str(folder), cases)
    return NearMissFolder(folder.name, paragraphs, tuple(cases))


class _ParagraphLine(BaseModel):
    id: str = Field(alias="_id")
    title: str = ""
    text: str = Field(min_length=1)


class _QueryLine(BaseModel):
    id: str = Field(alias="_id")
    text: str = Field(min_length=1)
    gold: str
    is_impossible: bool


Line = TypeVar("Line", bound=BaseModel)


def _lines(path: Path, form: type[Line]) -> Iterator[Line]:
    for number, line in numbered_lines(path):
        try:
            yield form.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            raise UsageError(f"{path}:{number}: is not of the form of {path.name}.") from None


def _check_both(name: str, cases: Sequence[AbstentionCase]) -> None:
    if len({case.answerable for case in cases}) < 2:
        raise UsageError(f"{name} needs questions that are answered and some that are not.")
