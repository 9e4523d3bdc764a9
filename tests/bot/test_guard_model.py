"""The optional guard model over a fake Ollama: how it is asked, and that it fails closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer import Answer, Finished, Question, Sentence
from bot.guard_model import REASON, GuardModel, make_guard_model
from bot.pipeline import Bot, open_bot
from ingest.errors import ModelIntegrityError, ModelMissing, SettingsError
from ingest.model_pins import ModelPins
from ingest.settings import Settings, load_settings
from tests.fakes.fake_ollama import FakeModel, FakeOllama
from tests.packs import Pack

GUIDE_QUESTION = "What do finches eat?"
LLAMA = "llama-guard3:latest"
GRANITE = "granite3-guardian:latest"


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    models = (FakeModel(LLAMA, answer="safe"), FakeModel(GRANITE, answer="No"))
    with FakeOllama(*models) as running:
        yield running


def settings_of(server: FakeOllama, root: Path, name: str = LLAMA, **more: object) -> Settings:
    pins = ModelPins(root / "models.toml")
    for model in server.models:
        pins.trust(f"ollama:{model.name}", {"digest": f"sha256:{model.digest}"})
    chosen = {"models_file": pins.path, "ollama_host": server.url, "model_timeout": 5.0}
    return Settings.model_validate({**chosen, "guard_model": f"ollama:{name}", **more})


def guard(server: FakeOllama, root: Path, name: str = LLAMA) -> GuardModel:
    made = make_guard_model(settings_of(server, root, name))
    assert made is not None
    return made


def says(server: FakeOllama, answer: str) -> None:
    for model in server.models:
        model.answer = answer


def messages(server: FakeOllama) -> list[list[tuple[str, str]]]:
    bodies = server.bodies("/api/chat")
    return [[(m["role"], m["content"]) for m in body["messages"]] for body in bodies]


# --- how each family is asked ------------------------------------------------------------------


def test_no_setting_no_guard_model() -> None:
    assert make_guard_model(Settings()) is None


def test_llama_guard_is_shown_the_conversation(server: FakeOllama, tmp_path: Path) -> None:
    made = guard(server, tmp_path)

    assert made.question("What do finches eat?") is None
    assert made.answer("What do finches eat?", "Seed. [1]") is None

    asked = ("user", "What do finches eat?")
    assert messages(server) == [[asked], [asked, ("assistant", "Seed. [1]")]]


def test_granite_guardian_is_told_the_risk(server: FakeOllama, tmp_path: Path) -> None:
    made = guard(server, tmp_path, GRANITE)

    assert made.question("Hm?") is None
    assert made.answer("Hm?", "Seed. [1]") is None

    asked, answered = ("user", "Hm?"), ("assistant", "Seed. [1]")
    assert messages(server) == [
        [("system", "jailbreak"), asked],
        [("system", "harm"), asked],
        [("system", "harm"), asked, answered],
    ]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [(LLAMA, "unsafe\nS1,S2"), (LLAMA, "unsafe\nS14"), (LLAMA, "\n\nunsafe"), (GRANITE, "Yes")],
)
def test_what_it_objects_to_is_not_answered(
    server: FakeOllama, tmp_path: Path, name: str, verdict: str
) -> None:
    made = guard(server, tmp_path, name)
    says(server, verdict)

    for objection in (made.question("?"), made.answer("?", "!")):
        assert objection is not None and objection.reason == REASON


# --- what fails is closed ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [LLAMA, GRANITE])
@pytest.mark.parametrize(
    "verdict", ["", "I think that it is safe.", "safe unsafe", "No, yes", "safety", "unsafely"]
)
def test_a_verdict_that_is_none_is_an_objection(
    server: FakeOllama, tmp_path: Path, name: str, verdict: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = guard(server, tmp_path, name)
    says(server, verdict)

    objection = made.question("?")

    assert objection is not None and "cannot be asked" in objection.message
    assert "gave no verdict" in caplog.text


@pytest.mark.parametrize("fails", ["cut", "error", "ends", "refuses"])
def test_a_server_that_fails_is_an_objection(
    server: FakeOllama, tmp_path: Path, fails: str
) -> None:
    made = guard(server, tmp_path)
    server.models[0].fails = fails  # type: ignore[assignment]

    objection = made.question("?")

    assert objection is not None and objection.reason == REASON


def test_silence_is_an_objection(server: FakeOllama, tmp_path: Path) -> None:
    made = make_guard_model(settings_of(server, tmp_path, model_timeout=0.2))
    assert made is not None
    server.models[0].delay = 1.0

    assert made.question("?") is not None


def test_a_server_that_is_gone_is_an_objection(tmp_path: Path) -> None:
    with FakeOllama(FakeModel(LLAMA, answer="safe")) as server:
        made = guard(server, tmp_path)
        assert made.question("?") is None

    assert made.question("?") is not None


def test_a_model_that_was_swapped_is_not_asked(server: FakeOllama, tmp_path: Path) -> None:
    made = guard(server, tmp_path)
    server.models[0].digest = "b2" * 32

    with pytest.raises(ModelIntegrityError):
        made.question("?")
    assert messages(server) == []


def test_only_known_families_and_pulled_models(server: FakeOllama, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape("ollama:llama-guard3")):
        make_guard_model(settings_of(server, tmp_path, "llama3.2"))
    with pytest.raises(ModelMissing, match="not pulled"):
        make_guard_model(settings_of(server, tmp_path, "llama-guard3:1b"))
    with pytest.raises(SettingsError, match="guard_model"):
        load_settings(guard_model="openai:gpt")


# --- in the pipeline ---------------------------------------------------------------------------


@pytest.fixture
def guarded(indexed_pack: Pack, server: FakeOllama, tmp_path: Path) -> Iterator[Bot]:
    chosen = {"domain": indexed_pack.folder, "data_dir": indexed_pack.settings.data_dir}
    with open_bot(settings_of(server, tmp_path, **chosen)) as bot:
        yield bot


def ask(bot: Bot, text: str = GUIDE_QUESTION) -> Answer:
    return bot.answer(Question(text=text))


def test_an_approved_answer_is_shown(guarded: Bot, server: FakeOllama) -> None:
    answer = ask(guarded)

    assert answer.status == "answered"
    question, finished = messages(server)
    assert question == [("user", GUIDE_QUESTION)]
    assert finished == [*question, ("assistant", answer.text)]


def test_no_sentence_is_shown_before_the_answer_is_approved(
    guarded: Bot, server: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_model = guarded._guards._model
    assert guard_model is not None
    monkeypatch.setattr(guard_model, "question", lambda _: None)
    says(server, "unsafe\nS10")

    *events, last = guarded.stream(Question(text=GUIDE_QUESTION))

    assert not [event for event in events if isinstance(event, Sentence)]
    assert isinstance(last, Finished)
    assert (last.answer.status, last.answer.reason) == ("blocked", REASON)
    assert "nyjer" not in last.answer.model_dump_json()


def test_an_unsafe_question_gets_no_further(guarded: Bot, server: FakeOllama) -> None:
    says(server, "unsafe\nS1")
    answer = ask(guarded)

    assert (answer.status, answer.reason) == ("blocked", REASON)
    assert len(messages(server)) == 1


def test_a_swapped_guard_model_stops_answering(guarded: Bot, server: FakeOllama) -> None:
    server.models[0].digest = "b2" * 32
    answer = ask(guarded)

    assert (answer.status, answer.reason) == ("failed", "integrity")


def test_without_its_guard_model_no_bot_starts(
    indexed_pack: Pack, server: FakeOllama, tmp_path: Path
) -> None:
    chosen = {"domain": indexed_pack.folder, "data_dir": indexed_pack.settings.data_dir}
    with pytest.raises(ModelMissing):
        open_bot(settings_of(server, tmp_path, "granite3-guardian:2b", **chosen))
