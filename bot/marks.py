"""A text as marks: its words by meaning, names, figures, negations, and where each stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.meanings import NEGATIONS, OPENINGS, SIDES, SOFT_NEGATIONS, meanings, plain
from bot.quantities import Quantity, read_quantities
from ingest.lexical import STOP_WORDS

CLAUSE_GAP = 2.0  # words' worth of distance that a comma or a conjunction adds
FUNCTION_GAP = 0.34  # and a function word
_TOKEN = re.compile(r"[A-Za-z]+(?:[-+&/.]\w*\d\w*)+|[^\W_]+(?:'[^\W_]+)*|[,;:.!?()\[\]“”\"\n]|&")
_BREAKS = frozenset(",;:.!?()[]“”\"\n")
_CONJUNCTIONS = frozenset(
    """and but or because although though while whereas so which since unless if when than yet as
    that who where""".split()  # noqa: SIM905
)
_LIGHT = frozenset(
    """be is are was were been being am do does did has have had having will would shall a an the of
    to in on at by for with from into onto per there it its this that these those than then their
    they them he she his her we our you your i my me us who whom whose which what where how such so
    very too also just even still already well quite rather really actually simply ever yet here
    let lets while though although because since as if when and or but own about out up off over go
    goes going come comes ok okay""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Mark:
    """A word or a figure of a text that carries meaning.

    `keys` are what it may be recognised by. `place` is a distance in words from the beginning, in
    which clauses stand further apart. `sides` are what it compares, with its sign. `weight` is 0
    for words that say nothing by themselves.
    """

    text: str
    keys: frozenset[str]
    place: float
    clause: int
    offset: int
    weight: float = 1.0
    figure: Quantity | None = None
    sides: tuple[tuple[str, int], ...] = ()
    negative: bool = False
    softly_negative: bool = False
    name: bool = False
    opening: bool = False

    @property
    def is_entity(self) -> bool:
        """Whether it is the whole name of what a row is about."""
        return any(key.startswith("@") for key in self.keys)


@dataclass(frozen=True)
class Reading:
    """The marks of a text, in order."""

    text: str
    marks: tuple[Mark, ...]
    keys: frozenset[str] = field(default=frozenset())

    def figures(self) -> list[Mark]:
        """Return the marks that are figures."""
        return [mark for mark in self.marks if mark.figure is not None]


@lru_cache(maxsize=2_048)
def read(text: str, entities: tuple[str, ...] = ()) -> Reading:
    """Read a text; the names of `entities` that stand in it are one mark each."""
    text = plain(text)
    for number, entity in enumerate(entities):
        text = re.sub(rf"(?<!\w){re.escape(plain(entity))}(?!\w)", f"{_ENTITY}{number}", text)
    figures = read_quantities(text)
    marks: list[Mark] = []
    place, clause, pending = 0.0, 0, list(figures)
    start_of_sentence = True
    for token in _TOKEN.finditer(text):
        while pending and pending[0].end <= token.start():
            pending.pop(0)
        if pending and pending[0].start <= token.start() < pending[0].end:
            if token.start() == pending[0].start or not marks or marks[-1].figure != pending[0]:
                place += 1
                marks.append(_figure(pending[0], text, place, clause))
            start_of_sentence = False
            continue
        word = token[0]
        if word in _BREAKS:
            place += 0.0 if word in "([" else CLAUSE_GAP  # an aside belongs to what it follows
            clause += 1
            start_of_sentence = word in ".!?:\n“\"" or start_of_sentence
            continue
        if word.lower() in _CONJUNCTIONS:
            place += CLAUSE_GAP / 2
            clause += 1
        mark = _word(word, entities, place, clause, token.start(), start_of_sentence)
        start_of_sentence = False
        place += 1.0 if mark.weight else FUNCTION_GAP
        marks.append(Mark(**{**mark.__dict__, "place": place}))
    return Reading(text, tuple(marks), frozenset().union(*(mark.keys for mark in marks)))


_ENTITY = "Xqentity"


def _figure(quantity: Quantity, text: str, place: float, clause: int) -> Mark:
    key = f"={quantity.key}"
    said = text[quantity.start : quantity.end]
    return Mark(said, frozenset({key}), place, clause, quantity.start, figure=quantity)


def _word(
    word: str, entities: Sequence[str], place: float, clause: int, offset: int, first: bool
) -> Mark:
    if word.startswith(_ENTITY):
        entity = entities[int(word.removeprefix(_ENTITY))]
        return Mark(entity, frozenset({f"@{entity}"}), place, clause, offset, name=True)
    low = word.lower()
    sides = SIDES.get(low, ())
    negative = low in NEGATIONS
    light = low in _LIGHT or (low in STOP_WORDS and not sides) or negative
    is_code = any(c.isdigit() for c in word)
    capital = word[:1].isupper() and (not first or word[1:] != word[1:].lower()) and len(word) > 1
    return Mark(
        word,
        frozenset({low}) if is_code else meanings(low),
        place,
        clause,
        offset,
        weight=0.0 if light or (len(low) == 1 and not word.isupper()) else 0.5 if sides else 1.0,
        sides=sides,
        negative=negative,
        softly_negative=low in SOFT_NEGATIONS,
        name=is_code or (capital and low not in STOP_WORDS),
        opening=low in OPENINGS,
    )
