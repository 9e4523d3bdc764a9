"""The review queue behind the report button: reports, moderators and what they did."""

from bot.review.access import Access, CurrentAccess, Identity, Role, read_identity
from bot.review.accounts import Account, Moderators, Session
from bot.review.cases import Case, freeze
from bot.review.filing import COMMENT_MAX_CHARS
from bot.review.moderators import Moderator
from bot.review.query import BUILT_IN, ME, NOBODY, ReportQuery
from bot.review.review_queue import ReviewQueue
from bot.review.states import (
    CATEGORY_LABELS,
    CLOSED_STATES,
    OPEN_STATES,
    OUTCOME_DETAIL,
    OUTCOME_LABELS,
    PUBLIC_LABELS,
    PUBLIC_OUTCOMES,
    SEVERITY_LABELS,
    STATUS_LABELS,
    TRANSITIONS,
    Category,
    Outcome,
    Severity,
    Status,
)
from bot.review.store import ReportStore
from bot.review.views import (
    ChainHead,
    Correction,
    Event,
    PublicStatus,
    Receipt,
    Report,
    ReportSummary,
    Stats,
)

__all__ = [
    "BUILT_IN",
    "CATEGORY_LABELS",
    "CLOSED_STATES",
    "COMMENT_MAX_CHARS",
    "ME",
    "NOBODY",
    "OPEN_STATES",
    "OUTCOME_DETAIL",
    "OUTCOME_LABELS",
    "PUBLIC_LABELS",
    "PUBLIC_OUTCOMES",
    "SEVERITY_LABELS",
    "STATUS_LABELS",
    "TRANSITIONS",
    "Access",
    "Account",
    "Case",
    "Category",
    "ChainHead",
    "Correction",
    "CurrentAccess",
    "Event",
    "Identity",
    "Moderator",
    "Moderators",
    "Outcome",
    "PublicStatus",
    "Receipt",
    "Report",
    "ReportQuery",
    "ReportStore",
    "ReportSummary",
    "ReviewQueue",
    "Role",
    "Session",
    "Severity",
    "Stats",
    "Status",
    "freeze",
    "read_identity",
]
