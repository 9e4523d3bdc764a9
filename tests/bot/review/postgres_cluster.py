"""A private PostgreSQL server for the tests: Debian's own, in a temporary folder, on a socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

DEBIAN = Path("/usr/lib/postgresql")
# Nothing of it has to outlive the tests, so it need not reach the disk.
QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB")
START_SECONDS = 120


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres: the one on PATH, or Debian's newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = DEBIAN.glob("*/bin/initdb")
    newest = sorted(folders, key=lambda initdb: float(initdb.parent.parent.name))
    return newest[-1].parent if newest else None


@contextmanager
def running_cluster(programs: Path, chosen: tuple[str, ...] = QUICK) -> Iterator[str]:
    """Start a server with some settings, yield its URL, stop it and remove its folder.

    It sorts texts as a dictionary would, so that what relies on another order shows.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    owner = _owner()
    shutil.chown(folder, owner)
    data, log = folder / "data", folder / "log"
    initdb = ["-A", "trust", "-U", "tests", "-E", "UTF8", "--no-sync", "--no-instructions"]
    sorting = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
    always = ("listen_addresses=", "max_connections=120")
    settings = [word for setting in (*always, *chosen) for word in ("-c", setting)]
    try:
        command = [programs / "initdb", "-D", data, *initdb, *sorting]
        subprocess.run(command, user=owner, cwd=folder, check=True, capture_output=True)
        with log.open("wb") as output:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *settings],
                user=owner,
                cwd=folder,
                stdout=output,
                stderr=output,
            )
        try:
            url = f"postgresql://tests@/postgres?host={folder}"
            _wait_for(server, url, log)
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: what it holds is thrown away
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str:
    """Return who runs it: PostgreSQL refuses root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    return "postgres" if "postgres" in names else "nobody"


def _wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.02)
