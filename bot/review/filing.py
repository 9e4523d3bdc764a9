"""Filing a report: limits, duplicates, receipts; inside a transaction that lets no other write."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from bot.privacy import Masker
from bot.review.cases import Case, clean
from bot.review.events import Entry, append
from bot.review.mail import checked_address
from bot.review.moderators import REPORTER, hash_token
from bot.review.notify import Notices
from bot.review.references import make_reference
from bot.review.schema import contacts, filings, report_documents, reports
from bot.review.searching import searchable
from bot.review.states import (
    CATEGORY_LABELS,
    CLOSED_STATES,
    FIRST_SEVERITY,
    OPEN_STATES,
    SEVERITY_RANK,
    Category,
    check_word,
)
from bot.review.upserts import upsert
from bot.review.views import Receipt
from ingest.errors import LimitExceeded

COMMENT_MAX_CHARS = 2_000
CASE_MAX_CHARS = 1_000_000
PER_SESSION, SESSION_NS = 10, 3_600 * 10**9
PER_DAY, DAY_NS = 5_000, 86_400 * 10**9


@dataclass(frozen=True)
class Filing:
    """What somebody sends: a case, what kind of problem it is, and what they add if they like.

    `session` is who reports, for the limit; `email` is where to write when the report is closed.
    """

    case: Case
    category: Category
    comment: str = ""
    email: str = ""
    session: str = ""

    def checked(self, masker: Masker) -> Filing:
        """Return it as it is kept: well-formed, and without personal data but for the address.

        Raises ReviewError for a category or an address that is none, LimitExceeded for what is
        too long.
        """
        check_word(self.category, CATEGORY_LABELS, "category")
        words = masker.mask(_limited(clean(self.comment), COMMENT_MAX_CHARS, "comment"))
        _limited(self.case.to_text(), CASE_MAX_CHARS, "conversation")
        case = self.case.masked(masker)
        return replace(self, case=case, comment=words, email=checked_address(self.email))


def file_report(
    connection: sa.Connection, filing: Filing, *, now: int, notices: Notices
) -> Receipt:
    """Save a checked filing as a new report, or count it where its answer was reported before."""
    reporter = hash_token(filing.session) if filing.session else ""
    _check_limits(connection, reporter, now)
    earlier = _same_report(connection, filing.case)
    if earlier is None:
        reference = _file_new(connection, filing, now, notices)
    else:
        reference = earlier.reference
        _count_repeat(connection, earlier, filing, now, notices)
    token = secrets.token_urlsafe(32)
    kept = {"token_hash": hash_token(token), "reference": reference, "at": now}
    connection.execute(sa.insert(filings).values(**kept, session_hash=reporter))
    if filing.email:
        row = {"reference": reference, "email": filing.email, "at": now}
        upsert(connection, contacts, row, at=now)
    return Receipt(reference=reference, token=token, repeated=earlier is not None)


def _limited(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise LimitExceeded(
            f"The {what} is too long: {len(text):,} characters, {most:,} fit.",
            hint="Shorten it and send it again.",
        )
    return text


def _check_limits(connection: sa.Connection, reporter: str, now: int) -> None:
    mine = filings.c.session_hash == reporter
    if reporter and _filed(connection, filings.c.at > now - SESSION_NS, mine) >= PER_SESSION:
        raise LimitExceeded(
            f"You have sent {PER_SESSION} reports within an hour.", hint="Try again later."
        )
    if _filed(connection, filings.c.at > now - DAY_NS) >= PER_DAY:
        raise LimitExceeded(
            "The queue has taken as many reports as it can today.", hint="Try again tomorrow."
        )


def _filed(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    counted = sa.select(sa.func.count()).select_from(filings).where(*conditions)
    return connection.execute(counted).scalar_one()


def _same_report(connection: sa.Connection, case: Case) -> sa.Row[Any] | None:
    """Return the report that a repeat counts for: the open one, or a closed one of this state."""
    is_open = reports.c.status.in_(OPEN_STATES)
    same_state = sa.and_(
        reports.c.model_digest == clean(case.digest),
        reports.c.index_generation == case.index_generation,
        reports.c.rules_version == clean(case.rules_version),
    )
    chosen = sa.select(reports).where(
        reports.c.fingerprint == case.fingerprint, sa.or_(is_open, same_state)
    )
    newest = chosen.order_by(is_open.desc(), reports.c.filed_at.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def _file_new(connection: sa.Connection, filing: Filing, now: int, notices: Notices) -> str:
    reference = _free_reference(connection)
    case, category, severity = filing.case, filing.category, FIRST_SEVERITY[filing.category]
    documents = tuple(dict.fromkeys(map(clean, case.documents)))
    row = {
        "reference": reference,
        "fingerprint": case.fingerprint,
        "group_key": case.group,
        "status": "new",
        "severity": severity,
        "category": category,
        "outcome_detail": "",
        "question": clean(case.question),
        "comment": filing.comment,
        "search_text": searchable(reference, case.question, case.answer, filing.comment),
        "model": clean(case.model),
        "model_digest": clean(case.digest),
        "document": documents[0] if documents else "",
        "index_generation": case.index_generation,
        "rules_version": clean(case.rules_version),
        "repeats": 0,
        "version": 1,
        "filed_at": now,
        "changed_at": now,
    }
    connection.execute(sa.insert(reports).values(row))
    if documents:
        cited = [{"reference": reference, "document": document} for document in documents]
        connection.execute(sa.insert(report_documents), cited)
    detail = "" if severity == "normal" else severity
    words = {"text": filing.comment, "snapshot": case.to_text(), "detail": detail}
    _append(connection, reference, now, "filed", version=1, new=category, **words)
    notices.of_severe(connection, reference, category, severity, now)
    return reference


def _count_repeat(
    connection: sa.Connection, report: sa.Row[Any], filing: Filing, now: int, notices: Notices
) -> None:
    """Count a filing where its answer was reported before; who reported a closed one is told."""
    reference = report.reference
    searched = report.search_text + searchable(filing.comment)
    connection.execute(
        sa.update(reports)
        .where(reports.c.reference == reference)
        .values(repeats=reports.c.repeats + 1, search_text=searched)
    )
    said = {"new": filing.category, "text": filing.comment}
    _append(connection, reference, now, "repeated", version=report.version, **said)
    _raise_severity(connection, report, filing.category, now, notices)
    if report.status in CLOSED_STATES:
        notices.of_end_to(connection, reference, filing.email, now)


def _raise_severity(
    connection: sa.Connection, report: sa.Row[Any], category: Category, now: int, notices: Notices
) -> None:
    """Rate a report that nobody has looked at as badly as the worst that it was reported for."""
    worse = FIRST_SEVERITY[category]
    if report.status != "new" or SEVERITY_RANK[worse] <= SEVERITY_RANK[report.severity]:
        return
    version = report.version + 1
    rated = sa.update(reports).where(reports.c.reference == report.reference)
    connection.execute(rated.values(severity=worse, version=version, changed_at=now))
    words = {"old": report.severity, "new": worse}
    _append(connection, report.reference, now, "rated", version=version, **words)
    notices.of_severe(connection, report.reference, category, worse, now)


def _append(
    connection: sa.Connection, reference: str, now: int, kind: str, *, version: int, **words: str
) -> None:
    entry = Entry(reference=reference, at=now, actor=REPORTER, kind=kind, version=version, **words)
    append(connection, entry)


def _free_reference(connection: sa.Connection) -> str:
    while True:
        reference = make_reference()
        taken = sa.select(reports.c.reference).where(reports.c.reference == reference)
        if connection.execute(taken).scalar_one_or_none() is None:
            return reference
