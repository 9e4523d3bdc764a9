"""What the words of the domain card mean in a question about many entities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.bounds import Bound
from bot.conditions import Filter, Order
from bot.fields import FieldIndex, FieldMatch, compares, stems
from bot.names import Token, phrase
from ingest.domain import FieldCard, TableCard

MAX_PHRASE = 9
NEAR = frozenset({"near", "nearby", "around"})
_BEFORE_PLACE = NEAR | {"in", "outside", "not", "except"}
_DEGREES = {"most": "more", "least": "less", "best": "better", "worst": "worse"}


class Value(NamedTuple):
    """Words of the card that stand for values of a field, or for a range of its numbers."""

    field: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    code: bool = False  # must stand in capitals
    place: bool = False  # must stand behind "in"


class Found(NamedTuple):
    """Something of the card in the words of the question; `last` is excluded."""

    first: int
    last: int
    what: Value | Order | FieldMatch


class ConditionWords:
    """The words of one table's card; safe to share between threads.

    `places` are the values of the text fields that tell entities apart, by field key. Only the
    card's words speak of the entities as such: "academies" or "seminaries" ask for fewer.
    """

    def __init__(
        self,
        table: TableCard,
        places: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._table = table
        self._fields = FieldIndex(table)
        own = {w for text in (table.entity, *table.entity_words) for w in phrase(text)[-1:]}
        self._singular = frozenset(own)
        self._nouns = frozenset(stems(self._singular))
        self._values = _value_phrases(table, places or {})
        self._verbs = {stems(phrase(v)): f.key for f in table.fields for v in f.verbs}
        self._plain = frozenset(w for text in table.plain_words for w in phrase(text))
        self._extremes = {
            stems(phrase(words)): Order(field=f.key, highest=highest)
            for f in table.fields
            for highest, spoken in ((True, f.highest), (False, f.lowest))
            for words in spoken
        }

        self.comparatives = {
            _comparative(words): Order(field=f.key, highest=highest)
            for f in table.fields
            for highest, spoken in ((True, f.highest), (False, f.lowest))
            for words in spoken
        }

    def spot(self, tokens: Sequence[Token]) -> list[Found]:
        """Return what stands in the words, the longest first, none overlapping another."""
        stemmed = stems(token.norm for token in tokens)
        found: list[Found] = []
        taken: set[int] = set()
        for size in range(min(MAX_PHRASE, len(tokens)), 0, -1):
            for first in range(len(tokens) - size + 1):
                span = range(first, first + size)
                if not taken.isdisjoint(span):
                    continue
                what = self._meaning(tokens, stemmed, first, first + size)
                if what is not None:
                    taken.update(span)
                    found.append(Found(first, first + size, what))
        return sorted(found)

    def _meaning(
        self, tokens: Sequence[Token], stemmed: tuple[str, ...], first: int, last: int
    ) -> Value | Order | FieldMatch | None:
        key = stemmed[first:last]
        if key in self._extremes:
            return self._extremes[key]
        value = self._values.get(key)
        if value is not None and self._stands(value, tokens, first, last):
            return value
        keys = self._fields.keys_of(key)
        comparing = compares([token.norm for token in tokens[first:last]])
        return FieldMatch(first, last, keys, comparing) if keys else None

    def _stands(self, value: Value, tokens: Sequence[Token], first: int, last: int) -> bool:
        if value.code and not all(token.text.isupper() for token in tokens[first:last]):
            return False
        before = [token.norm for token in tokens[max(0, first - 6) : first]]
        return (
            not value.place
            or bool(_BEFORE_PLACE & {*before[-1:]})
            or (bool({"or", "and"} & {*before[-1:]}) and bool(_BEFORE_PLACE & set(before)))
        )

    def told(self, matches: Sequence[FieldMatch], words: Sequence[str]) -> list[FieldMatch]:
        """Return the matches without those that only stand beside another."""
        return self._fields.told(matches, words)

    def is_noun(self, token: Token) -> bool:
        """Whether a word speaks of the table's entities as such."""
        return stems([token.norm])[0] in self._nouns

    def is_plural(self, token: Token) -> bool:
        """Whether a word that speaks of entities speaks of several."""
        return token.norm.endswith("s") and token.norm not in self._singular

    def field(self, key: str) -> FieldCard:
        """Return the card of a field."""
        return self._table.field(key)

    def kind(self, key: str) -> tuple[str, str, str | None]:
        """Return what fields of one kind have in common: type, unit and the better end."""
        f = self.field(key)
        return f.type, f.unit, f.better

    def own_words(self, key: str) -> frozenset[str]:
        """Return the words by which people speak of a field."""
        return self._fields.own_words(key)

    def field_of_word(self, word: str) -> str | None:
        """Return the field that a comparing word is about ("cheaper")."""
        keys = self._fields.keys_of(stems([word]))
        return keys[0] if keys else None

    def field_of_unit(self, bound: Bound) -> str | None:
        """Return the field that is measured in a bound's unit, where only one is."""
        found = [f.key for f in self._table.fields if bound.measured and bound.fits(f)]
        return found[0] if len(found) == 1 else None

    def fields_in(self, words: Sequence[str]) -> list[FieldMatch]:
        """Return the fields that some words ask for."""
        return self._fields.find(words)

    def field_of_verb(self, word: str) -> str | None:
        """Return the field that a verb beside a number is about ("graduate")."""
        return self._verbs.get(stems([word]))

    def is_place(self, value: Value) -> bool:
        """Whether a value tells entities of one name apart, as a place does."""
        return value.field in self._table.label_fields

    def is_value(self, words: Sequence[str]) -> bool:
        """Whether words stand for a value that says what kind an entity is."""
        value = self._values.get(stems(words))
        return value is not None and not value.place

    def is_group(self, key: str, filters: Sequence[Filter]) -> bool:
        """Whether a field's filter holds a group of values that has one name ("the coast")."""
        said = [set(f.values) for f in filters if f.field == key]
        return any(set(values) in said for values in self.field(key).groups.values())

    def is_plain(self, word: str) -> bool:
        """Whether a word adds nothing beside a field."""
        return word in self._plain

    def spans_of(self, word: str) -> Iterator[Filter]:
        """Yield what a number that stands alone ("2015") asks of the ranges of the card."""
        for span in self._table.spans:
            if word.isdigit() and span.at_least <= float(word) <= span.at_most:
                low, high = span.from_field, span.to_field
                yield Filter(field=low, comparison="<=", number=float(word), words=word)
                yield Filter(field=high, comparison=">=", number=float(word), words=word)

    def field_of_money(self) -> str | None:
        """Return the field that a sum without a name is about: the first that is better lower."""
        for f in self._table.fields:
            if f.type == "money" and f.better == "lower":
                return f.key
        return None


