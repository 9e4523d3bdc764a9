"""What the review queue hands out: receipts, summaries, whole reports, statistics."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.review.cases import Case
from bot.review.states import Category, Outcome, Severity, Status


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Receipt(_View):
    """Proof that a report was saved.

    `repeated` says that the same answer had been reported before, so that this one was counted
    there and the reference is that report's. `token` is unguessable, known only to the
    reporter, and finds the report just as its reference does.
    """

    reference: str
    token: str = Field(repr=False)
    repeated: bool


class PublicStatus(_View):
    """What everybody may know about a report; `label`, `outcome` and `told` are made to be read.

    `told` is what the outcome comes with: why the answer was right, what the corrected source
    says now, how far the report is that this one repeats.
    """

    reference: str
    status: Status
    label: str
    outcome: str = ""
    told: str = ""
    filed_at: datetime
    changed_at: datetime


class ReportSummary(_View):
    """One line of the queue; times are in UTC.

    `repeats` counts the reports after the first, `asked` how often the question was asked in the
    last 30 days. A claim of the `assignee` lapses at `claim_until`; None is for as long as it
    takes. `document` is the first one that the answer cites.
    """

    reference: str
    status: Status
    severity: Severity
    category: Category
    question: str
    comment: str
    assignee: str | None
    claim_until: datetime | None = None
    outcome: Outcome | None
    outcome_detail: str
    repeats: int
    asked: int = 0
    model: str = ""
    document: str = ""
    version: int
    filed_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    purged_at: datetime | None

    def holder(self, now: datetime) -> str | None:
        """Return who has the report now, None if nobody has or the claim has lapsed."""
        lapsed = self.claim_until is not None and self.claim_until <= now
        return None if lapsed else self.assignee


class Event(_View):
    """One thing that happened to a report; see bot/review/events.py for the kinds.

    `old` and `new` say from what to what, in codes that bot/review/history.py puts into words;
    `text` is a reporter's comment or a moderator's note.
    """

    number: int
    at: datetime
    actor: str
    kind: str
    old: str
    new: str
    detail: str
    text: str
    version: int


class Correction(_View):
    """A report that was resolved by correcting a document, whose case can be run again.

    `known` is the sha256 of the document as the case was last run with, or as it was when the
    report was resolved; empty where that is unknown, so that any version is a new one.
    """

    reference: str
    document: str
    known: str
    case: Case


class Report(ReportSummary):
    """A whole report. `case` is None once it was purged; `group` are reports of the question."""

    case: Case | None
    events: tuple[Event, ...]
    group: tuple[ReportSummary, ...]


class Stats(_View):
    """The queue in figures. `filed_per_day` covers the last 30 days, repeats included."""

    total: int
    open: int
    repeats: int
    purged: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    by_category: dict[str, int]
    by_outcome: dict[str, int]
    filed_per_day: dict[date, int]
    oldest_open_at: datetime | None
    median_hours_to_close: float | None


class Failure(_View):
    """A message that did not arrive: about which report, by which way, and why."""

    reference: str
    way: str
    reason: str


class Unsent(_View):
    """What is in the outbox: how many messages wait, and which are not tried any more."""

    waiting: int
    given_up: tuple[Failure, ...]


class ChainHead(_View):
    """The end of the chain of events. Kept elsewhere, it shows if all of it was rewritten."""

    events: int
    hash: str
