"""The process that reads files for `ingest.reading`: it may be killed at any moment.

Started by `python -m ingest.reading_worker`, it answers jobs from its standard input on its
standard output until that closes. A file can make its reader loop, grow or crash; all that is
lost then is this process. It is a bound on resources and no prison: it has its user's rights.
"""

from __future__ import annotations

import hashlib
import os
import resource
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.errors import DocumentError, GroundskeeperError
from ingest.loaders import load_bytes, read_settled
from ingest.loaders.archives import list_members, read_member
from ingest.loaders.limits import Limits
from ingest.reading_messages import Answer, Job, decode_limits, encode_answer, receive, send
from ingest.suspicions import suspicions
from ingest.token_window import TokenWindow

# The parent ends a worker that is late; this one ends itself if the parent is gone.
_GRACE_SECONDS = 5.0


def main() -> None:
    """Answer jobs until the parent closes its end or is gone."""
    requests, answers = _private_pipes()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=_leave_with_parent, args=(requests,), daemon=True).start()
    window = _window(receive(requests))
    send(answers, {"ready": True})
    while True:
        try:
            request = receive(requests)
        except EOFError:
            return
        limits = decode_limits(request["limits"])
        job = Job(**{**request["job"], "inside": tuple(request["job"]["inside"])})
        with _bounded(limits):
            message = _message(job, limits, window)
        send(answers, message)


def _private_pipes() -> tuple[int, int]:
    """Keep the two pipes to ourselves: what a library prints goes nowhere."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return requests, answers


def _leave_with_parent(requests: int) -> None:
    """End this process when nobody holds the other end of the pipe any more."""
    poll = select.poll()
    poll.register(requests, 0)  # only the hang-up, which is always told
    poll.poll()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with what was started for OCR
    os._exit(0)


def _window(told: dict[str, Any]) -> TokenWindow:
    """Rebuild the embedding model's window; its tokenizer is sent where it is not the usual one."""
    if not told["tokenizer"]:
        return TokenWindow(told["key"], told["limit"], told["prompt"])
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(told["tokenizer"])
    return TokenWindow(told["key"], told["limit"], told["prompt"], load=lambda: tokenizer)


@contextmanager
def _bounded(limits: Limits) -> Iterator[None]:
    """Bound the memory of this process, and its life if the parent should not end it."""
    room = _address_space() + (limits.memory_megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _address_space() -> int:
    """Bytes of address space in use now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 30
    return pages * resource.getpagesize()


def _message(job: Job, limits: Limits, window: TokenWindow) -> dict[str, Any]:
    try:
        return encode_answer(read_job(job, limits, window))
    except MemoryError:
        name = Path(job.name).name
        return encode_answer(Answer(failure=memory_failure(name, limits), over_limit=True))
    except GroundskeeperError as error:
        return {"error": [type(error).__name__, error.message, error.hint]}
    except Exception:
        import traceback

        return {"fault": traceback.format_exc()}


def memory_failure(name: str, limits: Limits) -> str:
    """Say that a file needs too much memory."""
    return (
        f"{name} takes more than {limits.memory_megabytes} MB of memory to read. "
        "Split it into smaller files, or raise document_memory_megabytes."
    )


def read_job(job: Job, limits: Limits, window: TokenWindow) -> Answer:
    """Read a file and cut it into chunks; what cannot be read is told in the answer."""
    if job.listed:
        return _listed(job, limits)
    read_at_ns = time.time_ns()
    path = Path(job.path)
    try:
        if job.inside:
            data, stat = read_member(path, job.inside, limits)
        else:
            data, stat = read_settled(path, limits)
    except DocumentError as error:
        return Answer(failure=str(error))
    sha256 = hashlib.sha256(data).hexdigest()
    seen = (sha256, len(data), stat.st_mtime_ns, read_at_ns)
    if sha256 == job.known_sha256:
        return Answer(*seen)
    try:
        made = _read_table(data, job, window) if job.table else _read(data, job, limits, window)
    except DocumentError as error:
        made = {"failure": str(error)}
    return Answer(*seen, **made)


def _listed(job: Job, limits: Limits) -> Answer:
    try:
        members = list_members(Path(job.path), limits)
    except DocumentError as error:
        return Answer(failure=str(error))
    return Answer(members=None if members is None else [asdict(member) for member in members])


def _read(data: bytes, job: Job, limits: Limits, window: TokenWindow) -> dict[str, Any]:
    name = PurePosixPath(job.inside[-1] if job.inside else job.path).name
    document = load_bytes(data, name, limits)
    chunks = window.chunk(document, job.name)
    told = {key: value for key, value in vars(document).items() if key != "blocks"}
    return {
        "document": {**told, "warnings": [*document.warnings, *suspicions(chunks)]},
        "chunks": chunks,
    }


def _read_table(data: bytes, job: Job, window: TokenWindow) -> dict[str, Any]:
    from ingest.domain import TableCard  # a third of a second, for workers that need it
    from ingest.record_rows import parse_records
    from ingest.record_text import record_chunk

    table = TableCard.model_validate_json(job.table)
    records, warnings = parse_records(data, job.name, table)
    chunks = [record_chunk(record, table) for record in records]
    for i in window.too_long([chunk.index_text for chunk in chunks]):
        warnings.append(
            f"row {chunks[i].row}: its names are more than the embedding model reads at once; "
            "the last ones are found by their words alone"
        )
    return {
        "document": {"warnings": [*warnings, *suspicions(chunks)]},
        "chunks": chunks,
        "records": [asdict(record) for record in records],
    }


if __name__ == "__main__":
    main()
