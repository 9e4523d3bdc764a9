"""Reports that a report may repeat: those whose questions are near it in words or in meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from bot.review.moderators import Moderator
from bot.review.query import ReportQuery
from bot.review.review_queue import ReviewQueue
from bot.review.states import CLOSED_STATES, OPEN_STATES
from bot.review.views import Report, ReportSummary
from bot.review.workbench import Workbench
from bot.text import normalise
from ingest.index import Vector

MOST_COMPARED = 500  # of the open reports, and of the closed ones
LEAST_SCORE = 0.6


@dataclass(frozen=True)
class Similar:
    """A report, and how near its question is: 1 is the same."""

    report: ReportSummary
    score: float


def similar_reports(
    queue: ReviewQueue, who: Moderator, report: Report, bench: Workbench, most: int = 5
) -> list[Similar]:
    """Return the nearest of the newest reports, the nearest first, of equals the oldest.

    Nearness is the greater of the cosine of the questions' vectors and the share of letters that
    they have in common with their words in order (rapidfuzz's token_sort_ratio). Reports that
    repeat another are left out, and so is `report`.
    """
    others = [other for other in _candidates(queue, who) if _may_be_repeated(other, report)]
    texts = [normalise(one.question) for one in (report, *others)]
    vectors = bench.vectors(texts)
    scores = [_nearness(texts[0], text, vectors) for text in texts[1:]]
    found = [
        Similar(other, score)
        for other, score in zip(others, scores, strict=True)
        if score >= LEAST_SCORE
    ]
    return sorted(found, key=lambda one: (-round(one.score, 2), one.report.filed_at))[:most]


def _candidates(queue: ReviewQueue, who: Moderator) -> Sequence[ReportSummary]:
    return list(
        chain.from_iterable(
            queue.reports(who, ReportQuery(states=states, order="newest"), limit=MOST_COMPARED)
            for states in (OPEN_STATES, CLOSED_STATES)
        )
    )


def _may_be_repeated(other: ReportSummary, report: ReportSummary) -> bool:
    return other.reference != report.reference and other.outcome != "duplicate"


def _nearness(one: str, other: str, vectors: dict[str, Vector]) -> float:
    cosine = float(vectors[one] @ vectors[other])
    return max(cosine, fuzz.token_sort_ratio(one, other, processor=default_process) / 100)
