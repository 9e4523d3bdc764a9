"""A real web server on this machine, for tests of what is sent to one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """A server on this machine that answers with `statuses` in turn, the last one for good."""

    address: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    silent: threading.Event | None = None


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Start the server on a free port; stop it at the end, even while it keeps silent."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.seen.append((self.path, dict(self.headers), body))
            if found.silent is not None:
                found.silent.wait(10)
                return
            status = found.statuses.pop(0) if len(found.statuses) > 1 else found.statuses[0]
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.address = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found
        if found.silent is not None:
            found.silent.set()
        server.shutdown()
        thread.join()
