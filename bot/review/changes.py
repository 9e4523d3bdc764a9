"""One moderator's change to one report, and the purge of old ones; inside a transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.review import listing
from bot.review.events import UNVERSIONED, Entry, append
from bot.review.schema import event_texts, filings, report_events, reports
from bot.review.states import CLOSED_STATES, OPEN_STATES
from bot.review.views import Report
from ingest.errors import InvalidTransition, ReportConflict


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
    ) -> None:
        self.connection = connection
        self.report = listing.find(connection, reference)
        self.actor = actor
        self._note, self._now = note, now
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
        **values: Any,
    ) -> None:
        """Change the report's row and append the event; only if nobody was faster."""
        if "status" in values:
            closes = values["status"] in CLOSED_STATES
            values["closed_at"] = self._now if closes else None
            values["outcome_detail"] = detail
        version = self.report.version
        claimed = (
            sa.update(reports)
            .where(reports.c.reference == self.report.reference, reports.c.version == version)
            .values(version=version + 1, changed_at=self._now, **values)
            .returning(reports.c.version)
        )
        changed = self.connection.execute(claimed).scalar_one_or_none()
        if changed is None:
            raise conflict(self.connection, self.report, version)
        self._append(kind, changed, old=old, new=new, detail=detail, snapshot=snapshot)

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
        return listing.whole_report(self.connection, self.report.reference)

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
    told = "; ".join(
        f"{event.sentence} by {event.actor} at {event.at:%Y-%m-%d %H:%M} UTC" for event in happened
    )
    return ReportConflict(
        f"{report.reference} has changed since you looked at it: {told or 'see its history'}.",
        hint="Look at it again, then decide.",
    )


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
    blank = {"question": "", "comment": "", "search_text": "", "purged_at": now}
    # The hashes of a short question could be guessed, so they go as well.
    blank |= {"fingerprint": reference, "group_key": reference}
    connection.execute(sa.update(reports).where(reports.c.reference == reference).values(**blank))
