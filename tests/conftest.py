"""What holds for every test: settings of this machine do not leak in, nothing reaches out."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GROUNDSKEEPER_") or name in ("OLLAMA_HOST", "DATABASE_URL"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Any:
    """Refuse connections that leave the machine: everything works offline, so do the tests.

    Only this process's Python sockets are covered, not child processes or native libraries.
    """

    class LoopbackSocket(socket.socket):
        def connect(self, address: Any) -> None:
            _check(self.family, address)
            super().connect(address)

        def connect_ex(self, address: Any) -> int:
            _check(self.family, address)
            return super().connect_ex(address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket, "socket", LoopbackSocket)
    yield
    patch.undo()


def _check(family: int, address: Any) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(address[0])
    try:
        local = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        local = host in ("localhost", "")
    if not local:
        raise AssertionError(f"a test tried to connect to {address!r}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser, except in CI, which must have one."""
    if os.environ.get("CI") or shutil.which("chromium"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no chromium on PATH"))
