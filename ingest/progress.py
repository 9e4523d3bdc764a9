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

    def end(self) -> None:
        """The stage is done."""
        ...


class NoProgress:
    """Tells nobody."""

    def begin(self, what: str, total: int) -> None:
        """Do nothing."""

    def advance(self, steps: int = 1) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


@dataclass
class ReindexReport:
    """What a reindex did; names are documents of the pack, failures carry the reason."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
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
