"""Names as they can be compared: words without case, accents, apostrophes and abbreviations."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# What joins the parts of a name and may be left out or exchanged by people.
FUNCTION_WORDS = frozenset({"the", "of", "at", "in", "and", "for", "on", "de", "a", "an"})
# What separates two names; a loose match never reaches across one.
SEPARATORS = frozenset({"or", "vs", "v", "versus", "than", "against", "to", "with", "from"})

_TOKEN = re.compile(r"(?:[A-Za-z]\.){2,}|[^\W_]+(?:['’][^\W_]+)*|&")
_SHORT_FORMS = {"&": "and", "st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}
_POSSESSIVE = re.compile(r"['’]s$|['’]$", re.I)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as a set, to write long lists of words down."""
    return frozenset(text.split())


@dataclass(frozen=True)
class Token:
    """A word of a text: as it stands there, where (offsets), and as it is compared.

    `bare` is `norm` without a possessive "'s"; `capital` says that it starts with an upper-case
    letter or is an acronym, and is not merely in a text that is upper case throughout.
    """

    text: str
    start: int
    end: int
    norm: str
    bare: str
    capital: bool


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens; offsets count in the text as given."""
    shouting = text.upper() == text and any(c.isalpha() for c in text)
    return [
        Token(
            text=match[0],
            start=match.start(),
            end=match.end(),
            norm=fold(match[0]),
            bare=fold(_POSSESSIVE.sub("", match[0])),
            capital=match[0][0].isupper() and not shouting,
        )
        for match in _TOKEN.finditer(text)
    ]


@lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """Return a word in lower case, without accents, dots and apostrophes, abbreviations undone."""
    plain = unicodedata.normalize("NFKD", word)
    plain = "".join(c for c in plain if c.isalnum() or c == "&").lower()
    return _SHORT_FORMS.get(plain, plain)


def phrase(text: str) -> tuple[str, ...]:
    """Return the compared words of a name, without an article in front."""
    words = tuple(token.norm for token in tokenize(text))
    return words[1:] if len(words) > 1 and words[0] == "the" else words


def content(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that carry a name, sorted: its order and joining words do not count."""
    return tuple(sorted(word for word in words if word not in FUNCTION_WORDS))


def deletions(word: str) -> set[str]:
    """Return the word and every word that is it with one letter missing.

    Two words within one edit (insertion, deletion, substitution, transposition) always share
    one of these (W. Garbe's symmetric delete method), so a dictionary of them finds neighbours.
    """
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}
