"""Work in a thread of its own, which no click ends; each run of a script draws how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ingest.errors import GroundskeeperError
from ui import strings

log = logging.getLogger(__name__)

WORKER = "moderating"  # the threads' name

Result = TypeVar("Result")
Tell = Callable[[int, int], None]


class _AbandonedError(Exception):
    """Nobody waits for this work any more."""


class Work(Generic[Result]):
    """Something that takes seconds or minutes, begun at once.

    `do` is given the way to tell how far it is, as (done, of how many); where the work was
    abandoned meanwhile, that is where it ends. `failure` and `result` are there once it is `over`.
    """

    def __init__(self, do: Callable[[Tell], Result]) -> None:
        self.progress = (0, 0)
        self.result: Result | None = None
        self.failure: GroundskeeperError | None = None
        self._do = do
        self._abandoned = False
        self._over = threading.Event()
        threading.Thread(target=self._run, name=WORKER, daemon=True).start()

    @property
    def over(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return self._over.is_set()

    def wait(self, seconds: float) -> None:
        """Wait until it is over, or until the time is."""
        self._over.wait(seconds)

    def abandon(self) -> None:
        """Let it end at the next step."""
        self._abandoned = True

    def _run(self) -> None:
        try:
            self.result = self._do(self._tell)
        except GroundskeeperError as error:
            self.failure = error
        except _AbandonedError:
            pass
        except Exception:
            log.exception("A moderator's work could not be done")
            self.failure = GroundskeeperError(strings.BROKEN)
        finally:
            self._over.set()

    def _tell(self, done: int, of: int) -> None:
        if self._abandoned:
            raise _AbandonedError
        self.progress = (done, of)
