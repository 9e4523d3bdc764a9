"""`groundskeeper reports export|stats|purge|deliver`: what leaves the review queue, and how."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated, Literal

import typer

from bot.review import Moderators
from bot.review.delivery import open_courier
from bot.review.export import as_csv
from ingest.errors import UsageError
from ui.commands.reports_options import open_queue
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.queue_text import show_delivered, show_insight, show_stats, show_unsent

app = typer.Typer()


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
    as_json: JsonOption = False,
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
        show_stats(found)
        show_insight(seen)
        show_unsent(unsent)


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
    as_json: JsonOption = False,
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
    as_json: JsonOption = False,
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
        show_delivered(done)
        show_unsent(unsent)
    return 1 if done.failed or unsent.given_up else 0
