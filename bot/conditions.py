"""A question about many entities: which of them (filters), in what order, how many.

"Public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, cheapest
first" is read into filters, an order and a limit, by the words of the domain card alone. What
was not understood is left over, and the planner decides what that means.

Not covered: negation ("not in Texas"), comparisons with an entity ("cheaper than Rice") and
anything that needs arithmetic between fields; their words are left over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.fields import FieldIndex, FieldMatch, compares, stems
from bot.names import FUNCTION_WORDS, Token, phrase, tokenize, words_of
from ingest.domain import FieldCard, TableCard
from ingest.lexical import STOP_WORDS

Comparison = Literal["<", "<=", ">", ">="]
Function = Literal["count", "average", "median", "total"]

MAX_PHRASE = 9
MAX_LIMIT = 100

_NUMBER = (
    r"\$?\s?\d[\d,]*(?:\.\d+)?\s?(?:%|percent\b|pct\b|k\b|thousand\b|million\b|m\b"
    r"|dollars\b|bucks\b|usd\b)?"
)
_BOUNDS: tuple[tuple[Comparison, str], ...] = (
    ("<=", r"at most|up to|no more than|not more than|not over|max(?:imum)?(?: of)?|<=|≤|within"),
    (">=", r"at least|no less than|not less than|not under|min(?:imum)?(?: of)?|>=|≥"),
    ("<", r"under|below|(?:less|fewer|lower|cheaper|smaller) than|<"),
    (">", r"over|above|exceeding|(?:more|greater|higher|larger|bigger|better) than|>"),
)
_BOUND = re.compile(
    "|".join(
        rf"(?<![\w<>])(?P<w{i}>{words})\s?(?:about |around |roughly )?(?P<n{i}>{_NUMBER})(?!\w)"
        for i, (_, words) in enumerate(_BOUNDS)
    ),
    re.I,
)
_OR_MORE = re.compile(
    rf"(?P<n>{_NUMBER})(?:\s?\+|\s(?:or|and)\s(?:(?P<less>less|fewer|under|below|lower|cheaper)"
    r"|more|over|above|higher|better|up)\b(?!\s*(?:than\b|\$?\d)))",
    re.I,
)
_RANGE = re.compile(
    rf"(?:\bbetween\s+(?P<a>{_NUMBER})\s*(?:and|to|-|–)\s*(?P<b>{_NUMBER})"
    rf"|(?:\bfrom\s+)?(?P<c>{_NUMBER})\s*(?:-|–|\bto\b)\s*(?P<d>{_NUMBER}))(?!\w)",
    re.I,
)
_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_STAND_IN = "bound"

_LOWEST = frozenset({"lowest", "least", "fewest", "smallest", "minimum", "shortest"})
_HIGHEST = frozenset({"highest", "most", "greatest", "largest", "biggest", "maximum", "longest"})
_RATED = {"top": True, "best": True, "worst": False}
SUPERLATIVES = _LOWEST | _HIGHEST | _RATED.keys()
_FUNCTIONS: dict[str, Function] = {
    "average": "average",
    "avg": "average",
    "mean": "average",
    "median": "median",
    "total": "total",
}
_NUMERALS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMERALS |= {"nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20}
_COMPARING = frozenset({"compare", "comparing", "compared"})
_LISTS = re.compile(
    r"^\W*(?:(?:please|can you|could you|ok|so|hi|hello|hey)\W+)*"
    r"(?:which|list|show|find|name|give)\b",
    re.I,
)
_COUNTS = {("how", "many"), ("number", "of")}
_GROUPING = frozenset({"each", "every", "per", "by", "which", "what"})
_NEAR_PLACE = frozenset({"in", "near", "around"})
_FILLER = (
    STOP_WORDS
    | FUNCTION_WORDS
    | words_of(
        """find show list give name me us please pls all any every each some there want wanted need
    looking look like tell see get having have has offer offers located based where that with under
    over rate rates cost costs charge charges only just also still currently right now ones one us
    usa america american country nation nationwide national united ranked rank sort sorted order
    ordered by first ascending descending data per year yearly annual dollars usd what which how
    many much number count ok thanks hi hello hey i'm whats what's overall go attend among amongst
    across within exist exists whose who same these those them they of
    pay pays paying my our daughter son kid child family friend i'd id want wants would prefer"""
    )
)
_FILLER -= {
    "front",
    "back",
    "side",
    "than",
    "not",
    "no",
    "between",
    "without",
    "except",
    "versus",
    "vs",
}
_LEFT_OF_BOUND = words_of(
    "is of are at the a be being that rate rates it's its has and but usd pay pays paying charge"
    " charges cost costs"
)
_RIGHT_OF_BOUND = words_of("in of for dollars usd a per year total")


