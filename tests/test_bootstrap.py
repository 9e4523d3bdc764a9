"""tools/python.sh and tools/bootstrap.py: finding Python, repairing, failing in one sentence."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "nothing-of-this-name==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def _load_bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = _load_bootstrap()


def _run_finder(path: Path, *, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run tools/python.sh with a PATH of one folder and a script that says which it got."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "python.sh"), "-c", "print('ran')"],
        env={"PATH": str(path), "PYTHON": python},
        capture_output=True,
        text=True,
    )


def _fake_python(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_stub_that_starts_nothing_is_passed_over(tmp_path: Path) -> None:
    _fake_python(tmp_path / "python3.13", "exit 127")
    (tmp_path / "python3").symlink_to(sys.executable)
    assert _run_finder(tmp_path).stdout == "ran\n"


def test_an_old_python_is_named_with_what_to_do(tmp_path: Path) -> None:
    _fake_python(tmp_path / "python3", '[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    done = _run_finder(tmp_path)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "Python 3.11 or newer (found: Python 3.9.2)" in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    assert "(found: none)" in _run_finder(tmp_path).stderr


def test_python_can_be_named_even_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my tools"
    folder.mkdir()
    named = _fake_python(folder / "py", f'exec {shlex.quote(sys.executable)} "$@"')
    assert _run_finder(tmp_path, python=str(named)).stdout == "ran\n"


def test_a_wrong_python_named_is_not_replaced_by_another(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    done = _run_finder(tmp_path, python="/nowhere/python")
    assert done.returncode != 0
    assert done.stderr == (
        "PYTHON=/nowhere/python is not a Python 3.11 or newer: name another one, or leave it out.\n"
    )


def test_pinned_returns_one_package_with_its_hashes() -> None:
    lock = "a==1 \\\n    --hash=x \\\n    --hash=y\n    # via b\nb==2 \\\n    --hash=z\n"
    assert bootstrap.pinned(lock, "a") == "a==1 \\\n    --hash=x \\\n    --hash=y\n    # via b\n"
    assert bootstrap.pinned(lock, "b") == "b==2 \\\n    --hash=z\n"


def _project(folder: Path, lock: str) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "requirements.lock").write_text(lock)
    (folder / "requirements-dev.lock").write_text(lock)
    return folder


def test_what_is_installed_is_not_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = bootstrap.Environment(_project(tmp_path / "a b", NOWHERE))
    shutil.copytree(ROOT / "tools", environment.folder / "lib/python3.11/site-packages/pip")
    environment.python.parent.mkdir()
    environment.python.symlink_to(sys.executable)
    for name in ("requirements.lock", "pyproject.toml", "requirements-dev.lock"):
        environment._remember(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # an attempt to install would fail
    environment.prepare(development=True)


def test_a_changed_lock_is_noticed_and_a_failed_download_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = bootstrap.Environment(_project(tmp_path / "a b", NOWHERE))
    environment.folder.mkdir()
    pip = environment.folder / "lib/python3.11/site-packages/pip"
    pip.mkdir(parents=True)
    environment.python.parent.mkdir()
    _fake_python(environment.python, f'exec {shlex.quote(sys.executable)} "$@"')
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    environment._remember("requirements.lock")
    environment._remember("pyproject.toml")
    with pytest.raises(bootstrap.BootstrapError) as caught:
        environment.prepare(development=True)
    assert str(caught.value).endswith(
        "Could not download the dependencies: check the network or your pip index settings, "
        "then run the same command again."
    )
    assert "requirements-dev.lock" not in environment._installed()


def test_an_environment_that_was_moved_is_not_used(tmp_path: Path) -> None:
    environment = bootstrap.Environment(_project(tmp_path / "a", NOWHERE))
    environment.folder.mkdir()
    (environment.folder / ".installed.json").write_text(json.dumps({"root": "/elsewhere"}))
    assert not environment._usable()


@pytest.mark.parametrize(
    ("says", "named", "usable"),
    [("3 11", "", True), ("3 9", "", False), ("3 99", "", True), ("3 99", "python3", False)],
)
def test_an_environment_of_another_python_is_used_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, named: str, usable: bool
) -> None:
    environment = bootstrap.Environment(tmp_path)
    (environment.folder / "lib/python3.11/site-packages/pip").mkdir(parents=True)
    environment.python.parent.mkdir()
    _fake_python(environment.python, f"echo {says}")
    monkeypatch.setenv("PYTHON", named)
    assert environment._usable() is usable


def test_repair_forgets_what_pip_left_half_done(tmp_path: Path) -> None:
    environment = bootstrap.Environment(tmp_path)
    site = environment.folder / "lib/python3.11/site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info", "~alf", "package"):
        (site / name).mkdir(parents=True)
    (site / "whole-1.dist-info" / "INSTALLER").write_text("pip\n")
    environment._repair()
    assert sorted(os.listdir(site)) == ["package", "whole-1.dist-info"]


@pytest.mark.parametrize(
    ("sign", "sentence"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that the lock names"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: no version of a==2 (from versions: 1, 3)", "no file of this package for this"),
        ("ERROR: no version of a==2 (from versions: none)", "as the caller says"),
        ("anything else", "as the caller says"),
    ],
)
def test_failures_are_told_apart(sign: str, sentence: str) -> None:
    command = [sys.executable, "-c", f"import sys; print({sign!r}); sys.exit(1)"]
    with pytest.raises(bootstrap.BootstrapError, match=sentence):
        bootstrap.run(command, "as the caller says")
