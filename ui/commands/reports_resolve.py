"""`groundskeeper reports resolve|undo|similar|rerun`: decisions, tried before they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from bot.review import STATUS_LABELS, Moderators, Outcome, Report, ReviewQueue
from bot.review.history import told
from ingest.errors import UsageError
from ui.commands.reports_options import (
    Note,
    Reference,
    References,
    Version,
    Where,
    Yes,
    open_queue,
)
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.report_text import one_line
from ui.several import Chosen, choose, decide

app = typer.Typer()

RULE_KINDS = ("words", "pattern", "examples")

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
    bool,
    typer.Option("--dry-run", help="Only try the new rule or case, or list which reports it is."),
]


@dataclass(frozen=True)
class _Decision:
    """What came of reports, and what a new rule or case is to be, as far as the options say."""

    outcome: Outcome
    detail: str
    note: str
    identity: str
    rule: dict[str, Any]
    case: dict[str, Any]

    @property
    def writes_rule(self) -> bool:
        """Whether it adds a rule to the pack."""
        return self.outcome == "rule_added" and any(self.rule[name] for name in RULE_KINDS)

    @property
    def writes_case(self) -> bool:
        """Whether it adds a regression case to the pack."""
        return self.outcome == "regression_added" and not self.detail

    @property
    def acts(self) -> bool:
        """Whether more is to be done than to say so."""
        return self.writes_rule or self.writes_case or self.outcome == "corpus_fixed"


@app.command("resolve")
def resolve(
    context: typer.Context,
    references: References,
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
    where: Where = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    version: Version = None,
    as_json: JsonOption = False,
) -> int:
    """Close reports with their outcome: one, several, or those of a filter, after asking.

    `rule_added` with --words, --pattern or --example adds a rule to the pack, after telling what
    it would have stopped. `regression_added` adds the question to the pack's regression cases,
    after telling whether it passes today. `corpus_fixed` has the question asked again once
    `groundskeeper reindex` has read the correction. `undo` takes rule or case out again.
    """
    looks = {"action": action, "message": message, "applies_to": applies_to}
    rule = {"words": words, "pattern": pattern, "examples": example, **looks}
    case = {"must": must, "must_not": must_not, "status": ends}
    decision = _Decision(outcome, detail, text, identity, rule, case)
    how = _How(version, dry_run, yes, as_json)
    with open_queue(context) as queue:
        if len(references) == 1 and not where and (decision.acts or not dry_run):
            return _resolve_one(context.obj, queue, references[0], decision, how)
        return _resolve_several(queue, choose(queue, references, where), decision, how)


@dataclass(frozen=True)
class _How:
    """Whether to ask first, and how to tell what was done."""

    version: int | None
    only_try: bool
    yes: bool
    as_json: bool


def _resolve_one(
    state: AppContext, queue: ReviewQueue, reference: str, decision: _Decision, how: _How
) -> int:
    version = current(queue, reference, how.version)
    if decision.acts:
        done = _acted(state, queue, reference, version, decision, how)
    else:
        done = _said(queue, reference, version, decision)
    if done is not None:
        confirm(done, how.as_json)
    return 0


def _resolve_several(queue: ReviewQueue, chosen: Chosen, decision: _Decision, how: _How) -> int:
    if decision.acts or decision.outcome == "rule_added":
        raise UsageError(
            "What changes the corpus or the pack is decided for one report at a time.",
            hint="Name one report; the others can be its duplicates.",
        )
    return decide(
        chosen,
        lambda one: _said(queue, one.reference, one.version, decision),
        only_show=how.only_try,
        yes=how.yes,
        as_json=how.as_json,
    )


def _said(queue: ReviewQueue, reference: str, version: int, decision: _Decision) -> Report:
    """Close a report with an outcome that nothing else has to be done for."""
    who = Moderators.operator()
    return queue.resolve(who, reference, version, decision.outcome, decision.note, decision.detail)


def _acted(
    state: AppContext,
    queue: ReviewQueue,
    reference: str,
    version: int,
    decision: _Decision,
    how: _How,
) -> Report | None:
    """Close a report with an outcome that acts; None where it was only tried."""
    # Only now: with the pipeline come seconds of imports.
    from ui.deciding import Deciding

    deciding = Deciding(
        state,
        queue,
        Moderators.operator(),
        reference,
        version,
        decision.note,
        how.only_try,
        how.yes,
        how.as_json,
    )
    if decision.writes_rule:
        return deciding.add_rule(decision.identity, decision.rule)
    if decision.writes_case:
        return deciding.add_case(decision.identity, decision.case)
    return deciding.correct(decision.detail)


@app.command("undo")
def undo(
    context: typer.Context,
    reference: Reference,
    text: Note = "",
    version: Version = None,
    as_json: JsonOption = False,
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
def similar(context: typer.Context, reference: Reference, as_json: JsonOption = False) -> None:
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
    as_json: JsonOption = False,
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
