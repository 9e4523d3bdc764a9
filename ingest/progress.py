"""How a reindex tells what it is doing and what it did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


class Progress(Protocol):
    """Told how far a reindex is."""

    def begin(self, what: str, total: int) -> None:
        """A stage begins that has `total` steps."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Some steps are done."""
        ...

    def resize(self, total: int) -> None:
        """The stage turns out to have so many steps."""
        ...

    def end(self) -> None:
        """The stage is done."""
        ...

    def beside(self) -> Progress:
        """Return what is told of stages that run at the same time as those told to this."""
        ...


class NoProgress:
    """Tells nobody."""

    def begin(self, what: str, total: int) -> None:
        """Do nothing."""

    def advance(self, steps: int = 1) -> None:
        """Do nothing."""

    def resize(self, total: int) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""

    def beside(self) -> NoProgress:
        """Return the same, which tells nobody either."""
        return self


class Growing:
    """A stage of which nobody knows at its beginning how long it will be."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._what = what
        self._total = 0

    def grow(self, steps: int) -> None:
        """So many more steps are known of; the stage begins with the first."""
        if not self._total:
            self._progress.begin(self._what, steps)
        self._total += steps
        self._progress.resize(self._total)

    def advance(self, steps: int) -> None:
        """Some steps are done."""
        self._progress.advance(steps)

    def end(self) -> None:
        """The stage is done, if it ever began."""
        if self._total:
            self._progress.end()


@dataclass
class ReindexReport:
    """What a reindex did; names are documents of the pack, failures carry the reason.

    `reread` are those whose file is as it was and which were cut anew all the same: a rebuild, a
    table whose card has changed, a program that cuts otherwise.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    reread: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    chunks: int = 0
    embedded: int = 0
    generation: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the object that `groundskeeper reindex --json` prints."""
        return asdict(self)
