"""Renew requirements.lock and requirements-dev.lock from pyproject.toml.

Run by `make lock`. The resolver (uv) is installed into a temporary virtual environment and
forgotten. The locks name every package with its version and its hashes, for every platform, and
no address: whoever installs uses the index that their pip is set up for, and so does this script.
Extra indexes and folders of wheels are left aside: they seldom hold every platform's files, and a
lock made from them would fit one machine only.

Arguments are passed on to uv in place of `--upgrade`, for example `--upgrade-package pypdf`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOLVER = "uv>=0.9.8"
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"

# What pip calls a setting, and what uv calls it: uv does not read pip's settings.
PIP_TO_UV = {
    "index_url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
}
OPTIONS = (
    "--universal --python-version=3.11 --generate-hashes --only-binary=:all: --no-header --quiet"
)


def main(arguments: list[str]) -> int:
    """Write both locks, the second constrained by the first; 1 if the resolver fails."""
    wanted = arguments or ["--upgrade"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            python = install_resolver(folder)
            environment = {**os.environ, **uv_settings(pip_settings(python))}
            compile_lock(
                python,
                RUNTIME,
                ["pyproject.toml", "--extra=weights", "--group=build", *wanted],
                "What `make chat` needs.",
                environment,
            )
            compile_lock(
                python,
                DEVELOPMENT,
                ["--group=dev", f"--constraints={RUNTIME}", *wanted],
                "What the checks need besides, in the versions of requirements.lock where both do.",
                environment,
            )
        except subprocess.CalledProcessError as error:
            print(error.stderr, file=sys.stderr)
            print("The locks could not be renewed, for the reason above.", file=sys.stderr)
            return 1
    return 0


def install_resolver(folder: Path) -> Path:
    """Make a virtual environment with uv in it; return its Python."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run([python, "-m", "pip", "install", "--quiet", RESOLVER], dict(os.environ))
    return python


def pip_settings(python: Path) -> dict[str, str]:
    """Return the operator's pip settings by bare name (`index_url`), from `pip config list`."""
    listing = run([python, "-m", "pip", "config", "list"], dict(os.environ))
    return {
        found[1].replace("-", "_"): found[2]
        for line in listing.splitlines()
        if (found := re.fullmatch(r"(?::env:|global|install)\.([a-z-]+)='(.*)'", line.strip()))
    }


def uv_settings(pip: dict[str, str]) -> dict[str, str]:
    """Translate pip's settings to uv's environment variables."""
    return {uv: pip[name] for name, uv in PIP_TO_UV.items() if name in pip and uv not in os.environ}


def compile_lock(
    python: Path, name: str, sources: list[str], purpose: str, environment: dict[str, str]
) -> None:
    """Resolve into a copy of the lock, so that a failure leaves the old one; then replace it."""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / name
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, new)
        command: list[str | Path] = [python, "-m", "uv", "pip", "compile", *sources]
        run([*command, *OPTIONS.split(), "-o", new], environment)
        text = new.read_text(encoding="utf-8")
    header = (
        f"# {purpose}\n"
        f"# Written by `make lock`; installed with `pip install --no-deps --require-hashes`.\n"
    )
    (ROOT / name).write_text(header + clean(text), encoding="utf-8")
    print(f"{name}: {len(re.findall(r'(?m)^[a-z0-9]', text))} packages")


def clean(text: str) -> str:
    """Drop addresses, paths and earlier headers, keep who asked for what."""
    kept = [
        re.sub(r" \(pyproject\.toml(?::(\w+))?\)", "", line)
        for line in text.splitlines()
        if not line.startswith(("#", "--"))
    ]
    return "\n".join(kept) + "\n"


def run(command: list[str | Path], environment: dict[str, str]) -> str:
    """Run in the project's folder and return stdout; raises CalledProcessError."""
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, text=True, capture_output=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
