"""The one vocabulary of reasons: what stopped an answer, in pipeline, JSON, reports and charts."""

from __future__ import annotations

RULE = "rule:"

LABELS = {
    "": "answered",
    "scope": "does not belong to the domain",
    "injection": "looks like an order to the model",
    "no_evidence": "the corpus does not say",
    "unsupported": "nothing that was written held up against the evidence",
    "integrity": "a model is not the one that was pinned",
    "limit": "too long, too often, too many at once or too slow",
    "unavailable": "a model or the index could not be used",
    "error": "a fault of ours; the log has it",
}


def is_known(reason: str) -> bool:
    """Whether a reason is in the vocabulary, in which each rule has its own: `rule:<id>`."""
    return reason in LABELS or (reason.startswith(RULE) and reason != RULE)


def label(reason: str) -> str:
    """Return a reason in words."""
    return LABELS.get(reason) or f"the rule “{reason.removeprefix(RULE)}”"
