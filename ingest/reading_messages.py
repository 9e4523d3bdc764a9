"""What the parent and a reading worker tell each other: one JSON object a message.

JSON and not pickle: an answer is made from a file that may have taken its reader over, and must
be data to the parent.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.documents import Chunk
from ingest.loaders.limits import Limits

_LENGTH = struct.Struct(">Q")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Job:
    """A file to read: where it is, what the documents and chunks of it are called.

    `inside` is the way to a file in an archive: its name there, or that of an archive within and
    the name in that one. `table` is given for a table that the card declares: its card as
    JSON. If the file has the hash `known_sha256`, it is not read. `listed` asks
    for the files in an archive instead.
    """

    path: str
    name: str
    inside: tuple[str, ...] = ()
    known_sha256: str = ""
    table: str = ""
    size: int = 0
    listed: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a job: the file's hash, size and times, and what else there is to say.

    `failure` says why the file was not read (`over_limit`: because it took too much), `members`
    are the files of an archive, `document` and `chunks` are what was read; if none is given
    the file has the hash that was known, or is no archive.
    """

    sha256: str = ""
    size: int = 0
    mtime_ns: int = 0
    read_at_ns: int = 0
    failure: str = ""
    over_limit: bool = False
    members: list[dict[str, Any]] | None = None
    document: dict[str, Any] | None = None
    chunks: list[Chunk] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


def encode_answer(answer: Answer) -> dict[str, Any]:
    """Return the message; a passage's text is left out, for the document's has it."""
    message = {key: value for key, value in vars(answer).items() if key != "chunks"}
    message["chunks"] = [_packed(chunk) for chunk in answer.chunks]
    return message


def decode_answer(message: dict[str, Any]) -> Answer:
    """Return the answer of a message."""
    text = (message["document"] or {}).get("text", "")
    chunks = [_unpacked(row, text) for row in message.pop("chunks")]
    return Answer(**message, chunks=chunks)


def _packed(chunk: Chunk) -> dict[str, Any]:
    row = dict(vars(chunk))
    if chunk.kind == "passage":
        del row["text"]
    return row


def _unpacked(row: dict[str, Any], text: str) -> Chunk:
    row["heading_path"] = tuple(row["heading_path"])
    return Chunk(**{"text": text[row["start"] : row["end"]], **row})


def encode_limits(limits: Limits) -> dict[str, Any]:
    """Return the limits as they are sent."""
    return asdict(limits)


def decode_limits(message: dict[str, Any]) -> Limits:
    """Return the limits that were sent."""
    return Limits(**{**message, "passwords": tuple(message["passwords"])})


def send(stream: int, message: dict[str, Any]) -> None:
    """Write a message to a pipe; raises BrokenPipeError."""
    # Names of files may hold bytes that are no text; they come through as what Python makes of
    # them.
    data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(stream, view) :]


def receive(stream: int, deadline: float | None = None) -> dict[str, Any]:
    """Read a message from a pipe.

    Raises EOFError if the other side is gone, TimeoutError past the deadline (of
    time.monotonic).
    """
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size, deadline))
    message: dict[str, Any] = json.loads(
        _read(stream, length, deadline).decode("utf-8", "surrogatepass")
    )
    return message


def _read(stream: int, length: int, deadline: float | None) -> bytes:
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    pieces: list[bytes] = []
    while length:
        wait = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
        if not poll.poll(wait):
            raise TimeoutError
        piece = os.read(stream, min(length, _PIECE))
        if not piece:
            raise EOFError
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