class Filter(BaseModel):
    """One condition on a field: any of `values`, or a comparison with `number`.

    `words` are those of the question that said so.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    values: tuple[str, ...] = ()
    comparison: Comparison | None = None
    number: float | None = None
    words: str = ""


class Order(BaseModel):
    """An order of the entities by a field, highest or lowest first."""

    model_config = ConfigDict(frozen=True)

    field: str
    highest: bool


@dataclass(frozen=True)
class Conditions:
    """What a question says about many entities.

    `plural`: it speaks of the entities as a kind ("colleges"); `singular`: of one of them ("the
    cheapest college"). `described`: it is about them without saying so ("cheapest oil filter",
    "lowest tuition in Texas"). `listed`: it asks for a list in so many words. `leftover`: words
    that nobody understood. `fields`: asked for beside the conditions. `said`: the values, as said.
    """

    filters: tuple[Filter, ...]
    order: Order | None
    limit: int | None
    function: Function | None
    fields: tuple[str, ...]
    plural: bool
    singular: bool
    described: bool
    listed: bool
    leftover: tuple[str, ...]
    said: frozenset[tuple[str, ...]]

    @property
    def explicit(self) -> bool:
        """Whether it asks for figures beyond doubt: by a bound, an order or a function."""
        return self.exact or self.function is not None

    @property
    def exact(self) -> bool:
        """Whether it compares with a number or asks for an order."""
        bounds = any(f.comparison and any(map(str.isdigit, f.words)) for f in self.filters)
        return bounds or self.order is not None

    @property
    def empty(self) -> bool:
        """Whether it says nothing about which, in what order or how many."""
        return not self.filters and self.order is None and self.function is None


class _Value(NamedTuple):
    """Words of the card that stand for values of a field, or for a range of its numbers."""

    field: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    code: bool = False  # must stand in capitals
    place: bool = False  # must stand behind "in"


class _Bound(NamedTuple):
    """A comparison with a number, as it stands in the question."""

    limits: tuple[tuple[Comparison, float], ...]
    unit: str  # "$", "%", "k" or nothing
    text: str


class _Found(NamedTuple):
    """Something of the card in the words of the question; `last` is excluded."""

    first: int
    last: int
    what: _Value | Order | FieldMatch


class ConditionReader:
    """Reads conditions on the entities of one table; safe to share between threads.

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

    def read(self, question: str) -> Conditions:
        """Read a question; what it does not say is empty."""
        bounds, rest = _take_bounds(question)
        return _Sentence(self, tokenize(rest), bounds, bool(_LISTS.match(question))).conditions()

    def superlative(self, question: str) -> Order | None:
        """Return the order of "cheapest of" or "highest", but not of "compare by"."""
        bounds, rest = _take_bounds(question)
        return _Sentence(self, tokenize(rest), bounds, listed=False).superlative()

    def speaks_of_several(self, question: str) -> bool:
        """Whether a question speaks of entities as such, in the plural: "colleges"."""
        return any(self.is_noun(t) and self.is_plural(t) for t in tokenize(question))

    # --- what the words may mean ------------------------------------------------------------------

    def spot(self, tokens: Sequence[Token]) -> list[_Found]:
        """Return what stands in the words, the longest first, none overlapping another."""
        stemmed = stems(token.norm for token in tokens)
        found: list[_Found] = []
        taken: set[int] = set()
        for size in range(min(MAX_PHRASE, len(tokens)), 0, -1):
            for first in range(len(tokens) - size + 1):
                span = range(first, first + size)
                if not taken.isdisjoint(span):
                    continue
                what = self._meaning(tokens, stemmed, first, first + size)
                if what is not None:
                    taken.update(span)
                    found.append(_Found(first, first + size, what))
        return sorted(found)

    def _meaning(
        self, tokens: Sequence[Token], stemmed: tuple[str, ...], first: int, last: int
    ) -> _Value | Order | FieldMatch | None:
        key = stemmed[first:last]
        if key in self._extremes:
            return self._extremes[key]
        value = self._values.get(key)
        if value is not None and self._stands(value, tokens, first, last):
            return value
        keys = self._fields.keys_of(key)
        comparing = compares([token.norm for token in tokens[first:last]])
        return FieldMatch(first, last, keys, comparing) if keys else None

    def _stands(self, value: _Value, tokens: Sequence[Token], first: int, last: int) -> bool:
        if value.code and not all(token.text.isupper() for token in tokens[first:last]):
            return False
        before = [token.norm for token in tokens[max(0, first - 6) : first]]
        return (
            not value.place
            or bool(_NEAR_PLACE & {*before[-1:]})
            or (bool({"or", "and"} & {*before[-1:]}) and bool(_NEAR_PLACE & set(before)))
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

    def field_of_verb(self, word: str) -> str | None:
        """Return the field that a verb beside a number is about ("graduate")."""
        return self._verbs.get(stems([word]))

    def is_place(self, value: _Value) -> bool:
        """Whether a value tells entities of one name apart, as a place does."""
        return value.field in self._table.label_fields

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


class _Sentence:
    """One question on its way to its conditions: which words are understood, and as what."""

    def __init__(
        self, reader: ConditionReader, tokens: list[Token], bounds: list[_Bound], listed: bool
    ) -> None:
        self._reader = reader
        self._tokens = tokens
        self._words = [token.norm for token in tokens]
        self._bounds = bounds
        self._listed = listed
        self._found = reader.spot(tokens)
        self._taken = {i for f in self._found for i in range(f.first, f.last)}
        self._used: set[int] = set()  # first words of field matches that a bound or order uses
        self._lost: list[str] = []

    def conditions(self) -> Conditions:
        """Read everything, in the order in which one part helps to read the next."""
        values = [f for f in self._found if isinstance(f.what, _Value)]
        self._lost += self._groups()
        found = [*self._value_filters(), *self._bound_filters(), *self._span_filters()]
        filters = _merge(found)
        order = self._order()
        function = self._function(order)
        limit = self._limit(order is not None)
        nouns = [
            t
            for i, t in enumerate(self._tokens)
            if i not in self._taken and self._reader.is_noun(t)
        ]
        kinds = [f for f in values if self._says_kind(f.what)]
        several = [self._tokens[f.last - 1] for f in kinds]
        return Conditions(
            filters=filters,
            order=order,
            limit=limit,
            function=function,
            fields=self._asked(),
            plural=any(map(self._reader.is_plural, [*nouns, *several])),
            singular=any(not self._reader.is_plural(token) for token in nouns),
            described=bool(kinds) or (bool(values) and self._orders_by_name()),
            listed=self._listed or self._bare(),
            leftover=(*self._lost, *self._leftover(self._own_words(filters, order))),
            said=frozenset(tuple(self._words[f.first : f.last]) for f in values),
        )

    def _says_kind(self, what: object) -> bool:
        """Whether a value says what an entity is ("HBCUs"), not where it is or how large."""
        return isinstance(what, _Value) and bool(what.values) and not self._reader.is_place(what)

    def _orders_by_name(self) -> bool:
        """Whether its order names the field in so many words: "lowest tuition"."""
        for f in self._found:
            if isinstance(f.what, Order):
                label = stems(phrase(self._reader.field(f.what.field).label))
                return not set(label).isdisjoint(stems(self._words[f.first : f.last]))
        return bool(self._used)

    def _fields(self) -> list[tuple[int, int, FieldMatch]]:
        return [(f.first, f.last, f.what) for f in self._found if isinstance(f.what, FieldMatch)]

    # --- filters ----------------------------------------------------------------------------------

    def _value_filters(self) -> Iterator[Filter]:
        for f in self._found:
            value = f.what
            if not isinstance(value, _Value):
                continue
            words = " ".join(token.text for token in self._tokens[f.first : f.last])
            if value.values:
                yield Filter(field=value.field, values=value.values, words=words)
            for comparison, number in ((">=", value.low), ("<", value.high)):
                if number is not None:
                    yield Filter(
                        field=value.field,
                        comparison=comparison,  # type: ignore[arg-type]
                        number=number,
                        words=words,
                    )

    def _bound_filters(self) -> Iterator[Filter]:
        for i, word in enumerate(self._words):
            if not (word.startswith(_STAND_IN) and word[len(_STAND_IN) :].isdigit()):
                continue
            self._taken.add(i)
            bound = self._bounds[int(word[len(_STAND_IN) :])]
            key = self._field_of(bound, i)
            if key is None:
                self._lost.append(bound.text)
                continue
            for comparison, number in bound.limits:
                yield Filter(field=key, comparison=comparison, number=number, words=bound.text)

    def _groups(self) -> Iterator[str]:
        """Yield words that group or count something else: "in each state", "the largest city"."""
        for first, last, match in self._fields():
            if any(self._reader.field(key).numeric for key in match.keys):
                continue
            before = tuple(self._words[max(0, first - 2) : first])
            heads = {*before[-1:], *self._words[first : first + 1]}
            extreme = any(isinstance(f.what, Order) and f.last == first for f in self._found)
            if extreme or before in _COUNTS or heads & (_GROUPING | SUPERLATIVES):
                yield " ".join([*before[-1:], *self._words[first:last]])

    def _span_filters(self) -> Iterator[Filter]:
        for i, word in enumerate(self._words):
            found = list(self._reader.spans_of(word)) if i not in self._taken else []
            if found:
                self._taken.add(i)
                yield from found

    def _field_of(self, bound: _Bound, place: int) -> str | None:
        """Return the field that a bound is about: named right before it, behind it, or implied."""
        near = [
            (first in self._used, gap, first, match)
            for first, last, match in self._fields()
            if (gap := self._gap(first, last, place)) is not None
        ]
        for _, _, first, match in sorted(near, key=lambda side: side[:2]):
            for key in match.keys:
                if _fits(bound, self._reader.field(key)):
                    self._used.add(first)
                    return key
        for i in (place - 1, place + 1):
            verb = self._reader.field_of_verb(self._words[i]) if 0 <= i < len(self._words) else None
            if verb and _fits(bound, self._reader.field(verb)):
                self._taken.add(i)
                return verb
        implied = self._reader.field_of_word(bound.text.split()[0])
        if implied and _fits(bound, self._reader.field(implied)):
            return implied
        return self._reader.field_of_money() if bound.unit in ("$", "k") else None

    def _gap(self, first: int, last: int, place: int) -> int | None:
        """Return how many words stand between a field and a bound; None if others than may."""
        if last <= place:
            between, allowed = self._words[last:place], _LEFT_OF_BOUND
        else:
            between, allowed = self._words[place + 1 : first], _RIGHT_OF_BOUND
        strange = [
            w
            for w in between
            if w not in allowed and not w.startswith(_STAND_IN) and not self._reader.is_plain(w)
        ]
        return None if strange else len(between)

    # --- order, function, limit -------------------------------------------------------------------

    def _order(self) -> Order | None:
        return self.superlative() or self._sorted_by()

    def superlative(self) -> Order | None:
        """Return the order that a superlative asks for."""
        spoken = [f for f in self._found if isinstance(f.what, Order)]
        for f in spoken[1:]:
            if f.what != spoken[0].what:  # one order at a time
                self._lost += self._words[f.first : f.last]
        for f in spoken:
            if isinstance(f.what, Order):
                return self._of_named_field(f.what)
        for i, word in enumerate(self._words):
            rated = _RATED.get(word)
            if i in self._taken or not (word in _LOWEST | _HIGHEST or rated is not None):
                continue
            near = self._field_near(i)
            if near is None:
                continue
            key, first = near
            self._taken.add(i)
            self._used.add(first)
            if rated is None:
                return Order(field=key, highest=word in _HIGHEST)
            upward = self._reader.field(key).better != "lower"
            return Order(field=key, highest=upward is rated)
        return None

    def _of_named_field(self, order: Order) -> Order:
        """Let "cheapest" be about a field of its kind that is named beside it."""
        kind = self._reader.kind(order.field)
        for first, _, match in self._fields():
            if first in self._used or len(match.keys) > 1 or match.comparing:
                continue
            if match.keys[0] != order.field and self._reader.kind(match.keys[0]) == kind:
                self._used.add(first)
                return order.model_copy(update={"field": match.keys[0]})
        return order

    def _sorted_by(self) -> Order | None:
        for first, _, match in self._fields():
            if not first or first in self._used:
                continue
            if self._words[first] == "how":
                continue
            if self._words[first - 1] == "by" and self._reader.field(match.keys[0]).numeric:
                self._used.add(first)
                if not self._contrasts():
                    self._taken |= {i for i, w in enumerate(self._words) if w in _COMPARING}
                better = self._reader.field(match.keys[0]).better
                return Order(field=match.keys[0], highest=better != "lower")
        return None

    def _contrasts(self) -> bool:
        """Whether it names several values of one field: "public and private"."""
        named = [f.what.field for f in self._found if isinstance(f.what, _Value) and f.what.values]
        return len(named) > len(set(named))

    def _field_near(self, place: int) -> tuple[str, int] | None:
        """Return the field that a superlative is about: the next one, or the one before it."""
        fields = [(first, match) for first, _, match in self._fields() if first not in self._used]
        after = [(first, match) for first, match in fields if first > place]
        for first, match in after[:1] or fields[-1:]:
            if self._reader.field(match.keys[0]).numeric:
                return match.keys[0], first
        return None

    def _function(self, order: Order | None) -> Function | None:
        if order is not None:
            return None
        bounded = set(self._used)
        for i, word in enumerate(self._words):
            if word in _FUNCTIONS and i not in self._taken and self._fields():
                self._taken.add(i)
                if i + 1 not in bounded:  # "an average score above 1500" is a bound
                    return _FUNCTIONS[word]
        for first, _, _ in self._fields():
            if self._words[first] in _FUNCTIONS and first not in self._used:
                return _FUNCTIONS[self._words[first]]
        return "count" if self._counts() else None

    def _counts(self) -> bool:
        if self._words[:1] == ["count"]:
            return True
        pairs = zip(self._words, self._words[1:], strict=False)
        return any(
            pair in _COUNTS and self._taken.isdisjoint((i, i + 1)) for i, pair in enumerate(pairs)
        )

    def _limit(self, ordered: bool) -> int | None:
        """Return the number beside a superlative: "top 5", "the five largest"."""
        marks = {
            i for i, w in enumerate(self._words) if w in {*_LOWEST, *_HIGHEST, *_RATED, "first"}
        }
        marks |= {
            i for f in self._found if isinstance(f.what, Order) for i in range(f.first, f.last)
        }
        for i, word in enumerate(self._words):
            number = int(word) if word.isdigit() and len(word) < 4 else _NUMERALS.get(word)
            if not number or i in self._taken:
                continue
            if marks & {i - 1, i + 1} or (ordered and self._counts_noun(i)):
                self._taken.add(i)
                self._taken |= marks & {i - 1, i + 1}
                return min(number, MAX_LIMIT)
        pairs = set(zip(self._words, self._words[1:], strict=False))
        single = {"minimum", "maximum"} & set(self._words) or ("of", "any") in pairs
        return 1 if ordered and single else None

    def _counts_noun(self, i: int) -> bool:
        """Whether a number says how many entities: "the five public schools with ..."."""
        rest = range(i + 1, len(self._tokens))
        behind = next((k for k in rest if not self._describes(k)), len(self._tokens))
        return behind < len(self._tokens) and self._reader.is_noun(self._tokens[behind])

    def _describes(self, i: int) -> bool:
        return any(f.first <= i < f.last and isinstance(f.what, _Value) for f in self._found)

    # --- the rest ---------------------------------------------------------------------------------

    def _asked(self) -> tuple[str, ...]:
        matches = self._reader.told([m for _, _, m in self._fields()], self._words)
        keys = [key for m in matches if m.first not in self._used for key in m.keys]
        return tuple(dict.fromkeys(keys))

    def _bare(self) -> bool:
        """Whether it is nothing but a description: "tribal colleges in Montana"."""
        return all(
            i in self._taken
            or token.norm in ("in", "the", "and", "or")
            or self._reader.is_noun(token)
            for i, token in enumerate(self._tokens)
        )

    def _own_words(self, filters: Sequence[Filter], order: Order | None) -> frozenset[str]:
        """Return the words by which people speak of the fields in hand."""
        keys = {f.field for f in filters} | {*self._asked()} | ({order.field} if order else set())
        return frozenset(word for key in keys for word in self._reader.own_words(key))

    def _leftover(self, own: frozenset[str]) -> list[str]:
        return [
            token.text
            for i, token in enumerate(self._tokens)
            if i not in self._taken
            and token.norm not in _FILLER | own
            and (len(token.norm) > 1 or token.norm.isdigit())
            and not self._reader.is_noun(token)
            and not self._reader.is_plain(token.norm)
        ]


def _take_bounds(question: str) -> tuple[list[_Bound], str]:
    """Return the comparisons with numbers, and the question with a stand-in for each."""
    bounds: list[_Bound] = []

    def keep(limits: Iterable[tuple[Comparison, str]], text: str) -> str:
        given = list(limits)
        unit = next((u for _, n in reversed(given) if (u := _unit(n))), "")
        bounds.append(_Bound(tuple((c, _value(n)) for c, n in given), unit, text.strip()))
        return f" {_STAND_IN}{len(bounds) - 1} "

    def ranged(m: re.Match[str]) -> str:
        low, high = m["a"] or m["c"], m["b"] or m["d"]
        if low.strip()[-1].isdigit():
            low += re.sub(r"[^a-z]", "", high.lower())  # "between 10 and 20 thousand"
        return keep(((">=", low), ("<=", high)), m[0])

    def open_ended(m: re.Match[str]) -> str:
        return keep((("<=" if m["less"] else ">=", m["n"]),), m[0])

    def compared(m: re.Match[str]) -> str:
        i = next(i for i in range(len(_BOUNDS)) if m[f"n{i}"])
        return keep(((_BOUNDS[i][0], m[f"n{i}"]),), m[0])

    rest = _RANGE.sub(ranged, question)
    rest = _OR_MORE.sub(open_ended, rest)
    return bounds, _BOUND.sub(compared, rest)


def _unit(number: str) -> str:
    text = number.strip().lower()
    if text.startswith("$") or text.endswith(("dollars", "bucks", "usd")):
        return "$"
    if text.endswith(("%", "percent", "pct")):
        return "%"
    return "k" if text[-1].isalpha() else ""


def _value(number: str) -> float:
    """Read a number with its scale: "12k" is 12,000."""
    bare = re.sub(r"[$,\s]", "", number.lower())
    digits = bare.rstrip("abcdefghijklmnopqrstuvwxyz%")
    return float(digits) * _SCALE.get(bare[len(digits) :], 1.0)


def _fits(bound: _Bound, field: FieldCard) -> bool:
    """Whether a field's figures can be compared with a bound's."""
    if not field.numeric:
        return False
    if bound.unit == "%":
        return field.type == "percent"
    if bound.unit == "$":
        return field.type == "money"
    return not (field.type == "percent" and (bound.unit or bound.limits[-1][1] > 100))


def _merge(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Join the values of one field: "Texas or Oklahoma" is one condition."""
    merged: dict[str, Filter] = {}
    others = []
    for f in filters:
        if not f.values:
            others.append(f)
        elif f.field in merged:
            old = merged[f.field]
            values = tuple(dict.fromkeys((*old.values, *f.values)))
            merged[f.field] = old.model_copy(
                update={"values": values, "words": f"{old.words} or {f.words}"}
            )
        else:
            merged[f.field] = f
    return (*merged.values(), *dict.fromkeys(others))


def _value_phrases(
    table: TableCard, places: Mapping[str, Iterable[str]]
) -> dict[tuple[str, ...], _Value]:
    found: dict[tuple[str, ...], _Value] = {}
    for key, values in places.items():
        for value in values:
            for words in (value, f"{value} {table.field(key).label}"):  # "New York City"
                found[stems(phrase(words))] = _Value(key, (value,), place=True)
    for f in table.fields:
        for value, spoken in f.values.items():
            for words in (value, *spoken):
                if words.lower() not in ("yes", "no"):
                    code = len(words) <= 3 and words.isupper()
                    found[stems(phrase(words))] = _Value(f.key, (value,), code=code)
        for name, values in f.groups.items():
            found[stems(phrase(name))] = _Value(f.key, tuple(values))
        for name, band in f.bands.items():
            found[stems(phrase(name))] = _Value(f.key, low=band.at_least, high=band.below)
    return found
