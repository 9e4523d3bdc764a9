"""Chroma's own server on loopback, one for each index, shared by every process that needs it.

Embedded Chroma belongs to one process: a second one sees stale results, a client that reopens
may crash, and a writer killed in the middle leaves files that no later one can read (see
docs/decisions). So the files are opened by one small server process only. Whoever needs it
first starts it; it ends by itself when nobody has used it for a while.

Who uses it is told by a shared lock on `clients.lock`, which the kernel drops when a process
dies, so a killed client is never waited for. A client takes that lock *before* it looks for the
server, and the server leaves only while it holds the same lock alone: no client can be handed a
server that is about to go.

Who serves is told by an exclusive lock on `server.lock`, where the server writes its process id
and port: two servers never open the same files, however slowly one of them answers, and an id
that another program has by now is not taken for it.

Not covered: Chroma has no authentication of its own. Any user of this machine can reach the
port and change vectors. Vectors only rank; what is shown comes from SQL.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
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
# Another program may take the port between our choosing it and Chroma's opening it.
START_ATTEMPTS = 3


@dataclass(frozen=True)
class Lease:
    """A running server and the claim that keeps it running for as long as this is open."""

    port: int
    claim: IO[bytes]

    def serves(self, folder: Path) -> bool:
        """Tell whether the server's folder is still there, and no other in its place."""
        try:
            return os.path.samestat(os.fstat(self.claim.fileno()), _claims(folder).stat())
        except OSError:
            return False

    def release(self) -> None:
        """Give up the claim; the server may leave when it was the last."""
        self.claim.close()


def lease_server(folder: Path, linger: float = LINGER_SECONDS) -> Lease:
    """Return a running server for the Chroma files in `folder`, starting one if need be.

    A server that is started here leaves when nobody has used it for `linger` seconds. Raises
    IndexDamaged if it does not come up.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claim = _claims(folder).open("ab")
    except OSError as error:
        raise IndexDamaged(
            f"{folder} cannot be written ({error.strerror}).",
            hint="Give the user who runs this the right to write to `data_dir`.",
        ) from None
    try:
        fcntl.flock(claim, fcntl.LOCK_SH)
        with FileLock(folder / "start.lock", timeout=START_SECONDS * 2):
            port = _running_port(folder)
            return Lease(port if port is not None else _start(folder, linger), claim)
    except Timeout:
        claim.close()
        raise IndexDamaged(
            "Another process has been starting the vector server for too long.",
            hint="Try again in a moment.",
        ) from None
    except BaseException:
        claim.close()
        raise


def _claims(folder: Path) -> Path:
    """Locked by everybody who uses the server."""
    return folder / "clients.lock"


def discard_files(folder: Path) -> None:
    """End the server of these files, if one runs, and delete what it keeps."""
    while _is_served(folder):
        pid, _ = _server(folder)
        if pid:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    data = folder / "data"
    if data.is_dir():
        shutil.rmtree(data)
    else:
        data.unlink(missing_ok=True)


def _running_port(folder: Path) -> int | None:
    """Return the port of the server that is up, or None; one that hangs is ended."""
    deadline = time.monotonic() + START_SECONDS
    pid = None
    while _is_served(folder):
        pid, port = _server(folder)
        if port and _answers(port):
            return port
        if time.monotonic() > deadline:
            if pid:
                os.kill(pid, signal.SIGKILL)
            return None
        time.sleep(0.05)
    return None


def _is_served(folder: Path) -> bool:
    with (folder / "server.lock").open("ab") as lock:
        return not _try_alone(lock)


def _server(folder: Path) -> tuple[int, int]:
    """Return the process id and port that the server wrote down, zeros where it has not yet."""
    try:
        state = json.loads((folder / "server.lock").read_bytes())
        return int(state["pid"]), int(state["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/api/v2/heartbeat")
        return b"heartbeat" in connection.getresponse().read(1000)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _start(folder: Path, linger: float) -> int:
    """Start the server as a process of its own and wait until it answers."""
    for _ in range(START_ATTEMPTS):
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ingest.chroma_server", str(folder.resolve()), str(linger)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # it logs every request there
                stderr=log,
                start_new_session=True,
                cwd=Path(__file__).resolve().parent.parent,
            )
        port = _wait_for(process, folder)
        # It outlives us on purpose; without a word here Popen warns about that.
        process.returncode = 0
        if port is not None:
            return port
    raise IndexDamaged(
        f"Chroma's server did not start (see {folder / 'server.log'}).",
        hint="Run `groundskeeper reindex --rebuild`.",
    )


def _wait_for(process: subprocess.Popen[bytes], folder: Path) -> int | None:
    """Return the port once the server answers; None if it ends, or is ended for not answering."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        pid, port = _server(folder)
        if pid == process.pid and _answers(port):
            return port
        time.sleep(0.02)
    process.kill()
    process.wait()
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def serve(folder: Path, linger: float) -> None:
    """Run Chroma's server until no client has held the lock for a while; does not return."""
    import chromadb_rust_bindings  # heavy, and needed only in this process

    lock = (folder / "server.lock").open("ab")
    fcntl.flock(lock, fcntl.LOCK_EX)
    port = _free_port()
    lock.truncate(0)
    lock.write(json.dumps({"pid": os.getpid(), "port": port}).encode())
    lock.flush()
    leave = _leave_when_unused(_claims(folder), linger, lambda: os._exit(0))
    threading.Thread(target=leave, daemon=True).start()
    arguments = ["chroma", "run", "--path", str(folder / "data"), "--host", HOST]
    chromadb_rust_bindings.cli([*arguments, "--port", str(port)])


def _leave_when_unused(
    lock_file: Path, linger: float, leave: Callable[[], None]
) -> Callable[[], None]:
    """Return a watch that calls `leave`, holding the lock alone, when nobody else holds it."""

    def watch() -> None:
        unused_since = time.monotonic()
        with lock_file.open("ab") as claim:
            while True:
                time.sleep(min(POLL_SECONDS, linger / 4))
                if not _try_alone(claim):
                    unused_since = time.monotonic()
                    continue
                if time.monotonic() - unused_since > linger:
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
    serve(Path(sys.argv[1]), float(sys.argv[2]))
