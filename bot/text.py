"""Small facts about English text that several stages share."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Any

_ABBREVIATIONS = r"(?<!\b(?:Dr|Mr|Ms|St|Jr|Sr|vs|No|Mt|Ft))(?<!\b(?:Mrs|Inc|etc|e\.g|i\.e|U\.S))"
_SENTENCE_END = re.compile(_ABBREVIATIONS + r"([.!?])[\"”’)]*\s+(?=[\"“‘(\[]?[A-Z0-9])|\n+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_STEMMING = threading.Lock()


def normalise(text: str) -> str:
    """Return text as the pipeline reads it: NFKC, no invisible or control characters, one space.

    NFKC undoes full-width and styled letters; what is dropped (Unicode categories Cf, Cc, Co, Cs)
    only serves to hide words from a reader or a rule. Look-alikes from other scripts stay.
    """
    folded = unicodedata.normalize("NFKC", text)
    kept = "".join(
        " " if c.isspace() else c
        for c in folded
        if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    return " ".join(kept.split())


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, in characters, without the space around it."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end in [*(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if right > left:
            spans.append((left, right))
        start = end
    return spans


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of an English word (Snowball's English stemmer): "applying" is "appli"."""
    with _STEMMING:  # a stemmer holds the word that it is at, so two at once would mix theirs
        return str(_stemmer().stemWord(word.lower()))


@cache
def _stemmer() -> Any:
    import snowballstemmer  # not before a word is asked for: with it come forty languages

    return snowballstemmer.stemmer("english")
