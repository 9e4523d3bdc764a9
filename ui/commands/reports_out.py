"""`groundskeeper reports export|stats|purge|deliver`: what leaves the review queue, and how."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal

import typer

from bot.privacy import Masker
from bot.review import Moderators, ReviewQueue, Stats
from bot.review.delivery import Delivered, open_courier
from bot.review.export import as_csv
from bot.review.insight import Insight
from bot.review.notify import Notices
from bot.review.views import Unsent
from ingest.errors import UsageError
from ui.context import AppContext
from ui.output import note, print_json, say
from ui.report_text import one_line, when

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@contextmanager
def open_queue(context: typer.Context) -> Iterator[ReviewQueue]:
    """Lend the review queue as the settings describe it. Raises SettingsError."""
    state: AppContext = context.obj
    masker, notices = Masker(state.settings.phone_region), Notices.of(state.settings)
    with ReviewQueue(state.paths.reports, masker=masker, notices=notices) as queue:
        yield queue


@app.command("export")
def export(
    context: typer.Context,
    form: Annotated[
        Literal["jsonl", "csv"],
        typer.Option("--format", help="jsonl: all that there is. csv: a line for a spreadsheet."),
    ] = "jsonl",
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, as without it.")] = False,
) -> None:
    """Print every report, the oldest first, however many there are.

    JSON lines hold each report with its case and history. The table has one line for each, is
    UTF-8 with a BOM, and no text in it is taken for a formula.
    """
    if as_json and form == "csv":
        raise UsageError("Give --json or --format csv, not both.")
    with open_queue(context) as queue:
        exported = queue.export(Moderators.operator())
        if form == "csv":
            for line in as_csv(exported):
                sys.stdout.write(line)
        else:
            for report in exported:
                print_json(report)


@app.command("stats")
def stats(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How far to look back.")] = 30,
    as_json: Json = False,
) -> None:
    """Show the queue in figures, as it is and as it went."""
    operator = Moderators.operator()
    with open_queue(context) as queue:
        found, unsent = queue.stats(operator), queue.unsent(operator)
        seen = queue.insight(operator, days)
    if as_json:
        more = {"unsent": unsent.model_dump(mode="json"), "insight": seen.model_dump(mode="json")}
        print_json(found.model_dump(mode="json") | more)
    else:
        _show_stats(found)
        _show_insight(seen)
        _show_unsent(unsent)


@app.command("purge")
def purge(
    context: typer.Context,
    older_than: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=36_500,
            help="Days since a report was closed; the setting reports_retention_days, if left out.",
        ),
    ] = None,
    reference: Annotated[
        str, typer.Option(help="Only this report, whether it is closed or open.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove questions, answers, comments and notes of reports closed that long ago, or of one.

    References, states and dates stay, and the history still verifies. Run it every day (cron)
    to keep nothing longer than the setting says.
    """
    if reference and older_than is not None:
        raise UsageError("Give --older-than or --reference, not both.")
    state: AppContext = context.obj
    days = state.settings.reports_retention_days if older_than is None else older_than
    what = f"report {reference} says" if reference else f"closed reports older than {days} days say"
    if not yes:
        typer.confirm(f"Remove what {what}?", abort=True)
    operator = Moderators.operator()
    with open_queue(context) as queue:
        if reference:
            purged = int(queue.purge_report(operator, reference))
        else:
            purged = queue.purge(operator, timedelta(days=days))
    if as_json:
        print_json({"purged": purged})
    else:
        say(f"{purged:,} reports purged.")


@app.command("deliver")
def deliver(
    context: typer.Context,
    again: Annotated[
        bool, typer.Option("--again", help="Try what was given up as well, from the beginning.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Send what is due: the webhook and the mails that the settings ask for.

    The app does so by itself. Run this by cron where reports are worked on without the app, or
    after a server was down. What fails is tried again later; exit status 1 says that some did.
    """
    state: AppContext = context.obj
    courier = open_courier(state.settings, state.card.domain.name, state.paths.reports)
    if not courier.ways:
        raise UsageError(
            "There is no way to send anything.", hint="Set webhook_url or smtp_url first."
        )
    if again:
        courier.try_again()
    done = courier.deliver_due()
    with open_queue(context) as queue:
        unsent = queue.unsent(Moderators.operator())
    if as_json:
        failed = [one.model_dump() for one in done.failed]
        print_json({"sent": done.sent, "failed": failed, **unsent.model_dump(mode="json")})
    else:
        _show_delivered(done)
        _show_unsent(unsent)
    return 1 if done.failed or unsent.given_up else 0


def _show_insight(seen: Insight) -> None:
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
        about = ", ".join(f"{name} {n:,}" for name, n in row.categories.items())
        say(f"  {one_line(row.name)}: {row.total:,} ({about})")


def _show_stats(found: Stats) -> None:
    say(f"{found.total:,} reports, {found.open:,} open, {found.repeats:,} repeats")
    groups: list[tuple[str, dict[str, Any]]] = [
        ("state", found.by_status),
        ("severity", found.by_severity),
        ("category", found.by_category),
        ("outcome", found.by_outcome),
    ]
    for label, counts in groups:
        for name, number in sorted(counts.items(), key=lambda item: -item[1]):
            say(f"  {label:10}{name:18}{number:8,}")
    if found.oldest_open_at is not None:
        say(f"Oldest open report: {when(found.oldest_open_at)}")
    if found.median_hours_to_close is not None:
        say(f"Median time to close: {found.median_hours_to_close:,.1f} hours")
    if found.purged:
        say(f"{found.purged:,} purged")


def _show_delivered(done: Delivered) -> None:
    say(f"{done.sent:,} sent.")
    for one in done.failed:
        say(f"Not sent: {one.reference} by {one.way}: {one.reason}")


def _show_unsent(unsent: Unsent) -> None:
    if unsent.waiting:
        say(f"{unsent.waiting:,} messages wait to be sent.")
    for one in unsent.given_up:
        say(f"Given up: {one.reference} by {one.way}: {one.reason}")
    if unsent.given_up:
        note("To try them again: groundskeeper reports deliver --again")
