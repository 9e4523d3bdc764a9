"""Reads which entities a question is about, in what order and how many.

"Public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, cheapest
first" is read into filters, an order and a limit, by the words of the domain card alone. What
was not understood is left over, and the planner decides what that means.

Not covered: what a field is not ("does not require"), and anything that needs arithmetic between
fields; their words are left over. "Cheaper than Birch" is read by bot.than.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.bounds import Bound, bound_at, take_bounds
from bot.condition_words import NEAR, ConditionWords, Found, Value
from bot.conditions import NEGATIONS, Conditions, Filter, Function, Loose, Order, merged
from bot.fields import FieldMatch, stems
from bot.names import FUNCTION_WORDS, Token, phrase, tokenize, words_of
from bot.wording import lower_label, spoken
from ingest.domain import TableCard
from ingest.lexical import STOP_WORDS

MAX_LIMIT = 100

_LOWEST = frozenset({"lowest", "least", "fewest", "smallest", "minimum", "shortest"})
_HIGHEST = frozenset({"highest", "most", "greatest", "largest", "biggest", "maximum", "longest"})
_RATED = {"top": True, "best": True, "worst": False}
RATINGS = frozenset({"top", "best", "worst", "good", "great"})
SUPERLATIVES = _LOWEST | _HIGHEST | _RATED.keys()
_RATED_LOOSELY = {"high": True, "great": True, "good": True, "strong": True, "decent": True}
_RATED_LOOSELY |= {"low": False, "bad": False, "poor": False, "weak": False}
_BY_NUMBER = frozenset({"high", "low"})  # say the direction themselves; the others what is better
_NEAR_TO = re.compile(
    r"\b(?:close to|near(?:by)? to|not (?:too )?far from|within (?:an? |about |\d+ )?[\w-]+"
    r"(?: drive)? (?:of|from)|(?:a )?(?:short|easy) drive from)(?= )",
    re.I,
)
_NEGATED = re.compile(
    r"\b(?:but not|(?:that |which |who )?(?:are|is) ?n[o'’]t|other than|apart from|besides"
    r"|outside of|aside from|anything but|excluding|except(?: for)?)(?= )",
    re.I,
)
_SHARE = re.compile(r"\b(?:percent|percentage|share|proportion|fraction) of\b", re.I)
_FUNCTIONS: dict[str, Function] = {
    "average": "average",
    "avg": "average",
    "mean": "average",
    "median": "median",
    "total": "total",
    "combined": "total",
    "altogether": "total",
}
_BETWEEN_NEGATION = words_of(
    "in the a an any from near at of on to one ones for by with fit fits too very so really that"
)
_INDEFINITE = frozenset({"a", "an", "any", "some", "somewhere", "anywhere"})
MAX_DESCRIBING = 5  # words between an article and what it belongs to
_CONTRASTS = words_of("vs versus v compare compared comparing comparison than difference")
_COMPARATIVES = words_of("higher lower more less fewer greater better worse bigger smaller larger")
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
_FILLER |= words_of(
    "wants wanting hoping sell sells carry carries stock what're somewhere anywhere any somebody"
    " someone who combined altogether lol ok please yall"
)
_FILLER -= words_of("front back side than not no between without except versus vs outside")
_PLAIN_THAN = re.compile(r"(?:less|fewer|lower|cheaper|smaller|more|greater|higher|larger|bigger)$")
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
        bounds, rest = take_bounds(self._spelt_plainly(question))
        listed = bool(_LISTS.match(question))
        return _Sentence(self._card, tokenize(rest), bounds, listed).conditions()

    @property
    def words(self) -> ConditionWords:
        """The words of the table's card."""
        return self._card

    def _spelt_plainly(self, question: str) -> str:
        """Say nearness, negation and "lighter than 5" in the one way that is read further on."""
        plain = _NEGATED.sub("not", _NEAR_TO.sub("near", question))
        for words, order in self._card.comparatives.items():
            label, side = self._card.field(order.field).label, "over" if order.highest else "under"
            if " " in words or words not in plain.lower() or _PLAIN_THAN.match(words):
                continue
            than_number = re.compile(rf"\b{re.escape(words)} than (?=\$?\s?\d)", re.I)
            plain = than_number.sub(f"{label} {side} ", plain)
        return plain

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
        self._loose: list[Loose] = []
        self._by = ""
        self._sorted = False

    def conditions(self) -> Conditions:
        """Read everything, in the order in which one part helps to read the next."""
        values = [f for f in self._found if isinstance(f.what, Value)]
        self._lost += self._groups()
        self._near_places()
        found = [*self._value_filters(), *self._bound_filters(), *self._span_filters()]
        filters = merged(found)
        order = self._order()
        function = self._function(order)
        filters, function = self._told_apart(filters, order, function)
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
            indefinite=self._sorted
            or (not self._says_superlative() and any(map(self._is_indefinite, nouns))),
            described=bool(kinds)
            or (self._orders_by_name() and (bool(values) or self._says_superlative())),
            listed=self._listed or self._bare(),
            leftover=(*self._lost, *self._leftover(self._own_words(filters, order))),
            said=frozenset(tuple(self._words[f.first : f.last]) for f in values),
            loose=tuple(self._loose),
            by=self._by,
            rated=any(self._rates_as_such(i) for i in range(len(self._words))),
        )

    def _rates_as_such(self, i: int) -> bool:
        """Whether a word calls the entities themselves good: "best colleges", "a good school"."""
        if self._words[i] not in RATINGS:
            return False
        rest = range(i + 1, min(i + 1 + MAX_DESCRIBING, len(self._tokens)))
        behind = next((k for k in rest if not (self._describes(k) or self._words[k].isdigit())), 0)
        return bool(behind) and self._card.is_noun(self._tokens[behind])

    def _says_superlative(self) -> bool:
        """Whether it wants what is at an end ("the cheapest"), not what is near one ("cheap")."""
        return any(w in SUPERLATIVES or w.endswith("est") for w in self._words)

    def _is_indefinite(self, noun: Token) -> bool:
        """Whether a noun stands for one of many: "a small school", "somewhere"."""
        place = self._tokens.index(noun)
        before = self._words[max(0, place - MAX_DESCRIBING) : place + 1]
        return not self._card.is_plural(noun) and not _INDEFINITE.isdisjoint(before)

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
            excluded = self._is_excluded(f)
            if value.values:
                yield Filter(
                    field=value.field,
                    values=value.values,
                    excluded=excluded,
                    words=f"not {words}" if excluded else words,
                )
                continue
            ends = [(">=", value.low), ("<", value.high)]
            if excluded and None not in (value.low, value.high):
                self._lost.append(f"not {words}")  # would be two ranges
            elif excluded:
                ends, words = [("<", value.low), (">=", value.high)], f"not {words}"
            for comparison, number in ends:
                if number is not None:
                    yield Filter(
                        field=value.field,
                        comparison=comparison,  # type: ignore[arg-type]
                        number=number,
                        words=words,
                    )

    def _is_excluded(self, value: Found) -> bool:
        """Whether a "not" stands in front of a value, or of the one that it is joined to."""
        i = value.first - 1
        while i >= 0 and self._words[i] in _BETWEEN_NEGATION:
            i -= 1
        if i < 0:
            return False
        if self._words[i] in NEGATIONS:
            self._taken.add(i)
            return True
        joined = [
            f
            for f in self._found
            if isinstance(f.what, Value)
            and isinstance(value.what, Value)
            and f.what.field == value.what.field
            and f.last == i
        ]
        return self._words[i] in ("or", "and", "nor") and any(map(self._is_excluded, joined))

    def _near_places(self) -> None:
        """Read "near Boston" as "in Boston", and keep that to be told."""
        for f in self._found:
            if not isinstance(f.what, Value) or not self._card.is_place(f.what) or not f.first:
                continue
            if self._words[f.first - 1] in NEAR:
                self._taken.add(f.first - 1)
                said = " ".join(token.text for token in self._tokens[f.first : f.last])
                place = f.what.values[0] if len(f.what.values) == 1 else said
                field = self._card.field(f.what.field)
                self._loose.append(
                    Loose(kind="near", words=f"near {said}", taken_for=spoken(place, field))
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
            field = self._card.field(key)
            for comparison, number in bound.limits:
                yield Filter(
                    field=key,
                    comparison=comparison,
                    number=bound.number_for(number, field),
                    words=bound.text,
                )

    def _groups(self) -> Iterator[str]:
        """Keep what is grouped by ("by state"); yield words that ask for something else: how many
        states, the largest city.
        """
        for first, last, match in self._fields():
            if any(self._card.field(key).numeric for key in match.keys):
                continue
            before = tuple(self._words[max(0, first - 2) : first])
            heads = {*before[-1:], *self._words[first : first + 1]}
            extreme = any(isinstance(f.what, Order) and f.last == first for f in self._found)
            counted = before in _COUNTS or heads & SUPERLATIVES
            if not self._by and len(match.keys) == 1 and heads & _GROUPING and not counted:
                self._by = "" if extreme else match.keys[0]
                self._used.add(first)
            if extreme or counted or (heads & _GROUPING and self._by != match.keys[0]):
                yield " ".join([*before[-1:], *self._words[first:last]])

    def _told_apart(
        self, filters: tuple[Filter, ...], order: Order | None, function: Function | None
    ) -> tuple[tuple[Filter, ...], Function | None]:
        """Find what the entities are told apart by, and what is asked of each group."""
        if share := self._share_of():
            self._by = share
            return tuple(f for f in filters if f.field != share), "count"
        contrasts = not self._by and order is None and self._contrasts_values(filters)
        if not self._by or (not contrasts and self._refuses_groups(order, function)):
            return filters, function
        if self._most_of_a_kind() or not (order or function or self._asked()):
            return filters, "count"
        return filters, function or "average"

    def _refuses_groups(self, order: Order | None, function: Function | None) -> bool:
        """Whether a question is about one entity after all: "which state is the largest in"."""
        nouns = [t for t in self._tokens if self._card.is_noun(t)]
        kinds = [self._tokens[f.last - 1] for f in self._found if self._says_kind(f.what)]
        words = [f.last - 1 for f in self._found if f.first in self._used and f.last]
        several = any(self._card.is_plural(t) for t in [*nouns, *kinds]) or any(
            self._words[i].endswith("s") for i in words
        )
        if several or (not nouns and (order or function)):
            return False
        self._lost.append(self._card.field(self._by).label)
        self._by = ""
        return True

    def _contrasts_values(self, filters: Sequence[Filter]) -> bool:
        """Whether values of one field are set against each other: "public vs private"."""
        several = [f.field for f in filters if len(f.values) > 1 and not f.excluded]
        several += self._alternatives()
        asked = [key for key in self._asked() if self._card.field(key).numeric]
        cues = {i for i, w in enumerate(self._words) if w in _CONTRASTS | _COMPARATIVES}
        comparing = any(m.comparing for _, _, m in self._fields())
        counted = self._counts() and "vs" in self._words
        if len(several) != 1 or not (asked or counted) or not (cues or comparing):
            return False
        if self._card.is_group(several[0], filters):
            return False
        self._taken |= cues
        self._by = several[0]
        return True

    def _alternatives(self) -> list[str]:
        """Return the fields that are asked for by their values: "public or private"."""
        return [
            match.keys[0]
            for first, last, match in self._fields()
            if "or" in self._words[first:last] and not self._card.field(match.keys[0]).numeric
        ]

    def _most_of_a_kind(self) -> bool:
        """Whether it asks where there are most: "the most colleges", "the fewest HBCUs"."""
        for i, word in enumerate(self._words):
            if word in ("most", "many") and self._counts_noun(i):
                self._taken.add(i)
                return True
        return False

    def _share_of(self) -> str:
        """Return the field of the value in "what share of colleges are public"."""
        said = " ".join(self._words)
        if not _SHARE.search(said) or "are" not in self._words:
            return ""
        place = self._words.index("are")
        behind = [f.what for f in self._found if f.first > place and isinstance(f.what, Value)]
        if len(behind) != 1 or not behind[0].values:
            return ""
        shares = {i for i, w in enumerate(self._words) if _SHARE.match(f"{w} of")}
        self._taken |= shares
        return behind[0].field

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
        if bound.measured:
            return self._card.field_of_unit(bound)
        priced = bound.unit in ("$", "k") or (bound.ceiling and not bound.unit)
        return self._card.field_of_money() if priced else None

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
                order = self._of_named_field(f.what)
                flipped = self._is_excluded(f)  # "not expensive"
                return order.model_copy(update={"highest": order.highest is not flipped})
        return self._superlative_of_field() or self._loosely_rated()

    def _superlative_of_field(self) -> Order | None:
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

    def _loosely_rated(self) -> Order | None:
        """Return the order of the first wish without a number: "high earnings"."""
        orders: list[Order] = []
        for first, last, match in self._fields():
            word = self._words[first - 1] if first else ""
            rated = _RATED_LOOSELY.get(word)
            field = self._card.field(match.keys[0])
            if rated is None or not field.numeric or first in self._used:
                continue
            if {"is", "what's", "are"} & {*self._words[max(0, first - 3) : first - 1]}:
                continue  # "what is a good rate" asks for no entity
            self._taken.add(first - 1)
            upward = rated if word in _BY_NUMBER else rated is (field.better != "lower")
            if orders:
                said = " ".join(token.text for token in self._tokens[first - 1 : last])
                self._loose.append(Loose(kind="beside", words=said, taken_for=lower_label(field)))
            else:
                self._used.add(first)
            orders.append(Order(field=field.key, highest=upward))
        return orders[0] if orders else None

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
                if self._contrasts() and not _COMPARING.isdisjoint(self._words):
                    return None  # "compare A and B by": no order
                self._used.add(first)
                if not self._contrasts():
                    self._taken |= {i for i, w in enumerate(self._words) if w in _COMPARING}
                better = self._card.field(match.keys[0]).better
                self._sorted = True
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
