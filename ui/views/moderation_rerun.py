"""Run again: a case through today's index, model and rules, and what is different now."""

from __future__ import annotations

import streamlit as st

from bot.review import Moderator, Report
from bot.review.rerun import Difference, run_again
from ui import strings
from ui.rendering import escape
from ui.services import Services
from ui.views.moderation_changes import change
from ui.views.moderation_work import begin, forget, found


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
    difference = found(_key(report), strings.RUNNING_AGAIN, Difference)
    if difference is None:
        return
    with st.container(border=True, key="gk-rerun"):
        st.html(difference_html(difference))
        st.button(
            strings.KEEP_AS_NOTE,
            icon=":material/edit_note:",
            on_click=_keep,
            args=(services, report, difference),
        )


def difference_html(difference: Difference) -> str:
    """Return what is gone and what is new, marked as such."""
    before, now = difference.endings
    ending = f"<del>{escape(before)}</del> <ins>{escape(now)}</ins>" if before != now else ""
    gone = (*difference.sentences_gone, *difference.citations_gone)
    new = (*difference.sentences_new, *difference.citations_new)
    changed = [
        *(f"<del>{escape(text)}</del>" for text in gone),
        *(f"<ins>{escape(text)}</ins>" for text in new),
        *map(escape, difference.cells),
    ]
    items = "".join(f"<li>{item}</li>" for item in [ending, *changed] if item)
    verdict = strings.RUN_SAME if difference.same else strings.RUN_DIFFERS
    made = escape(list(difference.lines())[-1])
    return f'<p><b>{escape(verdict)}</b></p><ul>{items}</ul><p class="gk-facts">{made}</p>'


def _key(report: Report) -> str:
    return f"rerun-{report.reference}"


def _run(services: Services, report: Report) -> None:
    def run(who: Moderator) -> None:
        case, bench = services.reports.show(who, report.reference).case, services.open_bench()
        if case is not None:
            begin(_key(report), lambda _: run_again(bench.bot, case))

    change(services, run, saves=False)


def _keep(services: Services, report: Report, difference: Difference) -> None:
    text = difference.to_text()
    forget(_key(report))  # before it is kept, so that no second press keeps it twice
    change(services, lambda who: services.reports.note(who, report.reference, text))
