"""Weights that were swapped never answer: real files with one byte changed, real digests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer import Answer, Question
from bot.pipeline import Bot, open_bot
from ingest.errors import ModelIntegrityError
from ingest.model_pins import MINILM, SMOLLM2, EmbeddedModel, ModelPins, package_folder
from ingest.settings import Settings
from tests.fakes.fake_ollama import FakeModel, FakeOllama
from tests.packs import Pack

QUESTION = "What do finches eat?"


def ask(bot: Bot) -> Answer:
    return bot.answer(Question(text=QUESTION))


def copied(model: EmbeddedModel, folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Copy the files of an installed model, in front of which Python finds the copy."""
    package = folder / model.package
    for file in model.files:
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(package_folder(model.package) / file, package / file)
    (package / "__init__.py").touch()
    patch.syspath_prepend(folder)
    assert package_folder(model.package) == package
    return package / model.weights


def swap_a_byte(path: Path) -> None:
    """Change one byte in the middle, and set size and times back to what they were."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize("model", [SMOLLM2, MINILM], ids=lambda model: model.name)
def test_one_byte_swapped_before_the_start_is_refused(
    indexed_pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: EmbeddedModel
) -> None:
    swap_a_byte(copied(model, tmp_path, monkeypatch))

    with pytest.raises(ModelIntegrityError) as raised:
        open_bot(indexed_pack.settings)

    said = str(raised.value)
    assert model.name in said and model.files[model.weights] in said and "found sha256:" in said


@pytest.mark.parametrize("model", [SMOLLM2, MINILM], ids=lambda model: model.name)
def test_one_byte_swapped_while_running_stops_the_answers(
    indexed_pack: Pack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    model: EmbeddedModel,
) -> None:
    weights = copied(model, tmp_path, monkeypatch)
    with open_bot(indexed_pack.settings) as bot:
        swap_a_byte(weights)
        answer = ask(bot)

    assert (answer.status, answer.reason) == ("failed", "integrity")
    assert model.files[model.weights] in answer.text
    assert not answer.citations and not answer.evidence
    assert "was not answered (integrity)" in caplog.text


def trusting(pack: Pack, server: FakeOllama, folder: Path) -> Settings:
    """Settings with a server's model, which an operator has trusted as it is now."""
    pins = ModelPins(folder / "models.toml")
    pins.trust("ollama:fake", {"digest": f"sha256:{server.models[0].digest}"})
    named = {"model": "ollama:fake", "ollama_host": server.url, "models_file": pins.path}
    return pack.settings.model_copy(update=named)


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(FakeModel(answer="Finches take sunflower hearts and nyjer seed. [1]")) as fake:
        yield fake


def test_a_server_that_comes_back_with_another_model_is_refused(
    indexed_pack: Pack, tmp_path: Path
) -> None:
    with FakeOllama(FakeModel()) as first:
        bot = open_bot(trusting(indexed_pack, first, tmp_path))
        assert ask(bot).status == "answered"
    down = ask(bot)
    with bot, FakeOllama(FakeModel(digest="b2" * 32), port=first.server_port) as second:
        answer = ask(bot)
        assert second.bodies("/api/chat") == []  # it was not even asked

    assert (down.status, down.reason) == ("failed", "unavailable")
    assert (answer.status, answer.reason) == ("failed", "integrity")
    assert "a1a1" in answer.text and "b2b2" in answer.text


def test_another_model_loaded_under_the_trusted_name_is_refused(
    indexed_pack: Pack, tmp_path: Path, server: FakeOllama
) -> None:
    with open_bot(trusting(indexed_pack, server, tmp_path)) as bot:
        assert ask(bot).status == "answered"
        server.models[0].loaded_digest = "c3" * 32
        answer = ask(bot)

    assert (answer.status, answer.reason) == ("failed", "integrity")
    assert "c3c3" in answer.text and not answer.citations


def test_an_older_model_that_is_still_loaded_is_no_mismatch(
    indexed_pack: Pack, tmp_path: Path, server: FakeOllama
) -> None:
    older = FakeModel(digest="d4" * 32)
    server.loaded["older"] = older
    with open_bot(trusting(indexed_pack, server, tmp_path)) as bot:
        assert ask(bot).status == "answered"


def test_a_model_that_turns_remote_is_refused(
    indexed_pack: Pack, tmp_path: Path, server: FakeOllama
) -> None:
    with open_bot(trusting(indexed_pack, server, tmp_path)) as bot:
        server.models[0].remote_host = "https://ollama.example:443"
        answer = ask(bot)

    assert answer.status == "failed"
    assert "somebody else's" in answer.text
    assert server.bodies("/api/chat") == []
