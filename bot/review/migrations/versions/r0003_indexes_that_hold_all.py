"""Indexes that hold all that the list and the insight ask for, so that no wide row is read."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None

REPLACED = {
    "reports_by_status": [
        "status",
        "purged_at",
        "filed_at",
        "severity",
        "repeats",
        "assignee",
        "claim_until",
        "group_key",
        "reference",
    ],
    "reports_by_age": ["filed_at", "reference", "category", "model"],
}


def upgrade() -> None:
    """Widen two indexes, and find what was closed and what happened by when."""
    for name, columns in REPLACED.items():
        op.drop_index(name, "reports")
        op.create_index(name, "reports", columns)
    op.create_index("reports_by_closing", "reports", ["closed_at", "filed_at"])
    op.create_index("report_events_by_time", "report_events", ["at", "kind", "old", "new"])
