"""What holds for every test: settings of this machine do not leak in, nothing reaches out."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

if TYPE_CHECKING:  # they need all of ingest; a test that asks for no pack does without
    from tests.packs import HashedEmbeddings, Pack
    from tests.records import Desk


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("GROUNDSKEEPER_") or name in ("OLLAMA_HOST", "DATABASE_URL"):
                patch.delenv(name)
        yield


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


@pytest.fixture(autouse=True)
def _main_stays() -> Iterator[None]:
    """Streamlit makes its script the main module; processes that start later would look for it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True, scope="session")
def _texts_read_once() -> Iterator[None]:
    """Let the real encoder that a process shares read each text once.

    Every bot compares questions with the same thousand texts, which take seconds, and tests open
    many bots. The model's files are checked before the encoder is asked, so no check is skipped.
    """
    from ingest.encoder import SentenceEncoder

    class Remembering(SentenceEncoder):
        def __init__(self, *model: Any) -> None:
            super().__init__(*model)
            self._known: dict[str, NDArray[np.float32]] = {}

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            new = [text for text in dict.fromkeys(texts) if text not in self._known]
            self._known.update(zip(new, super().encode(new), strict=True))
            found = [self._known[text] for text in texts]
            return np.stack(found) if found else super().encode([])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.embeddings.SentenceEncoder", Remembering)
        yield


@pytest.fixture(scope="session")
def college_desk() -> Iterator[Desk]:
    """The records of the shipped pack and a planner over them: read them, never change them."""
    from tests.records import open_desk

    with open_desk("colleges") as desk:
        yield desk


@pytest.fixture
def small_pack(tmp_path: Path) -> Iterator[Pack]:
    """A pack of one table and three guides that nobody has indexed; the test may change it."""
    from tests.packs import Pack, end_vector_servers

    yield Pack.make(tmp_path)
    end_vector_servers(tmp_path)


@pytest.fixture
def hashed() -> HashedEmbeddings:
    """A quick stand-in for an embedding model."""
    from tests.packs import HashedEmbeddings

    return HashedEmbeddings()


@pytest.fixture(scope="session")
def indexed_pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """The same pack, indexed once with the real encoder for all tests: read it, never change it."""
    from ingest.embeddings import make_embeddings
    from tests.packs import Pack, end_vector_servers

    root = tmp_path_factory.mktemp("indexed")
    pack = Pack.make(root)
    pack.reindex(make_embeddings(pack.settings))
    yield pack
    end_vector_servers(root)


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


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled modules where Python may not keep them beside their sources.

    Otherwise each of the processes that tests start compiles all that it imports, for seconds.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(config.rootpath / ".pytest_cache" / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser, except in CI, which must have one."""
    if os.environ.get("CI") or shutil.which("chromium"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no chromium on PATH"))
