"""What was found in the records, in sentences with `[n]` markers; every figure is a cell's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.answer import Evidence
from bot.conditions import Filter, Order
from bot.ordinals import ordinal_word
from bot.plan import Plan, PlannedEntity, UnknownName
from bot.units import convert, convertible
from bot.wording import (
    choices_of,
    conditions,
    difference,
    distinct_names,
    figure,
    lower_label,
    phrase_of,
    quoted,
    vintage,
)
from bot.yes_no import verdict
from ingest.domain import FieldCard, TableCard
from ingest.record_text import place
from ingest.records import Cell, Record

OTHERS_NAMED = 4
FIELDS_TOLD = 3
LEADERS_TOLD = 3
CENTS_BELOW = 100


class NamedTelling:
    """Writes what was found about entities that the question names."""

    def __init__(
        self,
        plan: Plan,
        card: TableCard,
        fields: Sequence[FieldCard],
        records: Sequence[Record],
        evidence: Sequence[Evidence],
    ) -> None:
        self._plan = plan
        self._card = card
        self._fields = fields
        self._records = records
        self._evidence = evidence
        self._names = distinct_names(records, card)

    def sentences(self) -> Iterable[str]:
        """Yield the sentences: the figures first, then what a reader has to know about them."""
        if self._records and self._fields:
            if self._plan.ignored:
                yield _cannot_take(self._plan)
            if len(self._records) == 1:
                yield f"{self._verdict()}{self._told()}"
            elif self._plan.order is not None:
                yield self._at_the_end(self._plan.order)
                yield from (self._compared(f) for f in self._fields[1:FIELDS_TOLD])
            elif len(self._fields) <= FIELDS_TOLD:
                first, *others = (self._compared(field) for field in self._fields)
                yield f"{self._compared_with()}{first}"
                yield from others
            else:
                yield self._introduced()
            yield from self._together()
        yield from (_unknown_sentence(name, self._card) for name in self._plan.unknown)
        yield from loosely(self._plan)
        yield from self._empty_cells()
        yield from self._unknown_fields()
        yield from self._other_meanings()

    def _told(self) -> str:
        """One entity: "Rice University (Houston, TX): admission rate 9% (2022) [1]."."""
        (evidence,) = self._evidence
        where = place(self._records[0], self._card)
        name = f"{self._records[0].name} ({where})" if where else self._records[0].name
        told = "; ".join(
            f"{phrase_of(f, fact)}{self._converted(fact.value, f)}"
            for f, fact in zip(self._fields, evidence.facts, strict=True)
        )
        return f"{name}: {told} [{evidence.n}]."

    def _converted(self, value: Cell, field: FieldCard) -> str:
        """Say a figure once more in the unit that it is wanted in: ", that is 1,350 g"."""
        unit = self._plan.unit
        if not isinstance(value, int | float) or not convertible(unit, field.unit):
            return ""
        if convert(1.0, field.unit, unit) == 1.0:
            return ""
        return f", that is {convert(value, field.unit, unit):,.4g} {unit}"

    def _verdict(self) -> str:
        """Answer "is it private?" with yes or no where the cells say so."""
        values, checks = self._records[0].values, self._plan.checks
        if self._plan.filters:
            return self._fits(self._records[0])
        alternatives = len({key for key, _ in checks}) < len(checks)  # "is it public or private?"
        held = [values[key] == value for key, value in checks if values[key] is not None]
        if not held or len(held) < len(checks) or alternatives:
            return ""
        return "Yes. " if all(held) else "No. "

    def _fits(self, record: Record) -> str:
        """Say whether an entity fits what the question checks."""
        if any(loose.kind == "near" for loose in self._plan.loose):
            return ""
        fits = verdict(self._plan.filters, record.values, self._fields, self._card)
        return "" if fits is None else "Yes. " if fits else "No. "

    def _at_the_end(self, order: Order) -> str:
        """Several entities in an order: which is at its end, and the others behind it."""
        field = self._card.field(order.field)
        told = [
            f"{name} {figure(record.values[field.key], field)} [{evidence.n}]"
            for name, record, evidence in zip(
                self._names, self._records, self._evidence, strict=True
            )
        ]
        end = "Highest" if order.highest else "Lowest"
        first = f"{end} by {lower_label(field)}{vintage(field)}: {told[0]}"
        return f"{first}; then {'; '.join(told[1:])}.{self._apart(field)}"

    def _introduced(self) -> str:
        """Many figures of several entities: the table says them, the sentence whose they are."""
        cited = [f"{name} [{e.n}]" for name, e in zip(self._names, self._evidence, strict=True)]
        return f"Side by side: {', '.join(cited[:-1])} and {cited[-1]}."

    def _compared(self, field: FieldCard) -> str:
        """Several entities: each one's figure, then how far apart they are."""
        told = "; ".join(
            f"{name} {figure(value := record.values[field.key], field)}"
            f"{self._converted(value, field)} [{evidence.n}]"
            for name, record, evidence in zip(
                self._names, self._records, self._evidence, strict=True
            )
        )
        return f"{field.label}{vintage(field)}: {told}.{self._apart(field)}"

    def _compared_with(self) -> str:
        """Answer "is it cheaper than Birch?" with yes or no."""
        than = {f.than.record_id for f in self._plan.filters if f.than}
        others = [record for record in self._records if record.record_id not in than]
        return self._fits(others[0]) if than and len(others) == 1 else ""

    def _apart(self, field: FieldCard) -> str:
        figures = [
            (value, name)
            for name, record in zip(self._names, self._records, strict=True)
            if field.numeric and isinstance(value := record.values[field.key], int | float)
        ]
        if len(figures) < 2:
            return ""
        (low, lowest), (high, highest) = min(figures), max(figures)
        if low == high:
            return " They are the same." if len(figures) == 2 else ""
        by = difference(high, low, field)
        if len(figures) == 2:
            return f" {highest} is {by}."
        return f" {highest} is {by} than {lowest}."

    def _together(self) -> Iterable[str]:
        """Add up what was asked for together, where every one of them has a figure."""
        for field in self._fields if self._plan.function == "total" else ():
            values = [record.values[field.key] for record in self._records]
            figures = [value for value in values if isinstance(value, int | float)]
            if field.type in ("money", "count", "number") and len(figures) == len(values):
                cited = "".join(f" [{e.n}]" for e in self._evidence)
                total = figure(round(sum(figures), 2), field)
                yield f"Together: {lower_label(field)} {total}{cited}."

    def _empty_cells(self) -> Iterable[str]:
        """Say what the card notes of a field that is asked about and has no cell."""
        if len(self._records) == 1 and (self._plan.filters or self._plan.checks):
            values = self._records[0].values
            yield from (f.note for f in self._fields if f.note and values[f.key] is None)

    def _unknown_fields(self) -> Iterable[str]:
        if self._plan.unknown_fields:
            asked = ", ".join(f"“{words}”" for words in self._plan.unknown_fields)
            names = " and ".join(self._names)
            cited = "".join(f" [{e.n}]" for e in self._evidence)
            yield f"The data say nothing about {asked} for {names}{cited}."
            yield f"For each {self._card.entity} they have {_known_fields(self._card)}."

    def _other_meanings(self) -> Iterable[str]:
        for entity in self._plan.entities:
            if entity.tier == "ambiguous" and not entity.all_shown and entity.other_candidates:
                yield _other_meanings(entity)
            elif entity.tier == "fuzzy" and " " not in entity.words:
                yield f"I took “{entity.words}” for {entity.name}."
        shared = [entity for entity in self._plan.entities if entity.all_shown]
        if shared:
            words = dict.fromkeys(entity.words for entity in shared)
            yield f"More than one {self._card.entity} is called {quoted(words)}; all are shown."


