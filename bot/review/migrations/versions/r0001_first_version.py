"""The first version: reports, their chained events, accounts and sessions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = branch_labels = depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("status IN ('new', 'triaged', 'in_progress')")


def upgrade() -> None:
    """Make the tables, and what keeps events from being changed."""
    _make_reports()
    _make_events()
    _make_filings()
    _make_accounts()
    if op.get_bind().dialect.name == "sqlite":
        _run(SQLITE_TRIGGERS)
    else:
        _run(POSTGRESQL_TRIGGERS)


def _make_reports() -> None:
    _make(
        "reports",
        _key("reference"),
        _columns("fingerprint group_key status severity category"),
        _columns("assignee outcome", nullable=True),
        _columns("outcome_detail question comment search_text model_digest"),
        _columns("index_generation", BIG),
        _columns("rules_version"),
        _columns("repeats version", sa.Integer()),
        _columns("filed_at changed_at", BIG),
        _columns("closed_at purged_at", BIG, nullable=True),
        [
            sa.CheckConstraint(
                "status IN ('new', 'triaged', 'in_progress', 'resolved', 'dismissed')"
            ),
            sa.CheckConstraint("severity IN ('low', 'normal', 'high', 'urgent')"),
            sa.CheckConstraint("(status = 'resolved') = (outcome IS NOT NULL)"),
        ],
    )
    op.create_index(
        "reports_one_open",
        "reports",
        ["fingerprint"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("reports_by_fingerprint", "reports", ["fingerprint", "filed_at"])
    op.create_index("reports_by_group", "reports", ["group_key", "filed_at"])
    op.create_index("reports_by_status", "reports", ["status", "filed_at"])
    op.create_index("reports_by_age", "reports", ["filed_at", "reference"])


def _make_events() -> None:
    _make(
        "report_events",
        _key("number", BIG),
        _columns("reference", key="reports.reference"),
        _columns("at", BIG),
        _columns("actor kind old new detail"),
        _columns("version", sa.Integer()),
        _columns("seal previous hash"),
    )
    op.create_index("report_events_by_report", "report_events", ["reference", "number"])
    _make(
        "event_texts", _key("number", BIG, "report_events.number"), _columns("salt text snapshot")
    )
    _make(
        "chain_head",
        _key("id", sa.Integer()),
        _columns("events", BIG),
        _columns("hash"),
        [sa.CheckConstraint("id = 1")],
    )
    op.execute("INSERT INTO chain_head VALUES (1, 0, '')")


def _make_filings() -> None:
    _make(
        "filings",
        _key("token_hash"),
        _columns("reference", key="reports.reference"),
        _columns("session_hash"),
        _columns("at", BIG),
    )
    op.create_index("filings_by_session", "filings", ["session_hash", "at"])
    op.create_index("filings_by_time", "filings", ["at"])
    op.create_index("filings_by_report", "filings", ["reference"])


def _make_accounts() -> None:
    _make("moderators", _key("name"), _columns("password_hash"), _columns("added_at", BIG))
    _make(
        "sessions",
        _key("token_hash"),
        _columns("name", key="moderators.name", ondelete="CASCADE"),
        _columns("expires_at", BIG),
    )
    op.create_index("sessions_by_name", "sessions", ["name"])
    _make("sign_in_attempts", _columns("name"), _columns("at", BIG))
    op.create_index("sign_in_attempts_by_name", "sign_in_attempts", ["name", "at"])


def _make(name: str, *parts: list[Any]) -> None:
    op.create_table(name, *(item for part in parts for item in part), sqlite_strict=True)


def _key(name: str, kind: Any = TEXT, key: str = "") -> list[Any]:
    foreign = [sa.ForeignKey(key)] if key else []
    return [sa.Column(name, kind, *foreign, primary_key=True, autoincrement=False)]


def _columns(
    names: str, kind: Any = TEXT, *, nullable: bool = False, key: str = "", ondelete: Any = None
) -> list[Any]:
    return [
        sa.Column(
            name, kind, *([sa.ForeignKey(key, ondelete=ondelete)] if key else []), nullable=nullable
        )
        for name in names.split()
    ]


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


SQLITE_TRIGGERS = (
    """CREATE TRIGGER report_events_keep_order BEFORE INSERT ON report_events
        WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM report_events)
        BEGIN SELECT raise(ABORT, 'events are only appended'); END""",
    """CREATE TRIGGER report_events_never_change BEFORE UPDATE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never changed'); END""",
    """CREATE TRIGGER report_events_never_go BEFORE DELETE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never deleted'); END""",
    """CREATE TRIGGER event_texts_never_change BEFORE UPDATE ON event_texts
        BEGIN SELECT raise(ABORT, 'texts of events are never changed'); END""",
)

# A broken rule is an IntegrityError in SQLite; the error code says the same here.
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE integrity_constraint_violation USING MESSAGE = TG_ARGV[0]; END $$""",
    """CREATE FUNCTION keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE last bigint;
        BEGIN
            EXECUTE 'SELECT coalesce(max(number), 0) FROM ' || TG_RELID::regclass INTO last;
            IF NEW.number <> last + 1 THEN
                RAISE integrity_constraint_violation USING MESSAGE = 'events are only appended';
            END IF;
            RETURN NEW;
        END $$""",
    """CREATE TRIGGER report_events_keep_order BEFORE INSERT ON report_events
        FOR EACH ROW EXECUTE FUNCTION keep_order()""",
    """CREATE TRIGGER report_events_never_change BEFORE UPDATE ON report_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse('events are never changed')""",
    """CREATE TRIGGER report_events_never_go BEFORE DELETE OR TRUNCATE ON report_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse('events are never deleted')""",
    """CREATE TRIGGER event_texts_never_change BEFORE UPDATE ON event_texts
        FOR EACH STATEMENT EXECUTE FUNCTION refuse('texts of events are never changed')""",
)
