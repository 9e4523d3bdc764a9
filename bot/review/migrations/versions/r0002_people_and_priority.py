"""Claims that lapse, documents and models to filter by, contacts, roles, saved views, an outbox."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.review.searching import searchable

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RENAMED = {"wrong": "wrong_fact", "missing": "other", "off_topic": "other"}


def upgrade() -> None:
    """Add what is new, and fill it with what the reports that are there can tell."""
    _extend_reports()
    _extend_accounts()
    _make_views_and_outbox()
    _rename_categories()
    _fill_from_cases()
    _fold_search_texts()
    if op.get_bind().dialect.name == "sqlite":
        # Counted there before Alembic; programs of that time shall see that they are too old.
        op.execute("PRAGMA user_version = 2")


def _extend_reports() -> None:
    _add("reports", "claim_until", "BIGINT")
    _add("reports", "model", "TEXT NOT NULL DEFAULT ''")
    _add("reports", "document", "TEXT NOT NULL DEFAULT ''")
    _make("report_documents", _key("reference", "reports.reference"), _key("document"))
    op.create_index("report_documents_by_document", "report_documents", ["document"])
    _make("contacts", _key("reference", "reports.reference"), _key("email"), _big("at"))
    _make("asked", _key("group_key"), _key("day"), sa.Column("times", sa.Integer, nullable=False))
    op.create_index("asked_by_day", "asked", ["day"])


def _extend_accounts() -> None:
    roles = "CHECK (role IN ('moderator', 'administrator'))"
    _add("moderators", "role", f"TEXT NOT NULL DEFAULT 'moderator' {roles}")
    _add("moderators", "identity", "TEXT NOT NULL DEFAULT ''")
    _add("moderators", "signed_in_at", "BIGINT")
    _add("sessions", "seen_at", "BIGINT NOT NULL DEFAULT 0")
    # Somebody has to be able to manage the accounts that were all alike until now.
    op.execute(
        "UPDATE moderators SET role = 'administrator'"
        " WHERE name = (SELECT name FROM moderators ORDER BY added_at, name LIMIT 1)"
    )


def _make_views_and_outbox() -> None:
    _make("saved_views", _key("owner"), _key("name"), _text("query"), _big("at"))
    _make(
        "outbox",
        sa.Column("number", BIG, primary_key=True, autoincrement=True),
        _big("at"),
        _text("kind"),
        _text("reference"),
        _text("payload"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        _big("next_at"),
        sa.Column("done_at", BIG),
        _text("error", server_default=""),
    )
    op.create_index("outbox_by_turn", "outbox", ["done_at", "next_at"])


def _rename_categories() -> None:
    for old, new in RENAMED.items():
        renamed = sa.text("UPDATE reports SET category = :new WHERE category = :old")
        op.execute(renamed.bindparams(old=old, new=new))


def _fill_from_cases() -> None:
    connection = op.get_bind()
    cases = connection.execute(
        sa.text(
            "SELECT reference, snapshot FROM report_events JOIN event_texts USING (number)"
            " WHERE kind = 'filed'"
        )
    )
    for reference, snapshot in cases.all():
        model, documents = _told_by(snapshot)
        known = {"reference": reference, "model": model, "document": next(iter(documents), "")}
        connection.execute(
            sa.text(
                "UPDATE reports SET model = :model, document = :document"
                " WHERE reference = :reference"
            ),
            known,
        )
        for document in documents:
            connection.execute(
                sa.text("INSERT INTO report_documents VALUES (:reference, :document)"),
                {"reference": reference, "document": document},
            )


def _fold_search_texts() -> None:
    """Keep what is searched as words without accents, which were lines of text until now."""
    connection = op.get_bind()
    for reference, text in connection.execute(
        sa.text("SELECT reference, search_text FROM reports")
    ).all():
        folded = sa.text("UPDATE reports SET search_text = :text WHERE reference = :reference")
        connection.execute(folded, {"reference": reference, "text": searchable(text)})


def _told_by(snapshot: str) -> tuple[str, list[str]]:
    """Return the model of a case and the documents that it cites, each once, in order."""
    try:
        case = json.loads(snapshot)
        cited = [citation["document"] for citation in case["citations"]]
        return str(case["model"]), list(dict.fromkeys(map(str, cited)))
    except (ValueError, KeyError, TypeError):
        return "", []  # its text was changed, which `reports verify` tells of


def _add(table: str, column: str, definition: str) -> None:
    """Add a column. Alembic cannot add one with a CHECK to a table of SQLite; this can."""
    if op.get_bind().dialect.name == "sqlite":
        definition = definition.replace("BIGINT", "INTEGER")
    else:
        definition = definition.replace("TEXT", 'TEXT COLLATE "C"')
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")


def _make(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, sqlite_strict=True)


def _key(name: str, foreign: str = "") -> sa.Column[Any]:
    references = [sa.ForeignKey(foreign)] if foreign else []
    return sa.Column(name, TEXT, *references, primary_key=True)


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, TEXT, nullable=False, **options)


def _big(name: str) -> sa.Column[Any]:
    return sa.Column(name, BIG, nullable=False)
