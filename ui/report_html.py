"""Reports as HTML: a line of the queue, what everybody may know, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.review import (
    CATEGORY_LABELS,
    OUTCOME_LABELS,
    SEVERITY_LABELS,
    STATUS_LABELS,
    Event,
    PublicStatus,
    ReportSummary,
)
from ui import strings
from ui.rendering import escape


def status_html(report: PublicStatus) -> str:
    """Return what everybody may know of a report."""
    told = "".join(f"<p>{escape(text)}</p>" for text in (report.outcome, report.told) if text)
    days = [
        strings.FILED_ON.format(when=strings.day(report.filed_at)),
        strings.CHANGED_ON.format(when=strings.day(report.changed_at)),
    ]
    return (
        f'<div class="gk-status"><code>{escape(report.reference)}</code>'
        f"{_badge(report.status, report.label)}{told}{_facts(days)}</div>"
    )


def summary_html(report: ReportSummary, now: datetime, *, whole: bool = False) -> str:
    """Return one line of the queue; `whole` is for the opened report and cuts nothing."""
    facts = [
        report.reference,
        CATEGORY_LABELS[report.category],
        strings.age(report.filed_at, now),
        strings.REPEATS.format(n=report.repeats + 1) if report.repeats else "",
        strings.ASSIGNED_TO.format(name=report.assignee) if report.assignee else "",
        OUTCOME_LABELS[report.outcome] if report.outcome else "",
        report.outcome_detail,
    ]
    # The whole report shows the question where it was asked.
    asked = "" if whole else f'<p class="gk-asked">{escape(report.question)}</p>'
    comment = f'<p class="gk-comment">{escape(report.comment)}</p>' if report.comment else ""
    return (
        f'<div class="gk-summary{" gk-whole" if whole else ""}">'
        f'<div class="gk-badges">{_badge(report.severity, SEVERITY_LABELS[report.severity])}'
        f"{_badge(report.status, STATUS_LABELS[report.status])}</div>"
        f"{asked}{comment}"
        f"{_facts(facts)}</div>"
    )


def _facts(facts: Sequence[str]) -> str:
    shown = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    return f'<div class="gk-facts">{shown}</div>'


def _badge(kind: str, label: str) -> str:
    return f'<span class="gk-badge gk-{kind}">{escape(label)}</span>'


def figures_html(figures: Mapping[str, int]) -> str:
    """Return a few numbers with their names."""
    return '<div class="gk-figures">{}</div>'.format(
        "".join(
            f"<div><b>{n:,}</b><span>{escape(name)}</span></div>" for name, n in figures.items()
        )
    )


def history_html(events: Sequence[Event]) -> str:
    """Return what happened to a report, the newest first."""
    items = "".join(
        f"<li><div><b>{escape(event.actor)}</b> {escape(event.whole_sentence)}"
        f"<small>{escape(strings.moment(event.at))}</small></div>"
        + (f'<p class="gk-comment">{escape(event.text)}</p>' if event.text else "")
        + "</li>"
        for event in reversed(events)
    )
    return f'<ol class="gk-history">{items}</ol>'
