"""`groundskeeper eval grounding` on a small pack: what it prints, and its exit status."""

from __future__ import annotations

import json

import pytest

import ui.commands.eval_grounding
from bot.verify import Verdict
from tests.packs import Pack
from ui.cli import run


@pytest.fixture(autouse=True)
def _small_pack(indexed_pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(indexed_pack.folder))
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed_pack.settings.data_dir))


def test_a_table_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["eval", "grounding", "--number", "40"])
    out, err = capsys.readouterr()

    assert status in (0, 1)
    assert "swapped figures" in out and "turned away" in out and "ms a sentence (p50)" in out
    assert "Traceback" not in err


def test_json_has_every_kind_with_what_was_judged_wrongly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui.commands.eval_grounding, "verify", lambda *_: Verdict(False, "no"))
    status = run(["eval", "grounding", "--number", "40", "--json"])
    result = json.loads(capsys.readouterr().out)["Garden birds"]

    assert status == 1, "all sound ones were turned away"
    assert (result["caught"], result["sound_rejected"]) == (1.0, 1.0)
    assert result["kinds"]["rows"]["cases"][0]["why"] == "no"


def test_another_pack_is_measured_beside(
    capsys: pytest.CaptureFixture[str], indexed_pack: Pack
) -> None:
    run(["eval", "grounding", "--number", "20", "--held-out", str(indexed_pack.folder)])
    assert "Garden birds (held out)" in capsys.readouterr().out
