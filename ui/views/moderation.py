"""Moderation: the queue of reports, worst first.

A page is only drawn for a moderator, and that protects nothing: each call to the queue is given
the moderator and checks again, so a session that ended in another tab ends here too.
"""

from __future__ import annotations

from typing import get_args

import streamlit as st

from bot.review import (
    CATEGORY_LABELS,
    CLOSED_STATES,
    OPEN_STATES,
    STATUS_LABELS,
    Category,
    Moderator,
    Status,
)
from ingest.errors import ReportNotFound
from ui import strings
from ui.report_html import figures_html
from ui.services import Services, sign_out, signed_in
from ui.views.report import OPENED, draw_card, draw_report
from ui.views.sign_in import sign_in_page

PAGE_SIZE = 20
MOST_IN_ORDER = 500

_ORDER, _SHOWN = "queue-order", "queue-shown"
_STATES, _CATEGORY, _TEXT = "queue-states", "queue-category", "queue-text"

STATE_CHOICES: dict[str, tuple[Status, ...]] = {
    strings.OPEN: OPEN_STATES,
    **{STATUS_LABELS[state]: (state,) for state in get_args(Status)},
    strings.CLOSED: CLOSED_STATES,
    strings.ALL: get_args(Status),
}


def moderation_page(services: Services) -> None:
    """Draw the queue or the opened report; for anybody else, only the way in."""
    who = signed_in(services)
    if who is None:
        sign_in_page(services)
        return
    # Streamlit forgets a widget's value while it is not drawn.
    for key in (_STATES, _CATEGORY, _TEXT):
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]
    reference = st.session_state.get(OPENED)
    if reference is None:
        _draw_queue(services, who)
        return
    try:
        draw_report(services, who, reference, back=_close, follow=_next_after(reference))
    except ReportNotFound:
        # It was there when it was opened; the way back stands above.
        _close()
        raise


def _draw_queue(services: Services, who: Moderator) -> None:
    _head(services, who)
    stats = services.reports.stats(who)
    st.html(
        figures_html(
            {
                strings.OPEN: stats.open,
                STATUS_LABELS["new"]: stats.by_status.get("new", 0),
                STATUS_LABELS["in_progress"]: stats.by_status.get("in_progress", 0),
                strings.TOTAL: stats.total,
            }
        )
    )
    states, category, text = _filters()
    found = services.reports.count(who, states=states, text=text, category=category)
    listed = services.reports.reports(
        who, states=states, text=text, category=category, limit=MOST_IN_ORDER
    )
    st.session_state[_ORDER] = [report.reference for report in listed]
    if not listed:
        st.info(strings.NO_MATCH if stats.open or text or category else strings.NOTHING_HERE)
        return
    st.caption(strings.COUNT_ONE if found == 1 else strings.COUNT.format(n=found))
    shown = st.session_state.get(_SHOWN, PAGE_SIZE)
    for report in listed[:shown]:
        draw_card(report)
    if len(listed) > shown:
        st.button(strings.MORE, on_click=_show_more, width="stretch")


def _head(services: Services, who: Moderator) -> None:
    with st.container(key="gk-queue-head", horizontal=True, vertical_alignment="center"):
        st.header(strings.QUEUE_TITLE, anchor=False)
        st.button(
            strings.SIGN_OUT,
            help=who.name,
            icon=":material/logout:",
            type="tertiary",
            on_click=sign_out,
            args=(services,),
        )


def _filters() -> tuple[tuple[Status, ...], Category | None, str]:
    with st.container(key="gk-filters", horizontal=True):
        chosen = st.selectbox(strings.SHOW, list(STATE_CHOICES), key=_STATES)
        category = st.selectbox(
            strings.CATEGORY_FILTER,
            [None, *get_args(Category)],
            format_func=lambda c: CATEGORY_LABELS[c] if c else strings.ANY_CATEGORY,
            key=_CATEGORY,
        )
        text = st.text_input(strings.SEARCH, key=_TEXT, max_chars=200)
    return STATE_CHOICES[chosen], category, text


def _close() -> None:
    st.session_state.pop(OPENED, None)


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, PAGE_SIZE) + PAGE_SIZE


def _next_after(reference: str) -> str | None:
    """Return the report that follows in the list as it was last seen, or None after the last."""
    order: list[str] = st.session_state.get(_ORDER, [])
    following = order[order.index(reference) + 1 :] if reference in order else order
    return next(iter(following), None)
