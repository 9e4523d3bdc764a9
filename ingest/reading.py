"""Reading files in worker processes that can be ended: a file costs at most its limits.

A worker is an ordinary `python -m ingest.reading_worker` on two pipes, so it needs nothing of the
program that it serves (pytest, Streamlit and the command line alike) and imports nothing that it
does not use. One that takes too long is killed, one that crashed is replaced, and one whose parent
is gone leaves. They are kept for a while after a run, for the next one.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from ingest import errors
from ingest.errors import GroundskeeperError
from ingest.loaders.limits import Limits
from ingest.reading_messages import Answer, Job, decode_answer, encode_limits, receive, send
from ingest.settings import Settings
from ingest.token_window import TokenWindow

MAX_WORKERS = 8
_START_SECONDS = 60.0
_IDLE_SECONDS = 60.0
# How far workers read ahead of who takes the answers: in files, and in bytes of them.
_FILES_AHEAD = 32
_BYTES_AHEAD = 64 << 20
_ROOT = Path(__file__).parents[1]
_log = logging.getLogger(__name__)


def reading_limits(settings: Settings) -> Limits:
    """Return the limits that the operator has set."""
    return Limits(
        megabytes=settings.document_megabytes,
        pages=settings.document_pages,
        seconds=settings.document_seconds,
        memory_megabytes=settings.document_memory_megabytes,
        passwords=tuple(word.get_secret_value() for word in settings.document_passwords),
        ocr_languages=settings.ocr_languages,
        archive_megabytes=settings.archive_megabytes,
        archive_files=settings.archive_files,
        archive_depth=settings.archive_depth,
    )


class Worker:
    """One worker process; used by one thread at a time."""

    def __init__(self, window: TokenWindow) -> None:
        """Start the process; raises RuntimeError if it does not come up."""
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
        # -P: the folder that we were started in is no place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.reading_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # what it starts (OCR) is ended with it
            env={
                **os.environ,
                "PYTHONPATH": path,
                # One worker a core: more threads in each would only be in each other's way.
                "RAYON_NUM_THREADS": "1",
                "TOKENIZERS_PARALLELISM": "false",
                "MALLOC_ARENA_MAX": "2",
            },
        )
        self._requests, self._answers = (pipe.fileno() for pipe in self._pipes())
        self.window = window
        self.idle_since = 0.0
        self._greet(window)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs; if not, it is no zombie afterwards."""
        return self._process.poll() is None

    def _greet(self, window: TokenWindow) -> None:
        tokenizer = window.load().to_str() if window.key else ""
        told = {"key": window.key, "limit": window.limit, "prompt": window.prompt}
        try:
            send(self._requests, {**told, "tokenizer": tokenizer})
            receive(self._answers, time.monotonic() + _START_SECONDS)
        except (OSError, EOFError) as error:
            self.end()
            raise RuntimeError("a reading worker did not start; see above for why") from error

    def ask(self, job: Job, limits: Limits, deadline: float) -> dict[str, Any]:
        """Return the answer to a job.

        Raises TimeoutError past the deadline (of time.monotonic), EOFError if the process ended;
        either way it is of no further use.
        """
        try:
            send(self._requests, {"job": asdict(job), "limits": encode_limits(limits)})
        except BrokenPipeError:
            raise EOFError from None
        return receive(self._answers, deadline)

    def kill(self) -> None:
        """Have the process killed; who waits for its answer sees the end of it."""
        with suppress(ProcessLookupError):
            if self.alive:
                os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """End the process; returns its exit status, negative for a signal, and leaves no zombie."""
        self.kill()
        self._close()
        return self._process.wait()

    def exit_status(self) -> int:
        """Wait for a process whose pipe has closed; returns as `end` does."""
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return self.end()
        self._close()
        return status

    def _close(self) -> None:
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()

    def _pipes(self) -> list[IO[bytes]]:
        return [pipe for pipe in (self._process.stdin, self._process.stdout) if pipe is not None]


