from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from bot.answer import Answer, Event, Question, Waiting
from tests.ui.fake_bot import FakeBot, answered
from ui.conversation import (
    TURNS_REMEMBERED,
    Conversation,
)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.005)


def ask(conversation: Conversation, bot: FakeBot, *questions: str) -> None:
    for question in questions:
        conversation.ask(question, bot)
        wait_until(lambda: not conversation.unanswered)


def test_an_answer_comes_with_its_sources() -> None:
    conversation, bot = Conversation(), FakeBot()
    ask(conversation, bot, "Who sings?")
    (exchange,) = conversation.exchanges
    assert exchange.answer is not None and exchange.answer.text == "Wrens sing [1]."
    assert [cited.quote for cited in exchange.answer.citations] == ["Wrens sing."]


def test_a_question_asked_meanwhile_waits_and_neither_is_lost() -> None:
    conversation, bot = Conversation(), FakeBot()
    bot.hold()
    conversation.ask("first", bot)
    wait_until(lambda: bool(conversation.exchanges[0].evidence))
    conversation.ask("second", bot)
    assert [e.started for e in conversation.exchanges] == [True, False]
    bot.go_on.set()
    wait_until(lambda: not conversation.unanswered)
    assert [q.text for q in bot.asked] == ["first", "second"]
    # The second could refer to the first's answer.
    assert [turn.question for turn in bot.asked[1].history] == ["first"]


def test_sentences_can_be_seen_before_the_end() -> None:
    conversation, bot = Conversation(), FakeBot({"q": answered("q", "One.\nTwo.")})
    bot.hold()
    conversation.ask("q", bot)
    wait_until(lambda: bool(conversation.exchanges[0].evidence))
    assert conversation.exchanges[0].sentences == ()
    bot.go_on.set()
    wait_until(lambda: not conversation.unanswered)
    assert conversation.exchanges[0].sentences == ("One.", "Two.")


def test_only_the_last_turns_are_remembered() -> None:
    conversation, bot = Conversation(), FakeBot()
    ask(conversation, bot, *(f"q{i}" for i in range(TURNS_REMEMBERED + 3)))
    history = bot.asked[-1].history
    assert [turn.question for turn in history] == [f"q{i}" for i in range(2, TURNS_REMEMBERED + 2)]
    assert history[0].answer == "Wrens sing [1]."


def test_all_questions_of_a_visit_carry_the_same_session_and_visits_differ() -> None:
    bot, one, two = FakeBot(), Conversation(), Conversation()
    ask(one, bot, "a", "b")
    ask(two, bot, "c")
    first, second, third = (question.session for question in bot.asked)
    assert first == second != third


def test_a_bot_that_breaks_gives_a_kind_answer_and_the_next_question_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    conversation, bot = Conversation(), FakeBot({"bad": RuntimeError("broken")})
    ask(conversation, bot, "bad", "good")
    bad, good = (exchange.answer for exchange in conversation.exchanges)
    assert bad is not None and bad.status == "failed" and "broken" not in bad.text
    assert good is not None and good.status == "answered"
    assert "broken" in caplog.text


def test_a_closed_conversation_ends_what_it_was_doing() -> None:
    conversation, bot = Conversation(), FakeBot({"q": answered("q", "One.\nTwo.")})
    bot.hold()
    conversation.ask("q", bot)
    conversation.ask("never", bot)
    wait_until(lambda: bool(conversation.exchanges[0].evidence))
    conversation.close()
    bot.go_on.set()
    wait_until(lambda: bot.ended == 1)
    assert [question.text for question in bot.asked] == ["q"]
    assert conversation.exchanges[0].answer is None


def test_the_place_in_line_is_known_while_waiting() -> None:
    class BusyBot(FakeBot):
        def stream(self, question: Question) -> Iterator[Event]:
            yield Waiting(place=3)
            assert self.go_on.wait(60)
            yield Waiting(place=0)
            yield from super().stream(question)

    conversation, bot = Conversation(address="203.0.113.9"), BusyBot()
    bot.hold()
    conversation.ask("q", bot)
    wait_until(lambda: conversation.exchanges[0].place == 3)
    bot.go_on.set()
    wait_until(lambda: not conversation.unanswered)
    assert conversation.exchanges[0].place == 0
    assert bot.asked[0].address == "203.0.113.9"


def test_a_stopped_answer_keeps_what_was_said_and_the_next_question_is_answered() -> None:
    conversation, bot = Conversation(), FakeBot({"q": answered("q", "One.\nTwo.")})
    bot.hold()
    conversation.ask("q", bot)
    wait_until(lambda: bool(conversation.exchanges[0].evidence))
    conversation.stop()
    assert conversation.unanswered == []
    conversation.ask("next", bot)
    bot.go_on.set()
    wait_until(lambda: not conversation.unanswered)
    stopped, after = conversation.exchanges
    assert (stopped.answer, stopped.stopped) == (None, True)
    assert after.answer is not None and not after.stopped
    assert bot.ended == 2, "the generator of the stopped answer was ended"


def test_the_last_question_is_put_otherwise_and_again_in_its_place() -> None:
    conversation, bot = Conversation(), FakeBot()
    ask(conversation, bot, "one", "two")
    first, last = conversation.exchanges
    conversation.edit(last)
    ask(conversation, bot, "another")
    assert [e.question for e in conversation.exchanges] == ["one", "another"]
    assert [turn.question for turn in bot.asked[-1].history] == ["one"]
    conversation.ask_again(conversation.exchanges[-1], bot)
    wait_until(lambda: not conversation.unanswered)
    assert [q.text for q in bot.asked] == ["one", "two", "another", "another"]
    assert len(conversation.exchanges) == 2
    conversation.ask_again(first, bot)
    assert len(bot.asked) == 4, "only the last can be asked again"


def test_what_could_be_asked_next_never_costs_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    class StuckBot(FakeBot):
        def follow_ups(self, answer: Answer) -> tuple[str, ...]:
            raise OSError("gone")

    conversation = Conversation()
    ask(conversation, StuckBot(), "q")
    assert conversation.exchanges[0].answer is not None
    assert conversation.exchanges[0].follow_ups == ()
    assert "gone" in caplog.text
