"""`groundskeeper reports`: work on the review queue from the command line, as its operator."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from bot.review import (
    CLOSED_STATES,
    OPEN_STATES,
    Category,
    Moderators,
    ReportQuery,
    Severity,
    Status,
)
from bot.review.query import MOST_DAYS, Order
from ingest.errors import UsageError
from ui.commands import reports_backup, reports_out, reports_resolve
from ui.commands.reports_out import Json, open_queue
from ui.commands.reports_resolve import Reference, Version, confirm, current
from ui.output import print_json, say
from ui.report_text import show_list, show_report

app = typer.Typer(help="Work on what people reported.", no_args_is_help=True)
app.add_typer(reports_resolve.app)
app.add_typer(reports_out.app)
app.add_typer(reports_backup.app)


@app.command("list")
def list_reports(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option(help="Only this state; can be given again.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed reports as well.")] = False,
    text: Annotated[
        str, typer.Option(help="Only with these words, in any order; the last may be begun.")
    ] = "",
    category: Annotated[Category | None, typer.Option(help="Only this category.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help="Only this severity; can be given again.")
    ] = None,
    assignee: Annotated[
        str, typer.Option(help="Only what this moderator has; @nobody for what is free.")
    ] = "",
    document: Annotated[str, typer.Option(help="Only where this document is cited.")] = "",
    model: Annotated[str, typer.Option(help="Only answers of this model.")] = "",
    min_days: Annotated[int, typer.Option(min=0, help="Only reports at least this old.")] = 0,
    max_days: Annotated[
        int, typer.Option(min=0, help="Only reports at most this old.")
    ] = MOST_DAYS,
    order: Annotated[Order, typer.Option(help="What comes first.")] = "priority",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="How many to pass over.")] = 0,
    as_json: Json = False,
) -> None:
    """List reports by priority: severity, number of reports, how often it is asked, age."""
    # Typer takes no list of a Literal; the queue refuses what is no such word.
    states = cast("tuple[Status, ...]", tuple(state or ()))
    query = ReportQuery(
        states=states or OPEN_STATES + (CLOSED_STATES if everything else ()),
        text=text,
        category=category,
        severities=cast("tuple[Severity, ...]", tuple(severity or ())),
        assignee=assignee,
        document=document,
        model=model,
        min_days=min_days,
        max_days=max_days,
        order=order,
    )
    operator = Moderators.operator()
    with open_queue(context) as queue:
        total = queue.count(operator, query)
        found = queue.reports(operator, query, limit=limit, offset=offset)
    if as_json:
        print_json({"total": total, "reports": [one.model_dump(mode="json") for one in found]})
    else:
        show_list(found, total)


@app.command("show")
def show(context: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """Show a report: the case as it was seen, and all that happened to it."""
    with open_queue(context) as queue:
        report = queue.show(Moderators.operator(), reference)
        contacts = queue.contacts(Moderators.operator(), reference)
    if as_json:
        print_json(report.model_dump(mode="json") | {"contacts": contacts})
    else:
        show_report(report, contacts)


@app.command("assign")
def assign(
    context: typer.Context,
    reference: Reference,
    name: Annotated[str, typer.Argument(help="The moderator.")] = "",
    nobody: Annotated[bool, typer.Option("--nobody", help="Take it from whoever has it.")] = False,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Give a report to a moderator, or to nobody."""
    if bool(name) == nobody:
        raise UsageError("Name the moderator, or say --nobody.")
    operator = Moderators.operator()
    with open_queue(context) as queue:
        version = current(queue, reference, version)
        confirm(queue.assign(operator, reference, version, name or None), as_json)


@app.command("move")
def move(
    context: typer.Context,
    reference: Reference,
    status: Annotated[Status, typer.Argument(help="The new state.")],
    text: Annotated[str, typer.Option("--note", help="A note for the history.")] = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Change a report's state: triage it, start work, dismiss it, or reopen it as triaged."""
    operator = Moderators.operator()
    with open_queue(context) as queue:
        version = current(queue, reference, version)
        confirm(queue.move(operator, reference, version, status, text), as_json)


@app.command("verify")
def verify(
    context: typer.Context,
    kept: Annotated[str, typer.Option(help="A hash that this command printed before.")] = "",
    as_json: Json = False,
) -> int:
    """Check that no event, comment or report was changed behind the queue's back."""
    operator = Moderators.operator()
    with open_queue(context) as queue:
        problems = queue.verify(operator, kept_hash=kept)
        head = queue.chain_head(operator)
    if as_json:
        print_json({"ok": not problems, "problems": problems, **head.model_dump()})
    else:
        for problem in problems:
            say(problem)
        verdict = f"problems: {len(problems):,}" if problems else "all as written"
        say(f"{head.events:,} events: {verdict}. Hash of the last one: {head.hash or 'none'}")
    return 1 if problems else 0
