"""Tells what was found of many entities: sentences with `[n]` markers, and figures of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.answer import Evidence
from bot.conditions import Filter, Order
from bot.ordinals import ordinal_word
from bot.plan import Plan
from bot.wording import (
    choices_of,
    conditions,
    distinct_names,
    figure,
    lower_label,
    phrase_of,
    quoted,
    vintage,
)
from ingest.domain import FieldCard, TableCard
from ingest.records import Record

LEADERS_TOLD = 3
CENTS_BELOW = 100


@dataclass(frozen=True)
class Page:
    """A page of the records that fit a plan, and how many there are besides.

    `total` fit; `lacking` might, but have no figure where one is needed; `tied` have the figure
    of the last one shown and stand on no page yet.
    """

    records: tuple[Record, ...]
    total: int
    lacking: int
    tied: int


class ListTelling:
    """Writes which entities fit, and in what order."""

    def __init__(
        self, plan: Plan, card: TableCard, page: Page, evidence: Sequence[Evidence]
    ) -> None:
        self._plan = plan
        self._card = card
        self._page = page
        self._evidence = evidence
        self._fit = f" ({conditions(plan.filters, card)})" if plan.filters else ""

    def sentences(self) -> Iterable[str]:
        """Yield the sentences: how many fit, the first of them, and who is left out."""
        page = self._page
        if self._plan.ignored:
            yield cannot_take(self._plan)
        if not page.records and page.total:
            yield f"That was all: {self._those(page.total).replace(' that ', ' ')}."
        elif not page.records:
            yield f"No {self._card.entity} in the data fits{self._fit}."
        elif len(page.records) == 1 and self._plan.order is not None:
            yield self._leaders(f" among {self._those(page.total)}")
        else:
            yield f"{self._those(page.total).replace(' that ', ' ')}."
            yield self._only_one() if page.total == 1 else self._leaders("")
        yield from loosely(self._plan)
        yield from self._besides()

    def _those(self, n: int) -> str:
        noun = self._card.entity if n == 1 else self._card.entity_plural
        verb = "fits" if n == 1 else "fit"
        return f"{n:,} {noun} that {verb}{self._fit}" if self._fit else f"{n:,} {noun}"

    def _only_one(self) -> str:
        """Tell what is known of the only one that fits: no table is drawn for a single cell."""
        (evidence,) = self._evidence
        fields = [self._card.field(fact.field) for fact in evidence.facts]
        told = "; ".join(
            phrase_of(field, fact) for field, fact in zip(fields, evidence.facts, strict=True)
        )
        return f"It is {self._page.records[0].name}: {told} [{evidence.n}]."

    def _leaders(self, among: str) -> str:
        """Name the first few with the figure that orders them."""
        order = self._plan.order
        names = distinct_names(self._page.records, self._card)
        first = list(zip(names, self._page.records, self._evidence, strict=True))[:LEADERS_TOLD]
        if order is None:
            told = "; ".join(f"{name} [{e.n}]" for name, _, e in first)
            by = "best known" if self._card.popularity_field else "first by name"
            return f"The {by}: {told}."
        field = self._card.field(order.field)
        end = self._end(order)
        told = "; ".join(
            f"{name} {figure(r.values[field.key], field)} [{e.n}]" for name, r, e in first
        )
        return f"{end} by {lower_label(field)}{vintage(field)}{among}: {told}."

    def _end(self, order: Order) -> str:
        """Say which end of the order this is, or which place: "Highest", "Second highest"."""
        end = "highest" if order.highest else "lowest"
        if self._plan.limit == 1 and self._plan.offset:
            end = f"{ordinal_word(self._plan.offset + 1)} {end}"
        return end[:1].upper() + end[1:]

    def _besides(self) -> Iterable[str]:
        page, plan = self._page, self._plan
        shown = plan.offset + len(page.records)
        if page.records and page.tied:
            verb = "has" if page.tied == 1 else "have"
            yield f"{page.tied:,} more {verb} the same figure as the last one shown."
        if 1 < len(page.records) < page.total:
            span = f"{plan.offset + 1} to {shown} of {page.total:,}"
            yield f"Shown are {span}" + (
                "; say “more” for the rest." if shown < page.total else "."
            )
        if page.lacking:
            verb = "has" if page.lacking == 1 else "have"
            are = "is" if page.lacking == 1 else "are"
            what = needed(plan, self._card)
            yield f"{page.lacking:,} more {verb} no figure for {what} and {are} left out."


def needed(plan: Plan, card: TableCard) -> str:
    """Name the fields of which a plan needs a figure: "in-state tuition and fees"."""
    keys = [f.field for f in plan.filters if f.comparison]
    keys += [plan.order.field] if plan.order else []
    return " or ".join(lower_label(card.field(key)) for key in dict.fromkeys(keys))


class Summary(NamedTuple):
    """A function of a field over so many figures."""

    field: FieldCard
    over: int
    value: float


class SummaryTelling:
    """Writes one number over all entities that fit; evidence 1 says which they are."""

    def __init__(self, plan: Plan, card: TableCard, total: int) -> None:
        self._plan = plan
        self._card = card
        self._total = total
        self._fit = f" ({conditions(plan.filters, card)})" if plan.filters else ""

    def counted(self, lacking: int) -> Iterable[str]:
        """Yield how many fit."""
        noun = self._card.entity if self._total == 1 else self._card.entity_plural
        verb = "fits" if self._total == 1 else "fit"
        told = f" {verb}{self._fit}" if self._fit else " in all"
        if self._plan.ignored:
            yield cannot_take(self._plan)
        yield f"{self._total:,} {noun}{told} [1]."
        if lacking:
            have = "has" if lacking == 1 else "have"
            are = "is" if lacking == 1 else "are"
            what = needed(self._plan, self._card)
            yield f"{lacking:,} more {have} no figure for {what} and {are} not counted."
        yield from loosely(self._plan)

    def summed(self, summaries: Sequence[Summary]) -> Iterable[str]:
        """Yield the plan's function of each field."""
        if self._plan.ignored:
            yield cannot_take(self._plan)
        yield from (self._summed(*summary) for summary in summaries)
        yield from loosely(self._plan)

    def _summed(self, field: FieldCard, over: int, value: float) -> str:
        fitting = f" that fit{self._fit}" if self._fit else ""
        entities = f"{self._card.entity_plural}{fitting}"
        if not over:
            return f"None of {self._total:,} {entities} has a figure for {lower_label(field)} [1]."
        lacking = self._total - over
        missing = f"; {lacking:,} more {'has' if lacking == 1 else 'have'} no figure" * bool(
            lacking
        )
        shown = figure(rounded(value, field), field)
        label, function = lower_label(field), self._plan.function or ""
        what = label if label.startswith(function) else f"{function} of {label}"
        return f"The {what}{vintage(field)} over {over:,} {entities} is {shown} [1]{missing}."


