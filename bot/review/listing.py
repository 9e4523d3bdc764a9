"""Reading the queue: lists, whole reports, what the public may know, figures, export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from bot.review.cases import Case
from bot.review.moderators import hash_token
from bot.review.priority import by_priority, reach
from bot.review.query import Order
from bot.review.references import parse_reference
from bot.review.schema import (
    chain_head,
    contacts,
    event_texts,
    filings,
    report_documents,
    report_events,
    reports,
)
from bot.review.states import OPEN_STATES, PUBLIC_LABELS, PUBLIC_OUTCOMES, RERUN_ENDINGS
from bot.review.views import (
    ChainHead,
    Correction,
    Event,
    PublicStatus,
    Report,
    ReportSummary,
    Stats,
)
from ingest.errors import ReportNotFound

MOST_LISTED = 500
MOST_IN_GROUP = 50
MOST_CHOICES = 200
EXPORT_BATCH = 100
DAYS_SHOWN = 30
_TOKEN_MIN_CHARS = 40


def find(connection: sa.Connection, reference: str) -> sa.Row[Any]:
    """Return the row of a report. Raises ReportNotFound."""
    key = parse_reference(reference)
    chosen = sa.select(reports).where(reports.c.reference == key)
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise ReportNotFound(f"There is no report {key}.", hint="Check the reference.")
    return row


def public_status(connection: sa.Connection, reference: str) -> PublicStatus:
    """Return what everybody may know, by reference or receipt token. Raises ReportNotFound."""
    token = reference.strip()
    if len(token) >= _TOKEN_MIN_CHARS:
        held = sa.select(filings.c.reference).where(filings.c.token_hash == hash_token(token))
        reference = connection.execute(held).scalar_one_or_none() or ""
    row = find(connection, reference)
    return PublicStatus(
        reference=row.reference,
        status=row.status,
        label=PUBLIC_LABELS[row.status],
        outcome=PUBLIC_OUTCOMES[row.outcome] if row.outcome else "",
        told=_told(connection, row),
        filed_at=utc(row.filed_at),
        changed_at=utc(row.changed_at),
    )


def _told(connection: sa.Connection, row: sa.Row[Any]) -> str:
    """Return what an outcome comes with, in words for the person who reported."""
    if row.outcome == "answer_fine":
        return str(row.outcome_detail)
    if row.outcome == "duplicate":
        return f"How far that is: {PUBLIC_LABELS[find(connection, row.outcome_detail).status]}."
    if row.outcome == "corpus_fixed":
        return _told_of_rerun(_last_of_outcome(connection, row.reference, "rerun"))
    return ""


def _told_of_rerun(rerun: sa.Row[Any] | None) -> str:
    if rerun is None:
        return "Once the corrected source is in use, your question will be asked again with it."
    asked = "The corrected source is in use, and your question was asked again with it"
    if not rerun.snapshot:
        return f"{asked}."
    if json.loads(rerun.snapshot).get("same"):
        return f"{asked}: the answer is the same as before."
    return f"{asked}: {RERUN_ENDINGS[rerun.new]}."


def added_to_pack(connection: sa.Connection, reference: str) -> str | None:
    """Return what the outcome of a resolved report added to the pack (JSON), if it did."""
    row = find(connection, reference)
    resolved = _last_of_outcome(connection, row.reference, "resolved")
    if row.status != "resolved" or resolved is None or not resolved.snapshot:
        return None
    added: str | None = json.loads(resolved.snapshot).get("added")
    return added


def corrections(connection: sa.Connection) -> list[Correction]:
    """Return the reports that were resolved by correcting a document, the oldest first."""
    corrected = sa.select(reports.c.reference, reports.c.outcome_detail).where(
        reports.c.status == "resolved",
        reports.c.outcome == "corpus_fixed",
        reports.c.purged_at.is_(None),
    )
    found = connection.execute(corrected.order_by(reports.c.closed_at, reports.c.reference))
    return [
        Correction(reference=reference, document=document, known=known, case=case)
        for reference, document in found.all()
        if (case := case_of(connection, reference)) is not None
        and (known := known_version(connection, reference)) is not None
    ]


def known_version(connection: sa.Connection, reference: str) -> str | None:
    """Return the version of the corrected document that a report's case was last run with.

    Until then, as it was when the report was resolved; None unless it is resolved like that.
    """
    resolved = _last_of_outcome(connection, reference, "resolved")
    if resolved is None or resolved.new != "corpus_fixed":
        return None
    last = _last_of_outcome(connection, reference, "rerun") or resolved
    return str(json.loads(last.snapshot).get("sha256", "")) if last.snapshot else ""


def _last_of_outcome(connection: sa.Connection, reference: str, kind: str) -> sa.Row[Any] | None:
    """Return the last event of a kind since the report was last reopened."""
    own = report_events.c.reference == reference
    reopened = sa.select(sa.func.coalesce(sa.func.max(report_events.c.number), 0)).where(
        own, report_events.c.kind == "moved"
    )
    joined = sa.select(report_events, event_texts.c.snapshot).outerjoin(
        event_texts, event_texts.c.number == report_events.c.number
    )
    since = joined.where(
        own, report_events.c.kind == kind, report_events.c.number > reopened.scalar_subquery()
    )
    newest = since.order_by(report_events.c.number.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def recent_cases(
    connection: sa.Connection, since: int, limit: int
) -> list[tuple[ReportSummary, Case]]:
    """Return the reports that were filed since then and their cases, the newest first."""
    chosen = sa.select(reports).where(reports.c.filed_at >= since, reports.c.purged_at.is_(None))
    rows = connection.execute(
        chosen.order_by(reports.c.filed_at.desc(), reports.c.reference).limit(limit)
    )
    return [
        (ReportSummary(**_summary(row)), case)
        for row in rows.all()
        if (case := case_of(connection, row.reference)) is not None
    ]


def summaries(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    now: int,
    *,
    order: Order = "priority",
    limit: int = 50,
    offset: int = 0,
) -> list[ReportSummary]:
    """Return the reports that meet the conditions, in order; at most 500 at once."""
    # References first: to sort whole rows, all of them would have to be read.
    ordered = (
        sa.select(reports.c.reference)
        .where(*conditions)
        .order_by(*_ordered(order, now))
        .limit(min(max(limit, 0), MOST_LISTED))
        .offset(min(max(offset, 0), 10**9))
    )
    references = list(connection.execute(ordered).scalars())
    rows = connection.execute(_with_reach(now).where(reports.c.reference.in_(references)))
    found = {row.reference: ReportSummary(**_summary(row)) for row in rows}
    return [found[reference] for reference in references if reference in found]


def _ordered(order: Order, now: int) -> list[sa.ColumnElement[Any]]:
    if order == "priority":
        return by_priority(reach(now))
    age = reports.c.filed_at
    return [age if order == "oldest" else age.desc(), reports.c.reference]


def _with_reach(now: int) -> sa.Select[Any]:
    return sa.select(reports, reach(now).label("asked"))


def count(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    """Return how many reports meet the conditions."""
    counted = sa.select(sa.func.count()).select_from(reports).where(*conditions)
    return connection.execute(counted).scalar_one()


def by_status(connection: sa.Connection) -> dict[str, int]:
    """Return how many reports are in each state."""
    return _counts(connection, reports.c.status)


def known_words(connection: sa.Connection) -> tuple[list[str], list[str]]:
    """Return the documents and the models that most reports are about, the first 200 of each."""
    document, model = report_documents.c.document, reports.c.model
    return _most_often(connection, document), _most_often(connection, model)


def _most_often(connection: sa.Connection, column: sa.ColumnElement[str]) -> list[str]:
    often = sa.select(column).where(column != "").group_by(column)
    most = often.order_by(sa.func.count().desc(), column).limit(MOST_CHOICES)
    return list(connection.execute(most).scalars())


def whole_report(connection: sa.Connection, reference: str, now: int) -> Report:
    """Return a report with case, events and group. Raises ReportNotFound."""
    key = find(connection, reference).reference
    row = connection.execute(_with_reach(now).where(reports.c.reference == key)).one()
    in_group = [
        reports.c.group_key == row.group_key,
        reports.c.reference != row.reference,
        reports.c.purged_at.is_(None),
    ]
    group = summaries(connection, in_group, now, limit=MOST_IN_GROUP)
    return _report(connection, row, group)


def events_of(
    connection: sa.Connection, reference: str, condition: sa.ColumnElement[bool] | None = None
) -> list[Event]:
    """Return the events of a report, the first one first."""
    joined = sa.select(report_events, event_texts.c.text).outerjoin(
        event_texts, event_texts.c.number == report_events.c.number
    )
    chosen = joined.where(report_events.c.reference == reference)
    if condition is not None:
        chosen = chosen.where(condition)
    rows = connection.execute(chosen.order_by(report_events.c.number))
    return [
        Event(
            number=row.number,
            at=utc(row.at),
            actor=row.actor,
            kind=row.kind,
            old=row.old,
            new=row.new,
            detail=row.detail,
            text=row.text or "",
            version=row.version,
        )
        for row in rows
    ]


def statistics(connection: sa.Connection, now: int) -> Stats:
    """Return the queue in figures."""
    open_now = reports.c.status.in_(OPEN_STATES)
    filed_first = sa.select(sa.func.min(reports.c.filed_at)).where(open_now)
    oldest = connection.execute(filed_first).scalar_one()
    repeats = sa.select(sa.func.coalesce(sa.func.sum(reports.c.repeats), 0))
    by_outcome = _counts(connection, reports.c.outcome)
    by_outcome.pop(None, None)
    return Stats(
        total=count(connection, []),
        open=count(connection, [open_now]),
        repeats=connection.execute(repeats).scalar_one(),
        purged=count(connection, [reports.c.purged_at.is_not(None)]),
        by_status=_counts(connection, reports.c.status),
        by_severity=_counts(connection, reports.c.severity),
        by_category=_counts(connection, reports.c.category),
        by_outcome=by_outcome,
        filed_per_day=_filed_per_day(connection, now),
        oldest_open_at=None if oldest is None else utc(oldest),
        median_hours_to_close=_median_hours(connection),
    )


def export_batch(
    connection: sa.Connection, after: tuple[int, str] | None
) -> tuple[list[dict[str, Any]], tuple[int, str] | None]:
    """Return the reports that follow `after` (when filed, reference), and where they end."""
    place = sa.tuple_(reports.c.filed_at, reports.c.reference)
    chosen = sa.select(reports)
    if after is not None:
        chosen = chosen.where(place > after)
    ordered = chosen.order_by(reports.c.filed_at, reports.c.reference).limit(EXPORT_BATCH)
    rows = connection.execute(ordered).all()
    batch = [
        _report(connection, row, []).model_dump(mode="json", exclude={"group", "asked"})
        for row in rows
    ]
    return batch, (rows[-1].filed_at, rows[-1].reference) if rows else after


def contacts_of(connection: sa.Connection, reference: str) -> list[str]:
    """Return who wants to be written to about a report. Raises ReportNotFound."""
    row = find(connection, reference)
    left = sa.select(contacts.c.email).where(contacts.c.reference == row.reference)
    return list(connection.execute(left.order_by(contacts.c.at, contacts.c.email)).scalars())


def chain_end(connection: sa.Connection) -> ChainHead:
    """Return the number of events and the last one's hash."""
    head = connection.execute(sa.select(chain_head)).one_or_none()
    return ChainHead(events=head.events, hash=head.hash) if head else ChainHead(events=0, hash="")


