"""What a question names: a piece of it, and the entities that it may mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["exact", "alias", "acronym", "fuzzy", "ambiguous", "unknown"]


@dataclass(frozen=True)
class Candidate:
    """An entity that a mention may mean."""

    record_id: str
    table: str
    name: str
    label: str
    popularity: float


@dataclass(frozen=True)
class Mention:
    """A piece of the question that names an entity.

    `start` and `end` are character offsets, `first` and `last` token numbers (last excluded).
    Candidates come the likeliest first; for an unknown name they are only the nearest ones.
    `weak` mentions are single words that may be ordinary ones ("rice"): they need support from
    the rest of the question.
    """

    start: int
    end: int
    first: int
    last: int
    words: str
    tier: Tier
    candidates: tuple[Candidate, ...]
    weak: bool = False

    @property
    def is_code(self) -> bool:
        """Whether it is written with letters and digits ("A-1040")."""
        return any(map(str.isdigit, self.words)) and any(map(str.isalpha, self.words))

    @property
    def known(self) -> bool:
        """Whether it names something that is in the data."""
        return self.tier != "unknown"
