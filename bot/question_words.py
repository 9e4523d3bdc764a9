"""The words of one question about many entities, and which of them are understood so far."""

from __future__ import annotations

from bot.bounds import Bound
from bot.condition_words import ConditionWords, Found, Value
from bot.conditions import NEGATIONS, Loose, Order
from bot.fields import FieldMatch
from bot.names import Token, words_of

_BETWEEN_NEGATION = words_of(
    "in the a an any from near at of on to one ones for by with fit fits too very so really that"
)


class QuestionWords:
    """What the card spots in a question, and what its readers have made of it by now.

    Each reader marks the words that it understands as `taken` (by place). `used` holds the first
    places of the fields that a bound, an order or a group is about: they are not asked for beside
    it. `lost` are words that were understood and cannot be done; `loose`, what was not taken to
    the letter. `bounds` stand in `words` as the stand-ins of bot.bounds.
    """

    def __init__(self, card: ConditionWords, tokens: list[Token], bounds: list[Bound]) -> None:
        self.card = card
        self.tokens = tokens
        self.words = [token.norm for token in tokens]
        self.bounds = bounds
        spotted = card.spot(tokens)
        self.values = [(f, f.what) for f in spotted if isinstance(f.what, Value)]
        self.orders = [(f, f.what) for f in spotted if isinstance(f.what, Order)]
        self.fields = [f.what for f in spotted if isinstance(f.what, FieldMatch)]
        self.taken = {i for f in spotted for i in range(f.first, f.last)}
        self.used: set[int] = set()
        self.lost: list[str] = []
        self.loose: list[Loose] = []

    def text(self, first: int, last: int) -> str:
        """Return words as they were written; `last` is excluded."""
        return " ".join(token.text for token in self.tokens[first:last])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each word with the next one."""
        return list(zip(self.words, self.words[1:], strict=False))

    @property
    def kinds(self) -> list[Found]:
        """The values that say what an entity is ("HBCUs"), not where it is or how large."""
        return [f for f, value in self.values if value.values and not self.card.is_place(value)]

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields that nothing else uses: they are asked for."""
        matches = self.card.told(self.fields, self.words)
        keys = [key for m in matches if m.first not in self.used for key in m.keys]
        return tuple(dict.fromkeys(keys))

    def describes(self, place: int) -> bool:
        """Whether a word belongs to a value, which says more of the entities behind it."""
        return any(f.first <= place < f.last for f, _ in self.values)

    def counts_noun(self, place: int) -> bool:
        """Whether a number says how many entities: "the five public schools with ..."."""
        rest = range(place + 1, len(self.tokens))
        behind = next((k for k in rest if not self.describes(k)), None)
        return behind is not None and self.card.is_noun(self.tokens[behind])

    def excludes(self, found: Found) -> bool:
        """Whether a "not" stands in front of something, or of the value that it is joined to."""
        i = found.first - 1
        while i >= 0 and self.words[i] in _BETWEEN_NEGATION:
            i -= 1
        if i < 0:
            return False
        if self.words[i] in NEGATIONS:
            self.taken.add(i)
            return True
        joined = [
            f
            for f, value in self.values
            if f.last == i and isinstance(found.what, Value) and value.field == found.what.field
        ]
        return self.words[i] in ("or", "and", "nor") and any(map(self.excludes, joined))
