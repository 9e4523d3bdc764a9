"""The optional guard model: a second opinion on question and answer, from an Ollama server.

Two families are known, each asked as its documentation says. Llama Guard 3 (Meta, "Llama Guard 3"
model card; Ollama's page of `llama-guard3`) is shown the conversation and answers "safe", or
"unsafe" and on the next line the hazards ("S1,S2"). Granite Guardian 3.0 (IBM; Ollama's page of
`granite3-guardian`) takes the name of a risk as its system prompt and answers "Yes" or "No".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from bot.chat_models import NamedChatModel, make_chat_model, stream_text
from bot.checks import Objection
from ingest.errors import ModelError, ModelIntegrityError, ModelUnavailable, SettingsError
from ingest.settings import Settings

log = logging.getLogger(__name__)

REASON = "rule:guard-model"
UNSAFE_MESSAGE = "I leave that alone: the model that checks my questions and answers objects to it."
UNAVAILABLE_MESSAGE = (
    "The model that checks my questions and answers cannot be asked right now, so I do not answer. "
    "Please try again later."
)
MAX_TOKENS = 40


@dataclass(frozen=True)
class Family:
    """How one family of guard models is asked and how it answers (patterns of its whole answer).

    `question_risks` and `answer_risks` are system prompts, each asked about by itself; an empty
    one means no system prompt.
    """

    question_risks: tuple[str, ...]
    answer_risks: tuple[str, ...]
    fine: re.Pattern[str]
    unsafe: re.Pattern[str]


FAMILIES = {
    "llama-guard3": Family(
        question_risks=("",),
        answer_risks=("",),
        fine=re.compile(r"safe"),
        unsafe=re.compile(r"unsafe(?:\s+S\d{1,2}(?:\s*,\s*S\d{1,2})*)?"),
    ),
    "granite3-guardian": Family(
        question_risks=("jailbreak", "harm"),
        answer_risks=("harm",),
        fine=re.compile(r"No"),
        unsafe=re.compile(r"Yes"),
    ),
}


class GuardModel:
    """Asks a guard model about questions and finished answers; fails closed.

    A verdict that is neither yes nor no, a server that is down or too slow are objections, and
    are logged. Raises ModelIntegrityError if the model is not the pinned one.

    Not covered: what the guard model itself misses. It is a model too, and knows nothing of the
    pack; the pack's rules and the scope gate do not depend on it.
    """

    def __init__(self, chat: NamedChatModel, family: Family) -> None:
        self.name = chat.name
        self._chat = chat
        self._family = family

    def question(self, question: str) -> Objection | None:
        """Return an objection to a question, if there is one."""
        return self._judge([HumanMessage(question)], self._family.question_risks)

    def answer(self, question: str, answer: str) -> Objection | None:
        """Return an objection to an answer to a question, if there is one."""
        messages = [HumanMessage(question), AIMessage(answer)]
        return self._judge(messages, self._family.answer_risks)

    def _judge(self, messages: Sequence[BaseMessage], risks: Sequence[str]) -> Objection | None:
        try:
            unsafe = any(self._is_unsafe(messages, risk) for risk in risks)
        except ModelIntegrityError:
            raise
        except ModelError as error:
            log.warning("The guard model gave no verdict, so nothing is answered: %s", error)
            return Objection(REASON, UNAVAILABLE_MESSAGE)
        return Objection(REASON, UNSAFE_MESSAGE) if unsafe else None

    def _is_unsafe(self, messages: Sequence[BaseMessage], risk: str) -> bool:
        named = [SystemMessage(risk), *messages] if risk else list(messages)
        said = "".join(stream_text(self._chat, named, max_tokens=MAX_TOKENS)).strip()
        if self._family.unsafe.fullmatch(said):
            return True
        if self._family.fine.fullmatch(said):
            return False
        raise ModelUnavailable(f"{self.name} gave a verdict that is none: {said[:80]!r}.")


def make_guard_model(settings: Settings) -> GuardModel | None:
    """Return the guard model that the settings name, None if they name none.

    Raises SettingsError for a model of no known family, ModelError if it is missing, not the
    pinned one or its server cannot be asked.
    """
    if not settings.guard_model:
        return None
    name = settings.guard_model.partition(":")[2].rpartition("/")[2].partition(":")[0]
    if name not in FAMILIES:
        raise SettingsError(
            f"Setting 'guard_model' has the value {settings.guard_model!r}, which is no guard "
            "model that is known here.",
            hint=f"Choose one of {', '.join(f'ollama:{family}' for family in FAMILIES)}.",
        )
    chat = make_chat_model(settings.model_copy(update={"model": settings.guard_model}))
    return GuardModel(chat, FAMILIES[name])
