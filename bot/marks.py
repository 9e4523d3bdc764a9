"""A text as marks: its words by meaning, names, figures, negations, and where each stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import dropwhile, pairwise, takewhile
from typing import Any

from bot.meanings import (
    NEGATIONS,
    OPENINGS,
    SOFT_NEGATIONS,
    is_comparison,
    meanings,
    only_one,
    plain,
    sides,
)
from bot.names import words_of
from bot.quantities import Quantity, read_quantities
from ingest.lexical import STOP_WORDS

CLAUSE_GAP = 2.0  # words' worth of distance that a comma or a conjunction adds
FUNCTION_GAP = 0.34  # and a function word
NAME_GAP = 0.3  # and a word of a name, which is one thing
SUBJECT_WORDS = 4
SIDE_WEIGHT = 0.5  # of a word of comparison, which is checked by itself
# A character of private use stands for each entity while a text is read.
_FIRST_PRIVATE = 0xE000
MAX_ENTITIES = 1_000
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_TOKEN = re.compile(
    r"[\ue000-\uf8ff]|[A-Za-z]+(?:[-+&/.]\w*\d\w*)+|[^\W_]+(?:'[^\W_]+)*|[,;:.!?()\[\]“”\"\n]|&"
)
_BREAKS = frozenset(',;:.!?()[]“”"\n')
_OPENING = frozenset("([")
_ENDING_SEGMENTS = frozenset(";:.!?\n")
_ENDING_SENTENCES = frozenset('.!?:\n“"')
_CONJUNCTIONS = words_of(
    "and but or because although though while whereas so which since unless if when than as that "
    "who where"
)
# Conjunctions behind which something else is said, not one more of the same.
_TURNS = words_of("but because although though while whereas so which since unless if when")
_LIGHT = words_of(
    "be is are was were been being am do does did has have had having will would shall a an the of "
    "to in on at by for with from into onto per there it its this that these those than then their "
    "they them he she his her we our you your i my me us who whom whose which what where how such "
    "so very too also just even still already well quite rather really actually simply ever yet "
    "here let lets while though although because since as if when and or but own about out up off "
    "over go goes going come comes ok okay people person someone somebody anyone anybody something "
    "anything only solely merely thing things former latter namely however therefore moreover"
)


@dataclass(frozen=True)
class Mark:
    """A word or a figure of a text that carries meaning.

    `keys` are what it may be recognised by. `place` is a distance in words from the beginning, in
    which clauses stand further apart. A segment is longer than a clause: lists do not end it.
    `sides` are what it says on matters where words exclude each other ("amount", "more").
    `weight` is 0 for words that say nothing by themselves.
    """

    text: str
    keys: frozenset[str]
    place: float
    clause: int
    segment: int
    weight: float = 1.0
    figure: Quantity | None = None
    sides: tuple[tuple[str, str], ...] = ()
    negative: bool = False
    softly_negative: bool = False
    name: bool = False
    opening: bool = False

    def means(self, other: Mark) -> bool:
        """Tell whether a mark of another text may mean the same."""
        if self.figure and other.figure:
            return self.figure.agrees(other.figure)
        return not self.keys.isdisjoint(other.keys)

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys that its synonyms do not have."""
        return frozenset(key for key in self.keys if not key.startswith("#"))

    @property
    def worth(self) -> float:
        """How much it tells: its weight; a figure is a word."""
        return 1.0 if self.figure else self.weight

    @property
    def is_entity(self) -> bool:
        """Whether it is the whole name of what a row is about."""
        return any(key.startswith("@") for key in self.keys)


@dataclass(frozen=True)
class Reading:
    """The marks of a text, in order."""

    text: str
    marks: tuple[Mark, ...]
    keys: frozenset[str]


@lru_cache(maxsize=2_048)
def read(text: str, entities: tuple[str, ...] = ()) -> Reading:
    """Read a text; the names of `entities` that stand in it are one mark each."""
    text = _PRIVATE.sub("", plain(text))
    for number, entity in enumerate(entities[:MAX_ENTITIES]):
        sign = chr(_FIRST_PRIVATE + number)
        text = re.sub(rf"(?<!\w){re.escape(plain(entity))}(?!\w)", f" {sign} ", text)
    reader = _Reader(entities)
    pending = read_quantities(text)
    for token in _TOKEN.finditer(text):
        while pending and pending[0].end <= token.start():
            reader.figure(pending.pop(0), text)
        if not pending or token.start() < pending[0].start:
            reader.read_token(token[0], is_joined=text[token.end() : token.end() + 1] == "-")
    for quantity in pending:
        reader.figure(quantity, text)
    marks = tuple(reader.marks)
    return Reading(text, marks, frozenset().union(*(mark.keys for mark in marks)))


