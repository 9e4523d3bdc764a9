"""One moderator's change to one report, and the purge of old ones; inside a transaction.

A claim is a lease: it lapses unless its holder does something with the report, and it is taken
in one statement, so that of two who claim at once one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.review import listing, outbox
from bot.review.events import UNVERSIONED, Entry, append
from bot.review.history import told
from bot.review.moderators import OPERATOR
from bot.review.query import is_free
from bot.review.schema import contacts, event_texts, filings, report_events, reports
from bot.review.states import CLOSED_STATES, OPEN_STATES, Outcome, Status, check_transition
from bot.review.views import Report
from ingest.errors import InvalidTransition, ReportConflict, ReportHeld


@dataclass(frozen=True)
class Addition:
    """What an outcome adds to the pack: `make` does it; `told` (JSON) lets `undo` take it out."""

    make: Callable[[], None]
    told: str


class Change:
    """A report as it is now, and the way to change it and say so in one step.

    Raises ReportNotFound, or ReportConflict if `version` is given and not the current one.
    """

    def __init__(
        self,
        connection: sa.Connection,
        actor: str,
        reference: str,
        version: int | None,
        note: str,
        now: int,
        claim_ns: int,
    ) -> None:
        self.connection = connection
        self.report = listing.find(connection, reference)
        self.actor = actor
        self._note, self._now, self._claim_ns = note, now, claim_ns
        if version is not None and version != self.report.version:
            raise conflict(connection, self.report, version)

    def apply(
        self,
        kind: str,
        *,
        old: str,
        new: str,
        detail: str = "",
        snapshot: str = "",
        only_if: Sequence[sa.ColumnElement[bool]] = (),
        **values: Any,
    ) -> None:
        """Change the report's row and append the event; only if nobody was faster.

        One statement looks and changes, `only_if` included, so of two at once one wins. A change
        of state says whose report it is: who decides on what nobody has claimed, has claimed it.
        """
        before = self.report
        if "status" in values:
            values |= self._decided(values["status"], detail)
        elif before.assignee == self.actor:
            values = {"claim_until": self._lapses_at} | values
        updated = (
            sa.update(reports)
            .where(reports.c.reference == before.reference, reports.c.version == before.version)
            .where(*only_if)
            .values(version=before.version + 1, changed_at=self._now, **values)
            .returning(reports)
        )
        changed = self.connection.execute(updated).one_or_none()
        if changed is None:
            raise conflict(self.connection, before, before.version)
        self.report = changed
        if kind != "assigned" and changed.assignee != before.assignee:
            words = {"old": before.assignee or "", "new": changed.assignee}
            self._append("assigned", changed.version, **words)
        self._append(kind, changed.version, old=old, new=new, detail=detail, snapshot=snapshot)

    def claim(self, *, take_over: bool) -> None:
        """Make the report the actor's for a while; what another holds, only to take it over."""
        self.refuse_closed()
        if not take_over:
            self.refuse_held()
        held = self.report.assignee or ""
        mine_or_free = sa.or_(is_free(self._now), reports.c.assignee == self.actor)
        self.apply(
            "assigned",
            old=held,
            new=self.actor,
            only_if=() if take_over else (mine_or_free,),
            assignee=self.actor,
            claim_until=self._lapses_at,
        )

    def refuse_held(self) -> None:
        """Raise ReportHeld if another moderator has the open report, and the claim holds."""
        held, until = self.report.assignee, self.report.claim_until
        lapsed = until is not None and until <= self._now
        operated = self.actor == OPERATOR
        if not held or held == self.actor or lapsed or operated:
            return
        if self.report.status in OPEN_STATES:
            since = f" until {listing.utc(until):%H:%M} UTC" if until is not None else ""
            raise ReportHeld(
                f"{self.report.reference} is with {held}{since}.",
                hint="Take it over if it cannot wait, or go on with another.",
            )

    @property
    def _lapses_at(self) -> int:
        return self._now + self._claim_ns

    def _decided(self, status: str, detail: str) -> dict[str, Any]:
        """Return what goes with a new state: when it was closed, and whose the report is."""
        closes = status in CLOSED_STATES
        own = {} if self.actor == OPERATOR else {"assignee": self.actor}
        return own | {
            "closed_at": self._now if closes else None,
            "claim_until": None if closes else self._lapses_at,
            "outcome_detail": detail if closes else "",
        }

    def check_move(self, status: Status) -> None:
        """Raise InvalidTransition or ReportHeld unless the state may become `status`."""
        self.refuse_held()
        check_transition(self.report.status, status)
        if status in OPEN_STATES:
            self.refuse_second_open_report()

    def move(self, status: Status, done: str = "") -> None:
        """Change the state as `check_move` allowed; `done` is what was done with that."""
        # What was a duplicate is once more a report of its own question.
        own = self.report.outcome == "duplicate"
        group: dict[str, Any] = {"group_key": self.own_group()} if own else {}
        old = self.report.status
        self.apply("moved", old=old, new=status, detail=done, status=status, outcome=None, **group)

    def resolve(
        self, outcome: Outcome, detail: str, addition: Addition | None, baseline: str
    ) -> None:
        """Close the report as `ReviewQueue.resolve` says. Raises what `check_move` raises."""
        self.check_move("resolved")
        group: dict[str, Any] = {}
        if outcome == "duplicate":
            original = self.original(detail)
            detail, group = original.reference, {"group_key": original.group_key}
        kept = {"added": addition.told} if addition else {"sha256": baseline} if baseline else {}
        self.apply(
            "resolved",
            old=self.report.status,
            new=outcome,
            detail=detail,
            snapshot=json.dumps(kept) if kept else "",
            status="resolved",
            outcome=outcome,
            **group,
        )
        if addition is not None:
            addition.make()

    def record(self, kind: str, **words: str) -> None:
        """Append an event that leaves the report as it is."""
        self._append(kind, self.report.version, **words)

    def refuse_closed(self) -> None:
        """Raise InvalidTransition if the report is closed."""
        if self.report.status in CLOSED_STATES:
            raise InvalidTransition(
                f"{self.report.reference} is {self.report.status}.", hint="Reopen it first."
            )

    def refuse_second_open_report(self) -> None:
        """Raise InvalidTransition if the same answer was reported anew since this was closed."""
        if self.report.purged_at is not None:
            raise InvalidTransition(f"{self.report.reference} was purged and cannot be reopened.")
        same = reports.c.fingerprint == self.report.fingerprint
        others = reports.c.reference != self.report.reference
        open_now = sa.select(reports.c.reference).where(
            same, others, reports.c.status.in_(OPEN_STATES)
        )
        other = self.connection.execute(open_now).scalar_one_or_none()
        if other is not None:
            raise InvalidTransition(
                f"The same answer was reported again as {other}, which is open.",
                hint=f"Work on {other}.",
            )

    def original(self, reference: str) -> sa.Row[Any]:
        """Return the report that this one repeats: what was named, or what that one repeats.

        Raises ReportNotFound, or InvalidTransition if this would end where it began.
        """
        other = listing.find(self.connection, reference)
        passed = {self.report.reference}
        while other.reference not in passed:
            if other.outcome != "duplicate":
                return other
            passed.add(other.reference)
            other = listing.find(self.connection, other.outcome_detail)
        raise InvalidTransition(
            f"{self.report.reference} cannot repeat itself.", hint="Name the report that stays."
        )

    def own_group(self) -> str:
        """Return the group that the report's own question puts it in."""
        case = listing.case_of(self.connection, self.report.reference)
        return case.group if case is not None else str(self.report.group_key)

    def purge(self) -> bool:
        """Remove the report's words, closing it first; False if they were removed before."""
        if self.report.purged_at is not None:
            return False
        if self.report.status in OPEN_STATES:
            old = self.report.status
            self.apply("moved", old=old, new="dismissed", status="dismissed", outcome=None)
            self.report = listing.find(self.connection, self.report.reference)
        _remove_words(self.connection, self.report.reference, self._now)
        self.record("purged")
        return True

    def result(self) -> Report:
        """Return the report as this change leaves it."""
        return listing.whole_report(self.connection, self.report.reference, self._now)

    def _append(self, kind: str, version: int, **words: str) -> None:
        entry = Entry(
            reference=self.report.reference,
            at=self._now,
            actor=self.actor,
            kind=kind,
            version=version,
            text=self._note,
            **words,
        )
        append(self.connection, entry)


