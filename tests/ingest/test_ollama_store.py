from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ingest import ollama_store
from ingest.errors import ModelIntegrityError
from ingest.ollama_store import check_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, laid out as Ollama does."""
    (tmp_path / "blobs").mkdir()
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    return tmp_path


def _add_blob(store: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    (store / "blobs" / f"sha256-{digest}").write_bytes(data)
    return f"sha256:{digest}"


def _manifest(store: Path) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "config": {"digest": _add_blob(store, b"{}"), "size": 2},
        "layers": [{"digest": _add_blob(store, b"weights"), "size": 7}],
    }


def _pull(store: Path) -> str:
    """Put a model into the store as it was until 2026: its manifest lies under its name."""
    data = json.dumps(_manifest(store)).encode()
    path = store / "manifests" / "registry.ollama.ai" / "library" / "llama3.2" / "latest"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _pull_list(store: Path) -> str:
    """Put a model into the store whose manifests are blobs, one of them for other hardware."""
    child = _add_blob(store, json.dumps(_manifest(store)).encode())
    absent = f"sha256:{'0' * 64}"
    parts = [{"digest": child, "runner": "ollama"}, {"digest": absent, "runner": "mlx"}]
    return _add_blob(store, json.dumps({"schemaVersion": 2, "manifests": parts}).encode())


@pytest.mark.parametrize(("pull", "files"), [(_pull, 2), (_pull_list, 4)])
def test_every_file_of_a_model_is_hashed(store: Path, pull: Any, files: int) -> None:
    digest = pull(store)
    assert check_store("ollama:llama3.2", digest) == files
    weights = store / "blobs" / f"sha256-{hashlib.sha256(b'weights').hexdigest()}"
    weights.write_bytes(b"Weights")
    with pytest.raises(ModelIntegrityError) as raised:
        check_store("ollama:llama3.2", digest)
    assert hashlib.sha256(b"Weights").hexdigest() in str(raised.value)
    assert "ollama rm" in raised.value.hint


def test_a_changed_manifest_is_not_the_models(store: Path) -> None:
    digest = _pull_list(store)
    manifest = store / "blobs" / digest.replace(":", "-")
    manifest.write_bytes(manifest.read_bytes() + b" ")
    with pytest.raises(ModelIntegrityError):
        check_store("ollama:llama3.2", digest)


def test_a_model_that_is_not_here_is_not_checked(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pull(store)
    assert check_store("ollama:other", f"sha256:{'1' * 64}") == 0
    monkeypatch.delenv("OLLAMA_MODELS")
    monkeypatch.setattr(ollama_store, "DEFAULT_STORES", (store / "absent", store))
    assert check_store("ollama:llama3.2", _pull_list(store)) == 4
