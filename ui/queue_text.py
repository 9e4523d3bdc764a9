"""The queue in figures, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.review import CATEGORY_LABELS, OUTCOME_LABELS, SEVERITY_LABELS, STATUS_LABELS, Stats
from bot.review.delivery import Delivered
from bot.review.insight import Insight
from bot.review.views import Unsent
from ui.output import note, say
from ui.report_text import one_line, when


def show_stats(found: Stats) -> None:
    """Print the queue as it is."""
    say(f"{found.total:,} reports, {found.open:,} open, {found.repeats:,} repeats")
    _show_counts("state", found.by_status, STATUS_LABELS)
    _show_counts("severity", found.by_severity, SEVERITY_LABELS)
    _show_counts("category", found.by_category, CATEGORY_LABELS)
    _show_counts("outcome", found.by_outcome, OUTCOME_LABELS)
    if found.oldest_open_at is not None:
        say(f"Oldest open report: {when(found.oldest_open_at)}")
    if found.median_hours_to_close is not None:
        say(f"Median time to close: {found.median_hours_to_close:,.1f} hours")
    if found.purged:
        say(f"{found.purged:,} purged")


def show_insight(seen: Insight) -> None:
    """Print the queue as it went."""
    filed, closed = (
        sum(getattr(step, name) for step in seen.steps) for name in ("filed", "closed")
    )
    say(f"In {seen.days:,} days: {filed:,} filed, {closed:,} closed")
    medians = [
        ("first look", seen.median_hours_to_first_look),
        ("resolution", seen.median_hours_to_resolution),
    ]
    for what, hours in medians:
        if hours is not None:
            say(f"  median time to {what}: {hours:,.1f} hours")
    for row in (*seen.by_document, *seen.by_model):
        say(f"  {one_line(row.name)}: {row.total:,} ({', '.join(row.about)})")


def show_delivered(done: Delivered) -> None:
    """Print what was sent, and what could not be."""
    say(f"{done.sent:,} sent.")
    for one in done.failed:
        say(f"Not sent: {one.reference} by {one.way}: {one.reason}")


def show_unsent(unsent: Unsent) -> None:
    """Print what still waits to be sent, and what is not tried any more."""
    if unsent.waiting:
        say(f"{unsent.waiting:,} messages wait to be sent.")
    for one in unsent.given_up:
        say(f"Given up: {one.reference} by {one.way}: {one.reason}")
    if unsent.given_up:
        note("To try them again: groundskeeper reports deliver --again")


def _show_counts(what: str, counts: Mapping[str, int], labels: Mapping[Any, str]) -> None:
    for name, number in sorted(counts.items(), key=lambda item: -item[1]):
        say(f"  {what:10}{labels[name].lower():33}{number:8,}")
