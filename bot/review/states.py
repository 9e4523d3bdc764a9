"""The words of the review queue: states and what may follow them, outcomes, categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ingest.errors import InvalidTransition, ReviewError

Status = Literal["new", "triaged", "in_progress", "resolved", "dismissed"]
Outcome = Literal[
    "answer_fine", "corpus_fixed", "rule_added", "regression_added", "duplicate", "not_actionable"
]
Category = Literal[
    "wrong_fact",
    "out_of_date",
    "wrong_source",
    "harmful",
    "personal_data",
    "wrongly_refused",
    "off_topic_answered",
    "other",
]
Severity = Literal["low", "normal", "high", "urgent"]

OPEN_STATES: tuple[Status, ...] = ("new", "triaged", "in_progress")
CLOSED_STATES: tuple[Status, ...] = ("resolved", "dismissed")

# Forwards a step may be skipped; work can be put back; what was closed can be reopened.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    "new": frozenset({"triaged", "in_progress", "resolved", "dismissed"}),
    "triaged": frozenset({"in_progress", "resolved", "dismissed"}),
    "in_progress": frozenset({"triaged", "resolved", "dismissed"}),
    "resolved": frozenset({"triaged"}),
    "dismissed": frozenset({"triaged"}),
}

STATUS_LABELS: dict[Status, str] = {
    "new": "New",
    "triaged": "Triaged",
    "in_progress": "In progress",
    "resolved": "Resolved",
    "dismissed": "Dismissed",
}
# What the person who reported reads.
PUBLIC_LABELS: dict[Status, str] = {
    "new": "Received",
    "triaged": "Seen by a moderator",
    "in_progress": "Being worked on",
    "resolved": "Resolved",
    "dismissed": "Closed without a change",
}
OUTCOME_LABELS: dict[Outcome, str] = {
    "answer_fine": "The answer was right",
    "corpus_fixed": "The documents were corrected",
    "rule_added": "A rule was added",
    "regression_added": "The case was added to the tests",
    "duplicate": "It was reported before",
    "not_actionable": "Nothing can be done",
}
# What the person who reported reads.
PUBLIC_OUTCOMES: dict[Outcome, str] = {
    "answer_fine": "We checked the answer, and it was right.",
    "corpus_fixed": "You helped: the source that the answer came from was corrected.",
    "rule_added": "You helped: a rule was added, so that this is not answered like that again.",
    "regression_added": "You helped: the question is now one of our tests, asked again and again.",
    "duplicate": "The same was reported before, and is looked after there.",
    "not_actionable": "We looked at it, and found nothing that we could change.",
}
# How the answer to a question ended when it was asked again; what the person who reported reads.
RERUN_ENDINGS: dict[str, str] = {
    "answered": "the answer is another one now",
    "abstained": "it is not answered any more, for want of a source that says so",
    "refused": "it is not answered any more",
    "blocked": "it is not answered any more",
    "failed": "that failed, and will be tried again",
}
CATEGORY_LABELS: dict[Category, str] = {
    "wrong_fact": "Wrong fact",
    "out_of_date": "Out of date",
    "wrong_source": "Wrong source",
    "harmful": "Unsafe or offensive",
    "personal_data": "Personal data",
    "wrongly_refused": "Refused, but on topic",
    "off_topic_answered": "Off topic, but answered",
    "other": "Something else",
}
# What early events say, which stay as they are; migration 0002 renamed it in the reports.
FORMER_CATEGORIES: dict[str, Category] = {
    "wrong": "wrong_fact",
    "missing": "other",
    "off_topic": "other",
}
SEVERITY_LABELS: dict[Severity, str] = {
    "low": "Low",
    "normal": "Normal",
    "high": "High",
    "urgent": "Urgent",
}
# How bad a new report is until a moderator says; what can hurt somebody does not wait its turn.
FIRST_SEVERITY: dict[Category, Severity] = {
    "wrong_fact": "normal",
    "out_of_date": "normal",
    "wrong_source": "normal",
    "harmful": "high",
    "personal_data": "high",
    "wrongly_refused": "normal",
    "off_topic_answered": "normal",
    "other": "normal",
}
SEVERITY_RANK: dict[Severity, int] = {"low": 0, "normal": 1, "high": 2, "urgent": 3}

# Outcomes that have to say what was changed, and how that is asked for.
OUTCOME_DETAIL: dict[Outcome, str] = {
    "answer_fine": "why the answer was right; the person who reported reads it",
    "corpus_fixed": "which document was corrected",
    "rule_added": "the id of the rule",
    "duplicate": "the reference of the other report",
}


def check_transition(current: Status, wanted: Status) -> None:
    """Raise InvalidTransition, naming the states that can follow, unless `wanted` is one."""
    if wanted in TRANSITIONS[current]:
        return
    possible = ", ".join(state for state in TRANSITIONS if state in TRANSITIONS[current])
    raise InvalidTransition(
        f"A report that is {current} cannot become {wanted}.", hint=f"It can become: {possible}."
    )


def check_word(word: str, vocabulary: Mapping[str, object] | Iterable[str], what: str) -> None:
    """Raise ReviewError, naming the words that can be used, unless `word` is one of them."""
    known = list(vocabulary)
    if word not in known:
        raise ReviewError(f"There is no such {what}.", hint=f"Use one of: {', '.join(known)}.")
