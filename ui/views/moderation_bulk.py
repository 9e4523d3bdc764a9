"""One action for all reports that were picked from the list; who was overtaken is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

import streamlit as st

from bot.review import SEVERITY_LABELS, Moderator, ReportSummary, Severity
from bot.review.bulk import BulkResult, for_each
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import failure_html, note_html
from ui.services import Services
from ui.views.moderation_changes import change

_ACTION, _TEXT, _SEVERITY, _DONE = "bulk-action", "bulk-text", "bulk-severity", "bulk-done"
Act = Callable[[Moderator, ReportSummary], object]


def draw_picker(report: ReportSummary) -> None:
    """Draw the box that picks a report."""
    label = strings.PICK.format(reference=report.reference)
    st.checkbox(label, key=_pick_key(report), label_visibility="collapsed")


def draw_picking(shown: Sequence[ReportSummary], told: str) -> None:
    """Draw how many reports there are, and the button that picks all that are shown."""
    every = len(_picked(shown)) == len(shown)
    with st.container(key="gk-bulk", horizontal=True, vertical_alignment="center"):
        st.caption(told)
        st.button(
            strings.PICK_NONE if every else strings.PICK_ALL,
            type="tertiary",
            icon=":material/deselect:" if every else ":material/select_all:",
            on_click=_pick,
            args=(shown, not every),
        )


def draw_bulk(services: Services, shown: Sequence[ReportSummary]) -> None:
    """Draw what can be done with the picked ones of the shown reports, once there are any."""
    if picked := _picked(shown):
        _draw_actions(services, picked)


def _picked(shown: Sequence[ReportSummary]) -> list[ReportSummary]:
    return [report for report in shown if st.session_state.get(_pick_key(report))]


def _draw_actions(services: Services, picked: Sequence[ReportSummary]) -> None:
    with st.container(key="gk-bulk-actions", border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            action = st.selectbox(
                strings.BULK_ACTION.format(n=len(picked)),
                list(strings.BULK_ACTIONS),
                format_func=strings.BULK_ACTIONS.__getitem__,
                key=_ACTION,
            )
            if action == "severity":
                st.selectbox(
                    strings.SEVERITY,
                    get_args(Severity),
                    index=get_args(Severity).index("normal"),
                    format_func=SEVERITY_LABELS.__getitem__,
                    key=_SEVERITY,
                )
            st.button(
                strings.BULK_DO,
                type="primary",
                on_click=_do,
                args=(services, tuple(picked), action),
            )
        if action in strings.BULK_ASKS:
            st.text_input(strings.BULK_ASKS[action], key=_TEXT, max_chars=500)


def _do(services: Services, picked: Sequence[ReportSummary], action: str) -> None:
    act = _actions(services)[action]
    results: list[BulkResult] = []

    def for_all(who: Moderator) -> None:
        results.append(for_each(picked, lambda report: act(who, report)))

    if change(services, for_all, saves=False):
        st.session_state[_DONE] = results[0]
        _pick([report for report in picked if report.reference in results[0].done], False)


def _actions(services: Services) -> dict[str, Act]:
    """Return what can be done, each with the version that the moderator was looking at."""
    queue = services.reports
    text = in_hand(_TEXT, "").strip()
    severity: Severity = in_hand(_SEVERITY, "normal")
    return {
        "claim": lambda who, one: queue.claim(who, one.reference, one.version),
        "severity": lambda who, one: queue.set_severity(who, one.reference, one.version, severity),
        "dismiss": lambda who, one: queue.move(who, one.reference, one.version, "dismissed", text),
        "not_actionable": lambda who, one: queue.resolve(
            who, one.reference, one.version, "not_actionable"
        ),
        "duplicate": lambda who, one: queue.resolve(
            who, one.reference, one.version, "duplicate", detail=text
        ),
        "answer_fine": lambda who, one: queue.resolve(
            who, one.reference, one.version, "answer_fine", detail=text
        ),
    }


def say_what_was_done() -> None:
    """Say once what became of the picked reports."""
    result: BulkResult | None = st.session_state.pop(_DONE, None)
    if result is None:
        return
    if result.done:
        st.html(note_html(strings.BULK_DONE.format(n=len(result.done)), "saved"))
    if result.refused:
        told = "\n".join(f"- {reference}: {why}" for reference, why in result.refused)
        st.html(failure_html(strings.BULK_REFUSED.format(n=len(result.refused)), told))


def _pick(reports: Sequence[ReportSummary], picked: bool) -> None:
    for report in reports:
        st.session_state[_pick_key(report)] = picked


def _pick_key(report: ReportSummary) -> str:
    return f"pick-{report.reference}"
