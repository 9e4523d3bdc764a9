"""`groundskeeper reports backup` and `restore`: what they print, exit with and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.review import Case, ReviewQueue
from ingest.domain import load_card
from ingest.paths import domain_paths
from ingest.settings import load_settings
from ui.cli import run

PACK = Path(__file__).resolve().parents[2] / "corpus" / "auto-parts"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `groundskeeper reports ARGUMENTS` and return its status, stdout and stderr."""
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run(["reports", *arguments, "--domain", str(PACK)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def _file(question: str) -> str:
    location = domain_paths(load_settings(domain=PACK), load_card(PACK)).reports
    with ReviewQueue(location) as queue:
        case = Case(question=question, answer="So.", status="answered")
        return queue.file(case, "wrong_fact").reference


def test_a_copy_is_made_and_put_back(reports: Run) -> None:
    assert reports("backup", "copy")[::2] == (2, "There are no reports to back up.\n")
    first = _file("First?")
    assert reports("backup", "copy")[:2] == (0, "Copied to copy: 1 reports, 1 events.\n")
    second = _file("Second?")
    status, out, err = reports("restore", "copy")
    assert (status, out) == (2, "") and "--yes" in err
    status, out, _ = reports("restore", "copy", "--yes", "--json")
    told = json.loads(out)
    assert (status, told["reports"], told["problems"]) == (0, 1, [])
    assert Path(told["kept"]).is_file()
    assert reports("show", first)[0] == 0
    assert reports("show", second)[0] != 0


def test_postgresqls_own_commands_are_named(reports: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://birch:s3cret@localhost/reports")
    for command, program in (("backup", "pg_dump"), ("restore", "pg_restore")):
        status, out, err = reports(command, "a copy")
        assert (status, out) == (2, "")
        assert f"Run: {program} " in err and "'a copy'" in err and "s3cret" not in err
    assert "groundskeeper_auto-parts" in reports("backup", "copy")[2]