def conflict(connection: sa.Connection, report: sa.Row[Any], version: int) -> ReportConflict:
    """Return the error that says what happened since `version`, by whom and when."""
    known = min(version, report.version)
    since = sa.and_(report_events.c.version > known, report_events.c.kind.not_in(UNVERSIONED))
    happened = listing.events_of(connection, report.reference, since)
    what = "; ".join(f"{told(event)} ({event.at:%Y-%m-%d %H:%M} UTC)" for event in happened)
    return ReportConflict(
        f"{report.reference} has changed since you looked at it: {what or 'see its history'}.",
        hint="Look at it again, then decide.",
    )


def release_all(connection: sa.Connection, actor: str, holder: str, now: int) -> None:
    """Give back every open report of somebody who is gone."""
    theirs = sa.and_(reports.c.assignee == holder, reports.c.status.in_(OPEN_STATES))
    held = sa.select(reports.c.reference).where(theirs).order_by(reports.c.filed_at)
    for reference in connection.execute(held).scalars().all():
        change = Change(connection, actor, reference, None, "", now, 0)
        change.apply("assigned", old=holder, new="", assignee=None, claim_until=None)


def purge(connection: sa.Connection, actor: str, older_than: timedelta, now: int) -> int:
    """Remove the words of reports closed before; return how many."""
    before = max(now - older_than // timedelta(microseconds=1) * 1000, 0)
    closed = sa.and_(
        reports.c.status.in_(CLOSED_STATES),
        reports.c.purged_at.is_(None),
        reports.c.closed_at <= before,
    )
    chosen = sa.select(reports.c.reference, reports.c.version).where(closed)
    found = connection.execute(chosen.order_by(reports.c.closed_at)).all()
    for row in found:
        _remove_words(connection, row.reference, now)
        entry = Entry(
            reference=row.reference, at=now, actor=actor, kind="purged", version=row.version
        )
        append(connection, entry)
    return len(found)


def _remove_words(connection: sa.Connection, reference: str, now: int) -> None:
    numbers = sa.select(report_events.c.number).where(report_events.c.reference == reference)
    connection.execute(sa.delete(event_texts).where(event_texts.c.number.in_(numbers)))
    connection.execute(sa.delete(filings).where(filings.c.reference == reference))
    connection.execute(sa.delete(contacts).where(contacts.c.reference == reference))
    outbox.forget(connection, reference)
    blank = {"question": "", "comment": "", "search_text": "", "purged_at": now}
    # The hashes of a short question could be guessed, so they go as well.
    blank |= {"fingerprint": reference, "group_key": reference}
    connection.execute(sa.update(reports).where(reports.c.reference == reference).values(**blank))
