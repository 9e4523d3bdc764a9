from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

import bot.embedded_chat
from bot.chat_models import NamedChatModel, make_chat_model, stream_text
from bot.prompts import choice_grammar
from ingest.errors import (
    ModelError,
    ModelIntegrityError,
    ModelMissing,
    ModelTimeout,
    ModelUnavailable,
    SettingsError,
)
from ingest.model_pins import SMOLLM2, ModelPins
from ingest.settings import Settings
from tests.fakes.fake_ollama import FakeModel, FakeOllama

ROOT = Path(__file__).resolve().parents[2]
CAPITAL: list[BaseMessage] = [HumanMessage("What is the capital of France? Say one sentence.")]
TASKS = Path("/proc/self/task")
STORY: list[BaseMessage] = [HumanMessage("Tell a very long story about a dragon.")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_file=tmp_path / "models.toml", model_timeout=120)


@pytest.fixture
def embedded(settings: Settings) -> NamedChatModel:
    return make_chat_model(settings)


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(FakeModel(name="llama3.2:latest")) as running:
        yield running


@pytest.fixture
def ollama(settings: Settings, server: FakeOllama) -> Settings:
    """Settings that name the server's model, which is pinned."""
    pins = ModelPins(settings.models_file)
    pins.trust("ollama:llama3.2", {"digest": f"sha256:{server.models[0].digest}"})
    return settings.model_copy(update={"model": "ollama:llama3.2", "ollama_host": server.url})


def _say(chat: NamedChatModel, messages: list[BaseMessage], **options: Any) -> str:
    return "".join(stream_text(chat, messages, **{"max_tokens": 40, **options}))


# --- the embedded model -----------------------------------------------------------------------


def test_the_embedded_model_says_what_it_is(embedded: NamedChatModel) -> None:
    assert embedded.name == "SmolLM2-135M-Instruct"
    assert embedded.digest == SMOLLM2.files[SMOLLM2.weights]
    assert not embedded.composes
    assert SMOLLM2.package not in sys.modules


def test_the_embedded_model_answers_in_pieces_and_again_the_same(embedded: NamedChatModel) -> None:
    pieces = list(stream_text(embedded, CAPITAL, max_tokens=40))
    assert len(pieces) > 3
    assert "".join(pieces) == "The capital of France is Paris."
    assert _say(embedded, CAPITAL) == "The capital of France is Paris."


def test_a_whole_answer_has_its_usage(embedded: NamedChatModel) -> None:
    message = embedded.model.invoke(CAPITAL)
    assert message.text == "The capital of France is Paris."
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 8
    assert message.response_metadata["finish_reason"] == "stop"


def test_the_answer_obeys_its_limits(embedded: NamedChatModel) -> None:
    message = embedded.model.invoke(STORY, max_tokens=7)
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 7
    assert message.response_metadata["finish_reason"] == "length"
    assert _say(embedded, CAPITAL, stop=["France"]).strip() == "The capital of"
    assert _say(embedded, CAPITAL, grammar='root ::= "Perhaps" | "Never"') in ("Perhaps", "Never")


@pytest.mark.parametrize(
    "sentence", ['He said "no" \\ twice.', "Zażółć: 5–7 %, naïve 学費.", "Line one\n\tline two."]
)
def test_any_sentence_can_be_all_that_a_grammar_allows(
    embedded: NamedChatModel, sentence: str
) -> None:
    assert _say(embedded, CAPITAL, grammar=choice_grammar([sentence]), max_tokens=80) == sentence


def test_who_stops_listening_stops_the_model(embedded: NamedChatModel) -> None:
    answers = [stream_text(embedded, STORY, max_tokens=3_000) for _ in range(2)]
    for answer in answers:
        next(answer)
        answer.close()  # type: ignore[attr-defined]
    assert _say(embedded, CAPITAL)
    _wait_until(lambda: not _writing())  # long before the stories would have ended


def _writing() -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith(bot.embedded_chat.ANSWERING)
    ]


def _wait_until(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def test_sessions_at_once_get_their_own_answers(embedded: NamedChatModel) -> None:
    def repeat(word: str) -> str:
        return _say(embedded, [HumanMessage("Repeat the word.")], grammar=f'root ::= "{word}"')

    words = ["alpha", "beta", "gamma", "delta", "epsilon"]
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(repeat, words)) == words


def test_a_prompt_beyond_the_context_is_a_model_error(embedded: NamedChatModel) -> None:
    with pytest.raises(ModelError, match=r"9\d{3} tokens.*exceeds"):
        _say(embedded, [HumanMessage("x " * 9_000)])
    assert _say(embedded, CAPITAL), "the next question is answered"


def test_silence_is_a_timeout(settings: Settings) -> None:
    chat = make_chat_model(settings.model_copy(update={"model_timeout": 0.001}))
    with pytest.raises(ModelTimeout, match=r"took longer than it may.*model_timeout"):
        _say(chat, [HumanMessage("word " * 500)])
    _wait_until(lambda: not _writing())


