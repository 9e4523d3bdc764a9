"""Codes among names ("A-1040"): what is shaped like a known one is a name, if an unknown one.

A code has letters and digits; shapes that only few names have are not taken for codes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz, process

from bot.names import Token

MIN_OF_A_SHAPE = 3
MAX_PIECES = 3
NEAREST = 3
_CODE = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9]{2,20}")


class Codes:
    """The codes among phrases that name entities; safe to share between threads."""

    def __init__(self, phrases: Mapping[tuple[str, ...], Iterable[int]]) -> None:
        codes = {
            code: next(iter(entities))
            for words, entities in phrases.items()
            if len(words) <= MAX_PIECES and _CODE.fullmatch(code := "".join(words))
        }
        shapes = Counter(map(_shape, codes))
        self._shapes = {shape for shape, n in shapes.items() if n >= MIN_OF_A_SHAPE}
        self._entities = {c: number for c, number in codes.items() if _shape(c) in self._shapes}

    def nearest(self, words: str) -> list[int]:
        """Return the entities whose codes are spelt most like a code; none for other words."""
        code = _squashed(words)
        if _shape(code) not in self._shapes:
            return []
        found = process.extract(code, self._entities.keys(), scorer=fuzz.ratio, limit=NEAREST)
        return [self._entities[near] for near, _, _ in found]

    def end_at(self, question: str, tokens: Sequence[Token], first: int) -> int | None:
        """Return where a word of a known shape ends that begins at a token; None if none does."""
        for last in range(min(len(tokens), first + MAX_PIECES), first, -1):
            said = question[tokens[first].start : tokens[last - 1].end]
            if not re.search(r"\s", said) and _shape(_squashed(said)) in self._shapes:
                return last
        return None


def _squashed(words: str) -> str:
    return re.sub(r"[\W_]", "", words).lower()


def _shape(code: str) -> str:
    return re.sub(r"[a-z]", "x", re.sub(r"\d", "9", code))