class _IdleWorkers:
    """Workers between two runs: starting one costs more than reading a small file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: list[Worker] = []

    def take(self, window: TokenWindow) -> Worker:
        with self._lock:
            fit = [worker for worker in self._workers if worker.window == window]
            for worker in fit:
                self._workers.remove(worker)
                if worker.alive:
                    return worker
                worker.end()
        return Worker(window)

    def keep(self, worker: Worker) -> None:
        worker.idle_since = time.monotonic()
        with self._lock:
            self._workers.append(worker)

    def end_later(self) -> None:
        """End those that are not used again for a while."""
        timer = threading.Timer(_IDLE_SECONDS + 1, self.end_idle, (_IDLE_SECONDS,))
        timer.daemon = True
        timer.start()

    def end_idle(self, seconds: float = 0.0) -> None:
        """End the workers that nobody has used for so long."""
        before = time.monotonic() - seconds
        with self._lock:
            late = [worker for worker in self._workers if worker.idle_since <= before]
            self._workers = [worker for worker in self._workers if worker not in late]
        for worker in late:
            worker.end()


_idle = _IdleWorkers()
end_idle_workers = _idle.end_idle
atexit.register(end_idle_workers)


class Readers:
    """Reads files side by side, within limits; a context manager that leaves nothing running."""

    def __init__(self, limits: Limits, window: TokenWindow, workers: int = 0) -> None:
        """`window` is what the embedding model reads of a passage; 0 workers: one a core."""
        self._limits = limits
        self._window = window
        count = workers or min(len(os.sched_getaffinity(0)), MAX_WORKERS)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="reading")
        self._busy: set[Worker] = set()
        self._closed = threading.Event()

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still being read; nobody waits for it."""
        self._closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._busy):
            worker.kill()
        self._threads.shutdown()
        _idle.end_later()

    def read(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Answer]]:
        """Yield each job with its answer, in the order of the jobs, while others are being read.

        Raises what is wrong with more than the one file (a GroundskeeperError that is no
        DocumentError).
        """
        waiting: deque[tuple[Job, Future[Answer]]] = deque()
        ahead = 0
        for job in jobs:
            waiting.append((job, self._threads.submit(self._answer, job)))
            ahead += job.size
            while waiting and (len(waiting) > _FILES_AHEAD or ahead > _BYTES_AHEAD):
                first, future = waiting.popleft()
                ahead -= first.size
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()

    def _answer(self, job: Job) -> Answer:
        """Have a job answered; a second worker tries what has crashed the first."""
        deadline = time.monotonic() + self._limits.seconds
        answer = self._try(job, deadline)
        if answer is None and not self._closed.is_set():
            answer = self._try(job, deadline)
        if answer is None:
            name = Path(job.name).name
            reason = (
                f"{name} made its reader crash twice, as files do that are damaged or take too "
                "much memory. Save it anew, or as another format."
            )
            return Answer(failure=reason, over_limit=True)
        return answer

    def _try(self, job: Job, deadline: float) -> Answer | None:
        """Return the answer, or None if the worker crashed or nobody waits any more."""
        if self._closed.is_set():
            return None
        worker = _idle.take(self._window)
        self._busy.add(worker)
        if self._closed.is_set():
            worker.kill()
        try:
            message = worker.ask(job, self._limits, deadline)
        except TimeoutError:
            worker.end()
            return Answer(failure=self._too_slow(job), over_limit=True)
        except EOFError:
            status = worker.exit_status()
            if status == -signal.SIGALRM:
                return Answer(failure=self._too_slow(job), over_limit=True)
            return None
        finally:
            self._busy.discard(worker)
        if message.get("over_limit"):
            worker.end()  # its memory is in pieces
        else:
            _idle.keep(worker)
        return _understood(message, job)

    def _too_slow(self, job: Job) -> str:
        return (
            f"{Path(job.name).name} takes more than {self._limits.seconds:g} seconds to read. "
            "Split it into smaller files, or raise document_seconds."
        )


def _understood(message: dict[str, Any], job: Job) -> Answer:
    if "error" in message:
        kind, text, hint = message["error"]
        error: type[GroundskeeperError] = getattr(errors, kind)
        raise error(text, hint=hint)
    if "fault" in message:
        # Ours, and it must be seen; but one file must not cost the others.
        _log.error("reading %s failed:\n%s", job.name, message["fault"])
        last = message["fault"].strip().splitlines()[-1]
        return Answer(
            failure=f"{Path(job.name).name} could not be read, by a fault of ours ({last})."
        )
    return decode_answer(message)
