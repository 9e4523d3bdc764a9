"""One decision from the command line for several reports: those named, or those of a filter.

It means what it means in the app's list: each report is a change of its own, made to the version
that was looked at, and what one of them refuses stops none of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from bot.review import Moderators, ReportQuery, ReportSummary, ReviewQueue
from bot.review.bulk import BulkResult, for_each
from bot.review.listing import MOST_LISTED
from ingest.errors import UsageError
from ui.output import note, print_json, say
from ui.report_text import show_list

Act = Callable[[ReportSummary], object]


@dataclass(frozen=True)
class Chosen:
    """The reports to decide on, of `total` that a filter finds."""

    reports: Sequence[ReportSummary]
    total: int


def choose(queue: ReviewQueue, references: Sequence[str], where: str) -> Chosen:
    """Return the reports that were named, each once, or the first that a filter finds.

    Raises UsageError unless it is one of the two, ReportNotFound for a reference that is none,
    ReviewError for a filter that is none.
    """
    operator = Moderators.operator()
    if bool(references) == bool(where):
        raise UsageError("Name the reports, or say --where.")
    if not where:
        named = {found.reference: found for found in (queue.show(operator, r) for r in references)}
        return Chosen(list(named.values()), len(named))
    query = ReportQuery.from_words(where)
    found = queue.reports(operator, query, limit=MOST_LISTED)
    return Chosen(found, queue.count(operator, query))


def decide(chosen: Chosen, act: Act, *, only_show: bool, yes: bool, as_json: bool) -> int:
    """Act on each report, after asking; return 1 if one of them refused."""
    if not only_show and not yes:
        n = len(chosen.reports)
        which = "this report" if n == 1 else f"these {n:,} reports"
        typer.confirm(f"Do this with {which}?", abort=True, err=True)
    if only_show:
        _show_chosen(chosen, as_json)
        return 0
    done = for_each(chosen.reports, act)
    _tell(done, chosen.total - len(chosen.reports), as_json)
    return 1 if done.refused else 0


def _show_chosen(chosen: Chosen, as_json: bool) -> None:
    if as_json:
        found = [one.model_dump(mode="json", exclude={"case", "events", "group"})
                 for one in chosen.reports]  # fmt: skip
        print_json({"total": chosen.total, "reports": found})
    else:
        show_list(chosen.reports, chosen.total)


def _tell(result: BulkResult, left: int, as_json: bool) -> None:
    if as_json:
        refused = [{"reference": reference, "why": why} for reference, why in result.refused]
        print_json({"done": list(result.done), "refused": refused, "left": left})
        return
    say(f"Done for {len(result.done):,}.")
    for reference, why in result.refused:
        say(f"Not done: {why}" if reference in why else f"Not done: {reference}: {why}")
    if left:
        note(f"{left:,} more fit the filter. Run it again for them.")
