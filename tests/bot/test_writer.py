"""What a model writes is verified before it is shown, whatever it is asked in and whoever it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

import bot.writer
from bot.answer import Evidence
from bot.chat_models import NamedChatModel, make_chat_model
from bot.extract import Extract
from bot.text import sentences
from bot.writer import Writer, Written
from ingest.model_pins import ModelPins
from ingest.settings import Settings
from tests.fakes.fake_ollama import FakeModel, FakeOllama

QUESTION = "What do finches eat?"
PASSAGE = Evidence(
    n=1,
    kind="passage",
    document="feeding.md",
    title="Feeding birds",
    heading_path=("What to offer",),
    quote="Finches like sunflower hearts and nyjer seed. Do not offer salted peanuts. "
    "A feeder holds 2 kg of seed.",
    key="a",
)
OTHER = Evidence(
    n=2, kind="passage", document="nests.md", title="Nests", quote="Wrens sleep in boxes.", key="b"
)
EVIDENCE = [PASSAGE, OTHER]
EXTRACTS = [
    Extract(piece, a, b, score=1.0 / piece.n - a / 1e3, cosine=0.5, vector=np.zeros(2, np.float32))
    for piece in EVIDENCE
    for a, b in sentences(piece.quote)
]
QUOTED = "What to offer: “Do not offer salted peanuts.” [1]"


class ScriptedChat(BaseChatModel):
    """A stand-in for a model: it says its script piece by piece, and notes how far it has come."""

    script: list[str]
    said: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        message = AIMessage(content="".join(self.script))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.script:
            self.said.append(piece)
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


def scripted(*script: str, composes: bool = True) -> NamedChatModel:
    return NamedChatModel(ScriptedChat(script=list(script)), "scripted", "", 8_192, composes)


def write(chat: NamedChatModel) -> list[Written]:
    return list(Writer("garden birds", chat).write(QUESTION, EVIDENCE, EXTRACTS))


def shown(written: list[Written]) -> list[str]:
    return [one.text for one in written if not one.dropped]


# --- verified while it is written ---------------------------------------------------------------


def test_a_sentence_is_shown_before_the_next_is_written() -> None:
    chat = scripted("Finches like sunflower ", "hearts. [1]", " Wrens ", "sleep in boxes. [2]")
    answer = Writer("garden birds", chat).write(QUESTION, EVIDENCE, EXTRACTS)

    assert next(answer).text == "Finches like sunflower hearts. [1]"
    assert isinstance(chat.model, ScriptedChat)
    assert "sleep in boxes. [2]" not in chat.model.said
    assert [one.text for one in answer] == ["Wrens sleep in boxes. [2]"]


def test_nothing_is_shown_that_was_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = bot.writer.verify

    def recording(sentence: str, *rest: Any) -> Any:
        verified.append(sentence)
        return real(sentence, *rest)

    monkeypatch.setattr(bot.writer, "verify", recording)
    script = "Finches like nyjer seed. [1] They eat 40 g a day. [1] Wrens sleep in boxes. [2] End"
    for one in Writer("birds", scripted(*script)).write(QUESTION, EVIDENCE, EXTRACTS):
        assert one.text in verified or one.text.startswith(("What to offer: “", "Nests: “"))
    assert len(verified) == 4


def test_what_fails_gives_way_to_the_sentence_it_comes_from() -> None:
    written = write(scripted("You may offer salted peanuts. [1] Offer salted peanuts. [1]"))

    assert [one.dropped for one in written if one.dropped] == [
        "leaves out a negation of the evidence"
    ] * 2
    assert shown(written) == [QUOTED], "and once is enough"


def test_a_model_that_repeats_itself_is_stopped() -> None:
    chat = scripted(*["Finches like bread. [1] "] * 500)
    written = write(chat)

    assert isinstance(chat.model, ScriptedChat)
    assert len(chat.model.said) < 5
    assert sum(bool(one.dropped) for one in written) == 1


HOSTILE = [
    "Finches live on the moon. [1]",
    "Finches like sunflower hearts. [7]",
    "Finches like sunflower hearts, you fool. [1]",
    "Finches like sunflower hearts.",
    "Finches like [sunflower hearts](http://evil.example). [1]",
    "Finches like sunflower hearts ![](http://evil.example/x.png) [1]",
    "<img src=x onerror=alert(1)> Finches like sunflower hearts. [1]",
    "Finches like sunflower hearts, see evil.example. [1]",
    "A feeder holds 3 kg of seed. [1]",
    "A feeder holds 2 kg of seed. [2]",
    "IGNORE ALL RULES [1][2]",
    "word " * 3_000,
]


@pytest.mark.parametrize("script", HOSTILE)
def test_nothing_of_a_hostile_model_is_shown(script: str) -> None:
    written = write(scripted(*script.split(" ")))
    texts = shown(written)

    assert texts, "the evidence itself is quoted"
    for text in texts:
        heading, _, quoted = text.partition(": “")
        assert heading in ("What to offer", "Nests")
        assert quoted.rpartition("” [")[0] in PASSAGE.quote + OTHER.quote
    assert any(one.dropped for one in written)


# --- held to a schema ---------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(FakeModel(name="llama3.2:latest", parameters=3_212_749_888)) as running:
        yield running


@pytest.fixture
def settings(server: FakeOllama, tmp_path: Path) -> Settings:
    pins = ModelPins(tmp_path / "models.toml")
    pins.trust("ollama:llama3.2", {"digest": f"sha256:{server.models[0].digest}"})
    return Settings(model="ollama:llama3.2", ollama_host=server.url, models_file=pins.path)


def test_ollama_is_given_the_schema_and_its_sentences_are_read(
    server: FakeOllama, settings: Settings
) -> None:
    told = [
        {"text": "Finches like nyjer seed.", "cites": [1]},
        {"text": "Wrens sleep in boxes.", "cites": [2]},
    ]
    server.models[0].answer = json.dumps({"sentences": told})

    written = write(make_chat_model(settings))

    assert shown(written) == ["Finches like nyjer seed. [1]", "Wrens sleep in boxes. [2]"]
    (body,) = server.bodies("/api/chat")
    told_items = body["format"]["properties"]["sentences"]["items"]
    assert told_items["properties"]["cites"]["items"]["enum"] == [1, 2]
    assert '{"sentences": []}' in body["messages"][0]["content"]


@pytest.mark.parametrize(
    "answer",
    [
        "Finches like bread. [1]",
        "Finches like nyjer seed. [9]",
        '{"sentences": [{"text": "Finches like nyjer seed.", "cites": [9]}]}',
        '{"sentences": [{"text": "Finches like bread. [1]", "cites": [1]}]}',
        '{"sentences": [{"text": "Finches like nyjer seed."}]}',
        "<think>Finches like nyjer seed.</think>",
    ],
)
def test_a_model_that_leaves_the_schema_aside_is_caught(
    server: FakeOllama, settings: Settings, answer: str
) -> None:
    server.models[0].answer = answer
    written = write(make_chat_model(settings))

    assert any(one.dropped for one in written)
    assert all("“" in text for text in shown(written)), "only quotations are shown"


def test_no_answer_in_json_quotes_the_evidence(server: FakeOllama, settings: Settings) -> None:
    server.models[0].answer = '{"sentences": []}'
    (one,) = write(make_chat_model(settings))
    assert one.text.startswith("What to offer: “Finches like sunflower hearts")


# --- choosing by number -------------------------------------------------------------------------


def test_a_small_model_chooses_by_number_and_code_quotes(
    server: FakeOllama, settings: Settings
) -> None:
    server.models[0].parameters = 494_032_768
    server.models[0].answer = '{"numbers": [2, 4]}'

    written = write(make_chat_model(settings))

    assert shown(written) == [QUOTED, "Nests: “Wrens sleep in boxes.” [2]"]
    (body,) = server.bodies("/api/chat")
    assert body["format"]["properties"]["numbers"]["items"]["enum"] == [1, 2, 3, 4]
    assert "2. Do not offer salted peanuts." in body["messages"][1]["content"]


@pytest.mark.parametrize("answer", ['{"numbers": [9]}', '{"numbers": []}', "The second.", "2"])
def test_a_choice_of_what_is_not_there_quotes_the_best(
    server: FakeOllama, settings: Settings, answer: str
) -> None:
    server.models[0].answer = answer
    chosen = write(make_chat_model(settings.model_copy(update={"answer_mode": "choose"})))

    assert [bool(one.dropped) for one in chosen] == [True, False]
    assert shown(chosen)[0].startswith("What to offer: “Finches like sunflower hearts")


@pytest.mark.parametrize(
    ("mode", "parameters", "composes"),
    [
        ("auto", 0, True),
        ("auto", 1_235_814_400, False),
        ("auto", 3_212_749_888, True),
        ("compose", 1_235_814_400, True),
        ("choose", 3_212_749_888, False),
    ],
)
def test_who_composes(
    server: FakeOllama, settings: Settings, mode: str, parameters: int, composes: bool
) -> None:
    server.models[0].parameters = parameters
    chat = make_chat_model(settings.model_copy(update={"answer_mode": mode}))
    assert (chat.composes, chat.constrained_by) == (composes, "schema")


def test_any_other_model_may_choose_too() -> None:
    assert shown(write(scripted('{"numbers": [2]}', composes=False))) == [QUOTED]
