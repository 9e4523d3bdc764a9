"""Places in an order, read and written: "second", "2nd", "12th"."""

from __future__ import annotations

import re

_WORDS = tuple(
    "first second third fourth fifth sixth seventh eighth ninth tenth".split()  # noqa: SIM905
)
_ORDINAL = re.compile(r"([1-9]\d{0,2})(?:st|nd|rd|th)", re.I)
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def ordinal(word: str) -> int | None:
    """Return the place that a word says, counted from 1; None for any other word."""
    if word in _WORDS:
        return _WORDS.index(word) + 1
    written = _ORDINAL.fullmatch(word)
    return int(written[1]) if written else None


def ordinal_word(place: int) -> str:
    """Return how a place is said: "second", "12th"."""
    if place <= len(_WORDS):
        return _WORDS[place - 1]
    ending = "th" if place % 100 in (11, 12, 13) else _ENDINGS.get(place % 10, "th")
    return f"{place}{ending}"
