"""Signs that a text gives orders to a language model, in questions and in documents.

No sign of this kind is proof, so each has points, for either role of a text, and it is their sum
that counts: `ENOUGH` of them make an attack. Whoever orders a model about speaks to it (a new
role, what it must never do, how every reply shall begin), of it (no filter, no morals), and of
what stands before (ignore it, print it); a person who asks something does at most one of these.

The signs stand in `injection_signs.toml`: families of phrases, not phrases of a data set. They are
matched by RE2 on folded text (`ingest.folding`) and on what is hidden in it
(`ingest.hidden_text`).

Not covered: orders in other words, or in languages other than English (but for "ignore the
previous instructions" in a dozen); a request that is merely harmful or off-topic, which is the
scope gate's and the rules' business; a document's false statement that orders nothing. What
protects where no sign shows is that an answer can only say what its evidence holds, and that the
model has no tools.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

import re2

from ingest.folding import fold
from ingest.hidden_text import decodings

ENOUGH = 2.0
# What RE2 may take to remember the states of all signs together; with less it forgets and is slow.
_STATES_BYTES = 64 << 20
Role = Literal["question", "document"]


@dataclass(frozen=True)
class Sign:
    """A family of phrases, and how many points it is worth in a question and in a document."""

    name: str
    question: float
    document: float
    pattern: re2._Regexp
    folded: bool
    at_least: int
    longer_than: int

    def points(self, role: Role) -> float:
        """Return what the sign is worth in a text of this role."""
        return self.question if role == "question" else self.document

    def found_in(self, text: str) -> bool:
        """Whether enough of its phrases stand in a text."""
        if len(text) <= self.longer_than:
            return False
        if self.at_least == 1:
            return self.pattern.search(text) is not None
        return len(list(islice(self.pattern.finditer(text), self.at_least))) == self.at_least


@dataclass(frozen=True)
class Found:
    """The signs of a text and the sum of their points."""

    signs: tuple[str, ...] = ()
    points: float = 0.0

    @property
    def attack(self) -> bool:
        """Whether the text gives orders to a model, as far as signs can tell."""
        return self.points >= ENOUGH


def find_signs(text: str, role: Role) -> Found:
    """Return the signs in a text as it stands or in what is hidden in it, whichever is worse."""
    readings = (text, *decodings(text))
    return max((_find(reading, role) for reading in readings), key=lambda found: found.points)


def orders_in(text: str) -> list[tuple[int, int]]:
    """Return where a passage gives orders to a model: (start, end) of its paragraphs with signs.

    Empty if the passage as a whole has not enough of them.
    """
    if not find_signs(text, "document").attack:
        return []
    marked = [(a, b) for a, b in _paragraphs(text) if find_signs(text[a:b], "document").points]
    return marked or [(0, len(text))]


@cache
def signs_version() -> str:
    """Return what tells one set of signs from another (sha256, 12 characters)."""
    return hashlib.sha256(_source().encode()).hexdigest()[:12]


def _find(text: str, role: Role) -> Found:
    found = [*_signs_in(fold(text), role, folded=True), *_signs_in(text, role, folded=False)]
    return Found(tuple(sign.name for sign in found), sum(sign.points(role) for sign in found))


def _signs_in(text: str, role: Role, *, folded: bool) -> list[Sign]:
    """Return the signs in a text; that it has none, as most, is told by one pass over it."""
    signs, any_of_them = _signs_together(role, folded)
    return [sign for sign in signs if sign.found_in(text)] if any_of_them.search(text) else []


@cache
def _signs_together(role: Role, folded: bool) -> tuple[tuple[Sign, ...], re2._Regexp]:
    """Return the signs that count in a role, and one pattern that finds any of them."""
    signs = tuple(sign for sign in _signs() if sign.points(role) and sign.folded == folded)
    union = "|".join(f"(?:{sign.pattern.pattern})" for sign in signs)
    return signs, re2.compile(union, _options(max_mem=_STATES_BYTES))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for piece in text.split("\n\n"):
        if piece.strip():
            yield start, start + len(piece)
        start += len(piece) + 2


def _source() -> str:
    return files("ingest").joinpath("injection_signs.toml").read_text(encoding="utf-8")


@cache
def _signs() -> tuple[Sign, ...]:
    source = tomllib.loads(_source())
    return tuple(_sign(sign, source["words"]) for sign in source["signs"])


def _sign(sign: dict[str, Any], words: dict[str, str]) -> Sign:
    patterns = "|".join(
        re.sub(r"~(\w+)~", lambda word: words[word[1]], pattern) for pattern in sign["any"]
    )
    return Sign(
        name=sign["name"],
        question=sign["question"],
        document=sign["document"],
        pattern=re2.compile(patterns, _options()),
        folded=sign.get("folded", True),
        at_least=sign.get("at_least", 1),
        longer_than=sign.get("longer_than", 0),
    )


def _options(max_mem: int = 8 << 20) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.max_mem = max_mem
    options.log_errors = False  # it then goes on without remembering
    return options
