"""Callbacks that Streamlit ends for the press that follows: done whole, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.state import session_state_proxy
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

from bot.review import Receipt
from tests.ui.fake_bot import FakeBot
from ui.conversation import Conversation, Exchange
from ui.in_hand import in_hand
from ui.views import chat, reporting


class PressedMeanwhile(BaseException):
    """Stands for Streamlit's RerunException, which is no Exception either."""


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Begin a session with these values, in which the next press has come already."""

    def begin(**values: Any) -> None:
        state = SessionState()
        for name, value in values.items():
            state[name] = value

        def end() -> None:
            raise PressedMeanwhile

        session = SafeSessionState(state, end)
        monkeypatch.setattr(session_state_proxy, "get_session_state", lambda: session)

    yield begin


def test_what_is_in_hand_is_read_whatever_was_pressed(pressed: Callable[..., None]) -> None:
    pressed(name="wren")
    with pytest.raises(PressedMeanwhile):
        st.session_state["name"]
    assert in_hand("name") == "wren"
    assert in_hand("other", 3) == 3


def test_a_question_that_was_typed_is_asked(pressed: Callable[..., None]) -> None:
    conversation = Conversation()
    pressed(question="q", conversation=conversation)
    chat._ask_typed(FakeBot())
    assert [exchange.question for exchange in conversation.exchanges] == ["q"]


def test_a_conversation_is_not_closed_before_there_is_another(
    pressed: Callable[..., None],
) -> None:
    conversation = Conversation()
    pressed(conversation=conversation)
    with pytest.raises(PressedMeanwhile):
        chat._start_anew(conversation)
    conversation.ask("q", FakeBot())
    give_up = time.monotonic() + 30
    while not conversation.exchanges[0].over and time.monotonic() < give_up:
        conversation.wait(0.1)
    assert conversation.exchanges[0].answer is not None


def test_a_report_is_saved_once_and_listed(
    pressed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, sent, receipts = Exchange("k", "q"), list[str](), list[str]()

    def filed(*given: Any) -> Receipt:
        sent.append(given[4])
        exchange.receipt = Receipt(reference="R-7K3M9Q", token="t", repeated=False)
        return exchange.receipt

    monkeypatch.setattr(reporting, "file_report", filed)
    session = {"comment-k": "wrong", "email-k": "", reporting.RECEIPTS: receipts}
    pressed(**session)
    with pytest.raises(PressedMeanwhile):  # only once everything is done
        reporting._send(None, Conversation(), exchange, "other")  # type: ignore[arg-type]
    reporting._send(None, Conversation(), exchange, "other")  # type: ignore[arg-type]
    assert (sent, receipts) == (["wrong"], ["R-7K3M9Q"])
