"""The report button below an answer: a form, and a receipt only for what was saved."""

from __future__ import annotations

import logging
from typing import get_args

import streamlit as st

from bot.answer import Answer
from bot.review import CATEGORY_LABELS, Category, Receipt, freeze
from ingest.errors import GroundskeeperError
from ui import strings
from ui.conversation import Conversation, Exchange
from ui.rendering import failure_html, note_html
from ui.services import Services

log = logging.getLogger(__name__)

RECEIPTS = "receipts"


def offer_report(exchange: Exchange) -> None:
    """Draw the button, unless it was pressed already."""
    key = exchange.key
    if not exchange.reference and not st.session_state.get(f"reporting-{key}"):
        st.button(
            strings.REPORT,
            key=f"report-{key}",
            icon=":material/flag:",
            type="tertiary",
            on_click=_open_form,
            args=(key, True),
        )


def draw_report(services: Services, conversation: Conversation, exchange: Exchange) -> None:
    """Draw what the button has led to: the receipt, the form, or nothing yet."""
    if exchange.reference:
        saved = strings.REPORT_REPEATED if exchange.repeated else strings.REPORT_SAVED
        st.html(note_html(saved.format(reference=exchange.reference), "saved"))
    elif st.session_state.get(f"reporting-{exchange.key}"):
        _draw_form(services, conversation, exchange)


def _open_form(key: str, wanted: bool) -> None:
    st.session_state[f"reporting-{key}"] = wanted
    st.session_state.pop(f"failure-{key}", None)


def _draw_form(services: Services, conversation: Conversation, exchange: Exchange) -> None:
    key = exchange.key
    with st.form(f"form-{key}"):
        st.markdown(f"**{strings.REPORT_TITLE}**")
        st.selectbox(
            strings.CATEGORY,
            get_args(Category),
            index=get_args(Category).index(likely_category(exchange.answer)),
            format_func=CATEGORY_LABELS.__getitem__,
            key=f"category-{key}",
        )
        st.text_area(
            strings.COMMENT,
            key=f"comment-{key}",
            max_chars=strings.COMMENT_MAX_CHARS,
            placeholder=strings.COMMENT_HELP,
        )
        if failure := st.session_state.get(f"failure-{key}"):
            st.html(failure_html(strings.REPORT_FAILED, failure))
        with st.container(horizontal=True):
            st.form_submit_button(
                strings.SEND_REPORT,
                key=f"send-{key}",
                type="primary",
                on_click=_send,
                args=(services, conversation, exchange),
            )
            st.form_submit_button(
                strings.CANCEL, key=f"cancel-{key}", on_click=_open_form, args=(key, False)
            )


def likely_category(answer: Answer | None) -> Category:
    """Return what a report of this answer is most likely about."""
    turned_away = answer is not None and answer.status in ("refused", "blocked")
    return "wrongly_refused" if turned_away else "wrong_fact"


def _send(services: Services, conversation: Conversation, exchange: Exchange) -> None:
    """Save the report; the form keeps what was typed unless it is on disk."""
    key = exchange.key
    try:
        receipt = file_report(
            services,
            conversation,
            exchange,
            st.session_state[f"category-{key}"],
            st.session_state[f"comment-{key}"],
        )
    except GroundskeeperError as error:
        st.session_state[f"failure-{key}"] = str(error)
    except Exception:
        log.exception("A report could not be saved")
        st.session_state[f"failure-{key}"] = strings.BROKEN
    else:
        st.session_state.setdefault(RECEIPTS, []).append(receipt.reference)
        _open_form(key, False)


def file_report(
    services: Services,
    conversation: Conversation,
    exchange: Exchange,
    category: Category,
    comment: str,
) -> Receipt:
    """Save what this answer's reader saw, once. Raises ReviewError, LimitExceeded."""
    if exchange.answer is None:
        raise ValueError("only an answer can be reported")
    case = freeze(
        exchange.answer,
        rules_version=exchange.answer.rules_version,
        asked_before=conversation.asked_before(exchange),
    )
    receipt = services.reports.file(case, category, comment, session=conversation.session)
    exchange.reference, exchange.repeated = receipt.reference, receipt.repeated
    return receipt