def _comparative(superlative: str) -> str:
    """Return the comparative of a superlative: "cheaper", "harder to get into"."""
    first, *rest = superlative.lower().split()
    first = _DEGREES.get(first) or re.sub(r"est$", "er", first)
    return " ".join([first, *rest])


def _value_phrases(
    table: TableCard, places: Mapping[str, Iterable[str]]
) -> dict[tuple[str, ...], Value]:
    found: dict[tuple[str, ...], Value] = {}
    for key, values in places.items():
        for value in values:
            for words in (value, f"{value} {table.field(key).label}"):  # "New York City"
                found[stems(phrase(words))] = Value(key, (value,), place=True)
    said = [(f, value, value) for f in table.fields for value in f.values]
    said += [
        (f, v, words) for f in table.fields for v, spoken in f.values.items() for words in spoken
    ]
    for f, value, words in said:  # a word that the card gives goes before another's bare value
        if words.lower() not in ("yes", "no"):
            code = len(words) <= 3 and words.isupper()
            found[stems(phrase(words))] = Value(f.key, (value,), code=code)
    for f in table.fields:
        for name, values in f.groups.items():
            found[stems(phrase(name))] = Value(f.key, tuple(values))
        for name, band in f.bands.items():
            found[stems(phrase(name))] = Value(f.key, low=band.at_least, high=band.below)
    return found
