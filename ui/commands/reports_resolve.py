"""`groundskeeper reports resolve|undo|similar|rerun`: decisions, tried before they count."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bot.review import STATUS_LABELS, Moderators, Outcome, Report, ReviewQueue
from bot.review.history import told
from ui.commands.reports_out import Json, open_queue
from ui.context import AppContext
from ui.output import print_json, say
from ui.report_text import one_line

app = typer.Typer()

Reference = Annotated[str, typer.Argument(help="The report's reference, such as R-7K3M9Q.")]
Version = Annotated[
    int | None, typer.Option(help="Refuse if the report has changed since this version.")
]
Note = Annotated[str, typer.Option("--note", help="A note for the history.")]
Detail = Annotated[
    str,
    typer.Option(
        help="answer_fine: why, for whoever reported. corpus_fixed: the document. "
        "duplicate: the other report. rule_added: the id of a rule that you wrote yourself."
    ),
]
Identity = Annotated[
    str, typer.Option("--id", help="The id of the new rule or case; the reference, if not.")
]
Words = Annotated[
    list[str] | None, typer.Option(help="New rule: a word that it applies to; can be repeated.")
]
Pattern = Annotated[
    str, typer.Option(help="New rule: a regular expression (RE2) that it applies to.")
]
Example = Annotated[
    list[str] | None,
    typer.Option(help="New rule: a sentence whose meaning it applies to; can be repeated."),
]
Action = Annotated[
    Literal["refuse", "redirect", "flag"], typer.Option(help="New rule: what it does.")
]
Message = Annotated[
    str, typer.Option(help="New rule: what is said; the domain's refusal, if not given.")
]
AppliesTo = Annotated[
    list[str] | None, typer.Option(help="New rule: question (if not given) or answer, or both.")
]
Must = Annotated[list[str] | None, typer.Option(help="New case: words that its answer must hold.")]
MustNot = Annotated[list[str] | None, typer.Option(help="New case: words that it must not hold.")]
Ends = Annotated[
    str, typer.Option(help="New case: how it must end (answered, abstained, refused ...).")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only try the new rule or case; save nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Save without asking first.")]


@app.command("resolve")
def resolve(
    context: typer.Context,
    reference: Reference,
    outcome: Annotated[Outcome, typer.Argument(help="What came of it.")],
    detail: Detail = "",
    text: Note = "",
    identity: Identity = "",
    words: Words = None,
    pattern: Pattern = "",
    example: Example = None,
    action: Action = "refuse",
    message: Message = "",
    applies_to: AppliesTo = None,
    must: Must = None,
    must_not: MustNot = None,
    ends: Ends = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Close a report with its outcome.

    `rule_added` with --words, --pattern or --example adds a rule to the pack, after telling what
    it would have stopped. `regression_added` adds the question to the pack's regression cases,
    after telling whether it passes today. `corpus_fixed` has the question asked again once
    `groundskeeper reindex` has read the correction. `undo` takes rule or case out again.
    """
    rule = {"words": words, "pattern": pattern, "examples": example}
    case = {"must": must, "must_not": must_not, "status": ends}
    operator = Moderators.operator()
    with open_queue(context) as queue:
        version = current(queue, reference, version)
        written = outcome == "rule_added" and any(rule.values())
        asked = outcome == "regression_added" and not detail
        if not (written or asked or outcome == "corpus_fixed"):
            report = queue.resolve(operator, reference, version, outcome, text, detail)
            confirm(report, as_json)
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
        confirm(done, as_json)


@app.command("undo")
def undo(
    context: typer.Context,
    reference: Reference,
    text: Note = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Reopen a report, and take the rule or case that it was closed with out of the pack again.

    One that was changed since stays, and so does the report; `move REFERENCE triaged` reopens a
    report and leaves the pack as it is.
    """
    from bot.review.outcomes import undo as undo_outcome

    state: AppContext = context.obj
    operator = Moderators.operator()
    with open_queue(context) as queue:
        version = current(queue, reference, version)
        done = undo_outcome(
            queue, operator, reference, version, pack=state.settings.domain, note=text
        )
    confirm(done, as_json)


@app.command("similar")
def similar(context: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """List the reports that a report may repeat, the nearest first."""
    from bot.review.similar import similar_reports
    from bot.review.workbench import open_workbench

    state: AppContext = context.obj
    operator = Moderators.operator()
    with open_queue(context) as queue, open_workbench(state.settings, state.card) as bench:
        found = similar_reports(queue, operator, queue.show(operator, reference), bench)
    if as_json:
        near = [
            {"score": round(one.score, 3), **one.report.model_dump(mode="json")} for one in found
        ]
        print_json({"reference": reference, "similar": near})
        return
    for one in found:
        other = one.report
        status = STATUS_LABELS[other.status].lower()
        say(f"{other.reference}  {status:12}{one.score:5.2f}  {one_line(other.question)}")
    if not found:
        say("No similar report was found.")


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


def current(queue: ReviewQueue, reference: str, version: int | None) -> int:
    """Return the version to change: the one that was named, or the one that is there now."""
    return queue.show(Moderators.operator(), reference).version if version is None else version


def confirm(report: Report, as_json: bool) -> None:
    """Print the whole report as JSON, or what happened to it in a sentence."""
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        say(f"{report.reference}: {one_line(told(report.events[-1]))}.")
