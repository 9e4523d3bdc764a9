"""Reports as a table for a spreadsheet, one line each; JSON Lines hold all that there is.

The table leaves out the history, the evidence and the answer's own table. Its texts are without
control characters, and harmless where they would be taken for formulas (bot/spreadsheet.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.review.cases import clean
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


def _cells(report: Mapping[str, Any]) -> dict[str, Any]:
    case = report["case"] or {}
    cited = dict.fromkeys(citation["document"] for citation in case.get("citations", ()))
    told = {name: case.get(name) for name in _OF_CASE}
    return {**report, **told, "ended": case.get("status"), "documents": "\n".join(cited)}


def _cleaned(cell: Any) -> Any:
    return clean(cell) if isinstance(cell, str) else cell
