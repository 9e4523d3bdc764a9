"""Progress of a reindex: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_SECONDS = 5.0


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Return the steps a second since the stage began."""
        seconds = task.finished_time or task.elapsed
        return Text(f"{task.completed / seconds if seconds else 0:,.0f}/s")


class BarProgress:
    """A live bar on stderr for each stage."""

    def __init__(self, bar: Progress | None = None) -> None:
        self._bar = bar or Progress(
            TextColumn("{task.description:18}"),
            BarColumn(),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        """Start a stage."""
        if total:
            self._bar.start()
            self._task = self._bar.add_task(what, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bar.advance(self._task, steps)

    def resize(self, total: int) -> None:
        """Make the bar longer."""
        if self._task is not None:
            self._bar.update(self._task, total=total)

    def end(self) -> None:
        """Leave the finished bar on the screen, and the screen once all are finished."""
        if self._bar.finished:
            self._bar.stop()

    def beside(self) -> BarProgress:
        """Return another bar below this one."""
        return BarProgress(self._bar)

    def close(self) -> None:
        """Give the terminal its cursor back, also where a stage was broken off."""
        self._bar.stop()


class LineProgress:
    """A line on stderr now and then, for logs and pipes."""

    def __init__(self) -> None:
        self._what = ""
        self._total = self._done = self._told = 0
        self._started = self._said = 0.0

    def begin(self, what: str, total: int) -> None:
        """Start a stage."""
        self._what, self._total, self._done, self._told = what, total, 0, 0
        self._started = self._said = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        """Say how far it is, every few seconds."""
        self._done += steps
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._say()

    def resize(self, total: int) -> None:
        """Know better how many steps there are."""
        self._total = total

    def beside(self) -> LineProgress:
        """Return what writes lines of its own between these."""
        return LineProgress()

    def end(self) -> None:
        """Say that the stage is done."""
        if self._told < self._total:
            self._say()

    def close(self) -> None:
        """Do nothing; each line stands for itself."""

    def _say(self) -> None:
        self._said, self._told = time.monotonic(), self._done
        rate = self._done / max(self._said - self._started, 1e-6)
        left = (self._total - self._done) / max(rate, 1e-6)
        rest = f", {left:,.0f} s left" if self._done < self._total else ""
        print(
            f"{self._what}: {self._done:,} of {self._total:,} ({rate:,.0f}/s{rest})",
            file=sys.stderr,
            flush=True,
        )


def progress_for_terminal() -> BarProgress | LineProgress:
    """Return what suits stderr."""
    return BarProgress() if sys.stderr.isatty() else LineProgress()
