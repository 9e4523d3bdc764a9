"""`groundskeeper eval facts` on a small pack: what it prints, and with which exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.packs import Pack
from ui.cli import run

RIGHT = {"id": "1", "question": "weight of the European robin", "operation": "lookup"}
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    indexed_pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    def run_facts(*arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(indexed_pack.folder))
        monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed_pack.settings.data_dir))
        status = run(["eval", "facts", *arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out or err

    return run_facts


def questions(folder: Path, *expectations: Any) -> str:
    path = folder / "q.jsonl"
    lines = [json.dumps({**RIGHT, "expect": expect}) for expect in expectations]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_right_answers_end_well(command: Command, tmp_path: Path) -> None:
    expect = {"rows": [2], "cells": {"weight": [18.0]}}

    status, out = command(questions(tmp_path, expect), "--json")

    assert json.loads(out) == {
        "lookup": {"n": 1, "right": 1, "abstained": 0, "wrong": 0, "missed": []}
    }
    assert status == 0


def test_a_wrong_figure_is_listed_and_ends_with_one(command: Command, tmp_path: Path) -> None:
    status, out = command(questions(tmp_path, {"rows": [2], "cells": {"weight": [19.0]}}))

    assert status == 1
    assert "lookup wrong: 1 weight of the European robin" in out
    assert "wrong figure" in out


def test_a_pack_without_questions_says_so(command: Command) -> None:
    status, out = command()

    assert status == 2
    assert "has no questions of its own for this" in out
