"""Prepare .venv: make it, install the locks and the project, and repair what was interrupted.

Called by the Makefile through tools/python.sh, with any Python from 3.11 and nothing else
installed. What is done already is known by digest (`.venv/.installed.json`), so a second call
does nothing and needs no network. pip is the installer because operators set their mirrors and
certificates up for it. Not covered: packages that a lock no longer names stay until `make clean`,
and a package changed by hand inside .venv is not noticed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
PROJECT = "pyproject.toml"
HASHED = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile"]

AGAIN = "then run the same command again."
DOWNLOAD_FAILED = (
    "Could not download the dependencies: check the network or your pip index settings, " + AGAIN
)
# Signs in pip's messages of something else than a failed download, and what to say then.
OTHER_FAILURES = (
    (
        r"DO NOT MATCH THE HASHES",
        "A downloaded package is not the one that the lock names, so it was not installed: check "
        f"your pip index settings, empty pip's cache (pip cache purge), {AGAIN}",
    ),
    (
        r"\(from versions: (?!none)",
        "The package index has no file of this package for this machine and Python; there are "
        "files for Python 3.11 to 3.14 on Linux (x86-64 with glibc 2.28, ARM with 2.35) and macOS "
        "(ARM).",
    ),
    (r"No space left", f"The disk is full: make room (about 2 GB), {AGAIN}"),
    (r"Permission denied", f"The folder cannot be written to: check whose it is, {AGAIN}"),
)


class BootstrapError(Exception):
    """Preparing failed; the message is one sentence for the person at the terminal."""


class Environment:
    """The virtual environment of a project, and the record of what was installed into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._record = self.folder / ".installed.json"

    def prepare(self, development: bool) -> None:
        """Bring everything up to date; raises BootstrapError."""
        if not self._usable():
            self._make()
        wanted = [RUNTIME, PROJECT] + ([DEVELOPMENT] if development else [])
        stale = [name for name in wanted if self._installed().get(name) != self._digest(name)]
        if not stale:
            return
        self._repair()
        for name in stale:
            if name == PROJECT:
                self._install_project()
            else:
                self._install_lock(name)
            self._remember(name)

    def _usable(self) -> bool:
        """Whether .venv works and stands where it was made (its scripts hold its own path)."""
        record = self._installed()
        if record and record.get("root") != str(self.root):
            return False
        if not any(self.folder.glob("lib/python*/site-packages/pip")):
            return False
        ask = [str(self.python), "-c", "import sys; print(*sys.version_info[:2])"]
        try:
            said = subprocess.run(ask, capture_output=True, text=True).stdout.split()
        except OSError:
            return False
        version = tuple(int(part) for part in said)
        named = bool(os.environ.get("PYTHON"))  # a Python that was asked for is the one to use
        return version == sys.version_info[:2] if named else version >= (3, 11)

    def _make(self) -> None:
        version = ".".join(str(part) for part in sys.version_info[:3])
        if importlib.util.find_spec("ensurepip") is None:
            raise BootstrapError(
                f"Python {version} cannot make virtual environments: install its venv package "
                f"(on Debian and Ubuntu: apt install python3-venv), {AGAIN}"
            )
        with step(f"Making .venv with Python {version}"):
            command = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
            run(command, "The virtual environment .venv could not be made: see above.")

    def _repair(self) -> None:
        """Forget packages that an interrupted pip left half installed, so that it does them again.

        pip writes INSTALLER after a package's files, and renames what it removes to ~name.
        """
        for site in self.folder.glob("lib/python*/site-packages"):
            for entry in [*site.glob("*.dist-info"), *site.glob("~*")]:
                if entry.name.startswith("~") or not (entry / "INSTALLER").exists():
                    shutil.rmtree(entry, ignore_errors=True)

    def _install_lock(self, name: str) -> None:
        lock = (self.root / name).read_text(encoding="utf-8")
        count = len(re.findall(r"(?m)^[a-z0-9]", lock))
        with step(f"Installing {count} packages of {name}"):
            if name == RUNTIME:
                self._renew_pip(lock)
            self._pip(*HASHED, "-r", name)

    def _renew_pip(self, lock: str) -> None:
        """Install the locked pip first: it reads an index in half the time of Python's own."""
        with tempfile.NamedTemporaryFile("w", suffix=".lock") as first:
            first.write(pinned(lock, "pip"))
            first.flush()
            self._pip(*HASHED, "-r", first.name)

    def _install_project(self) -> None:
        with step("Installing groundskeeper itself"):
            local = ["--no-deps", "--no-index", "--no-build-isolation", "--editable", "."]
            self._pip(*local, failure="Groundskeeper itself could not be installed: see above.")

    def _pip(self, *arguments: str, failure: str = DOWNLOAD_FAILED) -> None:
        """Run pip in the project's folder, with the programs of .venv on its path."""
        run(
            [str(self.python), "-m", "pip", "install", "--quiet", *arguments],
            failure,
            cwd=self.root,
            PATH=f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        )

    def _installed(self) -> dict[str, str]:
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def _remember(self, name: str) -> None:
        record = {**self._installed(), "root": str(self.root), name: self._digest(name)}
        new = self._record.with_suffix(".new")
        new.write_text(json.dumps(record, indent=1), encoding="utf-8")
        new.replace(self._record)

    def _digest(self, name: str) -> str:
        return hashlib.sha256((self.root / name).read_bytes()).hexdigest()


def pinned(lock: str, name: str) -> str:
    """Return the lines of a lock that pin one package."""
    found = re.search(rf"(?m)^{re.escape(name)}==.*(?:\n[ \t].*)*", lock)
    if found is None:
        raise BootstrapError(f"The lock does not name {name}: run `make lock`.")
    return found[0] + "\n"


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and when it is done, after how many seconds."""
    print(f"{title} ...", end="", flush=True, file=sys.stderr)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print(" stopped", file=sys.stderr)
        raise
    print(f" {time.monotonic() - start:.0f} s", file=sys.stderr)


def run(command: list[str], failure: str, cwd: Path | None = None, **variables: str) -> None:
    """Run a command quietly; raises BootstrapError with what it said last and one sentence."""
    environment = {
        **os.environ,
        "PIP_USER": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **variables,
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, text=True, errors="replace", capture_output=True
    )
    if done.returncode == 0:
        return
    said = (done.stdout + done.stderr).strip()
    for sign, sentence in OTHER_FAILURES:
        if re.search(sign, said):
            failure = sentence
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    tail = "\n".join(f"    {line}" for line in errors[-3:] or said.splitlines()[-3:])
    raise BootstrapError(f"{tail}\n{failure}")


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other call prepares the same .venv; the lock dies with its process."""
    with (root / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Prepare the project in the folder above this file; return the exit status."""
    root = Path(__file__).resolve().parent.parent
    try:
        with alone(root):
            Environment(root).prepare(development="dev" in arguments)
    except BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"The virtual environment could not be prepared: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
