"""The plan of a question about records: typed, made of card keys and record ids, never of text.

A plan is what the planner understood, what runs as SQL, what a follow-up edits and what an
operator reads to see how an answer came about.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.conditions import Filter, Function, Loose, Order
from bot.mentions import Tier

Operation = Literal["lookup", "overview", "compare", "similar", "list", "summary", "groups", "ask"]

MAX_ENTITIES = 12
MAX_FIELDS = 8
PAGE = 10


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Choice(_Frozen):
    """An entity that could have been meant."""

    record_id: str
    name: str
    label: str = ""


class PlannedEntity(_Frozen):
    """An entity that the plan is about; `words` and `tier` say how it was named.

    `other_candidates` could have been meant by the same words. `all_shown` says that those of
    the same name stand in the plan as well.
    """

    record_id: str
    name: str
    label: str = ""
    words: str
    tier: Tier
    other_candidates: tuple[Choice, ...] = ()
    all_shown: bool = False


class UnknownName(_Frozen):
    """A name that is not in the data, and the nearest ones that are."""

    words: str
    nearest: tuple[Choice, ...] = ()


class Plan(_Frozen):
    """What to do with the records; `fields` are keys of the table's card.

    `unknown_fields` are words for something that the records do not have. `ignored` words stood
    in the question and could not be used ("student faculty ratio", "in 1990"): what the plan
    finds is then near the question and no answer to it.

    A comparison may have an `order`: the entity at its end comes first. `checks` are fields and
    values that a question asks about ("is it private?"). "similar" is about the entities most
    like the one named, by the `similar_fields` of the card.

    "list" and "summary" are about all entities that fit the `filters`: a page of them in an
    `order` (by default the best known first), or a `function` of them. "groups" tells the function
    for each value of the field `by`. `loose` words were taken for something near them.

    `unit` is one that figures are wanted in beside their own. "ask" asks back: which entities are
    meant, where `asks_for` is asked of none by name, or by what they are to rank.

    `shown` are the record ids on the page of a list, and `earlier` the entities that a follow-up
    has replaced: the next follow-up may speak of them ("the second one", "which is larger?").
    """

    operation: Operation
    table: str
    entities: tuple[PlannedEntity, ...] = ()
    unknown: tuple[UnknownName, ...] = ()
    fields: tuple[str, ...] = ()
    unknown_fields: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    filters: tuple[Filter, ...] = ()
    order: Order | None = None
    limit: int = Field(default=PAGE, ge=1, le=100)
    offset: int = Field(default=0, ge=0)
    function: Function | None = None
    by: str = ""
    loose: tuple[Loose, ...] = ()
    unit: str = ""
    asks_for: Literal["lookup", "compare", "rank", "list"] = "lookup"
    shown: tuple[str, ...] = ()
    earlier: tuple[PlannedEntity, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether every word of the question found its place in it."""
        return not (self.ignored or self.unknown or self.unknown_fields)
