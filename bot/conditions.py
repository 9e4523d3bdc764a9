"""What a question says about many entities: which of them (filters), in what order, how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.bounds import Comparison

Function = Literal["count", "average", "median", "total"]


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


def merged(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Join the values of one field: "Texas or Oklahoma" is one condition."""
    by_field: dict[str, Filter] = {}
    others = []
    for f in filters:
        if not f.values:
            others.append(f)
        elif f.field in by_field:
            old = by_field[f.field]
            values = tuple(dict.fromkeys((*old.values, *f.values)))
            by_field[f.field] = old.model_copy(
                update={"values": values, "words": f"{old.words} or {f.words}"}
            )
        else:
            by_field[f.field] = f
    return (*by_field.values(), *dict.fromkeys(others))
