"""A chat model of an Ollama server, checked against its pin before and after every answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_ollama import ChatOllama
from pydantic import PrivateAttr

from ingest.errors import ModelError, ModelUnavailable
from ingest.ollama_server import OllamaModel

CONTEXT_STEP = 1_024
CONTEXT_MIN = 4_096
BYTES_PER_TOKEN = 3  # on the safe side: English has above four, Chinese writes three for one
TOKENS_PER_MESSAGE = 32


class OllamaChat(ChatOllama):
    """ChatOllama, greedy, with a context as large as each prompt needs.

    Ollama cuts a prompt that is longer than `num_ctx` without a word, and loads a model again
    when `num_ctx` changes: hence steps of 1,024. Besides `stop` it takes `max_tokens`. Raises
    ModelError whatever goes wrong.
    """

    _pinned: OllamaModel = PrivateAttr()

    def __init__(self, pinned: OllamaModel) -> None:
        super().__init__(
            model=pinned.model,
            base_url=pinned.host,
            client_kwargs=pinned.client_options,
            # Thinking would use up the answer's tokens; some servers refuse the word "think" for
            # models that cannot.
            reasoning=False if pinned.facts.thinks else None,
        )
        self._pinned = pinned

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int = 512,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        self._pinned.verify()
        options: dict[str, Any] = {
            "temperature": 0,
            "num_predict": max_tokens,
            "num_ctx": self._context_for(messages, max_tokens),
        }
        if stop:
            options["stop"] = stop
        done = False
        with self._pinned.translated():
            for chunk in super()._stream(messages, None, run_manager, options=options, **kwargs):
                done = bool((chunk.generation_info or {}).get("done"))
                yield chunk
        if not done:
            raise ModelUnavailable(f"The answer of {self._pinned.name} broke off.")
        self._pinned.verify_loaded()

    def _context_for(self, messages: list[BaseMessage], max_tokens: int) -> int:
        """Return `num_ctx`: room for the prompt and the answer, within what the model has."""
        size = sum(len(message.text.encode()) // BYTES_PER_TOKEN for message in messages)
        needed = size + TOKENS_PER_MESSAGE * len(messages) + max_tokens
        most = self._pinned.facts.context_tokens
        if needed > most:
            raise ModelError(
                f"The question with its evidence needs about {needed:,} tokens, and "
                f"{self._pinned.name} has {most:,}.",
                hint="Ask a shorter question or choose another model.",
            )
        steps = -(-needed // CONTEXT_STEP)
        return min(max(steps * CONTEXT_STEP, CONTEXT_MIN), most)
