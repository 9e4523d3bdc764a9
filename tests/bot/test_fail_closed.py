"""Whatever breaks or hangs on a question's way, nothing unchecked is shown, and the log has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from bot import pipeline, writer
from bot.answer import Answer, EvidenceFound, Finished, Question, Sentence, Waiting
from bot.chat_models import NamedChatModel
from bot.pipeline import Bot
from bot.reasons import is_known
from ingest.embeddings import make_embeddings
from ingest.errors import IndexDamaged, ModelIntegrityError, ModelTimeout
from ingest.index import Index
from tests.packs import Pack

TABLE_QUESTION = "What is the wingspan of a magpie?"
GUIDE_QUESTION = "What do finches eat?"
INVENTION = "Finches eat 40 grams of bread a day"
# How long an answer may take until a stage that hangs is reached: a slow machine needs the later.
ANSWER_SECONDS = (0.25, 1.0, 4.0, 16.0)
LONG = 60.0


class HostileChat(BaseChatModel):
    """A stand-in for a model that always invents."""

    @property
    def _llm_type(self) -> str:
        return "hostile"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=INVENTION))])

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=f"{INVENTION}. [1] "))


@pytest.fixture(scope="module")
def shared(indexed_pack: Pack) -> Iterator[Bot]:
    chat = NamedChatModel(HostileChat(), "hostile", "sha256:0", 4096, composes=True)
    settings = indexed_pack.settings.model_copy(update={"concurrent_answers": 1})
    index = Index(indexed_pack.card, indexed_pack.paths, make_embeddings(settings))
    with Bot(index, chat, settings) as bot:
        bot.warm_up()
        for question in (TABLE_QUESTION, GUIDE_QUESTION):
            assert bot.answer(Question(text=question)).status == "answered"
        yield bot


@pytest.fixture
def bot(shared: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.setattr(shared._limits, "answer_seconds", LONG)
    return shared


@dataclass(frozen=True)
class Stage:
    """Where on the way something is broken: the owner of a method, found in a bot."""

    name: str
    owner: Callable[[Bot], object]
    method: str
    question: str = GUIDE_QUESTION


STAGES = [
    Stage("rules", lambda bot: bot._guards, "current"),
    Stage("guard", lambda bot: type(bot._guards.current()), "question"),
    Stage("index", lambda bot: bot.index, "snapshot"),
    Stage("embedding", lambda bot: bot._retriever, "embed_query"),
    Stage("small talk", lambda bot: bot._small_talk, "reply"),
    Stage("plan", lambda bot: bot._planning, "planner"),
    Stage("records", lambda bot: bot._planning, "run", TABLE_QUESTION),
    Stage("scope", lambda bot: bot._scope, "score"),
    Stage("retrieval", lambda bot: bot._retriever, "search"),
    Stage("support", lambda bot: pipeline, "judge_support"),
    Stage("writer", lambda bot: bot._writer, "write"),
    Stage("model", lambda bot: HostileChat, "_stream"),
    Stage("verifier", lambda bot: writer, "verify"),
    Stage("answer guard", lambda bot: type(bot._guards.current()), "sentence"),
    Stage("answer guard of a table", lambda bot: type(bot._guards.current()), "sentence",
          TABLE_QUESTION),
]  # fmt: skip
each_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


def seen(bot: Bot, question: str) -> tuple[list[str], Answer]:
    """Return every sentence that was shown on the way, and the answer at its end."""
    *events, last = bot.stream(Question(text=question))
    assert isinstance(last, Finished)
    return [event.text for event in events if isinstance(event, Sentence)], last.answer


def assert_nothing_was_shown(sentences: list[str], answer: Answer) -> None:
    assert sentences == []
    assert INVENTION not in answer.text and "a bug" not in answer.text
    assert (answer.citations, answer.evidence, answer.table) == ((), (), None)
    assert is_known(answer.reason) and answer.reason


def test_a_hostile_model_alone_shows_nothing_of_its_own(bot: Bot) -> None:
    sentences, answer = seen(bot, GUIDE_QUESTION)

    assert answer.dropped_sentences == 1
    assert INVENTION not in " ".join([answer.text, *sentences])
    assert "sunflower hearts" in answer.text


@each_stage
def test_a_stage_that_breaks(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stage: Stage
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(stage.owner(bot), stage.method, broken)
    sentences, answer = seen(bot, stage.question)

    assert_nothing_was_shown(sentences, answer)
    assert answer.status in ("failed", "blocked")
    assert "a bug" in caplog.text


@each_stage
def test_a_stage_that_hangs(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stage: Stage
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    sound = getattr(stage.owner(bot), stage.method)

    def hanging(*args: object, **more: object) -> object:
        reached.set()
        assert go_on.wait(LONG)
        return sound(*args, **more)

    monkeypatch.setattr(stage.owner(bot), stage.method, hanging)
    started = time.monotonic()
    for seconds in ANSWER_SECONDS:
        monkeypatch.setattr(bot._limits, "answer_seconds", seconds)
        sentences, answer = seen(bot, stage.question)
        if reached.is_set():
            break

    assert reached.is_set()
    assert time.monotonic() - started < LONG, "it ends before what hangs does"
    assert_nothing_was_shown(sentences, answer)
    assert (answer.status, answer.reason) == ("failed", "limit")
    assert "longer than it may" in answer.text
    assert "was not answered (limit)" in caplog.text

    go_on.set()
    monkeypatch.undo()
    # The only place in the line is free again, and the late answer went nowhere.
    assert seen(bot, stage.question)[1].status == "answered"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelIntegrityError("Swapped."), "integrity"),
        (ModelTimeout("Slow."), "unavailable"),
        (IndexDamaged("Broken."), "unavailable"),
    ],
)
@each_stage
def test_what_a_stage_says_about_itself_is_said(
    bot: Bot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stage: Stage,
    error: Exception,
    reason: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(stage.owner(bot), stage.method, broken)
    sentences, answer = seen(bot, stage.question)

    assert_nothing_was_shown(sentences, answer)
    assert (answer.status, answer.reason) == ("failed", reason)
    if stage.name != "model" or not isinstance(error, IndexDamaged):  # a provider's, not ours
        assert answer.text == str(error)
    assert f"was not answered ({reason})" in caplog.text


def test_a_guard_that_breaks_late_takes_back_what_was_shown(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is what counts: sentences before it were checked, but are half of something."""
    guard = type(bot._guards.current())
    sound, calls = guard.sentence, [0]

    def breaks_at_the_second(self: Any, text: str) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise ZeroDivisionError("a bug")
        return sound(self, text)

    monkeypatch.setattr(guard, "sentence", breaks_at_the_second)
    question = "What do finches eat, and what is the wingspan of a magpie?"
    sentences, answer = seen(bot, question)

    assert len(sentences) == 1
    assert (answer.status, answer.reason) == ("failed", "error")
    assert sentences[0] not in answer.text and not answer.citations


