"""Moderation: the queue of reports, in the order in which they are best looked at.

A page is only drawn for a moderator, and that protects nothing: each call to the queue is given
the moderator and checks again, so a session that ended in another tab ends here too.
"""

from __future__ import annotations

import streamlit as st

from bot.review import BUILT_IN, OPEN_STATES, STATUS_LABELS, Moderator, ReportSummary
from ingest.errors import ReportNotFound
from ui import strings
from ui.report_html import figures_html
from ui.services import Services, sign_out, signed_in
from ui.views.moderation_bulk import draw_bulk, draw_picker, draw_picking, say_what_was_done
from ui.views.moderation_changes import say_what_happened
from ui.views.moderation_filters import (
    SHOWN,
    current_query,
    draw_filters,
    draw_views,
    follow_link,
    write_link,
)
from ui.views.moderation_flow import OPENED, ORDER, go_to, offer_undo
from ui.views.report import draw_card, draw_report
from ui.views.sign_in import sign_in_page

PAGE_SIZE = 20
MOST_IN_ORDER = 500


def moderation_page(services: Services) -> None:
    """Draw the queue or the opened report; for anybody else, only the way in."""
    who = signed_in(services)
    if who is None:
        sign_in_page(services)
        return
    follow_link()
    write_link()
    reference = st.session_state.get(OPENED)
    if reference is None:
        _draw_queue(services, who)
        return
    if ORDER not in st.session_state:
        _list(services, who)
    try:
        draw_report(services, who, reference)
    except ReportNotFound:
        # It was there when it was opened; the way back stands above.
        go_to(None)
        raise


def _draw_queue(services: Services, who: Moderator) -> None:
    _head(services, who)
    offer_undo(services)
    say_what_happened()
    say_what_was_done()
    _draw_figures(services, who)
    draw_views(services, who)
    query = draw_filters(services, who)
    listed = _list(services, who)
    if not listed:
        st.info(strings.NOTHING_HERE if query == BUILT_IN["open"] else strings.NO_MATCH)
        return
    # What fits into one list needs no counting.
    n = len(listed) if len(listed) < MOST_IN_ORDER else services.reports.count(who, query)
    shown = listed[: st.session_state.get(SHOWN, PAGE_SIZE)]
    draw_picking(shown, strings.COUNT_ONE if n == 1 else strings.COUNT.format(n=f"{n:,}"))
    for report in shown:
        with st.container(
            key=f"gk-line-{report.reference}", horizontal=True, vertical_alignment="center"
        ):
            draw_picker(report)
            draw_card(report)
    if len(listed) > len(shown):
        st.button(strings.MORE, on_click=_show_more, width="stretch")
    draw_bulk(services, shown)


def _draw_figures(services: Services, who: Moderator) -> None:
    found = services.reports.by_status(who)
    figures = {
        strings.OPEN: sum(found.get(state, 0) for state in OPEN_STATES),
        STATUS_LABELS["new"]: found.get("new", 0),
        STATUS_LABELS["in_progress"]: found.get("in_progress", 0),
        strings.TOTAL: sum(found.values()),
    }
    st.html(figures_html(figures))


def _list(services: Services, who: Moderator) -> list[ReportSummary]:
    """Return the reports that the filters ask for, and remember their order."""
    listed = services.reports.reports(who, current_query(), limit=MOST_IN_ORDER)
    st.session_state[ORDER] = [report.reference for report in listed]
    return listed


def _head(services: Services, who: Moderator) -> None:
    with st.container(key="gk-queue-head", horizontal=True, vertical_alignment="center"):
        st.header(strings.QUEUE_TITLE, anchor=False)
        st.button(
            strings.START,
            icon=":material/play_arrow:",
            type="primary",
            shortcut="N",
            on_click=_start,
            args=(services,),
        )
        st.button(
            strings.SIGN_OUT,
            help=who.name,
            icon=":material/logout:",
            type="tertiary",
            on_click=sign_out,
            args=(services,),
        )


def _start(services: Services) -> None:
    """Open the first report of the list, which may not be drawn yet."""
    who = signed_in(services)
    if who is not None:
        first = services.reports.reports(who, current_query(), limit=1)
        go_to(first[0].reference if first else None)


def _show_more() -> None:
    st.session_state[SHOWN] = st.session_state.get(SHOWN, PAGE_SIZE) + PAGE_SIZE
