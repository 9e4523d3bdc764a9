"""Run again: a case through today's index, model and rules, and what is different now."""

from __future__ import annotations

import streamlit as st

from bot.review import Moderator, Report
from bot.review.rerun import Difference, run_again
from ui import strings
from ui.rendering import escape
from ui.services import Services
from ui.views.moderation_changes import change


def draw_rerun(services: Services, report: Report) -> None:
    """Draw the button and what it found."""
    if report.case is None:
        return
    st.button(
        strings.RUN_AGAIN,
        icon=":material/replay:",
        help=strings.RUN_AGAIN_HELP,
        on_click=_run,
        args=(services, report),
    )
    found: Difference | None = st.session_state.get(_key(report))
    if found is None:
        return
    with st.container(border=True, key="gk-rerun"):
        st.html(difference_html(found))
        st.button(
            strings.KEEP_AS_NOTE,
            icon=":material/edit_note:",
            on_click=_keep,
            args=(services, report, found),
        )


def difference_html(found: Difference) -> str:
    """Return what is gone and what is new, marked as such."""
    before, now = found.status
    ending = f"<del>{escape(before)}</del> <ins>{escape(now)}</ins>" if before != now else ""
    changed = [
        *(f"<del>{escape(text)}</del>" for text in (*found.sentences_gone, *found.citations_gone)),
        *(f"<ins>{escape(text)}</ins>" for text in (*found.sentences_new, *found.citations_new)),
        *map(escape, found.cells),
    ]
    items = "".join(f"<li>{item}</li>" for item in [ending, *changed] if item)
    verdict = strings.RUN_SAME if found.same else strings.RUN_DIFFERS
    made = escape(list(found.lines())[-1])
    return f'<p><b>{escape(verdict)}</b></p><ul>{items}</ul><p class="gk-facts">{made}</p>'


def _key(report: Report) -> str:
    return f"rerun-{report.reference}"


def _run(services: Services, report: Report) -> None:
    def run(who: Moderator) -> None:
        case = services.reports.show(who, report.reference).case
        if case is not None:
            st.session_state[_key(report)] = run_again(services.open_bench().bot, case)

    change(services, run, saves=False)


def _keep(services: Services, report: Report, found: Difference) -> None:
    text = found.to_text()
    if change(services, lambda who: services.reports.note(who, report.reference, text)):
        del st.session_state[_key(report)]