def test_counting_that_breaks_does_not_stop_an_answer(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from bot.reason_counts import ReasonCounts

    (tmp_path / "file").touch()
    counts = ReasonCounts(tmp_path / "file" / "counts.sqlite3")
    monkeypatch.setattr(bot, "_counters", (counts,))

    assert seen(bot, GUIDE_QUESTION)[1].status == "answered"
    assert "could not be counted" in caplog.text


# --- the line ---------------------------------------------------------------------------------


def test_who_comes_second_is_told_the_place_and_served_next(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on, sound = threading.Event(), threading.Event(), bot._scope.score

    def slow(*args: Any) -> Any:
        reached.set()
        assert go_on.wait(20)
        return sound(*args)

    monkeypatch.setattr(bot._scope, "score", slow)
    first = threading.Thread(target=seen, args=(bot, GUIDE_QUESTION))
    first.start()
    assert reached.wait(20)

    events = bot.stream(Question(text="hi"))
    assert next(events) == Waiting(place=1)
    third = bot.stream(Question(text="hi"))
    assert next(third) == Waiting(place=2)
    third.close()  # has gone, and nobody waits for who has gone
    go_on.set()
    first.join()
    *places, last = list(events)

    assert places[-1] == Waiting(place=0)
    assert isinstance(last, Finished) and last.answer.status == "answered"
    assert last.answer.timings_ms["wait"] > 0


def test_a_stream_that_is_left_in_the_middle_frees_its_place(bot: Bot) -> None:
    events = bot.stream(Question(text=GUIDE_QUESTION))
    next(events)
    events.close()

    *_, last = bot.stream(Question(text="hi"))
    assert isinstance(last, Finished) and last.answer.status == "answered"


def test_a_full_line_is_a_friendly_sentence(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bot._limits.line, "_length", 0)
    with bot._limits.line.turn():
        answer = bot.answer(Question(text="hi"))

    assert (answer.status, answer.reason) == ("failed", "limit")
    assert answer.text.startswith("Too many people are asking")
    assert "was not answered (limit)" in caplog.text


def test_evidence_does_not_wait_for_what_is_being_written(bot: Bot) -> None:
    with bot._limits.writing_line.turn():
        waiting = [bot.stream(Question(text=GUIDE_QUESTION)) for _ in range(2)]
        for place, events in enumerate(waiting, 1):
            told = (event for event in events if event != Waiting(place=0))
            found = next(told)
            assert isinstance(found, EvidenceFound) and found.evidence
            assert next(told) == Waiting(place=place)
    for events in waiting:
        *_, last = events
        assert isinstance(last, Finished) and last.answer.status == "answered"
        assert last.answer.timings_ms["wait"] > 0


def test_a_full_line_before_the_model_is_a_friendly_sentence(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot._limits.writing_line, "_length", 0)
    with bot._limits.writing_line.turn():
        answer = bot.answer(Question(text=GUIDE_QUESTION))
    assert (answer.status, answer.reason) == ("failed", "limit")


def test_one_address_with_many_sessions_has_one_limit(indexed_pack: Pack, bot: Bot) -> None:
    settings = indexed_pack.settings.model_copy(update={"address_questions_per_minute": 2})
    with Bot(Index(bot.card, indexed_pack.paths, bot.index.embeddings), bot.chat, settings) as one:
        answers = [
            one.answer(Question(text="hi", session=f"s{n}", address=f"2001:db8::{n}"))
            for n in range(3)
        ]

    assert [answer.status for answer in answers] == ["answered", "answered", "blocked"]
    assert answers[-1].reason == "limit"
