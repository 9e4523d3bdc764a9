"""One report for a moderator: the case, the decision, and what happened before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import streamlit as st

from bot.review import (
    OPEN_STATES,
    SEVERITY_LABELS,
    TRANSITIONS,
    Moderator,
    Report,
    ReportSummary,
    Severity,
    Status,
)
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import literal
from ui.report_html import history_html, keys_html, summary_html
from ui.services import Services
from ui.views.moderation_case import draw_case
from ui.views.moderation_changes import change, say_what_happened, typed_in_vain
from ui.views.moderation_decide import draw_decisions
from ui.views.moderation_flow import decide, go_to, neighbours, offer_undo
from ui.views.moderation_resolve import draw_resolve

_HELP = "moderation-keys"


def draw_report(services: Services, who: Moderator, reference: str) -> None:
    """Draw a report with its actions. Raises ReportNotFound."""
    before, after = neighbours(reference)
    _head(before, after)
    offer_undo(services)
    report = services.reports.show(who, reference)
    # Wide enough for the case's two sides; ui/style.css looks for this key.
    with st.container(key="gk-report"):
        st.html(summary_html(report, datetime.now(UTC), whole=True))
        if contacts := services.reports.contacts(who, reference):
            st.caption(literal(strings.WRITE_TO.format(who=", ".join(contacts))))
        say_what_happened()
        draw_decisions(services, who, report)
        if report.status in OPEN_STATES:
            draw_resolve(services, report)
        draw_case(services, report)
        with st.container(key="gk-more"):
            _draw_more(services, report)
            _draw_next(report, after)
            st.subheader(strings.HISTORY, anchor=False)
            st.html(history_html(report.events))
            if report.group:
                st.subheader(strings.SAME_QUESTION, anchor=False)
            for other in report.group:
                draw_card(other)


def draw_card(report: ReportSummary) -> None:
    """Draw one line of the queue; the whole of it is the button that opens the report."""
    with st.container(key=f"gk-card-{report.reference}", border=True):
        st.html(summary_html(report, datetime.now(UTC)))
        st.button(
            strings.OPEN_REPORT.format(reference=report.reference),
            key=f"open-{report.reference}",
            on_click=go_to,
            args=(report.reference,),
        )


def _head(before: str | None, after: str | None) -> None:
    with st.container(key="gk-report-head", horizontal=True, vertical_alignment="center"):
        st.button(
            strings.BACK,
            icon=":material/arrow_back:",
            type="tertiary",
            shortcut="B",
            on_click=go_to,
            args=(None,),
        )
        for label, key, reference in ((strings.PREVIOUS, "K", before), (strings.NEXT, "J", after)):
            st.button(
                label,
                type="tertiary",
                shortcut=key,
                disabled=reference is None,
                on_click=go_to,
                args=(reference,),
            )
        st.button(
            strings.KEYS,
            key="gk-keys",
            icon=":material/keyboard:",
            type="tertiary",
            shortcut="H",
            on_click=_help,
        )
    if st.session_state.get(_HELP):
        st.html(keys_html(strings.KEY_HELP))


def _help() -> None:
    st.session_state[_HELP] = not st.session_state.get(_HELP, False)


def _draw_next(report: Report, after: str | None) -> None:
    st.button(
        strings.NEXT_REPORT,
        key="next-below",
        type="primary" if report.status not in OPEN_STATES else "secondary",
        disabled=after is None,
        width="stretch",
        shortcut="N",
        on_click=go_to,
        args=(after,),
    )


# --- what else can be done --------------------------------------------------------------------


def _draw_more(services: Services, report: Report) -> None:
    st.subheader(strings.MORE_TO_DO, anchor=False)
    if report.status in OPEN_STATES:
        _draw_severity(services, report)
    _draw_moves(services, report)
    if report.status in OPEN_STATES:
        _draw_dismiss(services, report)
    _draw_note(services, report)


def _draw_severity(services: Services, report: Report) -> None:
    # The version is part of the key, so that the choice shows what is saved by now.
    key = f"severity-{report.reference}-{report.version}"
    st.selectbox(
        strings.SEVERITY,
        get_args(Severity),
        index=get_args(Severity).index(report.severity),
        format_func=SEVERITY_LABELS.__getitem__,
        key=key,
        on_change=_rate,
        args=(services, report, key),
    )


def _draw_moves(services: Services, report: Report) -> None:
    """Offer the steps that may follow at once; resolving and dismissing ask for more."""
    steps = [s for s in get_args(Status) if s in TRANSITIONS[report.status] and s in OPEN_STATES]
    closed = report.status not in OPEN_STATES
    with st.container(horizontal=True, key="gk-moves"):
        for step in steps:
            st.button(
                strings.REOPEN if closed else strings.MOVE_TO[step],
                key=f"move-{step}",
                on_click=_move,
                args=(services, report, step),
            )


def _draw_dismiss(services: Services, report: Report) -> None:
    key = f"dismiss-{report.reference}"
    with st.expander(strings.DISMISS, icon=":material/block:"), st.form("dismiss"):
        st.text_area(strings.DISMISS_WHY, key=key, max_chars=5_000)
        st.form_submit_button(strings.DISMISS, on_click=_dismiss, args=(services, report, key))


def _draw_note(services: Services, report: Report) -> None:
    """Offer a note; where another was faster, with the words that were for a form now gone."""
    key = f"note-{report.reference}"
    words = typed_in_vain(report.reference) if report.status not in OPEN_STATES else ""
    if words:
        st.session_state[key] = "\n".join(filter(None, (st.session_state.get(key), words)))
    unfolded = bool(st.session_state.get(key))
    form = st.expander(strings.ADD_NOTE, icon=":material/edit_note:", expanded=unfolded)
    with form, st.form("note"):
        st.text_area(strings.NOTE, key=key, max_chars=5_000)
        st.form_submit_button(strings.ADD_NOTE, on_click=_add_note, args=(services, report, key))


# --- doing it: each is told the version that the moderator was looking at ---------------------


def _rate(services: Services, report: Report, key: str) -> None:
    severity = in_hand(key)
    queue = services.reports
    change(
        services, lambda who: queue.set_severity(who, report.reference, report.version, severity)
    )


def _move(services: Services, report: Report, status: Status) -> None:
    queue = services.reports
    change(services, lambda who: queue.move(who, report.reference, report.version, status))


def _dismiss(services: Services, report: Report, key: str) -> None:
    note = in_hand(key)
    decide(
        services,
        report,
        lambda who: services.reports.move(who, report.reference, report.version, "dismissed", note),
        strings.DISMISSED,
        typed=note,
    )


def _add_note(services: Services, report: Report, key: str) -> None:
    """Add the note once: its field is emptied before, so that no second press adds it again."""
    text = in_hand(key)
    st.session_state[key] = ""
    if not change(services, lambda who: services.reports.note(who, report.reference, text)):
        st.session_state[key] = text
