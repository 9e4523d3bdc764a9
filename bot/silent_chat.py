"""A chat model that says nothing, for measuring all that comes before writing.

Which questions a bot lets through, and with which evidence, does not hang on the model; with this
one it quotes the evidence at once, and the same question ends the same way on any machine.
"""

from __future__ import annotations

from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from bot.chat_models import NamedChatModel


class SilentChat(BaseChatModel):
    """Answers every prompt with the empty text."""

    @property
    def _llm_type(self) -> str:
        return "silent"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=""))])


def silent_chat() -> NamedChatModel:
    """Return the silent model, named so that no answer passes for another's."""
    return NamedChatModel(SilentChat(), "silent", "", context_tokens=8_192, composes=False)
