"""`groundskeeper reports`: work on the review queue from the command line, as its operator."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from bot.review import CLOSED_STATES, OPEN_STATES, Moderators, ReportQuery, Severity, Status
from bot.review.query import MOST_DAYS
from ingest.errors import UsageError
from ui.commands import reports_backup, reports_out, reports_resolve
from ui.commands.reports_options import (
    Assignee,
    Document,
    Everything,
    InOrder,
    Limit,
    MaxDays,
    MinDays,
    Model,
    Note,
    OfCategory,
    Offset,
    OfSeverity,
    OnlyShow,
    Reference,
    State,
    Text,
    Version,
    Where,
    Yes,
    open_queue,
)
from ui.commands.reports_resolve import confirm, current
from ui.output import JsonOption, print_json, say
from ui.report_text import show_list, show_report
from ui.several import choose, decide

app = typer.Typer(help="Work on what people reported.", no_args_is_help=True)
app.add_typer(reports_resolve.app)
app.add_typer(reports_out.app)
app.add_typer(reports_backup.app)


@app.command("list")
def list_reports(
    context: typer.Context,
    state: State = None,
    everything: Everything = False,
    text: Text = "",
    category: OfCategory = None,
    severity: OfSeverity = None,
    assignee: Assignee = "",
    document: Document = "",
    model: Model = "",
    min_days: MinDays = 0,
    max_days: MaxDays = MOST_DAYS,
    order: InOrder = "priority",
    limit: Limit = 50,
    offset: Offset = 0,
    as_json: JsonOption = False,
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
def show(context: typer.Context, reference: Reference, as_json: JsonOption = False) -> None:
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
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REFERENCE... NAME", show_default=False, help="The reports, and the moderator."
        ),
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Take it from whoever has it.")] = False,
    where: Where = "",
    only_show: OnlyShow = False,
    yes: Yes = False,
    version: Version = None,
    as_json: JsonOption = False,
) -> int:
    """Give reports to a moderator, or to nobody; several, or those of a filter, after asking."""
    references, name = _named(words or [], nobody, where)
    operator = Moderators.operator()
    with open_queue(context) as queue:
        if len(references) == 1 and not (where or only_show):
            reference = references[0]
            version = current(queue, reference, version)
            confirm(queue.assign(operator, reference, version, name), as_json)
            return 0
        return decide(
            choose(queue, references, where),
            lambda one: queue.assign(operator, one.reference, one.version, name),
            only_show=only_show,
            yes=yes,
            as_json=as_json,
        )


def _named(words: list[str], nobody: bool, where: str) -> tuple[list[str], str | None]:
    """Return the references and the moderator's name, which is the last word unless --nobody."""
    if nobody:
        return words, None
    if len(words) < (1 if where else 2):
        raise UsageError("Name the moderator, or say --nobody.")
    return words[:-1], words[-1]


@app.command("move")
def move(
    context: typer.Context,
    reference: Reference,
    status: Annotated[Status, typer.Argument(help="The new state.")],
    text: Note = "",
    version: Version = None,
    as_json: JsonOption = False,
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
    as_json: JsonOption = False,
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
