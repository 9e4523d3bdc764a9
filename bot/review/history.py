"""What happened to a report, in plain words: for the page, the command line and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.reasons import ENDINGS
from bot.review.moderators import OPERATOR, REPORTER
from bot.review.states import (
    CATEGORY_LABELS,
    FORMER_CATEGORIES,
    OUTCOME_LABELS,
    SEVERITY_LABELS,
    STATUS_LABELS,
)
from bot.review.views import Event

_ACTORS = {REPORTER: "a visitor", OPERATOR: "the operator"}
_FORMER = {old: CATEGORY_LABELS[new] for old, new in FORMER_CATEGORIES.items()}
_CATEGORIES: Mapping[Any, str] = {**CATEGORY_LABELS, **_FORMER}
# How the codes in `old` and `new` of each kind of event are said.
_LABELS: dict[str, Mapping[Any, str]] = {
    "filed": _CATEGORIES,
    "repeated": _CATEGORIES,
    "moved": STATUS_LABELS,
    "rated": SEVERITY_LABELS,
    "resolved": OUTCOME_LABELS,
    "rerun": ENDINGS,
}
_SENTENCES = {
    "filed": "reported it ({new})",
    "repeated": "reported it again ({new})",
    "moved": "moved it from {old} to {new}",
    "rated": "changed its severity from {old} to {new}",
    "noted": "added a note",
    "resolved": "resolved it ({new})",
    "rerun": "asked it again, as {detail} had changed: {new} now, {old} before",
    "purged": "removed its question, answer, comments and notes",
}


def who_did(event: Event) -> str:
    """Return who did it: a moderator's name, or whom the others are known as."""
    return _ACTORS.get(event.actor, event.actor)


def what_was_done(event: Event) -> str:
    """Return what somebody did, with the document, rule or case that it is about.

    "moved it from new to in progress", "resolved it (the documents were corrected): a.md".
    """
    if event.kind == "assigned":
        return _assigned(event)
    words: Mapping[Any, str] = _LABELS.get(event.kind, {})
    old, new = (_label(words, code) for code in (event.old, event.new))
    said = _SENTENCES[event.kind].format(old=old, new=new, detail=event.detail)
    if event.kind == "filed" and event.detail:
        return f"{said}, severity {_label(SEVERITY_LABELS, event.detail)}"
    return said if event.detail in said else f"{said}: {event.detail}"


def told(event: Event) -> str:
    """Return who did what: "birch took it"."""
    return f"{who_did(event)} {what_was_done(event)}"


def _assigned(event: Event) -> str:
    old, new = event.old, event.new
    if not new:
        return "put it back" if old == event.actor else f"took it from {old}"
    before = f" (before: {old})" if old not in ("", new) else ""
    return f"took it{before}" if new == event.actor else f"gave it to {new}{before}"


def _label(words: Mapping[Any, str], code: str) -> str:
    """Return a code in words, amid a sentence."""
    label = words.get(code, code)
    return label[:1].lower() + label[1:]
