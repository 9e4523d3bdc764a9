"""What a question says about many entities: which of them (filters), in what order, how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.bounds import Comparison

NEGATIONS = frozenset(
    ("not", "no", "except", "excluding", "outside", "without", "non", "isn't", "aren't", "don't")
)
Function = Literal["count", "average", "median", "total"]


class Than(BaseModel):
    """The entity whose own figure is compared with: "cheaper than Birch"."""

    model_config = ConfigDict(frozen=True)

    record_id: str
    name: str


class Filter(BaseModel):
    """One condition on a field: any of `values`, or a comparison with `number`.

    `excluded`: none of the `values`. `than`: the number is this entity's, and is read from its
    cell when the plan runs. `words` are those of the question that said so.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    values: tuple[str, ...] = ()
    excluded: bool = False
    comparison: Comparison | None = None
    number: float | None = None
    than: Than | None = None
    words: str = ""


class Loose(BaseModel):
    """Words that are taken for something near them, and what the reader is told of it.

    "near": a place for what lies near it. "beside": a wish without a number ("high earnings"),
    whose figures stand beside the others. "better": what nobody can say without saying by what.
    "unknown": what the records do not have.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["near", "beside", "better", "unknown"]
    words: str
    taken_for: str = ""


class Order(BaseModel):
    """An order of the entities by a field, highest or lowest first."""

    model_config = ConfigDict(frozen=True)

    field: str
    highest: bool


@dataclass(frozen=True)
class Conditions:
    """What a question says about many entities.

    `plural`: it speaks of the entities as a kind ("colleges"); `singular`: of one of them ("the
    cheapest college"); `indefinite`: of one of many ("a cheap college"). `described`: it is about
    them without saying so ("cheapest oil filter", "lowest tuition in Texas"). `listed`: it asks
    for a list in so many words. `leftover`: words that nobody understood. `fields`: asked for
    beside the conditions. `said`: the values, as said. `loose`: what was not taken to the letter.
    `by`: the field whose values are told apart ("which state has the most"). `rated`: it wants the
    best or good ones, and does not say by what. `rank`: the one place in the order that it is
    about, counted from 1 ("the second largest").
    """

    filters: tuple[Filter, ...]
    order: Order | None
    limit: int | None
    function: Function | None
    fields: tuple[str, ...]
    plural: bool
    singular: bool
    indefinite: bool
    described: bool
    listed: bool
    leftover: tuple[str, ...]
    said: frozenset[tuple[str, ...]]
    loose: tuple[Loose, ...] = ()
    by: str = ""
    rated: bool = False
    rank: int | None = None

    @property
    def denies(self) -> bool:
        """Whether a "not" was left over, so that the rest may mean the opposite."""
        return not NEGATIONS.isdisjoint(word.lower() for word in self.leftover)

    @property
    def explicit(self) -> bool:
        """Whether it asks for figures beyond doubt: by a bound, an order or a function."""
        return self.exact or self.function is not None

    @property
    def exact(self) -> bool:
        """Whether it compares with a number or asks for an order."""
        bounds = any(
            f.comparison and (f.than or any(map(str.isdigit, f.words))) for f in self.filters
        )
        return bounds or self.order is not None

    @property
    def empty(self) -> bool:
        """Whether it says nothing about which, in what order or how many."""
        asks = self.order is not None or self.function is not None
        return not (self.filters or asks or self.by)


def merged(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Join the values of one field: "Texas or Oklahoma" is one condition."""
    by_field: dict[tuple[str, bool], Filter] = {}
    others = []
    for f in filters:
        key = f.field, f.excluded
        if not f.values:
            others.append(f)
        elif key in by_field:
            old = by_field[key]
            values = tuple(dict.fromkeys((*old.values, *f.values)))
            by_field[key] = old.model_copy(
                update={"values": values, "words": f"{old.words} or {f.words}"}
            )
        else:
            by_field[key] = f
    return (*by_field.values(), *dict.fromkeys(others))
