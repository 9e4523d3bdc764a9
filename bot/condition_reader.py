"""Reads which entities a question is about, in what order and how many.

"Public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, cheapest
first" is read into filters, an order and a limit, by the words of the domain card alone. What
was not understood is left over, and the planner decides what that means.

Not covered: negation ("not in Texas"), comparisons with an entity ("cheaper than Rice") and
anything that needs arithmetic between fields; their words are left over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.bounds import Bound, bound_at, take_bounds
from bot.condition_words import ConditionWords, Value
from bot.conditions import Conditions, Filter, Function, Order, merged
from bot.fields import FieldMatch, stems
from bot.names import FUNCTION_WORDS, Token, phrase, tokenize, words_of
from ingest.domain import TableCard
from ingest.lexical import STOP_WORDS

MAX_LIMIT = 100

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
_FILLER -= words_of("front back side than not no between without except versus vs")
_LEFT_OF_BOUND = words_of(
    "is of are at the a be being that rate rates it's its has and but usd pay pays paying charge"
    " charges cost costs"
)
_RIGHT_OF_BOUND = words_of("in of for dollars usd a per year total")


class ConditionReader:
    """Reads conditions on the entities of one table; safe to share between threads.

    `places` are the values of the text fields that tell entities apart, by field key.
    """

    def __init__(self, table: TableCard, places: Mapping[str, Iterable[str]] | None = None) -> None:
        self._card = ConditionWords(table, places)

    def read(self, question: str) -> Conditions:
        """Read a question; what it does not say is empty."""
        bounds, rest = take_bounds(question)
        listed = bool(_LISTS.match(question))
        return _Sentence(self._card, tokenize(rest), bounds, listed).conditions()

    def superlative(self, question: str) -> Order | None:
        """Return the order of "cheapest of" or "highest", but not of "compare by"."""
        bounds, rest = take_bounds(question)
        return _Sentence(self._card, tokenize(rest), bounds, listed=False).superlative()

    def speaks_of_several(self, question: str) -> bool:
        """Whether a question speaks of entities as such, in the plural: "colleges"."""
        return any(self._card.is_noun(t) and self._card.is_plural(t) for t in tokenize(question))


class _Sentence:
    """One question on its way to its conditions: which words are understood, and as what."""

    def __init__(
        self, card: ConditionWords, tokens: list[Token], bounds: list[Bound], listed: bool
    ) -> None:
        self._card = card
        self._tokens = tokens
        self._words = [token.norm for token in tokens]
        self._bounds = bounds
        self._listed = listed
        self._found = card.spot(tokens)
        self._taken = {i for f in self._found for i in range(f.first, f.last)}
        self._used: set[int] = set()  # first words of field matches that a bound or order uses
        self._lost: list[str] = []

    def conditions(self) -> Conditions:
        """Read everything, in the order in which one part helps to read the next."""
        values = [f for f in self._found if isinstance(f.what, Value)]
        self._lost += self._groups()
        found = [*self._value_filters(), *self._bound_filters(), *self._span_filters()]
        filters = merged(found)
        order = self._order()
        function = self._function(order)
        limit = self._limit(order is not None)
        nouns = [
            t for i, t in enumerate(self._tokens) if i not in self._taken and self._card.is_noun(t)
        ]
        kinds = [f for f in values if self._says_kind(f.what)]
        several = [self._tokens[f.last - 1] for f in kinds]
        return Conditions(
            filters=filters,
            order=order,
            limit=limit,
            function=function,
            fields=self._asked(),
            plural=any(map(self._card.is_plural, [*nouns, *several])),
            singular=any(not self._card.is_plural(token) for token in nouns),
            described=bool(kinds) or (bool(values) and self._orders_by_name()),
            listed=self._listed or self._bare(),
            leftover=(*self._lost, *self._leftover(self._own_words(filters, order))),
            said=frozenset(tuple(self._words[f.first : f.last]) for f in values),
        )

    def _says_kind(self, what: object) -> bool:
        """Whether a value says what an entity is ("HBCUs"), not where it is or how large."""
        return isinstance(what, Value) and bool(what.values) and not self._card.is_place(what)

    def _orders_by_name(self) -> bool:
        """Whether its order names the field in so many words: "lowest tuition"."""
        for f in self._found:
            if isinstance(f.what, Order):
                label = stems(phrase(self._card.field(f.what.field).label))
                return not set(label).isdisjoint(stems(self._words[f.first : f.last]))
        return bool(self._used)

    def _fields(self) -> list[tuple[int, int, FieldMatch]]:
        return [(f.first, f.last, f.what) for f in self._found if isinstance(f.what, FieldMatch)]

    # --- filters ----------------------------------------------------------------------------------

    def _value_filters(self) -> Iterator[Filter]:
        for f in self._found:
            value = f.what
            if not isinstance(value, Value):
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
            place = bound_at(word)
            if place is None:
                continue
            self._taken.add(i)
            bound = self._bounds[place]
            key = self._field_of(bound, i)
            if key is None:
                self._lost.append(bound.text)
                continue
            for comparison, number in bound.limits:
                yield Filter(field=key, comparison=comparison, number=number, words=bound.text)

    def _groups(self) -> Iterator[str]:
        """Yield words that group or count something else: "in each state", "the largest city"."""
        for first, last, match in self._fields():
            if any(self._card.field(key).numeric for key in match.keys):
                continue
            before = tuple(self._words[max(0, first - 2) : first])
            heads = {*before[-1:], *self._words[first : first + 1]}
            extreme = any(isinstance(f.what, Order) and f.last == first for f in self._found)
            if extreme or before in _COUNTS or heads & (_GROUPING | SUPERLATIVES):
                yield " ".join([*before[-1:], *self._words[first:last]])

    def _span_filters(self) -> Iterator[Filter]:
        for i, word in enumerate(self._words):
            found = list(self._card.spans_of(word)) if i not in self._taken else []
            if found:
                self._taken.add(i)
                yield from found

    def _field_of(self, bound: Bound, place: int) -> str | None:
        """Return the field that a bound is about: named right before it, behind it, or implied."""
        near = [
            (first in self._used, gap, first, match)
            for first, last, match in self._fields()
            if (gap := self._gap(first, last, place)) is not None
        ]
        for _, _, first, match in sorted(near, key=lambda side: side[:2]):
            for key in match.keys:
                if bound.fits(self._card.field(key)):
                    self._used.add(first)
                    return key
        for i in (place - 1, place + 1):
            verb = self._card.field_of_verb(self._words[i]) if 0 <= i < len(self._words) else None
            if verb and bound.fits(self._card.field(verb)):
                self._taken.add(i)
                return verb
        implied = self._card.field_of_word(bound.text.split()[0])
        if implied and bound.fits(self._card.field(implied)):
            return implied
        return self._card.field_of_money() if bound.unit in ("$", "k") else None

    def _gap(self, first: int, last: int, place: int) -> int | None:
        """Return how many words stand between a field and a bound; None if others than may."""
        if last <= place:
            between, allowed = self._words[last:place], _LEFT_OF_BOUND
        else:
            between, allowed = self._words[place + 1 : first], _RIGHT_OF_BOUND
        strange = [
            w
            for w in between
            if w not in allowed and bound_at(w) is None and not self._card.is_plain(w)
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
            upward = self._card.field(key).better != "lower"
            return Order(field=key, highest=upward is rated)
        return None

    def _of_named_field(self, order: Order) -> Order:
        """Let "cheapest" be about a field of its kind that is named beside it."""
        kind = self._card.kind(order.field)
        for first, _, match in self._fields():
            if first in self._used or len(match.keys) > 1 or match.comparing:
                continue
            if match.keys[0] != order.field and self._card.kind(match.keys[0]) == kind:
                self._used.add(first)
                return order.model_copy(update={"field": match.keys[0]})
        return order

    def _sorted_by(self) -> Order | None:
        for first, _, match in self._fields():
            if not first or first in self._used:
                continue
            if self._words[first] == "how":
                continue
            if self._words[first - 1] == "by" and self._card.field(match.keys[0]).numeric:
                self._used.add(first)
                if not self._contrasts():
                    self._taken |= {i for i, w in enumerate(self._words) if w in _COMPARING}
                better = self._card.field(match.keys[0]).better
                return Order(field=match.keys[0], highest=better != "lower")
        return None

    def _contrasts(self) -> bool:
        """Whether it names several values of one field: "public and private"."""
        named = [f.what.field for f in self._found if isinstance(f.what, Value) and f.what.values]
        return len(named) > len(set(named))

    def _field_near(self, place: int) -> tuple[str, int] | None:
        """Return the field that a superlative is about: the next one, or the one before it."""
        fields = [(first, match) for first, _, match in self._fields() if first not in self._used]
        after = [(first, match) for first, match in fields if first > place]
        for first, match in after[:1] or fields[-1:]:
            if self._card.field(match.keys[0]).numeric:
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
        return behind < len(self._tokens) and self._card.is_noun(self._tokens[behind])

    def _describes(self, i: int) -> bool:
        return any(f.first <= i < f.last and isinstance(f.what, Value) for f in self._found)

    # --- the rest ---------------------------------------------------------------------------------

    def _asked(self) -> tuple[str, ...]:
        matches = self._card.told([m for _, _, m in self._fields()], self._words)
        keys = [key for m in matches if m.first not in self._used for key in m.keys]
        return tuple(dict.fromkeys(keys))

    def _bare(self) -> bool:
        """Whether it is nothing but a description: "tribal colleges in Montana"."""
        return all(
            i in self._taken
            or token.norm in ("in", "the", "and", "or")
            or self._card.is_noun(token)
            for i, token in enumerate(self._tokens)
        )

    def _own_words(self, filters: Sequence[Filter], order: Order | None) -> frozenset[str]:
        """Return the words by which people speak of the fields in hand."""
        keys = {f.field for f in filters} | {*self._asked()} | ({order.field} if order else set())
        return frozenset(word for key in keys for word in self._card.own_words(key))

    def _leftover(self, own: frozenset[str]) -> list[str]:
        return [
            token.text
            for i, token in enumerate(self._tokens)
            if i not in self._taken
            and token.norm not in _FILLER | own
            and (len(token.norm) > 1 or token.norm.isdigit())
            and not self._card.is_noun(token)
            and not self._card.is_plain(token.norm)
        ]
