"""What takes seconds to open is opened in a thread of its own: a page looks in and goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from ingest.errors import StillOpening
from ui import strings

PATIENCE_SECONDS = 0.5

Opened = TypeVar("Opened")
Used = TypeVar("Used")


class Opening(Generic[Opened]):
    """Opens something when it is first asked for; what fails is tried again at the next asking.

    `do` returns what it has opened before, and opens it where it is not open. Safe between threads.
    """

    def __init__(self, do: Callable[[], Opened]) -> None:
        self._do = do
        self._lock = threading.Lock()
        self._future: Future[Opened] | None = None

    def begin(self) -> Future[Opened]:
        """Open it, or go on opening it."""
        with self._lock:
            if self._future is None:
                self._future = Future()
                work = threading.Thread(target=self._open, args=(self._future,), name="opening")
                work.daemon = True
                work.start()
            return self._future

    def get(self) -> Opened:
        """Return what is open. Raises StillOpening while it is not, and what `do` raises."""
        future = self.begin()
        try:
            future.exception(PATIENCE_SECONDS)
        except TimeoutError:
            raise StillOpening(strings.OPENING) from None
        if future.exception() is not None:
            self._forget(future)
            future.result()
        return self._do()

    def then(self, use: Callable[[], Used]) -> Callable[[], Used]:
        """Return `use`, which needs what is opened here, so that it too waits only a moment."""

        def when_open() -> Used:
            self.get()
            return use()

        return when_open

    def _open(self, future: Future[Opened]) -> None:
        try:
            future.set_result(self._do())
        except BaseException as error:
            future.set_exception(error)

    def _forget(self, future: Future[Opened]) -> None:
        with self._lock:
            if self._future is future:
                self._future = None
