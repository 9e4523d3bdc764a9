"""One decision for many reports: each is a change of its own, and those overtaken are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.review.views import ReportSummary
from ingest.errors import GroundskeeperError


@dataclass(frozen=True)
class BulkResult:
    """The references of what was done, and of what was not, each with the reason."""

    done: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def for_each(chosen: Iterable[ReportSummary], act: Callable[[ReportSummary], object]) -> BulkResult:
    """Act on each report as it was looked at; what one refuses stops none of the others."""
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    for report in chosen:
        try:
            act(report)
        except GroundskeeperError as error:
            refused.append((report.reference, error.message))
        else:
            done.append(report.reference)
    return BulkResult(tuple(done), tuple(refused))
