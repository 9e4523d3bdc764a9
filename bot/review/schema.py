"""The review queue's tables as they are now; bot/review/migrations tells how they came to be.

Times are in nanoseconds since 1970. Triggers that keep events from being changed, and the words
that a column may hold, stand in the migrations alone.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.review.states import OPEN_STATES

# Sorted by code point in both databases, whatever language the server was set up in.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# SQLite's strict tables know INTEGER alone, which has 64 bits there.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()


def _text(name: str, *more: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, TEXT, *more, **{"nullable": False, **options})


def _big(name: str, *more: Any, **options: Any) -> sa.Column[int]:
    return sa.Column(name, BIG, *more, **{"nullable": False, **options})


def _count(name: str, *more: Any, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, *more, **{"nullable": False, **options})


def _key(name: str, kind: sa.types.TypeEngine[Any] = TEXT, *more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, primary_key=True, autoincrement=False)


def _of_a_report() -> sa.ForeignKey:
    return sa.ForeignKey("reports.reference")


reports = sa.Table(
    "reports",
    metadata,
    _key("reference"),
    _text("fingerprint"),
    _text("group_key"),
    _text("status"),
    _text("severity"),
    _text("category"),
    _text("assignee", nullable=True),
    _text("outcome", nullable=True),
    _text("outcome_detail"),
    _text("question"),
    _text("comment"),
    _text("search_text"),
    _text("model_digest"),
    _big("index_generation"),
    _text("rules_version"),
    _count("repeats"),
    _count("version"),
    _big("filed_at"),
    _big("changed_at"),
    _big("closed_at", nullable=True),
    _big("purged_at", nullable=True),
    _big("claim_until", nullable=True),
    _text("model", server_default=""),
    _text("document", server_default=""),
    sa.Index("reports_by_fingerprint", "fingerprint", "filed_at"),
    sa.Index("reports_by_group", "group_key", "filed_at"),
    # These hold all that the list and the insight ask for: a report's row is wide.
    sa.Index(
        "reports_by_status",
        "status",
        "purged_at",
        "filed_at",
        "severity",
        "repeats",
        "assignee",
        "claim_until",
        "group_key",
        "reference",
    ),
    sa.Index("reports_by_age", "filed_at", "reference", "category", "model"),
    sa.Index("reports_by_closing", "closed_at", "filed_at"),
    sqlite_strict=True,
)
_OPEN = reports.c.status.in_(OPEN_STATES)
sa.Index(
    "reports_one_open",
    reports.c.fingerprint,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

# Every document that a report's case cites; `reports.document` is the first of them.
report_documents = sa.Table(
    "report_documents",
    metadata,
    _key("reference", TEXT, _of_a_report()),
    _key("document"),
    sa.Index("report_documents_by_document", "document"),
    sqlite_strict=True,
)

report_events = sa.Table(
    "report_events",
    metadata,
    _key("number", BIG),
    _text("reference", _of_a_report()),
    _big("at"),
    _text("actor"),
    _text("kind"),
    _text("old"),
    _text("new"),
    _text("detail"),
    _count("version"),
    _text("seal"),
    _text("previous"),
    _text("hash"),
    sa.Index("report_events_by_report", "reference", "number"),
    sa.Index("report_events_by_time", "at", "kind", "old", "new"),
    sqlite_strict=True,
)

event_texts = sa.Table(
    "event_texts",
    metadata,
    _key("number", BIG, sa.ForeignKey("report_events.number")),
    _text("salt"),
    _text("text"),
    _text("snapshot"),
    sqlite_strict=True,
)

# One row: where the chain ends.
chain_head = sa.Table(
    "chain_head",
    metadata,
    _key("id", sa.Integer()),
    _big("events"),
    _text("hash"),
    sqlite_strict=True,
)

filings = sa.Table(
    "filings",
    metadata,
    _key("token_hash"),
    _text("reference", _of_a_report()),
    _text("session_hash"),
    _big("at"),
    sa.Index("filings_by_session", "session_hash", "at"),
    sa.Index("filings_by_time", "at"),
    sa.Index("filings_by_report", "reference"),
    sqlite_strict=True,
)

# Where people who reported asked to be written to; goes with the words of the report.
contacts = sa.Table(
    "contacts",
    metadata,
    _key("reference", TEXT, _of_a_report()),
    _key("email"),
    _big("at"),
    sqlite_strict=True,
)

# An account that only an identity provider signs in has no `password_hash`, and an `identity`: a
# JSON object of issuer, subject and groups.
moderators = sa.Table(
    "moderators",
    metadata,
    _key("name"),
    _text("password_hash"),
    _big("added_at"),
    _text("role", server_default="moderator"),
    _text("identity", server_default=""),
    _big("signed_in_at", nullable=True),
    sqlite_strict=True,
)

# One that was ended has `seen_at` 0.
sessions = sa.Table(
    "sessions",
    metadata,
    _key("token_hash"),
    _text("name", sa.ForeignKey("moderators.name", ondelete="CASCADE")),
    _big("expires_at"),
    _big("seen_at", server_default=sa.text("0")),
    sa.Index("sessions_by_name", "name"),
    sqlite_strict=True,
)

# `name` is the hash of a name or of an address.
sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    _text("name"),
    _big("at"),
    sa.Index("sign_in_attempts_by_name", "name", "at"),
    sqlite_strict=True,
)

# `query` is JSON.
saved_views = sa.Table(
    "saved_views",
    metadata,
    _key("owner"),
    _key("name"),
    _text("query"),
    _big("at"),
    sqlite_strict=True,
)

# What is to be sent, written in the transaction that makes it true.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("number", BIG, primary_key=True, autoincrement=True),
    _big("at"),
    _text("kind"),
    _text("reference"),
    _text("payload"),
    _count("attempts", server_default=sa.text("0")),
    _big("next_at"),
    _big("done_at", nullable=True),
    _text("error", server_default=""),
    sa.Index("outbox_by_turn", "done_at", "next_at"),
    sqlite_strict=True,
)

# How often a question was asked on a day (YYYY-MM-DD), by its hash alone.
asked = sa.Table(
    "asked",
    metadata,
    _key("group_key"),
    _key("day"),
    _count("times"),
    sa.Index("asked_by_day", "day"),
    sqlite_strict=True,
)
