"""The decisions that most reports end with, each one press away, and whose the report is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import streamlit as st

from bot.review import OPEN_STATES, Moderator, Outcome, Report, ReportSummary
from ui import strings
from ui.rendering import note_html
from ui.services import Services
from ui.views.moderation_changes import change
from ui.views.moderation_flow import decide
from ui.views.moderation_resolve import choose_outcome

# What its form has to say first: which document, which rule, which case.
_ASKS_MORE: tuple[Outcome, ...] = ("corpus_fixed", "rule_added", "regression_added")


def draw_decisions(services: Services, who: Moderator, report: Report) -> None:
    """Draw the bar: take or put back, and the six outcomes by number."""
    holder = report.holder(datetime.now(UTC))
    held = holder not in (None, who.name)
    if held:
        st.html(note_html(_held(report), "held"))
    with st.container(key="gk-decide", horizontal=True):
        if report.status in OPEN_STATES:
            _draw_claim(services, report, mine=holder == who.name, held=held)
            for number, outcome in enumerate(get_args(Outcome), start=1):
                _draw_outcome(services, report, outcome, number, disabled=held)


def _held(report: ReportSummary) -> str:
    if report.claim_until is None:
        return strings.HELD.format(name=report.assignee)
    until = f"{report.claim_until:%H:%M} UTC"
    return strings.HELD_UNTIL.format(name=report.assignee, until=until)


def _draw_claim(services: Services, report: Report, *, mine: bool, held: bool) -> None:
    label = strings.RELEASE if mine else strings.TAKE_OVER if held else strings.ASSIGN_TO_ME
    st.button(
        label,
        icon=":material/person_remove:" if mine else ":material/person_add:",
        shortcut="T",
        on_click=_release if mine else _claim,
        args=(services, report),
        kwargs={} if mine else {"take_over": held},
    )


def _draw_outcome(
    services: Services, report: Report, outcome: Outcome, number: int, *, disabled: bool
) -> None:
    same = original(report)
    opens_form = outcome in _ASKS_MORE or (outcome == "duplicate" and same is None)
    label = strings.OUTCOME_ACTIONS[outcome]
    if outcome == "duplicate" and same is not None:
        label = strings.DUPLICATE_OF.format(reference=same.reference)
    st.button(
        f"{label}…" if opens_form else label,
        # Of this report alone: a second press that was meant for the last one does nothing here.
        key=f"decide-{outcome}-{report.reference}",
        shortcut=str(number),
        disabled=disabled,
        help=strings.ANSWER_FINE_SAYS if outcome == "answer_fine" else None,
        on_click=_open_form(report, outcome) if opens_form else _close,
        args=() if opens_form else (services, report, outcome, same),
    )


def original(report: Report) -> ReportSummary | None:
    """Return the report of the same question that this one repeats: the first before it."""
    before = [
        other
        for other in report.group
        if other.outcome != "duplicate" and other.filed_at < report.filed_at
    ]
    return min(before, key=lambda other: other.filed_at, default=None)


def _open_form(report: Report, outcome: Outcome) -> Callable[[], None]:
    return lambda: choose_outcome(report, outcome)


def _close(
    services: Services, report: Report, outcome: Outcome, same: ReportSummary | None
) -> None:
    """Resolve a report in one step, with the words that its outcome usually has."""
    details: dict[Outcome, str] = {"answer_fine": strings.ANSWER_FINE_REASON}
    if same is not None:
        details["duplicate"] = same.reference
    detail = details.get(outcome, "")
    decide(
        services,
        report,
        lambda who: services.reports.resolve(
            who, report.reference, report.version, outcome, detail=detail
        ),
        strings.OUTCOME_ACTIONS[outcome],
    )


def _claim(services: Services, report: Report, *, take_over: bool) -> None:
    queue, reference, version = services.reports, report.reference, report.version
    change(services, lambda who: queue.claim(who, reference, version, take_over=take_over))


def _release(services: Services, report: Report) -> None:
    change(services, lambda who: services.reports.release(who, report.reference, report.version))
