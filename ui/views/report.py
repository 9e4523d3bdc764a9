"""One report for a moderator: the frozen case, what happened to it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import streamlit as st

from bot.reasons import told_scores
from bot.review import (
    OPEN_STATES,
    SEVERITY_LABELS,
    TRANSITIONS,
    Case,
    Moderator,
    Report,
    ReportSummary,
    Severity,
    Status,
)
from ui import strings
from ui.explaining import explain_plan, explanation_html
from ui.rendering import (
    Source,
    answer_html,
    footer_html,
    note_html,
    question_html,
    short_digest,
    sources_html,
)
from ui.report_html import history_html, summary_html
from ui.services import Services
from ui.tables import table_html
from ui.views.moderation_changes import change, say_what_happened
from ui.views.moderation_rerun import draw_rerun
from ui.views.moderation_resolve import draw_resolve

OPENED = "opened-report"


def draw_report(
    services: Services,
    who: Moderator,
    reference: str,
    *,
    back: Callable[[], None],
    follow: str | None,
) -> None:
    """Draw a report with its actions. Raises ReportNotFound."""
    _head(back, follow)
    report = services.reports.show(who, reference)
    st.html(summary_html(report, datetime.now(UTC), whole=True))
    _draw_case(services, report)
    draw_rerun(services, report)
    st.subheader(strings.DECIDE, anchor=False)
    say_what_happened()
    _draw_actions(services, who, report)
    st.button(
        strings.NEXT_REPORT,
        key="next-below",
        type="primary" if report.status not in OPEN_STATES else "secondary",
        disabled=follow is None,
        width="stretch",
        on_click=_go_to,
        args=(follow,),
    )
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
            on_click=_go_to,
            args=(report.reference,),
        )


def _head(back: Callable[[], None], follow: str | None) -> None:
    with st.container(key="gk-report-head", horizontal=True, vertical_alignment="center"):
        st.button(strings.BACK, icon=":material/arrow_back:", type="tertiary", on_click=back)
        st.button(
            strings.NEXT_REPORT,
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=follow is None,
            shortcut="N",
            on_click=_go_to,
            args=(follow,),
        )


def _go_to(reference: str | None) -> None:
    if reference is not None:
        st.session_state[OPENED] = reference


def _draw_case(services: Services, report: Report) -> None:
    """Draw what the person saw, from the report and not from today's index."""
    if report.case is None:
        st.info(strings.PURGED)
        return
    case = report.case
    st.subheader(strings.SEEN_BY_PERSON, anchor=False)
    with st.container(border=True, key="gk-case"):
        for earlier in case.asked_before:
            st.caption(strings.ASKED_BEFORE)
            st.html(question_html(earlier))
        st.html(question_html(case.question))
        _draw_case_answer(case, report.reference)
        how = explanation_html(explain_plan(case.plan, services.card))
        st.html(f"{how}{footer_html(_circumstances(case))}")


def _draw_case_answer(case: Case, anchor: str) -> None:
    cited = {citation.n for citation in case.citations}
    if case.status == "answered":
        st.html(answer_html(case.answer, cited, anchor))
    else:
        st.html(note_html(case.answer, case.status, cited, anchor))
    if case.table is not None:
        st.html(table_html(case.table, cited, anchor))
    if case.citations:
        st.html(sources_html([Source(citation) for citation in case.citations], anchor))


def _circumstances(case: Case) -> list[str]:
    return [
        f"{case.model} ({short_digest(case.digest)})" if case.digest else case.model,
        strings.GENERATION.format(n=case.index_generation),
        strings.STATUS.format(status=case.status),
        strings.REASON.format(reason=case.reason) if case.reason else "",
        strings.RULES.format(version=case.rules_version) if case.rules_version else "",
        strings.FLAGS.format(flags=", ".join(case.flags)) if case.flags else "",
        *told_scores(case.scores),
    ]


# --- what can be done -------------------------------------------------------------------------


def _draw_actions(services: Services, who: Moderator, report: Report) -> None:
    if report.status in OPEN_STATES:
        _draw_claim(services, who, report)
    _draw_moves(services, report)
    if report.status in OPEN_STATES:
        draw_resolve(services, report)
        _draw_dismiss(services, report)
    _draw_note(services, report)


def _draw_claim(services: Services, who: Moderator, report: Report) -> None:
    mine = report.assignee == who.name
    with st.container(horizontal=True, vertical_alignment="bottom", key="gk-claim"):
        st.button(
            strings.RELEASE if mine else strings.ASSIGN_TO_ME,
            icon=":material/person_remove:" if mine else ":material/person_add:",
            on_click=_assign,
            args=(services, report, None if mine else who.name),
        )
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
        st.form_submit_button(
            strings.DISMISS, on_click=_move, args=(services, report, "dismissed", key)
        )


def _draw_note(services: Services, report: Report) -> None:
    key = f"note-{report.reference}"
    with st.expander(strings.ADD_NOTE, icon=":material/edit_note:"), st.form("note"):
        st.text_area(strings.NOTE, key=key, max_chars=5_000)
        st.form_submit_button(strings.ADD_NOTE, on_click=_add_note, args=(services, report, key))


# --- doing it: each is told the version that the moderator was looking at ---------------------


def _assign(services: Services, report: Report, assignee: str | None) -> None:
    queue = services.reports
    change(services, lambda who: queue.assign(who, report.reference, report.version, assignee))


def _rate(services: Services, report: Report, key: str) -> None:
    severity = st.session_state[key]
    queue = services.reports
    change(
        services, lambda who: queue.set_severity(who, report.reference, report.version, severity)
    )


def _move(services: Services, report: Report, status: Status, note_key: str = "") -> None:
    note = st.session_state[note_key] if note_key else ""
    queue = services.reports
    change(services, lambda who: queue.move(who, report.reference, report.version, status, note))


def _add_note(services: Services, report: Report, key: str) -> None:
    text = st.session_state[key]
    if change(services, lambda who: services.reports.note(who, report.reference, text)):
        st.session_state[key] = ""
