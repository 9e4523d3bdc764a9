"""Outcomes that act: a rule or a regression case goes into the pack, a correction is followed up.

Each is done inside the transaction that closes the report, after role, state and version were
checked: where the pack cannot be written, the report stays open, and the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.regressions import RegressionCase, add_regression, remove_regression
from bot.review.cases import Case
from bot.review.changes import Addition
from bot.review.moderators import Moderator
from bot.review.references import parse_reference
from bot.review.rerun import sentences
from bot.review.review_queue import ReviewQueue
from bot.review.views import Report
from bot.text import normalise
from ingest.domain import load_card
from ingest.errors import IndexUnavailable, ReviewError, UsageError
from ingest.index import Index
from ingest.rules import RuleCard, append_rule, remove_rule

_FIGURE = re.compile(r"[$€£]?\d(?:[\d,.]*\d)?%?")
MOST_FIGURES = 3


def make_rule(**fields: Any) -> RuleCard:
    """Return a rule from what a moderator typed. Raises UsageError that says what is wrong."""
    try:
        return RuleCard.model_validate(fields)
    except ValidationError as error:
        raise _explained(error, "rule") from None


def make_regression(**fields: Any) -> RegressionCase:
    """Return a regression case from what a moderator typed. Raises UsageError likewise."""
    try:
        return RegressionCase.model_validate(fields)
    except ValidationError as error:
        raise _explained(error, "case") from None


def own_id(reference: str) -> str:
    """Return the id that a rule or case of a report has unless a moderator names another."""
    return parse_reference(reference).lower()


def suggested_regression(report: Report) -> RegressionCase | None:
    """Return what a regression case of a report may ask, for a moderator to correct.

    What was not answered should be; what was answered should not show its figures again, or its
    first sentence where it has none. None once the case was purged.
    """
    case = report.case
    if case is None:
        return None
    fields: dict[str, Any] = {"question": case.question, "history": case.asked_before}
    if case.status == "answered":
        fields["must_not"] = _doubtful(case)
    else:
        fields["status"] = "answered"
    return make_regression(id=own_id(report.reference), source=report.reference, **fields)


def resolve_with_rule(
    queue: ReviewQueue,
    who: Moderator,
    reference: str,
    version: int,
    rule: RuleCard,
    *,
    pack: Path,
    note: str = "",
) -> Report:
    """Add a rule to the pack, signed with moderator and report, and close the report with it.

    A running bot follows the file within a second. Raises what `ReviewQueue.resolve` and
    `append_rule` raise.
    """
    report = queue.show(who, reference)
    signed = rule.model_copy(
        update={
            "author": who.name,
            "reference": report.reference,
            "added": datetime.now(UTC).date(),
        }
    )
    return queue.resolve(
        who,
        reference,
        version,
        "rule_added",
        note,
        rule.id,
        addition=Addition(
            lambda: append_rule(pack, signed, load_card(pack).rules), signed.model_dump_json()
        ),
    )


def resolve_with_regression(
    queue: ReviewQueue,
    who: Moderator,
    reference: str,
    version: int,
    case: RegressionCase,
    *,
    pack: Path,
    note: str = "",
) -> Report:
    """Append a regression case to the pack's set and close the report with it.

    Raises what `ReviewQueue.resolve` and `add_regression` raise.
    """
    report = queue.show(who, reference)
    signed = case.model_copy(update={"author": who.name, "source": report.reference})
    return queue.resolve(
        who,
        reference,
        version,
        "regression_added",
        note,
        case.id,
        addition=Addition(lambda: add_regression(pack, signed), signed.model_dump_json()),
    )


def undo(
    queue: ReviewQueue, who: Moderator, reference: str, version: int, *, pack: Path, note: str = ""
) -> Report:
    """Reopen a report, and take the rule or case that it was closed with out of the pack again.

    One that somebody took out by hand is no error. Raises UsageError for one that was changed
    since, and what `ReviewQueue.undo` raises.
    """

    def take_out(outcome: str, added: str) -> str:
        if outcome == "rule_added":
            rule = RuleCard.model_validate_json(added)
            return _taken_out(f"rule {rule.id}", remove_rule(pack, rule))
        case = RegressionCase.model_validate_json(added)
        return _taken_out(f"case {case.id}", remove_regression(pack, case))

    return queue.undo(who, reference, version, note, take_out=take_out)


def _taken_out(what: str, was_there: bool) -> str:
    return f"{what} taken out of the pack" if was_there else f"{what} was no longer in the pack"


def resolve_with_correction(
    queue: ReviewQueue,
    who: Moderator,
    reference: str,
    version: int,
    document: str,
    *,
    index: Index,
    note: str = "",
) -> Report:
    """Close a report because a document was, or is about to be, corrected.

    Its case is run again once the document is indexed in another version than now; if that has
    happened since the report was filed, with the next run. Raises ReviewError for a document
    that is neither indexed nor cited, and what `ReviewQueue.resolve` raises. Where there is no
    index, nobody knows the documents, and any name is taken.
    """
    report = queue.show(who, reference)
    name = document.strip()
    try:
        with index.snapshot() as snapshot:
            found = snapshot.versions([name]).get(name)
    except IndexUnavailable:
        return queue.resolve(who, reference, version, "corpus_fixed", note, name)
    if found is None and name and name not in cited_documents(report.case):
        known = ", ".join(cited_documents(report.case)) or "run `groundskeeper status` for all"
        raise ReviewError(f"There is no document {name!r}.", hint=f"Documents it cites: {known}.")
    filed_ns = report.filed_at.timestamp() * 1e9
    baseline = found.sha256 if found is not None and found.indexed_at_ns <= filed_ns else ""
    return queue.resolve(who, reference, version, "corpus_fixed", note, name, baseline=baseline)


def cited_documents(case: Case | None) -> Sequence[str]:
    """Return the documents that an answer cited, each once."""
    cited = case.citations if case is not None else ()
    return list(dict.fromkeys(citation.document for citation in cited))


def _doubtful(case: Case) -> tuple[str, ...]:
    text = " ".join(sentences(case.answer))
    asked = set(_FIGURE.findall(normalise(case.question)))
    figures = [found for found in dict.fromkeys(_FIGURE.findall(text)) if found not in asked]
    return tuple(figures[:MOST_FIGURES]) or tuple(sentences(case.answer)[:1])


def _explained(error: ValidationError, what: str) -> UsageError:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    said = str(first["msg"]).removeprefix("Value error, ")
    return UsageError(f"This {what} cannot be used: {f'{where}: ' if where else ''}{said}.")
