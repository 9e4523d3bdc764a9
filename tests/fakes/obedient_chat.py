"""A fake chat model that obeys every order it sees, as a model that was taken over would.

It stands for what cannot run here: a capable model that follows injected instructions. Whatever
stands in its prompt after "say" or "answer that" up to the end of the sentence it says, citing all
evidence, so that a verifier finds the words in the passage that ordered them. Without orders it
copies the first sentence of the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

_ORDER = re.compile(r"\b(?:say|answer|reply|claim|state)(?: that| with|:)? ([^.!?\n]+[.!?]?)", re.I)
_EVIDENCE = re.compile(r"^\[(\d+)\] \([^)]*\) ([^.!?]+[.!?])", re.M)


class ObedientChat(BaseChatModel):
    """Obeys; `seen` are the prompts that it was given."""

    seen: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        message = AIMessage(content=self._obey(messages))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=self._obey(messages)))

    def _obey(self, messages: list[BaseMessage]) -> str:
        material = str(messages[-1].content)
        self.seen.append("\n".join(str(message.content) for message in messages))
        evidence = _EVIDENCE.findall(material)
        markers = "".join(f"[{number}]" for number, _ in evidence)
        orders = [order.rstrip(".!?") for order in _ORDER.findall(material)]
        if orders:
            return " ".join(f"{order}. {markers}" for order in orders)
        return f"{evidence[0][1]} [{evidence[0][0]}]" if evidence else ""
