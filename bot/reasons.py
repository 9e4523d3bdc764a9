"""The one vocabulary of reasons: what stopped an answer, in pipeline, JSON, reports and charts."""

from __future__ import annotations

from collections.abc import Mapping

RULE = "rule:"
THRESHOLD = "_threshold"

# How an answer ended, amid a sentence: "it is answered".
ENDINGS = {
    "answered": "answered",
    "abstained": "left open",
    "refused": "refused",
    "blocked": "blocked",
    "failed": "failed",
}
LABELS = {
    "": "answered",
    "scope": "does not belong to the domain",
    "injection": "looks like an order to the model",
    "no_evidence": "the sources do not say",
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


def told_ending(status: str, reason: str) -> str:
    """Return how an answer ended, in words: "left open: the sources do not say"."""
    ending = ENDINGS.get(status, status)
    return f"{ending}: {label(reason)}" if reason else ending


def told_scores(scores: Mapping[str, float]) -> list[str]:
    """Return what the gates measured, each with its threshold: "scope 0.03 (threshold 0.12)"."""
    told = []
    for name, score in scores.items():
        if not name.endswith(THRESHOLD):
            threshold = scores.get(f"{name}{THRESHOLD}")
            beside = f" (threshold {_number(threshold)})" if threshold is not None else ""
            told.append(f"{name} {_number(score)}{beside}")
    return told


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 10 else f"{value:.2f}"
