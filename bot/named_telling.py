"""Tells what was found of named entities: sentences with `[n]` markers, and figures of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.answer import Evidence
from bot.conditions import Order
from bot.plan import Plan, PlannedEntity, UnknownName
from bot.telling import LEADERS_TOLD, cannot_take, loosely
from bot.units import convert, convertible
from bot.wording import (
    choices_of,
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


class _Telling:
    """What a plan has found, to be told in sentences."""

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


class NamedTelling(_Telling):
    """Writes what was found about entities that the question names."""

    def sentences(self) -> Iterable[str]:
        """Yield the sentences: the figures first, then what a reader has to know about them."""
        if self._records and self._fields:
            if self._plan.ignored:
                yield cannot_take(self._plan)
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


class SimilarTelling(_Telling):
    """Writes which entities are most like one; it comes first among records and evidence."""

    def sentences(self) -> Iterable[str]:
        """Yield the nearest ones, and what near means."""
        values = self._records[0].values
        used = ", ".join(lower_label(f) for f in self._fields if values[f.key] is not None)
        cited = [f"{n} [{e.n}]" for n, e in zip(self._names, self._evidence, strict=True)]
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
        if unknown.nearest
        else said
    )


def _other_meanings(entity: PlannedEntity) -> str:
    others = choices_of(entity.other_candidates[:OTHERS_NAMED])
    return f"I took “{entity.words}” for {entity.name}; it could also mean {others}."
