"""The answering models: the embedded one, an Ollama server's, or any of LangChain's.

Each has a name and a digest, so that an answer says which weights wrote it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage

from bot.embedded_chat import CONTEXT_TOKENS, EmbeddedChat
from bot.limits import unwanted
from ingest.errors import ModelError, ModelTimeout, ModelUnavailable
from ingest.model_pins import SMOLLM2, PinnedFiles
from ingest.models import pinned_model, provider_errors
from ingest.ollama_server import OllamaModel
from ingest.settings import Settings

log = logging.getLogger(__name__)

ASSUMED_CONTEXT = 8_192
MIN_COMPOSING = 2_000_000_000  # weights below which a model joins true words into untrue sentences


@dataclass(frozen=True)
class NamedChatModel:
    """A chat model that says which weights it runs.

    `digest` is empty where a provider tells none. `context_tokens` bounds prompt and answer
    together. `composes` is False for a model that is too small to join facts, which may
    therefore only repeat sentences of the evidence. `constrained_by` is what its decoding can be
    held to: a GBNF grammar, a JSON schema, or nothing.
    """

    model: BaseChatModel
    name: str
    digest: str
    context_tokens: int
    composes: bool
    constrained_by: Literal["", "grammar", "schema"] = ""


def make_chat_model(settings: Settings) -> NamedChatModel:
    """Return the answering model that the settings name.

    Raises ModelError if it is missing, not the pinned one or its server cannot be asked,
    SettingsError if a provider's package is not installed.
    """
    name = settings.model
    pinned = pinned_model(name, SMOLLM2, settings)
    if isinstance(pinned, PinnedFiles):
        model = EmbeddedChat(pinned, timeout=settings.model_timeout)
        composes = settings.answer_mode == "compose"
        return NamedChatModel(
            model, pinned.name, pinned.digest, CONTEXT_TOKENS, composes, constrained_by="grammar"
        )
    if isinstance(pinned, OllamaModel):
        from bot.ollama_chat import OllamaChat  # a second to import, for those who need it

        digest = pinned.verify()
        return NamedChatModel(
            OllamaChat(pinned),
            pinned.name,
            digest,
            pinned.facts.context_tokens,
            composes=_composes(settings, pinned.facts.parameters),
            constrained_by="schema",
        )
    from langchain.chat_models import init_chat_model

    provider, _, model_name = name.partition(":")
    with provider_errors("model", name):
        other = init_chat_model(
            model_name,
            model_provider=provider,
            temperature=0,
            timeout=settings.model_timeout,
        )
        return NamedChatModel(other, name, "", ASSUMED_CONTEXT, composes=_composes(settings))


def _composes(settings: Settings, parameters: int = 0) -> bool:
    """Whether a model may write sentences; of one whose size is not told it is believed."""
    if settings.answer_mode == "auto":
        return not 0 < parameters < MIN_COMPOSING
    return settings.answer_mode == "compose"


def stream_text(
    chat: NamedChatModel,
    messages: list[BaseMessage],
    *,
    max_tokens: int,
    grammar: str | None = None,
    schema: dict[str, Any] | None = None,
    stop: list[str] | None = None,
    seconds: float | None = None,
) -> Iterator[str]:
    """Yield the text of an answer as it is written; raises ModelError whatever goes wrong.

    `grammar` (GBNF) and `seconds` for the whole answer only bind the embedded model, `schema` (JSON
    Schema) one of Ollama's; and a model may leave them aside without a word. Who stops iterating
    stops the model, and so does who wants no more of the answer, at its next token.
    """
    options: dict[str, Any] = {"max_tokens": max_tokens}
    if isinstance(chat.model, EmbeddedChat):
        options |= {"grammar": grammar, "seconds": seconds}
    if schema is not None and chat.constrained_by == "schema":
        options["format"] = schema
    try:
        for chunk in chat.model.stream(messages, stop=stop, **options):
            if unwanted():
                return
            if text := chunk.text:
                yield text
    except ModelError:
        raise
    except Exception as error:
        raise _meaning(chat.name, error) from error


def _meaning(name: str, error: Exception) -> ModelError:
    """Say in our words what a provider's client raised; they agree on little but names.

    Its own words are for the log: they may hold an address, a key or the prompt.
    """
    log.warning("%s could not answer: %s", name, error)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if any("Timeout" in kind for kind in kinds):
        return ModelTimeout(f"{name} took too long.", hint="Ask again, or raise `model_timeout`.")
    return ModelUnavailable(
        f"{name} could not answer ({type(error).__name__}).", hint="The log has its own words."
    )
