"""Whether a question and a text contradict each other: negation, opposites, negating prefixes.

Near misses are often made of a true sentence by turning one word around ("Where were the lines
built?" into "Where were the lines demolished?"), which leaves every other word where it was.

Not covered: contradictions between words that are no opposites in themselves ("bronze", "gold"),
and who did what to whom.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

from bot.names import words_of
from bot.text import stem

_NEGATIONS = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|nobody|nothing|cannot|\w+n['’]t)\b", re.I
)
# Prefixes that hardly any word begins with by chance; the others' words are listed as opposites.
_PREFIXES = ("un", "non", "anti")
_CHANCE = words_of("unless until under uncle")
# "unit", "universe" begin with "one", and not with "un"; before an i that is so of few other words.
_ONE = "uni"
_UN_I = ("unid", "unim", "unint", "uninf", "unins", "uninh", "uniss")
_PREFIXED = re.compile(r"\b(?:non|anti|pro|pre|post)-[^\W_]+", re.I)
_MIN_ROOT = 4


def negates(text: str) -> bool:
    """Whether a text says "not" in one of its forms."""
    return bool(_NEGATIONS.search(text))


def contradicts(asked: Collection[str], said: Collection[str]) -> bool:
    """Whether a word of a question has its opposite in a text, and the text not the word itself.

    Both are stems. A text that has a word of the same side as well ("declined", for "dropped") or
    a question that has both sides contradicts nothing.
    """
    return any(
        not _same_side()[word] & {*said} and (_opposites()[word] & {*said}) - {*asked}
        for word in asked
        if word in _opposites() and word not in said
    )


def turns_around(asked: Iterable[str], said: Collection[str]) -> bool:
    """Whether a word of one is a word of the other with a negating prefix ("paid", "unpaid")."""
    return any(
        word not in said and any(other in said for other in _turned(word))
        for word in asked
        if len(word) >= _MIN_ROOT
    )


def other_prefixes(question: str, text: str) -> bool:
    """Whether a question joins a prefix to a word ("non-resident") as the text nowhere does."""
    there = text.lower()
    return any(match[0].lower() not in there for match in _PREFIXED.finditer(question))


@cache
def _turned(word: str) -> frozenset[str]:
    """Return a word with each prefix, and without the one that it has."""
    if _begins_by_chance(word):
        return frozenset()
    roots = (word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix))
    turned = {*roots, *(prefix + word for prefix in _PREFIXES)}
    return frozenset(
        other for other in turned if len(other) >= _MIN_ROOT and not _begins_by_chance(other)
    )


def _begins_by_chance(word: str) -> bool:
    return word in _CHANCE or (word.startswith(_ONE) and not word.startswith(_UN_I))


@cache
def _sides() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    text = files("bot").joinpath("opposites.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    sides = (
        tuple(frozenset(map(stem, words_of(side))) for side in line.split(":")) for line in lines
    )
    return tuple((left, right) for left, right in sides)


@cache
def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for left, right in _sides():
        for own, other in ((left, right), (right, left)):
            for word in own:
                found[word] = found.get(word, frozenset()) | (other - own)
    return found


@cache
def _same_side() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for side in (side for pair in _sides() for side in pair):
        for word in side:
            found[word] = found.get(word, frozenset()) | side
    return found