def test_an_answer_may_be_given_a_time(settings: Settings) -> None:
    chat = make_chat_model(settings)
    messages: list[BaseMessage] = [HumanMessage("word " * 500)]
    with pytest.raises(ModelTimeout):
        list(stream_text(chat, messages, max_tokens=50, seconds=0.01))
    _wait_until(lambda: not _writing())


def test_a_pin_that_does_not_match_stops_the_embedded_model(settings: Settings) -> None:
    file = SMOLLM2.weights
    settings.models_file.write_text(
        f'[models."{SMOLLM2.name}"]\n"{file}" = "sha256:{"0" * 64}"\n', encoding="utf-8"
    )
    with pytest.raises(ModelIntegrityError) as raised:
        make_chat_model(settings)
    assert f"found {SMOLLM2.files[file]}" in str(raised.value)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has threads that give way")
def test_it_gives_way_to_whoever_looks_for_evidence(embedded: NamedChatModel) -> None:
    _say(embedded, CAPITAL)
    politeness = {os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in TASKS.iterdir()}
    assert politeness == {0, bot.embedded_chat.NICENESS}
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0


def test_its_port_is_closed_to_others(embedded: NamedChatModel) -> None:
    _say(embedded, CAPITAL)
    (server,) = bot.embedded_chat._servers.values()
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    address = f"{server.listening_address}/v1/chat/completions"
    assert httpx.post(address, json=body).status_code == 401


@pytest.mark.parametrize(
    "asked_by",
    [
        "ask()",
        pytest.param(
            "Thread(target=ask, daemon=True).start(); s.acquire()", marks=pytest.mark.slow
        ),
        "[Thread(target=ask_on, daemon=True).start() for _ in range(4)]; s.acquire()",
    ],
    ids=["the main thread", "another", "several that wait for their turn"],
)
def test_a_process_that_ends_in_the_middle_ends_well_and_silently(asked_by: str) -> None:
    script = (
        "from threading import Semaphore, Thread\n"
        "from langchain_core.messages import HumanMessage\n"
        "from bot.chat_models import make_chat_model, stream_text\n"
        "from ingest.errors import ModelError\n"
        "from ingest.settings import load_settings\n"
        "chat, s = make_chat_model(load_settings()), Semaphore(0)\n"
        "def ask():\n"
        "    story = stream_text(chat, [HumanMessage('Tell a story')], max_tokens=3000)\n"
        "    next(story); story.close(); s.release()\n"
        "def ask_on():\n"
        "    while True:\n"
        "        try: ask()\n"
        "        except (ModelError, StopIteration): break\n"
        f"{asked_by}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# --- Ollama -----------------------------------------------------------------------------------


def test_ollama_answers_and_is_asked_by_its_contract(ollama: Settings, server: FakeOllama) -> None:
    chat = make_chat_model(ollama)
    assert (chat.name, chat.composes, chat.context_tokens) == ("ollama:llama3.2", True, 8_192)
    assert chat.digest == f"sha256:{server.models[0].digest}"
    messages = [SystemMessage("Be short."), *CAPITAL]
    pieces = list(stream_text(chat, messages, max_tokens=50, grammar="not for Ollama"))
    assert "".join(pieces) == server.models[0].answer
    assert len(pieces) == len(server.models[0].answer.split())
    (body,) = server.bodies("/api/chat")
    assert body["model"] == "llama3.2"
    assert body["stream"] is True
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["options"] == {"temperature": 0, "num_predict": 50, "num_ctx": 4_096}


def test_limits_and_usage_of_ollama(ollama: Settings) -> None:
    chat = make_chat_model(ollama)
    assert _say(chat, CAPITAL, max_tokens=3) == "The sky is"
    assert _say(chat, CAPITAL, stop=["because"]).strip() == "The sky is blue"
    message = chat.model.invoke(CAPITAL)
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 8


@pytest.mark.parametrize(
    ("chars", "context", "num_ctx"),
    [
        (10, 131_072, 4_096),
        (12_000, 131_072, 5_120),
        (3_000, 2_048, 2_048),
        (60_000, 20_450, 20_450),
    ],
)
def test_the_context_grows_with_the_prompt(
    ollama: Settings, server: FakeOllama, chars: int, context: int, num_ctx: int
) -> None:
    server.models[0].context_length = context
    _say(make_chat_model(ollama), [HumanMessage("x" * chars)], max_tokens=300)
    assert server.bodies("/api/chat")[0]["options"]["num_ctx"] == num_ctx


def test_a_prompt_is_never_cut_silently(ollama: Settings, server: FakeOllama) -> None:
    server.models[0].context_length = 2_048
    with pytest.raises(ModelError, match=r"about 4,\d{3} tokens, and ollama:llama3\.2 has 2,048"):
        _say(make_chat_model(ollama), [HumanMessage("字" * 4_000)])
    assert not server.bodies("/api/chat")


def test_thinking_is_switched_off_where_it_exists(ollama: Settings, server: FakeOllama) -> None:
    assert _say(make_chat_model(ollama), CAPITAL)
    server.models[0].capabilities = ("completion", "thinking")
    assert _say(make_chat_model(ollama), CAPITAL)
    first, second = server.bodies("/api/chat")
    assert "think" not in first
    assert second["think"] is False


def test_ollama_models_must_be_pinned_and_stay_the_same(
    settings: Settings, ollama: Settings, server: FakeOllama
) -> None:
    chat = make_chat_model(ollama)
    assert _say(chat, CAPITAL)
    server.models[0].digest = "b2" * 32
    with pytest.raises(ModelIntegrityError, match=f"found sha256:{'b2' * 32}"):
        _say(chat, CAPITAL)
    assert len(server.bodies("/api/chat")) == 1, "nothing was asked of another model"
    unpinned = {"models_file": settings.models_file.with_name("none.toml")}
    with pytest.raises(ModelIntegrityError, match="groundskeeper models trust ollama:llama3"):
        make_chat_model(ollama.model_copy(update=unpinned))


def test_a_model_that_is_not_pulled(ollama: Settings, server: FakeOllama) -> None:
    server.models.clear()
    with pytest.raises(ModelMissing) as raised:
        make_chat_model(ollama)
    assert str(raised.value) == "The model 'llama3.2' is not pulled. Run `ollama pull llama3.2`."


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        ("refuses", r"refused 'llama3\.2': model requires more system memory"),
        ("error", r"refused 'llama3\.2': an error was encountered"),
        ("cut", r"The Ollama server at .* broke off its answer"),
        ("ends", r"The answer of ollama:llama3\.2 broke off"),
    ],
)
def test_ollama_that_fails_in_the_middle(
    ollama: Settings, server: FakeOllama, fails: Any, says: str
) -> None:
    chat = make_chat_model(ollama)
    server.models[0].fails = fails
    said: list[str] = []
    with pytest.raises(ModelUnavailable, match=says):
        for piece in stream_text(chat, CAPITAL, max_tokens=50):
            said.append(piece)
    assert ("".join(said) == "The sky is blue") == (fails != "refuses")


