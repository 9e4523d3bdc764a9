"""What a list of reports is to show: filters and order, as kept in a link or a saved view."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

import sqlalchemy as sa

from bot.review.cases import clean
from bot.review.schema import report_documents, reports
from bot.review.searching import has_words
from bot.review.states import (
    CATEGORY_LABELS,
    OPEN_STATES,
    SEVERITY_RANK,
    TRANSITIONS,
    Category,
    Severity,
    Status,
    check_word,
)
from ingest.errors import ReviewError

Order = Literal["priority", "oldest", "newest"]
ME, NOBODY = "@me", "@nobody"
DAY_NS = 86_400 * 10**9
MOST_DAYS = 36_500


@dataclass(frozen=True)
class ReportQuery:
    """Filters that all have to hold, and an order; what is empty leaves nothing out.

    `text` is searched for in question, answer, comments and reference. `assignee` is a name,
    "@me" for whoever asks, or "@nobody", which takes in those whose claim has lapsed. `document`
    is one that the answer cites. `min_days` and `max_days` bound a report's age.
    """

    states: tuple[Status, ...] = OPEN_STATES
    text: str = ""
    category: Category | None = None
    severities: tuple[Severity, ...] = ()
    assignee: str = ""
    document: str = ""
    model: str = ""
    min_days: int = 0
    max_days: int = MOST_DAYS
    order: Order = "priority"

    def but(self, **changes: Any) -> ReportQuery:
        """Return the query with some filters changed."""
        return replace(self, **changes)

    def to_link(self) -> dict[str, str]:
        """Return what is not as usual, as a link's parameters."""
        plain = asdict(self)
        return {
            one.name: _told(value)
            for one in fields(self)
            if (value := plain[one.name]) != one.default
        }

    @classmethod
    def from_link(cls, given: Mapping[str, str]) -> ReportQuery:
        """Read a link's parameters; what is unknown or no such word is passed over."""
        read: dict[str, Any] = {}
        for one in fields(cls):
            if one.name in given and (value := _read(one.name, given[one.name])) is not None:
                read[one.name] = value
        return cls(**read)

    @classmethod
    def from_words(cls, words: str) -> ReportQuery:
        """Read what somebody typed: a built-in view's name, or a link's parameters.

        Raises ReviewError for what is neither, so that a typing error does not find everything.
        """
        if words in BUILT_IN:
            return BUILT_IN[words]
        given = parse_qsl(words.lstrip("?"), keep_blank_values=True)
        known = {one.name for one in fields(cls)}
        for name, value in given:
            if name not in known or _told(_read(name, value)) != value:
                raise _no_filter(f"{name}={value}")
        if not given:
            raise _no_filter(words)
        return cls.from_link(dict(given))

    def to_text(self) -> str:
        """Return the query as JSON, for a saved view."""
        return json.dumps(self.to_link(), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> ReportQuery:
        """Read what `to_text` wrote."""
        return cls.from_link(json.loads(text))

    def conditions(self, who: str, now: int) -> list[sa.ColumnElement[bool]]:
        """Return the filters as SQL, for whoever asks at this moment (ns).

        Purged reports are always left out. Raises ReviewError for a word that is none.
        """
        for state in self.states:
            check_word(state, TRANSITIONS, "state")
        for severity in self.severities:
            check_word(severity, SEVERITY_RANK, "severity")
        if self.category is not None:
            check_word(self.category, CATEGORY_LABELS, "category")
        check_word(self.order, get_args(Order), "order")
        return [
            reports.c.status.in_(self.states),
            reports.c.purged_at.is_(None),
            *self._plain(),
            *self._held_by(who, now),
            *self._of_age(now),
            *has_words(reports.c.search_text, self.text),
        ]

    def _plain(self) -> list[sa.ColumnElement[bool]]:
        # As they are kept: PostgreSQL refuses some characters, and so does UTF-8.
        model, document = clean(self.model), clean(self.document)
        cites = sa.select(report_documents.c.reference).where(
            report_documents.c.document == document
        )
        wanted: list[tuple[object, sa.ColumnElement[bool]]] = [
            (self.category, reports.c.category == self.category),
            (self.severities, reports.c.severity.in_(self.severities)),
            (model, reports.c.model == model),
            (document, reports.c.reference.in_(cites)),
        ]
        return [condition for given, condition in wanted if given]

    def _held_by(self, who: str, now: int) -> list[sa.ColumnElement[bool]]:
        if self.assignee == NOBODY:
            return [is_free(now)]
        name = who if self.assignee == ME else clean(self.assignee)
        return [reports.c.assignee == name] if name else []

    def _of_age(self, now: int) -> list[sa.ColumnElement[bool]]:
        if not 0 <= self.min_days <= self.max_days <= MOST_DAYS:
            raise ReviewError("An age in days is from 0 to 36,500, the smaller number first.")
        bounds = []
        if self.min_days:
            bounds.append(reports.c.filed_at <= now - self.min_days * DAY_NS)
        if self.max_days < MOST_DAYS:
            bounds.append(reports.c.filed_at >= now - self.max_days * DAY_NS)
        return bounds


def is_free(now: int) -> sa.ColumnElement[bool]:
    """Return the condition that nobody has a report: unclaimed, or the claim has lapsed."""
    return sa.or_(reports.c.assignee.is_(None), reports.c.claim_until <= now)


BUILT_IN: dict[str, ReportQuery] = {
    "open": ReportQuery(),
    "mine": ReportQuery(assignee=ME),
    "unassigned": ReportQuery(assignee=NOBODY),
    "oldest": ReportQuery(order="oldest"),
    "severe": ReportQuery(severities=("high", "urgent")),
}

_DAYS = re.compile(r"[0-9]{1,5}")
_WORDS: dict[str, tuple[str, ...]] = {
    "states": get_args(Status),
    "severities": get_args(Severity),
    "category": get_args(Category),
    "order": get_args(Order),
}


def _told(value: Any) -> str:
    """Return a filter's value as a link has it."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _no_filter(words: str) -> ReviewError:
    views = ", ".join(BUILT_IN)
    return ReviewError(
        f"“{words[:200]}” is no filter.",
        hint=f"Use a view ({views}), or such as 'category=other&min_days=30'.",
    )


def _read(name: str, text: str) -> Any:
    """Return a filter as a link tells it; None for what is none."""
    if name in ("min_days", "max_days"):
        return int(text) if _DAYS.fullmatch(text) and int(text) <= MOST_DAYS else None
    if name not in _WORDS:
        return text[:200]
    words = tuple(word for word in text.split(",") if word in _WORDS[name])
    if name in ("states", "severities"):
        return words or None
    return words[0] if words else None
