"""Reports as a table for a spreadsheet, one line each; JSON Lines hold all that there is.

The table leaves out the history, the evidence and the answer's own table. Its texts are without
control characters, and harmless where they would be taken for formulas (bot/spreadsheet.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.review.cases import clean
from bot.review.insight import Insight
from bot.review.views import Stats
from bot.spreadsheet import csv_line

_OF_REPORT = (
    "reference",
    "status",
    "severity",
    "category",
    "question",
    "comment",
)
_OF_CASE = (
    "answer",
    "ended",
    "reason",
    "documents",
    "model",
    "digest",
    "index_generation",
    "rules_version",
)
_OF_WORK = (
    "assignee",
    "outcome",
    "outcome_detail",
    "repeats",
    "filed_at",
    "changed_at",
    "closed_at",
    "purged_at",
)
BOM = "\ufeff"  # without it a spreadsheet may take UTF-8 for something else
COLUMNS = _OF_REPORT + _OF_CASE + _OF_WORK


def as_csv(reports: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table of exported reports, its header first."""
    yield BOM + csv_line(COLUMNS)
    for report in reports:
        cells = _cells(report)
        yield csv_line(_cleaned(cells.get(name)) for name in COLUMNS)


def as_json_lines(reports: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each exported report as a line of JSON, with its case and history."""
    for report in reports:
        yield json.dumps(report, ensure_ascii=False) + "\n"


def figures_csv(seen: Insight) -> Iterator[str]:
    """Yield the lines of a table of what came, was closed and was open, its header first."""
    yield BOM + csv_line(("first_day", "days", "filed", "closed", "open"))
    for step in seen.steps:
        yield csv_line((step.first, seen.step_days, step.filed, step.closed, step.open))


def figures_json(found: Stats, seen: Insight) -> str:
    """Return the queue in figures as one JSON object, as `groundskeeper reports stats` does."""
    told = found.model_dump(mode="json") | {"insight": seen.model_dump(mode="json")}
    return json.dumps(told, ensure_ascii=False)


def _cells(report: Mapping[str, Any]) -> dict[str, Any]:
    case = report["case"] or {}
    cited = dict.fromkeys(citation["document"] for citation in case.get("citations", ()))
    told = {name: case.get(name) for name in _OF_CASE}
    return {**report, **told, "ended": case.get("status"), "documents": "\n".join(cited)}


def _cleaned(cell: Any) -> Any:
    return clean(cell) if isinstance(cell, str) else cell