def rounded(value: float, field: FieldCard) -> float:
    """Round a computed figure as finely as its field is read."""
    if field.type == "money" and abs(value) < CENTS_BELOW:
        return round(value, 2)
    return round(value, 1) if field.type in ("percent", "number") else float(round(value))


def which_ones(plan: Plan, card: TableCard) -> str:
    """Ask back which entities are meant."""
    for name in plan.unknown:
        return f"Which {card.entity} is “{name.words}”? It could mean {choices_of(name.nearest)}."
    if plan.asks_for == "compare":
        return f"Which {card.entity_plural} shall I compare? Please name two or more."
    if plan.asks_for == "list":
        kinds = ", ".join(lower_label(f) for f in card.fields if f.type == "category")
        fields = ", ".join(lower_label(card.field(key)) for key in plan.fields)
        choices = f"by {kinds}, and rank them by {fields}."
        if plan.ignored:
            said = quoted([" ".join(plan.ignored)])
            return f"The data say nothing about {said}. I can choose {card.entity_plural} {choices}"
        return f"Which {card.entity_plural}? I can choose them {choices}"
    if plan.asks_for == "rank":
        which = f"{card.entity_plural}{f' ({conditions(plan.filters, card)})' * bool(plan.filters)}"
        fields = ", ".join(lower_label(card.field(key)) for key in plan.fields)
        unknown = f" The data say nothing about {quoted([' '.join(plan.ignored)])}." * bool(
            plan.ignored
        )
        return f"Best by what? I can rank {which} by any of these: {fields}.{unknown}"
    listed = f"or say which {card.entity_plural} you want listed"
    return f"Of which {card.entity}? Please name it, {listed}."


def no_figure(f: Filter, card: TableCard) -> str:
    """Say that the entity which others should be compared with has no figure."""
    name = f.than.name if f.than else ""
    return f"The data have no figure of {name} for {lower_label(card.field(f.field))}."


def loosely(plan: Plan) -> Iterable[str]:
    """Yield what was taken for something near it."""
    for loose in plan.loose:
        if loose.kind == "near" and plan.entities:
            yield f"The data know no distances, so they cannot say whether it is “{loose.words}”."
        elif loose.kind == "near":
            meant = f"“{loose.words}” is taken for {loose.taken_for} itself"
            yield f"The data know no distances, so {meant}."
        elif loose.kind == "better":
            which = "Which is better" if len(plan.entities) > 1 else "How good it is"
            yield f"{which} depends on what matters to you; these are the figures."
        elif loose.kind == "unknown":
            yield f"The data say nothing about “{loose.words}”."
        else:
            yield f"“{loose.words}” sets no limit; the table shows {loose.taken_for} beside."


def cannot_take(plan: Plan) -> str:
    """Say which words of the question have no part in what follows."""
    said = quoted([" ".join(plan.ignored)])
    return f"I cannot take {said} into account. What the data do say:"
