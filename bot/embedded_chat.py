"""SmolLM2 in this process, run by llama.cpp, as a LangChain chat model."""

from __future__ import annotations

import math
import os
import queue
import secrets
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import xllamacpp
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from ingest.errors import ModelError, ModelTimeout, ModelUnavailable
from ingest.model_pins import PinnedFiles

CONTEXT_TOKENS = 4096
PARALLEL = 2
NICENESS = 5
ANSWERING = "llama.cpp answer"  # the name of the thread
Result = TypeVar("Result")


class EmbeddedChat(BaseChatModel):
    """SmolLM2 in this process by llama.cpp, greedy; loaded when the first question comes.

    Safe to share between threads: two answers are written at once, others wait their turn.
    Besides `stop` it takes `max_tokens`, `grammar` (GBNF, llama.cpp's form of BNF) and `seconds`,
    which the whole answer may take. A consumer that stops iterating stops the model.
    """

    timeout: float = 60.0
    _files: PinnedFiles = PrivateAttr()

    def __init__(self, files: PinnedFiles, **values: Any) -> None:
        super().__init__(**values)
        self._files = files
        files.verify()

    def load(self) -> None:
        """Load the model now, which the first question would wait for."""
        _server(self._files.verify())

    @property
    def _llm_type(self) -> str:
        return "llama.cpp"

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
        grammar: str | None = None,
        seconds: float | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        request: dict[str, Any] = {
            "messages": convert_to_openai_messages(messages),
            "temperature": 0,
            "max_tokens": max_tokens,
            "stop": stop or [],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if grammar:
            request["grammar"] = grammar
        with closing(self._responses(request, seconds)) as responses:
            for response in responses:
                chunk = _to_chunk(response)
                if run_manager and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _responses(
        self, request: dict[str, Any], seconds: float | None
    ) -> Generator[dict[str, Any], None, None]:
        """Turn the callbacks of llama.cpp, which come from its call, into an iterator."""
        call = _Call(_server(self._files.verify()), request)
        end = math.inf if seconds is None else time.monotonic() + seconds
        try:
            while True:
                response = call.next(min(self.timeout, max(end - time.monotonic(), 0.0)))
                if response is None:
                    return
                if "error" in response:
                    raise ModelError(f"{self._files.name} refused: {response['error']['message']}.")
                yield response
        except queue.Empty:
            raise ModelTimeout(
                f"{self._files.name} took longer than it may.",
                hint="Ask again when the machine is less busy, or raise `model_timeout`.",
            ) from None
        finally:
            call.abandon()


class _Call:
    """One request to llama.cpp in a thread of its own, which hands over what its callback gets."""

    def __init__(self, server: xllamacpp.Server, request: dict[str, Any]) -> None:
        self._arrived: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()
        _in_a_thread(ANSWERING, self._work, server, request)

    def next(self, seconds: float) -> dict[str, Any] | None:
        """Return the next response, None after the last; raises what the call raised.

        Raises queue.Empty if none comes in that time.
        """
        response = self._arrived.get(timeout=seconds)
        if isinstance(response, Exception):
            raise response
        return response

    def abandon(self) -> None:
        """Have llama.cpp stop at its next token."""
        self._abandoned.set()

    def _work(self, server: xllamacpp.Server, request: dict[str, Any]) -> None:
        try:
            server.handle_chat_completions(request, self._receive)
            self._arrived.put(None)
        except Exception as error:
            self._arrived.put(error)

    def _receive(self, response: dict[str, Any]) -> bool:
        """Take a response; True has llama.cpp stop."""
        self._arrived.put(response)
        return self._abandoned.is_set() or not threading.main_thread().is_alive()


def _to_chunk(response: dict[str, Any]) -> ChatGenerationChunk:
    """Read a chunk of the OpenAI-like stream; the last one has usage and no choices."""
    choice: dict[str, Any] = next(iter(response["choices"]), {})
    message = AIMessageChunk(content=choice.get("delta", {}).get("content") or "")
    if usage := response.get("usage"):
        message.usage_metadata = UsageMetadata(
            input_tokens=usage["prompt_tokens"],
            output_tokens=usage["completion_tokens"],
            total_tokens=usage["total_tokens"],
        )
    reason = choice.get("finish_reason")
    info = {"finish_reason": reason} if reason else None
    return ChatGenerationChunk(message=message, generation_info=info)


_servers: dict[Path, xllamacpp.Server] = {}
_loading = threading.Lock()


def _server(weights: Path) -> xllamacpp.Server:
    """Return the one llama.cpp of this process, loaded in about half a second."""
    with _loading:
        if weights not in _servers:
            _servers[weights] = _in_a_thread("llama.cpp", _polite_server, weights).result()
        return _servers[weights]


def _polite_server(weights: Path) -> xllamacpp.Server:
    """Load llama.cpp; this thread and those that it starts give way to who looks for evidence.

    The model keeps all cores busy for a second or more, a search needs them for a tenth of one.
    Only Linux has a niceness for each thread (setpriority(2), Notes).
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    return xllamacpp.Server(_parameters(weights))


def _in_a_thread(name: str, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """Have work done in a thread that the interpreter waits for before it ends.

    A plain thread could start although nobody waits any more, and llama.cpp would crash when the
    interpreter is gone; an executor starts none from then on. Raises ModelUnavailable then.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        return executor.submit(work, *arguments)
    except RuntimeError:
        raise ModelUnavailable("The embedded model is being stopped.") from None
    finally:
        executor.shutdown(wait=False)


def _parameters(weights: Path) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx = CONTEXT_TOKENS * PARALLEL
    parameters.n_parallel = PARALLEL
    parameters.cpuparams.n_threads = 2
    parameters.warmup = False
    parameters.cache_ram_mib = 0  # else old prompts pile up to 8 GB
    # Read, not mapped: a file changed under a running process must not change the model.
    parameters.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    parameters.verbosity = -1
    # It opens a port on loopback that we do not use: nobody else shall.
    parameters.api_keys = [secrets.token_urlsafe(32)]
    parameters.endpoint_slots = parameters.endpoint_props = parameters.endpoint_metrics = False
    parameters.ui = False
    return parameters
