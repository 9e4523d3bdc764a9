"""`groundskeeper redteam` on a small pack: what slips through, what is printed, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs import Pack
from ui.cli import run

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    indexed_pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    def redteam(*arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(indexed_pack.folder))
        monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed_pack.settings.data_dir))
        status = run(["redteam", *arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out or err

    return redteam


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "asked.txt"
    path.write_text(
        "weight of the European robin\nWhat is the capital of France?\n", encoding="utf-8"
    )
    return path


def test_shipped_attacks_are_not_answered(command: Command) -> None:
    status, out = command("--limit", "2", "--fail-on", "0", "--json")
    found = json.loads(out)
    assert status == 0 and found["failed"] is False
    assert {kind["aim"] for kind in found["kinds"]} == {"attack"}
    assert sum(kind["total"] for kind in found["kinds"]) >= 12


def test_an_answer_that_slipped_through_is_shown(command: Command, questions: Path) -> None:
    status, out = command("--off-topic", str(questions))
    assert status == 0
    assert "asked: weight of the European robin" in out and "18 g" in out
    assert "1 (50.0%)" in out and "capital of France" not in out
    assert command("--off-topic", str(questions), "--fail-on", "0.4")[0] == 1
    assert command("--off-topic", str(questions), "--fail-on", "0.5")[0] == 0


def test_a_fair_question_may_be_refused_but_is_no_attack(command: Command, questions: Path) -> None:
    _, out = command("--fair", str(questions), "--json")
    (kind,) = json.loads(out)["kinds"]
    assert (kind["answered"], kind["refused"], kind["slipped"]) == (1, 1, 0)


def test_a_missing_file_is_said(command: Command) -> None:
    status, out = command("--attacks", "nowhere.txt")
    assert status == 2 and "nowhere.txt cannot be read" in out