def _report(connection: sa.Connection, row: sa.Row[Any], group: Sequence[ReportSummary]) -> Report:
    return Report(
        **_summary(row),
        case=case_of(connection, row.reference),
        events=tuple(events_of(connection, row.reference)),
        group=tuple(group),
    )


def _summary(row: sa.Row[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {n: getattr(row, n, None) for n in ReportSummary.model_fields}
    moments = ("filed_at", "changed_at", "closed_at", "purged_at", "claim_until")
    told = {name: None if found[name] is None else utc(found[name]) for name in moments}
    return found | told | {"asked": found["asked"] or 0}


def case_of(connection: sa.Connection, reference: str) -> Case | None:
    """Return the frozen case of a report, None once it was purged."""
    joined = sa.join(event_texts, report_events, event_texts.c.number == report_events.c.number)
    chosen = sa.select(event_texts.c.snapshot).select_from(joined)
    filed = chosen.where(report_events.c.reference == reference, report_events.c.kind == "filed")
    snapshot = connection.execute(filed).scalar_one_or_none()
    return None if snapshot is None else Case.from_text(snapshot)


def _counts(connection: sa.Connection, column: sa.ColumnElement[Any]) -> dict[Any, int]:
    counted = sa.select(column, sa.func.count()).select_from(reports).group_by(column)
    return {value: number for value, number in connection.execute(counted)}


def _filed_per_day(connection: sa.Connection, now: int) -> dict[date, int]:
    since = now - DAYS_SHOWN * 86_400 * 10**9
    filed = sa.select(report_events.c.at).where(
        report_events.c.kind.in_(("filed", "repeated")), report_events.c.at > since
    )
    days = Counter(utc(at).date() for at in connection.execute(filed).scalars())
    return dict(sorted(days.items()))


def _median_hours(connection: sa.Connection) -> float | None:
    took = sa.select(reports.c.closed_at - reports.c.filed_at).where(
        reports.c.closed_at.is_not(None)
    )
    hours = [nanoseconds / 3.6e12 for nanoseconds in connection.execute(took).scalars()]
    return median(hours) if hours else None


def utc(nanoseconds: int) -> datetime:
    """Return a moment as people read it."""
    return datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC)
