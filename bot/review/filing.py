"""Filing a report: limits, duplicates, receipts; inside a transaction that lets no other write."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from bot.privacy import Masker
from bot.review.cases import Case, clean
from bot.review.events import Entry, append
from bot.review.moderators import REPORTER, hash_token
from bot.review.references import make_reference
from bot.review.schema import filings, reports
from bot.review.states import CATEGORY_LABELS, OPEN_STATES, check_word
from bot.review.views import Receipt
from ingest.errors import LimitExceeded

COMMENT_MAX_CHARS = 2_000
PER_SESSION, SESSION_NS = 10, 3_600 * 10**9
PER_DAY, DAY_NS = 5_000, 86_400 * 10**9


def file_report(
    connection: sa.Connection,
    case: Case,
    category: str,
    comment: str,
    *,
    session: str,
    now: int,
    masker: Masker,
) -> Receipt:
    """Save a report as a new one, or count it where the same answer was reported before."""
    check_word(category, CATEGORY_LABELS, "category")
    # Before anything is hashed: who knows the rest of a question could guess a number in it.
    case, words = case.masked(masker), masker.mask(_checked_comment(comment))
    reporter = hash_token(session) if session else ""
    _check_limits(connection, reporter, now)
    earlier = _same_report(connection, case)
    if earlier is None:
        reference = _file_new(connection, case, category, words, now)
    else:
        reference = earlier.reference
        _count_repeat(connection, earlier, category, words, now)
    token = secrets.token_urlsafe(32)
    filing = {"token_hash": hash_token(token), "reference": reference, "at": now}
    connection.execute(sa.insert(filings).values(**filing, session_hash=reporter))
    return Receipt(reference=reference, token=token, repeated=earlier is not None)


def search_words(*texts: str) -> str:
    """Return texts as they are searched: without case, one after the other."""
    return "\n".join(clean(text).casefold() for text in texts if text)


def _checked_comment(comment: str) -> str:
    words = clean(comment)
    if len(words) > COMMENT_MAX_CHARS:
        raise LimitExceeded(
            f"The comment is too long: {len(words):,} characters, {COMMENT_MAX_CHARS:,} fit.",
            hint="Shorten it and send it again.",
        )
    return words


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
        reports.c.model_digest == case.digest,
        reports.c.index_generation == case.index_generation,
        reports.c.rules_version == case.rules_version,
    )
    chosen = sa.select(reports).where(
        reports.c.fingerprint == case.fingerprint, sa.or_(is_open, same_state)
    )
    newest = chosen.order_by(is_open.desc(), reports.c.filed_at.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def _file_new(connection: sa.Connection, case: Case, category: str, comment: str, now: int) -> str:
    reference = _free_reference(connection)
    row = {
        "reference": reference,
        "fingerprint": case.fingerprint,
        "group_key": case.group,
        "status": "new",
        "severity": "normal",
        "category": category,
        "outcome_detail": "",
        "question": clean(case.question),
        "comment": comment,
        "search_text": search_words(reference, case.question, case.answer, comment),
        "model_digest": case.digest,
        "index_generation": case.index_generation,
        "rules_version": case.rules_version,
        "repeats": 0,
        "version": 1,
        "filed_at": now,
        "changed_at": now,
    }
    connection.execute(sa.insert(reports).values(row))
    entry = Entry(
        reference=reference,
        at=now,
        actor=REPORTER,
        kind="filed",
        version=1,
        new=category,
        text=comment,
        snapshot=case.to_text(),
    )
    append(connection, entry)
    return reference


def _count_repeat(
    connection: sa.Connection, report: sa.Row[Any], category: str, comment: str, now: int
) -> None:
    searched = "\n".join(filter(None, (report.search_text, search_words(comment))))
    connection.execute(
        sa.update(reports)
        .where(reports.c.reference == report.reference)
        .values(repeats=report.repeats + 1, search_text=searched)
    )
    entry = Entry(
        reference=report.reference,
        at=now,
        actor=REPORTER,
        kind="repeated",
        version=report.version,
        new=category,
        text=comment,
    )
    append(connection, entry)


def _free_reference(connection: sa.Connection) -> str:
    while True:
        reference = make_reference()
        taken = sa.select(reports.c.reference).where(reports.c.reference == reference)
        if connection.execute(taken).scalar_one_or_none() is None:
            return reference
