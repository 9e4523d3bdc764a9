"""How the review queue's database came to be: numbered steps, never edited once released."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from ingest.errors import ReviewError

Migration = Callable[[sa.Connection], None]


def _1_first_version(connection: sa.Connection) -> None:
    for statement in _VERSION_1:
        connection.exec_driver_sql(statement)


_VERSION_1 = (
    """CREATE TABLE reports (
        reference TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        group_key TEXT NOT NULL,
        status TEXT NOT NULL
            CHECK (status IN ('new', 'triaged', 'in_progress', 'resolved', 'dismissed')),
        severity TEXT NOT NULL CHECK (severity IN ('low', 'normal', 'high', 'urgent')),
        category TEXT NOT NULL,
        assignee TEXT,
        outcome TEXT,
        outcome_detail TEXT NOT NULL,
        question TEXT NOT NULL,
        comment TEXT NOT NULL,
        search_text TEXT NOT NULL,
        model_digest TEXT NOT NULL,
        index_generation INTEGER NOT NULL,
        rules_version TEXT NOT NULL,
        repeats INTEGER NOT NULL,
        version INTEGER NOT NULL,
        filed_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        closed_at INTEGER,
        purged_at INTEGER,
        CHECK ((status = 'resolved') = (outcome IS NOT NULL))
    ) STRICT""",
    """CREATE UNIQUE INDEX reports_one_open ON reports (fingerprint)
        WHERE status IN ('new', 'triaged', 'in_progress')""",
    "CREATE INDEX reports_by_fingerprint ON reports (fingerprint, filed_at)",
    "CREATE INDEX reports_by_group ON reports (group_key, filed_at)",
    "CREATE INDEX reports_by_status ON reports (status, filed_at)",
    "CREATE INDEX reports_by_age ON reports (filed_at, reference)",
    """CREATE TABLE report_events (
        number INTEGER PRIMARY KEY,
        reference TEXT NOT NULL REFERENCES reports,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        kind TEXT NOT NULL,
        old TEXT NOT NULL,
        new TEXT NOT NULL,
        detail TEXT NOT NULL,
        version INTEGER NOT NULL,
        seal TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX report_events_by_report ON report_events (reference, number)",
    """CREATE TABLE event_texts (
        number INTEGER PRIMARY KEY REFERENCES report_events,
        salt TEXT NOT NULL,
        text TEXT NOT NULL,
        snapshot TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE chain_head (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        events INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO chain_head VALUES (1, 0, '')",
    """CREATE TRIGGER report_events_keep_order BEFORE INSERT ON report_events
        WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM report_events)
        BEGIN SELECT raise(ABORT, 'events are only appended'); END""",
    """CREATE TRIGGER report_events_never_change BEFORE UPDATE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never changed'); END""",
    """CREATE TRIGGER report_events_never_go BEFORE DELETE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never deleted'); END""",
    """CREATE TRIGGER event_texts_never_change BEFORE UPDATE ON event_texts
        BEGIN SELECT raise(ABORT, 'texts of events are never changed'); END""",
    """CREATE TABLE filings (
        token_hash TEXT PRIMARY KEY,
        reference TEXT NOT NULL REFERENCES reports,
        session_hash TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX filings_by_session ON filings (session_hash, at)",
    "CREATE INDEX filings_by_time ON filings (at)",
    "CREATE INDEX filings_by_report ON filings (reference)",
    """CREATE TABLE moderators (
        name TEXT PRIMARY KEY,
        password_hash TEXT NOT NULL,
        added_at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE sessions (
        token_hash TEXT PRIMARY KEY,
        name TEXT NOT NULL REFERENCES moderators ON DELETE CASCADE,
        expires_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX sessions_by_name ON sessions (name)",
    """CREATE TABLE sign_in_attempts (
        name TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX sign_in_attempts_by_name ON sign_in_attempts (name, at)",
)

MIGRATIONS: tuple[Migration, ...] = (_1_first_version,)


def schema_version(connection: sa.Connection) -> int:
    """Return how many migrations the database has seen; 0 for an empty one."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate(connection: sa.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Run what is still to be run; inside the caller's transaction, so all of it or nothing.

    Raises ReviewError if a newer Groundskeeper made the database.
    """
    current = schema_version(connection)
    if current > len(migrations):
        raise ReviewError(
            "The reports were last used by a newer version of Groundskeeper.",
            hint="Use that version; nothing was changed.",
        )
    for migration in migrations[current:]:
        migration(connection)
    # SQLite binds no parameters in a PRAGMA; this is a number of our own.
    connection.exec_driver_sql(f"PRAGMA user_version = {len(migrations)}")
