from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.model_pins import MINILM, SMOLLM2, ModelPins
from tests.fakes.fake_ollama import FakeModel, FakeOllama
from ui.cli import run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "no-store"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    """A server whose model the settings name for answering."""
    with FakeOllama(FakeModel(name="llama3.2:latest")) as running:
        monkeypatch.setenv("GROUNDSKEEPER_OLLAMA_HOST", running.url)
        monkeypatch.setenv("GROUNDSKEEPER_MODEL", "ollama:llama3.2")
        yield running


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = run(["models", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_list_shows_what_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "answering  SmolLM2-135M-Instruct  sha256:b179c9523d0e  verified",
        "embedding  all-MiniLM-L6-v2  sha256:53aa51172d14  verified",
    ]
    status, found = _json(capsys, "list")
    assert status == 0
    assert [model["digest"] for model in found["models"]] == [
        SMOLLM2.files[SMOLLM2.weights],
        MINILM.files[MINILM.weights],
    ]


def test_verify_passes_on_what_we_ship(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "verify"]) == 0
    out = capsys.readouterr().out
    assert out.count("ok ") == 2
    assert "1 file hashed." in out
    assert "3 files hashed." in out


def test_verify_tells_a_mismatch_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    file = SMOLLM2.weights
    ModelPins(Path("models.toml")).trust(SMOLLM2.name, {file: f"sha256:{'0' * 64}"})
    assert run(["models", "verify"]) == 1
    out = capsys.readouterr().out
    assert f"FAIL  answering: The model SmolLM2-135M-Instruct ({file}) is not the one" in out
    assert f"found {SMOLLM2.files[file]}" in out
    assert "ok    embedding" in out
    status, found = _json(capsys, "verify")
    assert (status, found["ok"]) == (1, False)
    assert [model["state"] for model in found["models"]] == ["mismatch", "verified"]


def test_a_new_ollama_model_is_refused_until_it_is_trusted(
    server: FakeOllama, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = _json(capsys, "verify")
    assert (status, found["models"][0]["state"]) == (1, "mismatch")
    assert "groundskeeper models trust ollama:llama3.2" in found["models"][0]["detail"]
    assert run(["models", "trust", "ollama:llama3.2"]) == 0
    assert f"sha256:{server.models[0].digest}" in capsys.readouterr().out
    status, found = _json(capsys, "verify")
    assert (status, found["models"][0]["state"]) == (0, "verified")
    assert "--deep" in found["models"][0]["detail"]
    status, found = _json(capsys, "verify", "--deep")
    assert "cannot be read here: this is the server's word" in found["models"][0]["detail"]
    before = Path("models.toml").read_bytes()
    assert run(["models", "trust", "ollama:llama3.2:latest"]) == 0
    assert "trusted already" in capsys.readouterr().out
    assert Path("models.toml").read_bytes() == before
    server.models[0].digest = "c3" * 32
    assert run(["models", "verify"]) == 1
    assert f"found sha256:{'c3' * 32}" in capsys.readouterr().out


def test_deep_hashes_what_the_manifest_names(
    server: FakeOllama, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blobs = tmp_path / "no-store" / "blobs"
    blobs.mkdir(parents=True)
    weights = hashlib.sha256(b"weights").hexdigest()
    (blobs / f"sha256-{weights}").write_bytes(b"weights")
    manifest = json.dumps({"schemaVersion": 2, "layers": [{"digest": f"sha256:{weights}"}]})
    server.models[0].digest = hashlib.sha256(manifest.encode()).hexdigest()
    (blobs / f"sha256-{server.models[0].digest}").write_text(manifest)
    assert run(["models", "trust", "ollama:llama3.2"]) == 0
    capsys.readouterr()
    status, found = _json(capsys, "verify", "--deep")
    # The manifest's own blob has the model's digest as its name, so it is looked at as well.
    assert (status, found["models"][0]["files"], found["models"][0]["detail"]) == (0, 2, "")
    (blobs / f"sha256-{weights}").write_bytes(b"Weights")
    assert _json(capsys, "verify")[0] == 0  # the server still tells the same digest
    status, found = _json(capsys, "verify", "--deep")
    assert (status, found["models"][0]["state"]) == (1, "mismatch")
    assert weights in found["models"][0]["detail"]


def test_list_works_with_a_server_that_is_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("GROUNDSKEEPER_EMBEDDING", "ollama:nomic-embed-text")
    assert run(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert "answering  SmolLM2-135M-Instruct" in out
    assert "No Ollama server answers at http://127.0.0.1:9. Start it with `ollama serve`." in out
    assert run(["models", "verify"]) == 1


def test_a_provider_without_digests_is_said_to_be_unverifiable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_MODEL", "openai:any")
    status, found = _json(capsys, "verify")
    assert (status, found["models"][0]["state"]) == (0, "unverifiable")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trust", "openai:any"], "There is no digest to trust for 'openai:any'"),
        (["trust", "embedded"], "give one of all-MiniLM-L6-v2, SmolLM2-135M-Instruct"),
        (["trust", "ollama:absent"], "'absent' is not pulled. Run `ollama pull absent`."),
    ],
)
def test_what_cannot_be_trusted_changes_nothing(
    server: FakeOllama, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert run(["models", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not Path("models.toml").exists()


def test_a_bad_file_of_pins_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    Path("models.toml").write_text('[models."ollama:x"]\ndigets = "sha256:1"\n')
    assert run(["models", "list"]) == 2
    assert capsys.readouterr().err.strip() == (
        "models.toml:1: unknown key 'digets' of the model 'ollama:x'."
    )
