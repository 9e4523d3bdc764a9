"""The vectors in Chroma: ids and embeddings, nothing else.

No text and no metadata of a chunk is kept here. What may be seen is decided in SQL; this only
says which chunk ids are near a query. It can always be made again from the `embeddings` table.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import chromadb
import chromadb.errors
import httpx
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings as ChromaSettings
from numpy.typing import NDArray

from ingest.chroma_server import HOST, Lease, discard_files, lease_server
from ingest.database import remedy
from ingest.errors import IndexDamaged
from ingest.paths import ChromaServer

OWNER = "groundskeeper"
MAX_BATCH = 1_000
ANSWER_SECONDS = 300.0
# Asked only beyond what is compared one by one (docs/decisions/0008). Chroma's own numbers (16,
# 100, 100) find too few of the nearest where passages are much alike; a graph that was built with
# 200 now and then has parts that no search leads to (docs/decisions/0003).
HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 400,
    "ef_search": 1_000,
}
PAGE = 10_000
LISTED = 100
T = TypeVar("T")


class VectorStore:
    """One collection of an index in Chroma, with the cosine as its distance.

    A collection is named after the embedding model, so another model never writes into
    or reads from it; a rebuild makes a new one beside the live one. Only a writer may `create` a
    collection: one that a reader misses was replaced by a newer one. What is `told` stands in the
    metadata of a new collection; "index" there is whose it is, for a server may hold several's.
    """

    def __init__(
        self,
        chroma: ChromaConnection,
        name: str,
        *,
        create: bool = False,
        told: Mapping[str, str | int] = MappingProxyType({}),
    ) -> None:
        self._chroma = chroma
        self._create = create
        self._metadata = {"owner": OWNER, **told}
        self._open: Collection | None = None
        self.name = name

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Write vectors, shape (len(ids), dimension), in batches that Chroma accepts."""
        for i in range(0, len(ids), MAX_BATCH):
            batch = slice(i, i + MAX_BATCH)
            write = partial(Collection.upsert, ids=list(ids[batch]), embeddings=vectors[batch])
            self._run(write)

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Return those of the ids that the collection does not hold."""
        held = set(self._run(lambda c: c.get(ids=list(ids), include=[]))["ids"])
        return [key for key in ids if key not in held]

    def delete(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there do not matter."""
        for i in range(0, len(ids), MAX_BATCH):
            self._run(partial(Collection.delete, ids=list(ids[i : i + MAX_BATCH])))

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to k (chunk id, cosine similarity), nearest first."""
        query = vector.reshape(1, -1)
        found = self._run(
            lambda c: c.query(query_embeddings=query, n_results=k, include=["distances"])
        )
        distances = (found["distances"] or [[]])[0]
        return [(key, 1.0 - d) for key, d in zip(found["ids"][0], distances, strict=True)]

    def count(self) -> int:
        """Return how many vectors the collection holds."""
        return self._run(lambda c: c.count())

    def pages(self) -> Iterator[list[str]]:
        """Yield every id that the collection holds, many at a time; it must not change between."""
        start = 0
        while True:
            page = self._run(partial(Collection.get, include=[], limit=PAGE, offset=start))
            if not page["ids"]:
                return
            yield page["ids"]
            start += len(page["ids"])

    def ids(self) -> set[str]:
        """Return every id that the collection holds."""
        return {key for page in self.pages() for key in page}

    def drop_others(self) -> None:
        """Delete the collections of this index that are not in use any more."""
        with chroma_errors_explained():
            client = self._chroma.client()
            for other in _all_collections(client):
                if other.name != self.name and self._is_of_this_index(other):
                    client.delete_collection(other.name)

    def _is_of_this_index(self, other: Collection) -> bool:
        told = other.metadata or {}
        return all(told.get(key) == self._metadata.get(key) for key in ("owner", "index"))

    def _run(self, job: Callable[[Collection], T]) -> T:
        """Do a job on the collection; where the server has gone, connect anew and try once more.

        A server whose folder was deleted goes on and has lost everything; by then there may be
        another, which has what a reindex has made again.
        """
        with chroma_errors_explained():
            try:
                return job(self._collection())
            except httpx.TransportError:
                self._chroma.disconnect()
            except chromadb.errors.NotFoundError:
                if not self._chroma.leave_deleted():
                    raise
            self._open = None
            return job(self._collection())

    def _collection(self) -> Collection:
        if self._open is None:
            found = self._get_or_create() if self._create else self._get()
            if (found.metadata or {}).get("owner") != OWNER:
                raise IndexDamaged(
                    f"The Chroma collection {self.name} was made by another program.",
                    hint="Run `groundskeeper reindex --rebuild`.",
                )
            self._open = found
        return self._open

    def _get(self) -> Collection:
        return self._chroma.client().get_collection(self.name, embedding_function=None)

    def _get_or_create(self) -> Collection:
        found = self._chroma.client().get_or_create_collection(
            self.name,
            metadata=self._metadata,
            configuration={"hnsw": HNSW},
            embedding_function=None,
        )
        # A server that is written to before it was read from takes in its last up to 1,000
        # vectors a second time at the first write after the first read, at 7 ms each.
        found.count()
        return found


class ChromaConnection:
    """The Chroma of one index: connects on demand, keeps the server claimed until closed.

    Safe to share between threads.
    """

    def __init__(self, place: Path | ChromaServer) -> None:
        """`place` is the folder of a server that is ours, or a server that somebody else runs."""
        self._place = place
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._client: ClientAPI | None = None
        self._left: list[ClientAPI] = []
        self._ahead: threading.Thread | None = None

    def connect_ahead(self) -> None:
        """Start to connect, which takes a second where no server runs, while the caller goes on.

        What goes wrong is met again, and told, where the client is needed.
        """
        self._ahead = threading.Thread(target=self._connect_silently, name="connecting")
        self._ahead.start()

    def _connect_silently(self) -> None:
        with suppress(Exception):
            self.client()

    def client(self) -> ClientAPI:
        """Return a client of a server that is up, starting one on loopback if need be."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
                for session in _sessions(self._client):
                    session.timeout = httpx.Timeout(ANSWER_SECONDS)
            return self._client

    def _connect(self) -> ClientAPI:
        if isinstance(self._place, ChromaServer):
            return _client(self._place)
        _reach_loopback_directly()
        self._lease = lease_server(self._place)
        return _client(ChromaServer(f"http://{HOST}:{self._lease.port}"))

    def repair(self) -> None:
        """Throw Chroma's files away if it cannot use them; SQL still has the vectors."""
        try:
            with chroma_errors_explained():
                self.client().list_collections()
        except IndexDamaged:
            if isinstance(self._place, ChromaServer):
                raise
            self.disconnect()
            discard_files(self._place)

    def disconnect(self) -> None:
        """Leave a server that does not answer; the next `client` connects to one that does."""
        with self._lock:
            self._release()

    def leave_deleted(self) -> bool:
        """Leave a server of ours whose folder was deleted; returns whether it was."""
        with self._lock:
            if self._lease is None or not isinstance(self._place, Path):
                return False
            if self._lease.serves(self._place):
                return False
            self._release()
            return True

    def close(self) -> None:
        """Give up the claim; the server leaves when nobody else holds one."""
        if self._ahead is not None:
            self._ahead.join()
        with self._lock:
            self._release()
            for client in self._left:
                _close(client)
            self._left = []

    def _release(self) -> None:
        if self._client is not None:
            # Other threads may be in the middle of a request with it.
            self._left.append(self._client)
            self._client = None
        if self._lease is not None:
            self._lease.release()
            self._lease = None


