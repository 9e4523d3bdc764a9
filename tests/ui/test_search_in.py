"""Choosing where to search on the page, and what a question then carries."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ingest.filters import EVERYTHING, Filter
from tests.ui.fake_bot import FakeBot
from ui import strings
from ui.conversation import Conversation

DOCUMENTS = "search-in-documents"


@pytest.fixture
def bot() -> FakeBot:
    return FakeBot()


def page(bot: FakeBot, conversation: Conversation) -> AppTest:
    def script(bot: object, conversation: object) -> None:
        from ui.views.search_in import offer_search_in

        offer_search_in(conversation, bot)

    given = {"bot": bot, "conversation": conversation}
    return AppTest.from_function(script, default_timeout=120, kwargs=given).run()


def chip(test: AppTest) -> str:
    (button,) = test.button
    return button.label.replace("\\", "")


def test_what_can_be_read_is_offered_by_title(bot: FakeBot) -> None:
    test = page(bot, Conversation())
    assert not test.exception and not test.button
    assert test.multiselect(key=DOCUMENTS).options == ["Guide", "*Notes*"]


def test_a_choice_counts_for_the_next_questions(bot: FakeBot) -> None:
    conversation = Conversation()
    test = page(bot, conversation)
    test.multiselect(key=DOCUMENTS).set_value(["b.pdf"]).run()
    assert conversation.within == Filter(documents=("b.pdf",))
    assert chip(test) == strings.SEARCHING_IN.format(what="*Notes*")

    conversation.ask("Who sings?", bot)
    while conversation.unanswered:
        conversation.wait(0.2)
    assert bot.asked[0].within == Filter(documents=("b.pdf",))

    test.button[0].click().run()
    assert conversation.within == EVERYTHING and not test.button
    assert test.multiselect(key=DOCUMENTS).value == []
    conversation.ask("Who sings?", bot)
    while conversation.unanswered:
        conversation.wait(0.2)
    assert bot.asked[1].within == EVERYTHING


def test_a_choice_is_kept_while_another_page_is_shown(bot: FakeBot) -> None:
    conversation = Conversation(within=Filter(documents=("a.md", "gone.md"), types=("markdown",)))
    test = page(bot, conversation)
    assert test.multiselect(key=DOCUMENTS).value == ["a.md"]
    assert chip(test) == strings.SEARCHING_IN.format(
        what=strings.AND_MORE.format(what="Guide", n=1)
    )
