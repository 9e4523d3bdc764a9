"""`groundskeeper reports`: work on the review queue from the command line, as its operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, cast

import typer

from bot.privacy import Masker
from bot.reasons import told_scores
from bot.review import (
    CLOSED_STATES,
    OPEN_STATES,
    Category,
    Event,
    Moderators,
    Outcome,
    Report,
    ReportQuery,
    ReportSummary,
    ReviewQueue,
    Severity,
    Stats,
    Status,
)
from bot.review.query import MOST_DAYS, Order
from ingest.errors import UsageError
from ui.context import AppContext
from ui.output import note, print_json, say

SHOWN_QUESTION = 70

app = typer.Typer(help="Work on what people reported.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
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
    with _queue(context) as queue:
        total = queue.count(operator, query)
        found = queue.reports(operator, query, limit=limit, offset=offset)
    if as_json:
        print_json({"total": total, "reports": [one.model_dump(mode="json") for one in found]})
    else:
        _show_list(found, total)


@app.command("show")
def show(context: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """Show a report: the case as it was seen, and all that happened to it."""
    with _queue(context) as queue:
        report = queue.show(Moderators.operator(), reference)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _show_report(report)


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
    with _queue(context) as queue:
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
    with _queue(context) as queue:
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
    with _queue(context) as queue:
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
    with _queue(context) as queue:
        if reference:
            rerun_one(state, queue, reference, keep=keep, as_json=as_json)
        else:
            rerun_all(state, as_json=as_json)


@app.command("export")
def export(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, as always.")] = True,
) -> None:
    """Print every report with its case and history as JSON lines, the oldest first."""
    with _queue(context) as queue:
        for report in queue.export(Moderators.operator()):
            print_json(report)


@app.command("stats")
def stats(context: typer.Context, as_json: Json = False) -> None:
    """Show the queue in figures."""
    with _queue(context) as queue:
        found = queue.stats(Moderators.operator())
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show_stats(found)


@app.command("verify")
def verify(
    context: typer.Context,
    kept: Annotated[str, typer.Option(help="A hash that this command printed before.")] = "",
    as_json: Json = False,
) -> int:
    """Check that no event, comment or report was changed behind the queue's back."""
    operator = Moderators.operator()
    with _queue(context) as queue:
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
    with _queue(context) as queue:
        if reference:
            purged = int(queue.purge_report(operator, reference))
        else:
            purged = queue.purge(operator, timedelta(days=days))
    if as_json:
        print_json({"purged": purged})
    else:
        say(f"{purged:,} reports purged.")


@contextmanager
def _queue(context: typer.Context) -> Iterator[ReviewQueue]:
    state: AppContext = context.obj
    masker = Masker(state.settings.phone_region)
    with ReviewQueue(state.paths.reports, masker=masker) as queue:
        yield queue


def _current(queue: ReviewQueue, reference: str, version: int | None) -> int:
    """Return the version to change: the one that was named, or the one that is there now."""
    return queue.show(Moderators.operator(), reference).version if version is None else version


def _confirm(report: Report, as_json: bool) -> None:
    """Print the whole report as JSON, or what happened to it in a sentence."""
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        say(f"{report.reference} {_one_line(report.events[-1].sentence)}.")


def _show_list(found: list[ReportSummary], total: int) -> None:
    header = ["reference", "state", "severity", "times", "filed", "assignee", "question"]
    rows = [header] + [
        [
            one.reference,
            one.status,
            one.severity,
            str(one.repeats + 1),
            f"{one.filed_at:%Y-%m-%d}",
            one.assignee or "",
            _one_line(one.question, SHOWN_QUESTION),
        ]
        for one in found
    ]
    if found:
        _show_columns(rows)
    note(f"{len(found):,} of {total:,} reports" if total else "There are no such reports.")


def _show_columns(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def _show_report(report: Report) -> None:
    say(f"{report.reference}  {report.status}  {report.severity}  version {report.version}")
    facts = [
        ("category", report.category),
        ("reported", f"{report.repeats + 1} times, first {_when(report.filed_at)}"),
        ("assignee", report.assignee or "nobody"),
        ("outcome", " ".join(filter(None, (report.outcome, report.outcome_detail)))),
        ("same question", ", ".join(one.reference for one in report.group)),
    ]
    for label, value in facts:
        if value:
            say(f"{label:14}{_one_line(value)}")
    _show_case(report)
    say()
    for event in report.events:
        _show_event(event)


def _show_case(report: Report) -> None:
    case = report.case
    if case is None:
        say("Its question, answer and comments were purged.")
        return
    origin = f"{case.model}, index {case.index_generation}, rules {case.rules_version or 'none'}"
    say(f"{'model':14}{_one_line(origin)}")
    say(f"{'digest':14}{_one_line(case.digest)}")
    if case.scores:
        say(f"{'scores':14}{_one_line(', '.join(told_scores(case.scores)))}")
    for earlier in case.asked_before:
        _show_block("asked before", earlier)
    _show_block("question", case.question)
    _show_block(f"answer ({' '.join(filter(None, (case.status, case.reason)))})", case.answer)
    for citation in case.citations:
        place = f", page {citation.page}" if citation.page else ""
        place = f", row {citation.row}" if citation.row else place
        _show_block(f"[{citation.n}] {citation.document}{place}", citation.quote)


def _show_event(event: Event) -> None:
    say(f"{_when(event.at)}  {event.actor}  {_one_line(event.whole_sentence)}")
    _show_lines(event.text)


def _show_block(label: str, text: str) -> None:
    say()
    say(_one_line(label))
    _show_lines(text)


def _show_lines(text: str) -> None:
    """Show foreign text indented, so that no line of it can pass for one of ours."""
    for line in text.splitlines():
        say(f"    {line}")


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
        say(f"Oldest open report: {_when(found.oldest_open_at)}")
    if found.median_hours_to_close is not None:
        say(f"Median time to close: {found.median_hours_to_close:,.1f} hours")
    if found.purged:
        say(f"{found.purged:,} purged")


def _one_line(text: str, most: int = 500) -> str:
    line = " ".join(text.split())
    return f"{line[:most]}…" if len(line) > most else line


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
