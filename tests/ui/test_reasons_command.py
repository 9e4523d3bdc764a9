from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.packs import Pack
from ui.cli import run

QUESTIONS = ["hi", "What is the wingspan of a magpie?", "What is the capital of France?"]


@pytest.fixture
def _here(indexed_pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(indexed_pack.folder))
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed_pack.settings.data_dir))
    return indexed_pack.paths.counts


def test_what_was_asked_is_counted_and_nothing_of_it_kept(
    _here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _here.unlink(missing_ok=True)
    lines = [json.dumps({"question": question}) for question in QUESTIONS]
    Path("asked.jsonl").write_text("\n".join(lines))
    assert run(["ask", "--batch", "asked.jsonl"]) == 0
    capsys.readouterr()

    assert run(["reasons", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert [(c["status"], c["reason"], c["questions"]) for c in counts] == [
        ("answered", "", 2),
        ("refused", "scope", 1),
    ]
    assert run(["reasons", "--days", "7"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 questions in 7 days (UTC)\n")
    assert "33.3%  refused    scope" in out and "does not belong to the domain" in out
    for file in _here.parent.glob("counts*"):
        assert b"wingspan" not in file.read_bytes() and b"France" not in file.read_bytes()


def test_nothing_asked_is_nothing_counted(
    small_pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_pack.root)
    monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(small_pack.folder))
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(small_pack.settings.data_dir))
    assert run(["reasons"]) == 0
    assert capsys.readouterr().out == "0 questions in 30 days (UTC)\n"
    assert not small_pack.paths.counts.exists()
