"""`groundskeeper reports`: work on the review queue from the command line, as its operator."""

from __future__ import annotations

from typing import Annotated, Literal, cast

import typer

from bot.review import (
    CLOSED_STATES,
    OPEN_STATES,
    Category,
    Moderators,
    Outcome,
    Report,
    ReportQuery,
    ReviewQueue,
    Severity,
    Status,
)
from bot.review.query import MOST_DAYS, Order
from ingest.errors import UsageError
from ui.commands import reports_backup, reports_out
from ui.commands.reports_out import Json, open_queue
from ui.context import AppContext
from ui.output import print_json, say
from ui.report_text import one_line, show_list, show_report

app = typer.Typer(help="Work on what people reported.", no_args_is_help=True)
app.add_typer(reports_out.app)
app.add_typer(reports_backup.app)

Reference = Annotated[str, typer.Argument(help="The report's reference, such as R-7K3M9Q.")]
Note = Annotated[str, typer.Option(help="A note for the history.")]
Version = Annotated[
    int | None, typer.Option(help="Refuse if the report has changed since this version.")
]


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
        version = _current(queue, reference, version)
        _confirm(queue.assign(operator, reference, version, name or None), as_json)


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
        version = _current(queue, reference, version)
        _confirm(queue.move(operator, reference, version, status, text), as_json)


@app.command("resolve")
def resolve(
    context: typer.Context,
    reference: Reference,
    outcome: Annotated[Outcome, typer.Argument(help="What came of it.")],
    detail: Annotated[
        str,
        typer.Option(
            help="answer_fine: why, for whoever reported. corpus_fixed: the document. "
            "duplicate: the other report. rule_added: the id of a rule that you wrote yourself."
        ),
    ] = "",
    text: Annotated[str, typer.Option("--note", help="A note for the history.")] = "",
    identity: Annotated[
        str, typer.Option("--id", help="The id of the new rule or case; the reference, if not.")
    ] = "",
    words: Annotated[
        list[str] | None, typer.Option(help="New rule: a word that it applies to; can be repeated.")
    ] = None,
    pattern: Annotated[
        str, typer.Option(help="New rule: a regular expression (RE2) that it applies to.")
    ] = "",
    example: Annotated[
        list[str] | None,
        typer.Option(help="New rule: a sentence whose meaning it applies to; can be repeated."),
    ] = None,
    action: Annotated[
        Literal["refuse", "redirect", "flag"], typer.Option(help="New rule: what it does.")
    ] = "refuse",
    message: Annotated[
        str, typer.Option(help="New rule: what is said; the domain's refusal, if not given.")
    ] = "",
    applies_to: Annotated[
        list[str] | None, typer.Option(help="New rule: question (if not given) or answer, or both.")
    ] = None,
    must: Annotated[
        list[str] | None, typer.Option(help="New case: words that its answer must hold.")
    ] = None,
    must_not: Annotated[
        list[str] | None, typer.Option(help="New case: words that it must not hold.")
    ] = None,
    ends: Annotated[
        str, typer.Option(help="New case: how it must end (answered, abstained, refused ...).")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only try the new rule or case; save nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Save without asking first.")] = False,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Close a report with its outcome.

    `rule_added` with --words, --pattern or --example adds a rule to the pack, after telling what
    it would have stopped. `regression_added` adds the question to the pack's regression cases,
    after telling whether it passes today. `corpus_fixed` has the question asked again once
    `groundskeeper reindex` has read the correction.
    """
    rule = {"words": words, "pattern": pattern, "examples": example}
    case = {"must": must, "must_not": must_not, "status": ends}
    operator = Moderators.operator()
    with open_queue(context) as queue:
        version = _current(queue, reference, version)
        written = outcome == "rule_added" and any(rule.values())
        asked = outcome == "regression_added" and not detail
        if not (written or asked or outcome == "corpus_fixed"):
            report = queue.resolve(operator, reference, version, outcome, text, detail)
            _confirm(report, as_json)
            return
        # Only now: with the pipeline come seconds of imports.
        from ui.deciding import Deciding

        decision = Deciding(
            context.obj, queue, operator, reference, version, text, dry_run, yes, as_json
        )
        if written:
            rule |= {"action": action, "message": message, "applies_to": applies_to}
            done = decision.add_rule(identity, rule)
        elif asked:
            done = decision.add_case(identity, case)
        else:
            done = decision.correct(detail)
    if done is not None:
        _confirm(done, as_json)


@app.command("rerun")
def rerun(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(help="The report; all whose document was corrected, if left out.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the difference as a note.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a report's question again with today's index, model and rules; show the difference."""
    from ui.deciding import rerun_all, rerun_one

    state: AppContext = context.obj
    with open_queue(context) as queue:
        if reference:
            rerun_one(state, queue, reference, keep=keep, as_json=as_json)
        else:
            rerun_all(state, as_json=as_json)


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


def _current(queue: ReviewQueue, reference: str, version: int | None) -> int:
    """Return the version to change: the one that was named, or the one that is there now."""
    return queue.show(Moderators.operator(), reference).version if version is None else version


def _confirm(report: Report, as_json: bool) -> None:
    """Print the whole report as JSON, or what happened to it in a sentence."""
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        say(f"{report.reference} {one_line(report.events[-1].sentence)}.")
