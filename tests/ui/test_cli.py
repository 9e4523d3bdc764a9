"""The command line itself: what it offers, what it loads for that, how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ui.cli import COMMANDS, load_command, run

ROOT = Path(__file__).parent.parent.parent
HEAVY = {"chromadb", "langchain_core", "llama_cpp", "openvino", "streamlit", "xllamacpp"}
WHAT_IS_LOADED = """
import sys
from ui.cli import run

for command in sys.argv[1:]:
    assert run(command.split()) == 0, command
print(*{name.partition(".")[0] for name in sys.modules})
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    said = load_command(name).help.partition("\n\n")[0]

    assert " ".join(said.split()) == COMMANDS[name]


def test_every_command_is_listed() -> None:
    files = ROOT.glob("ui/commands/*.py")
    own = {f.stem for f in files if not f.stem.startswith(("_", "eval_", "reports_"))}

    assert {"evaluate" if name == "eval" else name for name in COMMANDS} == own


def test_what_needs_no_model_loads_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(ROOT / "corpus" / "auto-parts"))
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(tmp_path))
    lean = ["--help", "domain check", "moderators list", "reports list", "reasons"]

    ran = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED, *lean],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    loaded = ran.stdout.splitlines()[-1].split()
    assert "typer" in loaded
    assert not HEAVY.intersection(loaded)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["domian"], "No such command 'domian'. Did you mean 'domain'?"),
        (["--domian"], "No such option: --domian"),
        (["domain", "chekc"], "No such command 'chekc'. Did you mean 'check'?"),
        (["ask", "--jsno"], "No such option: --jsno"),
    ],
)
def test_what_is_misspelt_is_wrong_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_without_a_command_the_list_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Look after domain packs." in capsys.readouterr().out