def _client(server: ChromaServer) -> ClientAPI:
    """Connect to a server; raises ValueError where none answers."""
    url = httpx.URL(server.url)
    secure = url.scheme == "https"
    return chromadb.HttpClient(
        host=str(url),
        port=url.port or (443 if secure else 80),
        ssl=secure,
        headers={name: value.get_secret_value() for name, value in server.headers.items()},
        settings=ChromaSettings(anonymized_telemetry=False),
    )


def _all_collections(client: ClientAPI) -> list[Collection]:
    """Return every collection; a server lists no more than so many at once."""
    found: list[Collection] = []
    while page := client.list_collections(limit=LISTED, offset=len(found)):
        found += page
    return list(found)


def _sessions(client: Any) -> list[httpx.Client]:
    """Return the HTTP clients inside a Chroma client: its own and that of its admin client."""
    return [client._server._session, client._admin_client._server._session]


def _close(client: ClientAPI) -> None:
    """Close a client together with its connections, which its own `close` leaves open."""
    for session in _sessions(client):
        session.close()
    client.close()  # type: ignore[attr-defined]


def _reach_loopback_directly() -> None:
    """Keep an HTTP proxy that this machine may have out of connections to itself."""
    listed = os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")).split(",")
    if HOST not in listed:
        os.environ["no_proxy"] = ",".join(filter(None, [*listed, HOST]))


def collection_name(model_key: str) -> str:
    """Make a new collection name for an embedding model."""
    model = hashlib.sha256(model_key.encode()).hexdigest()
    return f"chunks-{model[:12]}-{secrets.token_hex(3)}"


@contextmanager
def chroma_errors_explained() -> Iterator[None]:
    """Turn Chroma's and its HTTP client's errors into IndexDamaged."""
    try:
        yield
    except (chromadb.errors.ChromaError, httpx.HTTPError, ValueError) as error:
        cause = (str(error) or type(error).__name__).splitlines()[0][:200]
        absent = isinstance(error, httpx.TransportError) or "Could not connect" in cause
        hint = "See whether Chroma's server runs, and try again." if absent else remedy(cause)
        raise IndexDamaged(f"The vectors in Chroma cannot be used ({cause}).", hint=hint) from error