def joined(readings: Sequence[Reading]) -> Reading:
    """Return readings of texts that follow each other as the reading of one."""
    marks: list[Mark] = []
    for reading in readings:
        last = marks[-1] if marks else None
        for mark in reading.marks:
            if last is not None:
                mark = replace(
                    mark,
                    place=mark.place + last.place,
                    clause=mark.clause + last.clause,
                    segment=mark.segment + last.segment,
                )
            marks.append(mark)
    text = " ".join(reading.text for reading in readings)
    return Reading(text, tuple(marks), frozenset().union(*(r.keys for r in readings)))


def opening_words(reading: Reading) -> list[Mark]:
    """Return the words that a text opens with, up to a function word: its subject, mostly."""
    told = dropwhile(lambda mark: not mark.worth or mark.opening, reading.marks)
    return list(takewhile(lambda mark: mark.weight > 0, told))[:SUBJECT_WORDS]


def modifiers(reading: Reading) -> list[tuple[Mark, Mark]]:
    """Return the words of a text that stand directly before another of their clause, with it."""
    return [
        (word, head)
        for word, head in pairwise(reading.marks)
        if word.weight >= 1.0
        and head.weight >= 1.0
        and word.clause == head.clause
        and not word.figure
        and not head.figure
        and not word.is_entity
    ]


class _Reader:
    """Collects marks and keeps count of where it is."""

    def __init__(self, entities: Sequence[str]) -> None:
        self.marks: list[Mark] = []
        self._entities = entities
        self._place = 0.0
        self._clause = 0
        self._segment = 0
        self._after_name = False
        self._first = True  # in a sentence, where a capital says nothing

    def figure(self, quantity: Quantity, text: str) -> None:
        self._place += 1
        said = text[quantity.start : quantity.end]
        about = tuple(only_one()) if quantity.trivial else ()
        self._add(said, frozenset({f"={quantity.key}"}), figure=quantity, sides=about)

    def read_token(self, token: str, *, is_joined: bool) -> None:
        """Read a word or a punctuation mark; `is_joined`: a hyphen follows, as in "in-house"."""
        low = token.lower()
        if token in _BREAKS:
            self._break(token)
            return
        if low in _CONJUNCTIONS and not is_joined:
            self._place += CLAUSE_GAP / 2
            self._clause += 1
            self._segment += low in _TURNS
        if _PRIVATE.match(token):
            entity = self._entities[ord(token) - _FIRST_PRIVATE]
            self._place += 1
            self._add(entity, frozenset({f"@{entity}"}), name=True)
            return
        self._word(token, low, is_joined=is_joined)

    def _break(self, token: str) -> None:
        self._after_name = False
        # An aside in brackets belongs to what it follows.
        self._place += 0.0 if token in _OPENING else CLAUSE_GAP
        self._clause += 1
        self._segment += token in _ENDING_SEGMENTS
        self._first = self._first or token in _ENDING_SENTENCES

    def _word(self, word: str, low: str, *, is_joined: bool) -> None:
        compares, negative = is_comparison(low), low in NEGATIONS
        light = negative or low in _LIGHT or (low in STOP_WORDS and not compares)
        light = not is_joined and (light or (len(low) == 1 and not word.isupper()))
        weight = 0.0 if light else SIDE_WEIGHT if compares else 1.0
        is_code = any(c.isdigit() for c in word)
        capital = word[:1].isupper() and (not self._first or word[1:] != word[1:].lower())
        is_name = is_code or (capital and len(word) > 1 and low not in STOP_WORDS | _LIGHT)
        is_name = is_name or (len(word) == 1 and word.isupper() and not self._first)  # "Team A"
        within_name = is_name and self._after_name and self.marks[-1].name
        self._place += NAME_GAP if within_name else 1.0 if weight else FUNCTION_GAP
        self._add(
            word,
            frozenset({low}) if is_code else meanings(low),
            weight=weight,
            sides=sides(low),
            negative=negative,
            softly_negative=low in SOFT_NEGATIONS,
            name=is_name,
            opening=low in OPENINGS,
        )
        self._after_name = is_name

    def _add(self, text: str, keys: frozenset[str], **more: Any) -> None:
        self.marks.append(Mark(text, keys, self._place, self._clause, self._segment, **more))
        self._first = False
