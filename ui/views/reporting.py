"""The report button below an answer: a form, and a receipt only for what was saved.

Answers are made in a thread of their own (ui/conversation.py), so that reporting one answer, which
makes Streamlit run the page again, does not disturb another that is still being written. A
fragment would not do: Streamlit lets it wait until the page has been drawn to its end, which here
is when the answer is complete.
"""

from __future__ import annotations

import logging
from typing import get_args

import streamlit as st

from bot.answer import Answer
from bot.review import CATEGORY_LABELS, Case, Category, Receipt, freeze
from ingest.errors import GroundskeeperError
from ui import strings
from ui.conversation import Conversation, Exchange
from ui.in_hand import in_hand
from ui.rendering import failure_html
from ui.reporting_html import receipt_html, sent_html
from ui.services import Services

log = logging.getLogger(__name__)

RECEIPTS = "receipts"
FIELD_HEIGHT = 68


def offer_report(exchange: Exchange) -> None:
    """Draw the button, unless it was pressed already."""
    key = exchange.key
    if exchange.receipt is None and not st.session_state.get(f"reporting-{key}"):
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
    if exchange.receipt is not None:
        st.html(receipt_html(exchange.receipt))
    elif st.session_state.get(f"reporting-{exchange.key}") and exchange.answer is not None:
        _draw_form(services, conversation, exchange, exchange.answer)


def _open_form(key: str, wanted: bool) -> None:
    st.session_state[f"reporting-{key}"] = wanted
    st.session_state.pop(f"failure-{key}", None)


def _draw_form(
    services: Services, conversation: Conversation, exchange: Exchange, answer: Answer
) -> None:
    """Ask what is wrong first, with what is sent by the press that says it; then what to add.

    The buttons send, so that two presses make a report. Enter does not: it would press the first.
    """
    key = exchange.key
    st.session_state.setdefault(RECEIPTS, [])
    with st.form(f"form-{key}", enter_to_submit=False):
        if failure := st.session_state.get(f"failure-{key}"):
            st.html(failure_html(strings.REPORT_FAILED, failure))
        st.html(f"<h4>{strings.REPORT_TITLE}</h4>")
        st.html(sent_html(services.reports.preview(frozen(conversation, exchange, answer))))
        _draw_categories(services, conversation, exchange, answer)
        _draw_words(key)
        st.form_submit_button(
            strings.CANCEL,
            key=f"cancel-{key}",
            type="tertiary",
            on_click=_open_form,
            args=(key, False),
        )


def _draw_categories(
    services: Services, conversation: Conversation, exchange: Exchange, answer: Answer
) -> None:
    key = exchange.key
    with st.container(key=f"gk-categories-{key}"):
        for category in offered_categories(answer):
            st.form_submit_button(
                CATEGORY_LABELS[category],
                key=f"send-{category}-{key}",
                on_click=_send,
                args=(services, conversation, exchange, category),
                width="stretch",
            )


def _draw_words(key: str) -> None:
    """Draw where to write what one likes to add."""
    st.html(f'<p class="gk-hint">{strings.ADD_BEFORE}</p>')
    st.text_area(
        strings.COMMENT,
        key=f"comment-{key}",
        max_chars=strings.COMMENT_MAX_CHARS,
        placeholder=strings.COMMENT_HELP,
        height=FIELD_HEIGHT,
        label_visibility="collapsed",
    )
    st.text_input(
        strings.EMAIL,
        key=f"email-{key}",
        max_chars=strings.EMAIL_MAX_CHARS,
        placeholder=strings.EMAIL,
        autocomplete="email",
        label_visibility="collapsed",
    )


def offered_categories(answer: Answer) -> list[Category]:
    """Return the kinds of problem; of an answer that was refused, the likeliest comes first."""
    categories: list[Category] = list(get_args(Category))
    if answer.status != "answered":
        categories.sort(key=lambda category: category != "wrongly_refused")
    return categories


def frozen(conversation: Conversation, exchange: Exchange, answer: Answer) -> Case:
    """Return what is sent when an answer is reported, not yet masked."""
    before = conversation.before(exchange)
    return freeze(
        answer,
        rules_version=answer.rules_version,
        asked_before=[earlier.question for earlier in before],
        answered_before=[earlier.answer.text if earlier.answer else "" for earlier in before],
        within=exchange.within,
    )


def _send(
    services: Services, conversation: Conversation, exchange: Exchange, category: Category
) -> None:
    """Save the report, once; the form keeps what was typed unless it is on disk."""
    key = exchange.key
    if exchange.receipt is not None:
        return
    comment, email = in_hand(f"comment-{key}", ""), in_hand(f"email-{key}", "")
    receipts = in_hand(RECEIPTS, [])
    try:
        receipt = file_report(services, conversation, exchange, category, comment, email)
    except GroundskeeperError as error:
        st.session_state[f"failure-{key}"] = str(error)
    except Exception:
        log.exception("A report could not be saved")
        st.session_state[f"failure-{key}"] = strings.BROKEN
    else:
        receipts.append(receipt.reference)
        _open_form(key, False)


def file_report(
    services: Services,
    conversation: Conversation,
    exchange: Exchange,
    category: Category,
    comment: str,
    email: str = "",
) -> Receipt:
    """Save what this answer's reader saw, once. Raises ReviewError, LimitExceeded."""
    if exchange.answer is None:
        raise ValueError("only an answer can be reported")
    exchange.receipt = services.reports.file(
        frozen(conversation, exchange, exchange.answer),
        category,
        comment,
        email=email,
        session=conversation.session,
        address=conversation.address,
    )
    return exchange.receipt
