from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from ingest.embeddings import LocalEmbeddings, OtherEmbeddings, make_embeddings
from ingest.encoder import SentenceEncoder
from ingest.errors import (
    ModelError,
    ModelIntegrityError,
    ModelMissing,
    ModelTimeout,
    ModelUnavailable,
    SettingsError,
)
from ingest.model_pins import MINILM, ModelPins, package_folder
from ingest.sentence_model import SentenceModel
from ingest.settings import Settings
from tests.fakes.fake_ollama import FakeModel, FakeOllama

REFERENCE = Path(__file__).resolve().parent.parent / "data" / "minilm_reference.json"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_file=tmp_path / "models.toml", model_timeout=60)


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    model = FakeModel(name="nomic-embed-text:latest", capabilities=("embedding",))
    with FakeOllama(model) as running:
        yield running


@pytest.fixture
def ollama(settings: Settings, server: FakeOllama) -> Settings:
    """Settings that name the server's model, which is pinned."""
    pins = ModelPins(settings.models_file)
    pins.trust("ollama:nomic-embed-text", {"digest": f"sha256:{server.models[0].digest}"})
    named = {"embedding": "ollama:nomic-embed-text", "ollama_host": server.url}
    return settings.model_copy(update=named)


@pytest.fixture(scope="module")
def reference() -> tuple[list[str], Any]:
    cases = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
    vectors = np.array([case["vector"] for case in cases])
    return [case["text"] for case in cases], vectors / np.linalg.norm(
        vectors, axis=1, keepdims=True
    )


def _encoder(precision: str) -> SentenceEncoder:
    return SentenceEncoder(SentenceModel(package_folder(MINILM.package) / "model"), precision)


def test_fp32_gives_the_vectors_of_the_reference_implementation(
    reference: tuple[list[str], Any],
) -> None:
    texts, expected = reference
    cosines = (_encoder("f32").encode(texts) * expected).sum(axis=1)
    assert len(texts) >= 12
    assert cosines.min() > 0.999999


def test_the_default_precision_stays_close_to_the_reference(
    reference: tuple[list[str], Any], settings: Settings
) -> None:
    texts, expected = reference
    made = np.array(make_embeddings(settings).embed_documents(texts))
    cosines = (made * expected).sum(axis=1)
    assert np.round(cosines.min(), 4) >= 0.9999


def test_a_vector_does_not_depend_on_its_company(reference: tuple[list[str], Any]) -> None:
    texts, _ = reference
    encoder = _encoder("f32")
    together = encoder.encode(texts * 4)
    for i, text in enumerate(texts):
        alone = encoder.encode([text])[0]
        assert alone @ together[i] > 0.999999
        assert together[i] @ together[i + 2 * len(texts)] > 0.999999


def test_the_embedded_model_says_what_it_is(settings: Settings) -> None:
    embeddings = make_embeddings(settings)
    assert isinstance(embeddings, Embeddings)
    assert embeddings.name == "all-MiniLM-L6-v2"
    assert embeddings.digest == MINILM.files["model/model.safetensors"]
    assert embeddings.dimension == len(embeddings.embed_query("anything")) == 384
    assert embeddings.embed_documents([]) == []


def test_meaning_is_near_meaning(settings: Settings) -> None:
    embeddings = make_embeddings(settings)
    boat, ship, soup = np.array(
        embeddings.embed_documents(["a small boat", "a little ship", "a bowl of hot soup"])
    )
    assert boat @ ship > boat @ soup + 0.2


def test_one_encoder_serves_all_threads(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The product's own encoder, not the one that remembers what tests gave it before.
    monkeypatch.setattr("ingest.embeddings.SentenceEncoder", SentenceEncoder)
    monkeypatch.setattr("ingest.embeddings._loaded", loaded := {})

    def embed(i: int) -> list[float]:
        return make_embeddings(settings).embed_query(f"text number {i % 4}")

    with ThreadPoolExecutor(8) as pool:
        vectors = np.array(list(pool.map(embed, range(16))))
    for i in range(16):
        assert vectors[i] @ vectors[i % 4] > 0.99999
    assert vectors[0] @ vectors[1] < 0.9999
    assert len(loaded) == 1


def test_a_pin_that_does_not_match_stops_the_embedded_model(settings: Settings) -> None:
    settings.models_file.write_text(
        f'[models."all-MiniLM-L6-v2"]\n"model/tokenizer.json" = "sha256:{"0" * 64}"\n'
    )
    with pytest.raises(ModelIntegrityError, match=r"tokenizer\.json.*expected sha256:000"):
        make_embeddings(settings)


def test_an_unreadable_model_folder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"config\.json cannot be read \(No such file"):
        SentenceEncoder(SentenceModel(tmp_path))


# --- Ollama -----------------------------------------------------------------------------------


def test_ollama_embeds_and_tells_its_digest(ollama: Settings, server: FakeOllama) -> None:
    embeddings = make_embeddings(ollama)
    assert embeddings.name == "ollama:nomic-embed-text"
    assert embeddings.digest == f"sha256:{server.models[0].digest}"
    assert not server.bodies("/api/embed"), "the dimension is asked for when it is needed"
    assert embeddings.dimension == 32
    made = embeddings.embed_documents(["blue sky", "blue sky", "soup"])
    assert made[0] == made[1] != made[2]
    assert server.bodies("/api/embed")[-1]["input"] == ["blue sky", "blue sky", "soup"]
    assert embeddings.embed_documents([]) == []


