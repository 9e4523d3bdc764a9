"""One visitor's questions and answers, made one after another in a thread of their own.

Streamlit ends a script run at any moment: when something is clicked, typed or reloaded. The
answering thread does not notice, so no answer is left half-made and no question is lost; each
run of the script draws what is there by then.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, cast

from bot.answer import (
    Answer,
    Event,
    Evidence,
    EvidenceFound,
    Finished,
    Question,
    Sentence,
    Turn,
    Waiting,
)
from bot.review.views import Receipt
from ingest.filters import EVERYTHING, Filter
from ingest.index import DocumentInfo
from ui import strings

log = logging.getLogger(__name__)

TURNS_REMEMBERED = 6


class ChatBot(Protocol):
    """What a conversation needs of the bot."""

    def stream(self, question: Question) -> Iterator[Event]:
        """Yield what can be shown as soon as it may be; the last event is Finished."""
        ...

    def documents(self) -> list[DocumentInfo]:
        """Return all documents that there are to search, by name."""
        ...

    def follow_ups(self, answer: Answer) -> tuple[str, ...]:
        """Return what can be asked after an answer, and has an answer itself."""
        ...


@dataclass
class Exchange:
    """A question and as much of its answer as there is; only the answering thread writes.

    `place` is that in the line of all visitors, 0 when it is the question's turn. `answer` is set
    when all of it is there, and it is `settled` when what could be asked next is known too. Of a
    question that the visitor has `stopped` there is no more than what was said by then. `receipt`
    is that of the report which the visitor made of this answer.
    """

    key: str
    question: str
    evidence: tuple[Evidence, ...] = ()
    sentences: tuple[str, ...] = ()
    started: bool = False
    place: int = 0
    within: Filter = EVERYTHING
    follow_ups: tuple[str, ...] = ()
    settled: bool = False
    answer: Answer | None = None
    stopped: bool = False
    receipt: Receipt | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.stopped or self.answer is not None


@dataclass
class Conversation:
    """The exchanges of one visit. Ask from any thread; draw from any thread.

    `address` is where the visitor is, for the limit of questions a minute. `within` is the part of
    the corpus that the next questions are about. `editing` is the key of the last exchange while
    its question is being changed: what is asked next takes its place.
    """

    session: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    address: str = ""
    within: Filter = EVERYTHING
    exchanges: list[Exchange] = field(default_factory=list)
    editing: str = ""

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._answering: threading.Thread | None = None
        self._closed = False

    def ask(self, text: str, bot: ChatBot) -> None:
        """Put a question in line; how many may come at once is for the bot to say."""
        with self._changed:
            if self.editing and self.exchanges[-1:] and self.exchanges[-1].key == self.editing:
                self.exchanges.pop().stopped = True
            self.editing = ""
            self.exchanges.append(Exchange(secrets.token_hex(4), text, within=self.within))
            if self._answering is None:
                self._answering = threading.Thread(
                    target=self._answer_all, args=(bot,), name="answering", daemon=True
                )
                self._answering.start()

    @property
    def unanswered(self) -> list[Exchange]:
        """The questions of which something is still to come, in the order they were asked."""
        return [exchange for exchange in self.exchanges if not exchange.over]

    @property
    def unsettled(self) -> bool:
        """Whether something may still come below the last answer."""
        return any(one.answer is not None and not one.settled for one in self.exchanges[-1:])

    def stop(self) -> None:
        """Keep what was said by now; the model is told at its next word."""
        with self._changed:
            for exchange in self.unanswered:
                exchange.stopped = True
            self._changed.notify_all()

    def edit(self, exchange: Exchange) -> None:
        """Let the next question take the place of this one, if it is the last."""
        self.editing = exchange.key

    def ask_again(self, exchange: Exchange, bot: ChatBot) -> None:
        """Put the last question once more, in the place of its answer, where it was put before."""
        if exchange is self.exchanges[-1] and exchange.over:
            self.edit(exchange)
            chosen, self.within = self.within, exchange.within
            self.ask(exchange.question, bot)
            self.within = chosen

    def wait(self, seconds: float) -> None:
        """Wait until something has changed, or until the time is over."""
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        """Let the answer that is being made end at its next word, and drop those after it."""
        with self._changed:
            self._closed = True

    def before(self, exchange: Exchange) -> list[Exchange]:
        """Return the earlier exchanges that the bot knew of when it answered, oldest first."""
        return self.exchanges[: self.exchanges.index(exchange)][-TURNS_REMEMBERED:]

    # --- in the answering thread --------------------------------------------------------------

    def _answer_all(self, bot: ChatBot) -> None:
        while (exchange := self._next()) is not None:
            answer = self._answer(exchange, bot)
            if answer is not None and not exchange.stopped:
                self._tell(exchange, answer=answer)
                # What waits is worth more than what could be asked next.
                following = () if self.unanswered else _follow_ups(answer, bot)
                self._tell(exchange, follow_ups=following, settled=True)

    def _next(self) -> Exchange | None:
        """Return the next question; with none left, the thread is over before the lock is."""
        with self._changed:
            if self._closed or not self.unanswered:
                self._answering = None
                return None
            return self.unanswered[0]

    def _answer(self, exchange: Exchange, bot: ChatBot) -> Answer | None:
        """Follow the bot's events to the whole answer; None if nobody wants it any more."""
        self._tell(exchange, started=True)
        try:
            # The bot yields from generators, which a `return` from the middle has to end here.
            with closing(cast("_Closable", bot.stream(self._question(exchange)))) as events:
                for event in events:
                    if isinstance(event, Finished):
                        return event.answer
                    if self._closed or exchange.stopped:
                        return None
                    self._hear(exchange, event)
        except Exception:
            log.exception("A question could not be answered")
        return Answer(
            question=exchange.question, status="failed", reason="error", text=strings.BROKEN
        )

    def _question(self, exchange: Exchange) -> Question:
        return Question(
            text=exchange.question,
            history=self._history(),
            id=exchange.key,
            session=self.session,
            address=self.address,
            within=exchange.within,
        )

    def _hear(self, exchange: Exchange, event: Waiting | EvidenceFound | Sentence) -> None:
        match event:
            case Waiting():
                self._tell(exchange, place=event.place)
            case EvidenceFound():
                self._tell(exchange, evidence=event.evidence)
            case Sentence():
                self._tell(exchange, sentences=(*exchange.sentences, event.text))

    def _tell(self, exchange: Exchange, **news: object) -> None:
        with self._changed:
            for name, value in news.items():
                setattr(exchange, name, value)
            self._changed.notify_all()

    def _history(self) -> tuple[Turn, ...]:
        answered = [exchange.answer for exchange in self.exchanges if exchange.answer is not None]
        return tuple(
            Turn(question=answer.question, answer=answer.text, plan=answer.plan)
            for answer in answered[-TURNS_REMEMBERED:]
        )


class _Closable(Iterator[Event], Protocol):
    def close(self) -> None: ...


def _follow_ups(answer: Answer, bot: ChatBot) -> tuple[str, ...]:
    try:
        return bot.follow_ups(answer)
    except Exception:
        # The answer is in hand; what could be asked next is only a convenience.
        log.exception("No questions to ask next could be found")
        return ()