def test_ollama_that_is_slow_or_gone(ollama: Settings, server: FakeOllama) -> None:
    chat = make_chat_model(ollama.model_copy(update={"model_timeout": 0.2}))
    server.models[0].delay = 0.6
    with pytest.raises(ModelTimeout, match=r"silent about 'llama3\.2' for 0\.2 seconds"):
        _say(chat, CAPITAL)
    server.__exit__()
    with pytest.raises(ModelUnavailable, match=r"No Ollama server answers at .*ollama serve"):
        _say(chat, CAPITAL)


def test_who_stops_listening_to_ollama_closes_the_connection(
    ollama: Settings, server: FakeOllama
) -> None:
    server.models[0].answer = "word " * 5_000
    server.models[0].delay = 0.005
    answer = stream_text(make_chat_model(ollama), STORY, max_tokens=5_000)
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert server.aborted.wait(60)


# --- others -----------------------------------------------------------------------------------


class _Broken(FakeListChatModel):
    """Says one letter and raises what it is given."""

    error: Any

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        yield next(super()._stream(*args, **kwargs))
        raise self.error


def _named(model: Any) -> NamedChatModel:
    return NamedChatModel(model, "any:model", "", 8_192, composes=True)


def test_any_langchain_model_can_answer() -> None:
    assert _say(_named(FakeListChatModel(responses=["Hello [1]."])), CAPITAL) == "Hello [1]."


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (httpx.ReadTimeout("late"), ModelTimeout, r"any:model took too long.*model_timeout"),
        (TimeoutError(), ModelTimeout, "took too long"),
        (RuntimeError("no quota"), ModelUnavailable, r"could not answer \(RuntimeError\)"),
        (ModelMissing("ours"), ModelMissing, "ours"),
    ],
)
def test_whatever_a_provider_raises_becomes_ours(
    error: Exception, kind: type[ModelError], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(kind, match=says) as raised:
        _say(_named(_Broken(responses=["xy"], error=error)), CAPITAL)
    # Its own words may hold a key or the prompt: they are for the log, not for visitors.
    assert "quota" not in str(raised.value)
    assert ("no quota" in caplog.text) == ("quota" in str(error))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mistralai:m", r"not installed\. .*pip install langchain-mistralai"),
        ("nobody:x", "Setting 'model' has the value 'nobody:x': Unsupported provider"),
    ],
)
def test_a_provider_that_is_not_there_is_named(settings: Settings, name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        make_chat_model(settings.model_copy(update={"model": name}))