class SimilarTelling:
    """Writes which entities are most like one; it comes first among records and evidence."""

    def __init__(
        self,
        plan: Plan,
        card: TableCard,
        fields: Sequence[FieldCard],
        records: Sequence[Record],
        evidence: Sequence[Evidence],
    ) -> None:
        self._plan = plan
        self._card = card
        self._fields = fields
        self._records = records
        self._evidence = evidence

    def sentences(self) -> Iterable[str]:
        """Yield the nearest ones, and what near means."""
        names = distinct_names(self._records, self._card)
        values = self._records[0].values
        used = ", ".join(lower_label(f) for f in self._fields if values[f.key] is not None)
        cited = [f"{n} [{e.n}]" for n, e in zip(names, self._evidence, strict=True)]
        if len(cited) == 1:
            yield f"Too little is reported of {cited[0]} to say what is like it."
            return
        yield f"Most like {cited[0]}: {'; '.join(cited[1 : LEADERS_TOLD + 1])}."
        yield f"Compared are {used}; a {self._card.entity} without one of these is left out."
        yield from (
            _other_meanings(entity)
            for entity in self._plan.entities
            if entity.tier == "ambiguous" and entity.other_candidates
        )


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
            yield _cannot_take(self._plan)
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
            yield _cannot_take(self._plan)
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
            yield _cannot_take(self._plan)
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


def _cannot_take(plan: Plan) -> str:
    said = quoted([" ".join(plan.ignored)])
    return f"I cannot take {said} into account. What the data do say:"


def _known_fields(card: TableCard) -> str:
    """Name what the data have of each entity: its overview, and how much there is besides."""
    shown = [lower_label(card.field(key)) for key in card.overview_fields]
    more = len(card.fields) - len(shown)
    if not shown or not more:
        return ", ".join(lower_label(field) for field in card.fields)
    return f"{', '.join(shown)} and {more} other figure{'s' * (more > 1)}"


def _unknown_sentence(unknown: UnknownName, card: TableCard) -> str:
    said = f"I have no {card.entity} called “{unknown.words}”."
    return (
        f"{said} The nearest names that I have: {choices_of(unknown.nearest)}."
        if (unknown.nearest)
        else said
    )


def _other_meanings(entity: PlannedEntity) -> str:
    others = choices_of(entity.other_candidates[:OTHERS_NAMED])
    return f"I took “{entity.words}” for {entity.name}; it could also mean {others}."