def test_prompts_of_the_settings_reach_the_server(ollama: Settings, server: FakeOllama) -> None:
    told = {"embedding_query_prompt": "query: ", "embedding_passage_prompt": "passage: "}
    embeddings = make_embeddings(ollama.model_copy(update=told))
    embeddings.embed_documents(["blue"])
    embeddings.embed_query("blue")
    sent = [body["input"] for body in server.bodies("/api/embed")]
    assert sent == [["passage: blue"], ["query: blue"]]
    assert embeddings.digest != make_embeddings(ollama).digest
    assert embeddings.name == "ollama:nomic-embed-text"


def test_a_proxy_does_not_stand_before_this_machine(
    ollama: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert make_embeddings(ollama).embed_query("x")


def test_an_unpinned_ollama_model_is_refused(settings: Settings, server: FakeOllama) -> None:
    named = {"embedding": "ollama:nomic-embed-text", "ollama_host": server.url}
    with pytest.raises(ModelIntegrityError, match="models trust ollama:nomic-embed-text"):
        make_embeddings(settings.model_copy(update=named))


def test_a_model_pulled_anew_stops_a_running_process(ollama: Settings, server: FakeOllama) -> None:
    embeddings = make_embeddings(ollama)
    embeddings.embed_query("fine")
    server.models[0].digest = "b2" * 32
    with pytest.raises(ModelIntegrityError, match=f"found sha256:{'b2' * 32}"):
        embeddings.embed_query("not fine")
    assert len(server.bodies("/api/embed")) == 1


def test_each_failure_of_ollama_says_what_helps(ollama: Settings, server: FakeOllama) -> None:
    embeddings = make_embeddings(ollama)
    server.models[0].fails = "refuses"
    with pytest.raises(ModelUnavailable, match="refused 'nomic-embed-text': the input length"):
        embeddings.embed_query("x")
    server.models.clear()
    with pytest.raises(ModelMissing, match=r"is not pulled\. Run `ollama pull nomic-embed-text`"):
        embeddings.embed_query("x")


def test_a_slow_ollama_is_a_timeout(ollama: Settings, server: FakeOllama) -> None:
    server.models[0].delay = 0.6
    embeddings = make_embeddings(ollama.model_copy(update={"model_timeout": 0.1}))
    with pytest.raises(ModelTimeout, match=r"silent about 'nomic-embed-text' for 0\.1 seconds"):
        embeddings.embed_query("x")


def test_no_ollama_is_said_without_its_password(ollama: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    named = {"ollama_host": f"http://me:hunter2@127.0.0.1:{port}"}
    with pytest.raises(ModelUnavailable) as raised:
        make_embeddings(ollama.model_copy(update=named))
    assert str(raised.value) == (
        f"No Ollama server answers at http://127.0.0.1:{port}. Start it with `ollama serve`."
    )


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"[1, 2]", b'{"models": "none"}'])
def test_what_is_not_ollama_is_a_model_error(ollama: Settings, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_once, args=(listener, answer)).start()
        named = {"ollama_host": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        with pytest.raises(ModelError):
            make_embeddings(ollama.model_copy(update=named))


def _answer_once(listener: socket.socket, body: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.mark.parametrize(
    ("name", "remote"),
    [
        ("big:120b-cloud", {}),
        ("big:cloud", {}),
        ("plain", {"remote_host": "https://ollama.example:443"}),
        ("plain", {"remote_model": "big:120b"}),
    ],
)
def test_a_model_that_runs_elsewhere_is_refused(
    settings: Settings, server: FakeOllama, name: str, remote: dict[str, str]
) -> None:
    listed = name if ":" in name else f"{name}:latest"
    server.models.append(FakeModel(name=listed, **remote))  # type: ignore[arg-type]
    named = {"embedding": f"ollama:{name}", "ollama_host": server.url}
    with pytest.raises(ModelError, match="does not run on your Ollama server"):
        make_embeddings(settings.model_copy(update=named))
    allowed = settings.model_copy(update={**named, "allow_remote_models": True})
    with pytest.raises(ModelIntegrityError, match="is not pinned"):
        make_embeddings(allowed)
    pins = ModelPins(settings.models_file)
    pins.trust(f"ollama:{name}", {"digest": f"sha256:{server.models[-1].digest}"})
    assert len(make_embeddings(allowed).embed_query("anything")) == server.models[-1].dimension


# --- others -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mistralai:mistral-embed", "not installed. .*pip install langchain-mistralai"),
        ("nobody:x", "Setting 'embedding' has the value 'nobody:x': Provider 'nobody'"),
    ],
)
def test_a_provider_that_is_not_there_is_named(settings: Settings, name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        make_embeddings(settings.model_copy(update={"embedding": name}))


def test_other_models_are_known_by_name_and_fail_as_ours() -> None:
    one = OtherEmbeddings("any:one", DeterministicFakeEmbedding(size=8))
    two = OtherEmbeddings("any:two", DeterministicFakeEmbedding(size=8))
    assert one.digest != two.digest, "an index must not mix two models"
    assert one.dimension == 8
    assert len(one.embed_documents(["a", "b"])) == 2

    class Broken(DeterministicFakeEmbedding):
        def embed_query(self, text: str) -> list[float]:
            raise RuntimeError("out of quota")

    with pytest.raises(ModelUnavailable, match=r"any:one could not embed: out of quota\."):
        OtherEmbeddings("any:one", Broken(size=8)).embed_query("x")


def test_the_packages_of_the_weights_are_never_imported(settings: Settings) -> None:
    assert isinstance(make_embeddings(settings), LocalEmbeddings)
    assert MINILM.package not in sys.modules
