"""Another embedder and reranker from local folders, as an operator sets them up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.model_folders import SENTENCE_MODELS, make_cross_encoder
from tests.packs import Pack
from ui.cli import run

LEAF, PAIRS = "folder:models/leaf", "folder:models/pairs"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    small_pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `groundskeeper ARGUMENTS` beside the two folders, which the settings name."""
    root = small_pack.root
    SENTENCE_MODELS["bert-cls-dense"](root / "models/leaf", np.random.default_rng(1))
    make_cross_encoder(root / "models/pairs", "bert", np.random.default_rng(2))
    monkeypatch.chdir(root)
    (root / "groundskeeper.toml").write_text(
        f'domain = "pack"\ndata_dir = "data"\nembedding = "{LEAF}"\nreranker = "{PAIRS}"\n'
    )

    def run_it(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run_it


def test_from_an_untrusted_folder_to_a_search(command: Command) -> None:
    status, _, err = command("reindex")
    assert status == 2
    assert f"groundskeeper models trust {LEAF}" in err
    status, out, _ = command("models", "verify")
    assert status == 1
    assert out.count("is not pinned in models.toml") == 2
    for name in (LEAF, PAIRS):
        assert command("models", "trust", name)[0] == 0
    status, out, _ = command("models", "verify")
    assert status == 0
    assert f"ok    embedding: {LEAF}, verified, sha256:" in out
    assert f"ok    reranking: {PAIRS}, verified, sha256:" in out
    assert "9 files hashed." in out
    status, out, err = command("reindex", "--json")
    found = json.loads(out)
    assert (status, found["failed"], found["embedded"] > 20) == (1, {}, True), err
    # This model reads 66 tokens, and to it a token is a letter.
    assert list(found["warnings"]) == ["birds.csv"]
    assert found["warnings"]["birds.csv"][0].startswith("row 2: its names are more than the emb")
    assert json.loads(command("status", "--json")[1])["embedding"] == LEAF
    status, out, _ = command("search", "What do finches eat?", "--json")
    assert status == 0
    assert len(json.loads(out)["hits"]) == 10
    assert command("doctor", "--json")[0] == 0


def test_another_prompt_needs_trust_and_a_reindex(command: Command) -> None:
    for name in (LEAF, PAIRS):
        command("models", "trust", name)
    assert json.loads(command("reindex", "--json")[1])["failed"] == {}
    prompts = Path("models/leaf/config_sentence_transformers.json")
    prompts.write_text('{"prompts": {"query": "how does the: "}}')
    status, _, err = command("search", "finches")
    assert status == 2
    assert "config_sentence_transformers.json) is not the one that was pinned" in err
    command("models", "trust", LEAF)
    status, _, err = command("search", "finches")
    assert status == 2
    assert f"{LEAF}, whose files or prompts have changed since. Run `groundskeeper rein" in err
    assert json.loads(command("reindex", "--json")[1])["embedded"] > 20
    assert command("search", "finches")[0] == 0


def test_a_bad_folder_is_one_sentence_for_every_command(command: Command) -> None:
    Path("models/leaf/1_Pooling/config.json").write_text('{"pooling_mode": "lasttoken"}')
    command("models", "trust", LEAF)
    for arguments in (["reindex"], ["search", "finches"], ["ask", "What do finches eat?"]):
        status, _, err = command(*arguments)
        assert status == 2
        assert "asks for the pooling 'lasttoken', which does not run here" in err
    Path("models/pairs/model.safetensors").unlink()
    checks = json.loads(command("doctor", "--json")[1])["checks"]
    failed = {check["check"] for check in checks if not check["ok"]}
    assert failed == {"Embedding model", "Reranker", "Index"}
    status, _, err = command("models", "trust", PAIRS)
    assert status == 2
    assert "models/pairs/model.safetensors cannot be read (No such file or directory)." in err
