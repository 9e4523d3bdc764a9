"""The vector server's life: one for each index, there when needed, gone when not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from ingest.chroma_server import HOST, lease_server
from ingest.errors import IndexDamaged
from ingest.index import Index
from ingest.paths import ChromaServer
from ingest.progress import ReindexReport
from ingest.reindex import Reindexer
from ingest.vectors import ChromaConnection, VectorStore
from tests.packs import HashedEmbeddings, Pack, end_vector_servers, server_pids

LEASE_AND_WAIT = """
import sys, time
from pathlib import Path
from ingest.chroma_server import lease_server

lease = lease_server(Path(sys.argv[1]), linger=float(sys.argv[2]))
print(lease.port, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "chroma"
    end_vector_servers(tmp_path)


def client_process(folder: Path, linger: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LEASE_AND_WAIT, str(folder), str(linger)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def port_of(client: subprocess.Popen[str]) -> int:
    assert client.stdout is not None
    return int(client.stdout.readline())


def server_seconds(folder: Path) -> float:
    """Return how long the server of a folder has had a processor."""
    pid = json.loads((folder / "server.lock").read_bytes())["pid"]
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def end(*clients: subprocess.Popen[str]) -> None:
    for client in clients:
        client.kill()
        client.communicate()


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def listening_addresses(pid: int) -> set[str]:
    """Return the local addresses that a process listens on, in the kernel's hexadecimal."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    ]
    return {
        row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links
    }


def test_processes_that_come_at_once_share_one_server_and_leave_none(folder: Path) -> None:
    clients = [client_process(folder, linger=1.0) for _ in range(3)]
    try:
        assert len({port_of(client) for client in clients}) == 1
        assert len(server_pids(folder)) == 1
        time.sleep(2.0)
        assert len(server_pids(folder)) == 1, "it stays for as long as somebody uses it"
    finally:
        end(*clients)  # with SIGKILL: nobody says goodbye
    assert eventually(lambda: not server_pids(folder))


def test_a_server_that_lingers_is_used_again(folder: Path) -> None:
    first = lease_server(folder, linger=5)
    first.release()
    second = lease_server(folder)
    assert second.port == first.port
    second.release()


def test_threads_that_come_at_once_share_one_server(folder: Path) -> None:
    leases = []
    threads = [
        threading.Thread(target=lambda: leases.append(lease_server(folder, linger=1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({lease.port for lease in leases}) == 1 and len(leases) == 8
    for lease in leases:
        lease.release()


def test_only_this_machine_can_reach_it(folder: Path) -> None:
    lease = lease_server(folder)
    (pid,) = server_pids(folder)
    assert listening_addresses(pid) == {"0100007F"}, "127.0.0.1 and nothing else"
    lease.release()


def test_a_killed_server_is_replaced_at_the_next_query(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index:
        robin = index.embed(["robin"])[0]

        def found() -> list[tuple[int, float]]:
            with index.snapshot() as snapshot:
                return snapshot.dense_search(robin, 3)

        before = found()
        (pid,) = server_pids(small_pack.paths.chroma)
        os.kill(pid, signal.SIGKILL)
        assert found() == before
        assert server_pids(small_pack.paths.chroma) != [pid]


def test_a_server_that_hangs_is_ended_and_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = lease_server(folder)
    (pid,) = server_pids(folder)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("ingest.chroma_server.START_SECONDS", 3.0)
    again = lease_server(folder)
    assert again.port != lease.port
    assert eventually(lambda: pid not in server_pids(folder))
    lease.release()
    again.release()


def test_what_another_program_wrote_or_runs_is_not_taken_for_the_server(folder: Path) -> None:
    folder.mkdir()
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        state = {"pid": os.getpid(), "port": other.getsockname()[1]}
        (folder / "server.lock").write_text(json.dumps(state))
        lease = lease_server(folder)
        assert lease.port != state["port"]
        lease.release()


def test_a_proxy_of_this_machine_is_not_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    connection = ChromaConnection(folder)
    assert connection.client().heartbeat() > 0
    assert os.environ["no_proxy"] == "example.org,127.0.0.1"
    connection.close()


def test_a_server_that_cannot_start_says_so(folder: Path) -> None:
    folder.mkdir()
    (folder / "data").write_text("this should be a folder")
    with pytest.raises(IndexDamaged, match="Chroma's server did not start") as failure:
        lease_server(folder)
    assert "reindex --rebuild" in failure.value.hint
    assert not server_pids(folder)


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexDamaged, match="cannot be written"):
        lease_server(tmp_path / "file" / "chroma")


# --- what is kept in it, over a server of ours and one that somebody else runs --------------------


@pytest.fixture(params=["ours", "theirs"])
def connection(request: pytest.FixtureRequest, folder: Path) -> Iterator[ChromaConnection]:
    if request.param == "ours":
        connection = ChromaConnection(folder)
        yield connection
        connection.close()
        return
    lease = lease_server(folder)
    headers = {"Authorization": SecretStr("Bearer token")}
    connection = ChromaConnection(ChromaServer(f"http://{HOST}:{lease.port}", headers))
    yield connection
    connection.close()
    lease.release()


def test_a_collection_of_another_program_is_left_alone(connection: ChromaConnection) -> None:
    connection.client().create_collection("theirs", embedding_function=None)
    for create in (True, False):
        with pytest.raises(IndexDamaged, match="made by another program"):
            VectorStore(connection, "theirs", create=create).count()
    VectorStore(connection, "ours", create=True).drop_others()
    assert [c.name for c in connection.client().list_collections()] == ["theirs"]


def test_of_two_indexes_on_one_server_each_leaves_the_others_alone(
    connection: ChromaConnection,
) -> None:
    for name, index in (("old", "a"), ("new", "a"), ("other", "b")):
        told = {"index": index, "model": "m", "generation": 1}
        VectorStore(connection, name, create=True, told=told).count()
    VectorStore(connection, "new", create=True, told={"index": "a"}).drop_others()
    left = {c.name: c.metadata for c in connection.client().list_collections()}
    assert sorted(left) == ["new", "other"]
    assert left["new"] == {"owner": "groundskeeper", "index": "a", "model": "m", "generation": 1}


def test_what_a_collection_lacks(connection: ChromaConnection) -> None:
    store = VectorStore(connection, "some", create=True)
    store.upsert(["a", "b"], np.eye(2, dtype=np.float32))
    store.delete(["b", "nobody"])
    store.upsert([], np.empty((0, 2), np.float32))
    assert store.missing(["a", "b", "c"]) == ["b", "c"] and store.ids() == {"a"}


def test_a_look_between_two_writes_does_not_make_the_second_dear(
    connection: ChromaConnection, folder: Path
) -> None:
    """The server took in all 600 vectors a second time there, at many times the work."""
    store = VectorStore(connection, "some", create=True)
    vectors = np.random.default_rng(1).standard_normal((601, 384)).astype(np.float32)
    connection.client()
    worked = [server_seconds(folder)]
    store.upsert([f"c{i}" for i in range(600)], vectors[:600])
    worked.append(server_seconds(folder))
    assert store.count() == 600
    store.upsert(["one more"], vectors[600:])
    worked.append(server_seconds(folder))
    assert worked[2] - worked[1] < 3 * (worked[1] - worked[0])


def test_ids_come_in_pages(connection: ChromaConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.vectors.PAGE", 3)
    store = VectorStore(connection, "some", create=True)
    ids = [f"c{i}" for i in range(7)]
    store.upsert(ids, np.eye(7, dtype=np.float32))
    assert [len(page) for page in store.pages()] == [3, 3, 1] and store.ids() == set(ids)


def test_headers_reach_the_server_and_no_report(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    with HeaderCatcher() as catcher:
        server = ChromaServer(catcher.url, {"X-Secret": SecretStr("sesame")})
        connection = ChromaConnection(server)
        with pytest.raises(IndexDamaged) as failure:
            VectorStore(connection, "any", create=True).count()
        connection.close()
    assert catcher.seen == {"sesame"}
    assert "sesame" not in str(failure.value) + repr(server)


class HeaderCatcher(ThreadingHTTPServer):
    """Stands in for an authenticating proxy that refuses: notes a header, answers 403."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Refusal)
        self.url = f"http://{HOST}:{self.server_address[1]}"
        self.seen: set[str | None] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Refusal(BaseHTTPRequestHandler):
    server: HeaderCatcher

    def do_GET(self) -> None:
        self.server.seen.add(self.headers["X-Secret"])
        self.send_error(403)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_server_that_is_not_there_is_said_to_be(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        url = f"http://{HOST}:{probe.getsockname()[1]}"
    with pytest.raises(IndexDamaged) as failure:
        VectorStore(ChromaConnection(ChromaServer(url)), "any").count()
    assert "whether Chroma's server runs" in failure.value.hint


def test_a_whole_index_on_a_server_of_ones_own(
    small_pack: Pack, hashed: HashedEmbeddings, folder: Path
) -> None:
    lease = lease_server(folder)
    server = ChromaServer(f"http://{HOST}:{lease.port}")
    paths = replace(small_pack.paths, chroma_server=server)

    def reindex(*, rebuild: bool = False) -> ReindexReport:
        return Reindexer(small_pack.folder, small_pack.card, paths, hashed).run(rebuild=rebuild)

    def found() -> list[tuple[int, float]]:
        robin = np.asarray(hashed.embed_query("robin"), np.float32)
        index = Index(small_pack.card, paths, hashed, exact_chunks=0)
        with closing(index), index.snapshot() as snapshot:
            return snapshot.dense_search(robin, 3)

    assert reindex().generation == 1 and len(found()) == 3
    assert reindex(rebuild=True).generation == 2 and len(found()) == 3
    connection = ChromaConnection(server)
    assert len(connection.client().list_collections()) == 1
    connection.close()
    assert not paths.chroma.exists(), "no server of our own was started"
    lease.release()


def test_the_nearest_are_found_among_vectors_that_are_all_alike(folder: Path) -> None:
    """Rows of a table differ in little; Chroma's own settings find 8 of 10, for some queries none.

    The queries lie apart from the rows, as questions do.
    """
    dice = np.random.default_rng(7)
    kinds = dice.normal(size=(12, 384))
    rows = unit_rows(np.repeat(kinds, 250, axis=0) + 0.25 * dice.normal(size=(3000, 384)))
    connection = ChromaConnection(folder)
    store = VectorStore(connection, "alike", create=True)
    store.upsert([str(i) for i in range(len(rows))], rows)
    recalls = []
    for query in unit_rows(2 * kinds.mean(axis=0) + dice.normal(size=(30, 384))):
        found = {int(key) for key, _ in store.nearest(query, 10)}
        recalls.append(len(found & set(np.argsort(-(rows @ query))[:10])) / 10)
    connection.close()
    assert np.mean(recalls) > 0.98 and min(recalls) >= 0.8


def unit_rows(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
