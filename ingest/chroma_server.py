"""Chroma's own server on loopback, one for each index, shared by every process that needs it.

Embedded Chroma belongs to one process: a second one sees stale results, a client that reopens
may crash, and a writer killed in the middle leaves files that no later one can read (see
docs/decisions). So the files are opened by one small server process only. Whoever needs it
first starts it; it ends by itself when nobody has used it for a while.

Who uses it is told by a shared lock on a file, which the kernel drops when a process dies, so a
killed client is never waited for. A client takes that lock *before* it looks for the server, and
the server leaves only while it holds the same lock alone: no client can be handed a server that
is about to go.

Not covered: Chroma has no authentication of its own. Any user of this machine can reach the
port and change vectors. Vectors only rank; what is shown comes from SQL.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from ingest.errors import IndexDamaged

HOST = "127.0.0.1"
START_SECONDS = 30.0
LINGER_SECONDS = 20.0
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Lease:
    """A running server and the claim that keeps it running for as long as this is open."""

    port: int
    claim: IO[bytes]

    def release(self) -> None:
        """Give up the claim; the server may leave when it was the last."""
        self.claim.close()


def lease_server(folder: Path) -> Lease:
    """Return a running server for the Chroma files in `folder`, starting one if need be.

    Raises IndexDamaged if it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    claim = (folder / "clients.lock").open("ab")
    fcntl.flock(claim, fcntl.LOCK_SH)
    try:
        with FileLock(folder / "start.lock", timeout=START_SECONDS * 2):
            port = _running_port(folder)
            return Lease(port if port is not None else _start(folder), claim)
    except Timeout:
        claim.close()
        raise IndexDamaged(
            "Another process has been starting the vector server for too long.",
            hint="Try again in a moment.",
        ) from None
    except BaseException:
        claim.close()
        raise


def _running_port(folder: Path) -> int | None:
    """Return the port of the server that is up, or None."""
    try:
        state = json.loads((folder / "server.json").read_text())
        pid, port = int(state["pid"]), int(state["port"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return port if _answers(port) else None


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/api/v2/heartbeat", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _start(folder: Path) -> int:
    """Start the server as a process of its own and wait until it answers."""
    port = _free_port()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest.chroma_server", str(folder.resolve()), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it logs every request there
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            _write_state(folder, process.pid, port)
            # It outlives us on purpose; without a word here Popen warns about that.
            process.returncode = 0
            return port
        time.sleep(0.02)
    process.kill()
    raise IndexDamaged(
        f"Chroma's server did not start (see {folder / 'server.log'}).",
        hint="Run `groundskeeper reindex --rebuild`.",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _write_state(folder: Path, pid: int, port: int) -> None:
    draft = folder / "server.json.new"
    draft.write_text(json.dumps({"pid": pid, "port": port}))
    draft.replace(folder / "server.json")


def serve(folder: Path, port: int) -> None:
    """Run Chroma's server until no client has held the lock for a while; does not return."""
    import chromadb_rust_bindings  # heavy, and needed only in this process

    leave = _leave_when_unused(folder / "clients.lock", lambda: os._exit(0))
    threading.Thread(target=leave, daemon=True).start()
    arguments = ["chroma", "run", "--path", str(folder / "data"), "--host", HOST]
    chromadb_rust_bindings.cli([*arguments, "--port", str(port)])


def _leave_when_unused(lock_file: Path, leave: Callable[[], None]) -> Callable[[], None]:
    """Return a watch that calls `leave`, holding the lock alone, when nobody else holds it."""

    def watch() -> None:
        unused_since = time.monotonic()
        with lock_file.open("ab") as claim:
            while True:
                time.sleep(POLL_SECONDS)
                if not _try_alone(claim):
                    unused_since = time.monotonic()
                    continue
                if time.monotonic() - unused_since > LINGER_SECONDS:
                    leave()
                fcntl.flock(claim, fcntl.LOCK_UN)

    return watch


def _try_alone(claim: IO[bytes]) -> bool:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
