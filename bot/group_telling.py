"""One figure for each group of entities, as sentences and as a table: "by state", "A vs B"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.answer import AnswerTable, Column
from bot.plan import Plan
from bot.telling import loosely, rounded
from bot.wording import column, conditions, difference, figure, lower_label, spoken, vintage
from ingest.domain import FieldCard, TableCard
from ingest.record_text import display

TOLD = 3  # groups named in the sentence where there are many
_FUNCTION_NAMES = {"average": "Average", "median": "Median of"}


class Calculated(NamedTuple):
    """A function of so many figures; None where there are none."""

    over: int
    value: float | None


@dataclass(frozen=True)
class Group:
    """The rows with one value of a field, and what was calculated of each of the plan's fields."""

    value: str
    rows: int
    calculated: tuple[Calculated, ...] = ()


def in_group_order(groups: Sequence[Group], *, highest: bool) -> list[Group]:
    """Order groups by the first figure of each, or by their rows; groups without it come last."""

    def key(group: Group) -> tuple[bool, float, str]:
        value = group.calculated[0].value if group.calculated else float(group.rows)
        sign = -1 if highest else 1
        return value is None, sign * (value or 0.0), group.value

    return sorted(groups, key=key)


class GroupTelling:
    """Writes what was found for each group; group n is evidence n. `total` groups there are."""

    def __init__(
        self,
        plan: Plan,
        card: TableCard,
        fields: Sequence[FieldCard],
        groups: Sequence[Group],
        total: int,
    ) -> None:
        self._plan = plan
        self._card = card
        self._by = card.field(plan.by)
        self._fields = fields
        self._groups = groups
        self._total = total
        self._names = [spoken(group.value, self._by) for group in groups]
        apart = tuple(f for f in plan.filters if f.field != plan.by)
        self._fit = f" ({conditions(apart, card)})" if apart else ""

    def sentences(self) -> Iterable[str]:
        """Yield a sentence for each field, or how many entities are in each group."""
        if not self._groups:
            yield f"No {self._card.entity} in the data fits{self._fit}."
        elif not self._fields:
            yield self._counted()
        for place, field in enumerate(self._fields if self._groups else ()):
            yield self._calculated(place, field)
        if len(self._groups) < self._total:
            yield f"Shown are {len(self._groups)} of {self._total:,} groups."
        yield from loosely(self._plan)

    def table(self) -> AnswerTable | None:
        """Return the groups as a table; None where there is only one figure."""
        if len(self._groups) < 2:
            return None
        number = Column(label=self._card.entity_plural.capitalize(), type="count")
        rows = [
            (name, g.rows, *(None if c.value is None else c.value for c in g.calculated))
            for name, g in zip(self._names, self._groups, strict=True)
        ]
        return AnswerTable(
            columns=(Column(label=self._by.label), number, *map(self._column, self._fields)),
            rows=tuple(rows),
            display=tuple(map(self._displayed, self._groups, self._names)),
            citations=tuple(range(1, len(self._groups) + 1)),
        )

    def _column(self, field: FieldCard) -> Column:
        return column(field).model_copy(update={"label": self._named(field)})

    def _named(self, field: FieldCard) -> str:
        """Return "Average price", but not "average average score"."""
        function, label = self._plan.function or "average", lower_label(field)
        if label.lower().startswith(function):
            return field.label
        return f"{_FUNCTION_NAMES[function]} {label}"

    def _displayed(self, group: Group, name: str) -> tuple[str, ...]:
        shown = (self._shown(c, f) for c, f in zip(group.calculated, self._fields, strict=True))
        return (name, f"{group.rows:,}", *shown)

    def _shown(self, calculated: Calculated, field: FieldCard) -> str:
        value = calculated.value
        return display(None if value is None else rounded(value, field), field)

    def _counted(self) -> str:
        whole = sum(group.rows for group in self._groups)
        all_shown = len(self._groups) == self._total
        told = [
            f"{name} {g.rows:,}{f' ({100 * g.rows / whole:.0f}%)' * all_shown} [{n}]"
            for n, (name, g) in enumerate(zip(self._names, self._groups, strict=True), start=1)
        ]
        heading = f"{self._card.entity_plural.capitalize()} by {lower_label(self._by)}{self._fit}"
        return f"{heading}: {'; '.join(told if all_shown and len(told) <= 5 else told[:TOLD])}."

    def _calculated(self, place: int, field: FieldCard) -> str:
        told = [
            f"{group_name} {self._value(group.calculated[place], field)} [{n}]"
            for n, (group_name, group) in enumerate(
                zip(self._names, self._groups, strict=True), start=1
            )
        ]
        shown = told if len(told) <= 5 else told[:TOLD]
        heading = f"{self._named(field)}{vintage(field)} by {lower_label(self._by)}"
        return f"{heading}{self._fit}: {'; '.join(shown)}.{self._apart(place, field)}"

    def _value(self, calculated: Calculated, field: FieldCard) -> str:
        over = calculated.over
        noun = self._card.entity if over == 1 else self._card.entity_plural
        if calculated.value is None:
            return "not reported"
        return f"{figure(rounded(calculated.value, field), field)} over {over:,} {noun}"

    def _apart(self, place: int, field: FieldCard) -> str:
        """Say by how much the first of two groups is higher than the other."""
        figures = [
            (rounded(g.calculated[place].value or 0.0, field), name)
            for g, name in zip(self._groups, self._names, strict=True)
            if g.calculated[place].value is not None
        ]
        if len(figures) != 2 or figures[0][0] == figures[1][0]:
            return ""
        (low, _), (high, highest) = min(figures), max(figures)
        return f" {highest[:1].upper()}{highest[1:]} is {difference(high, low, field)}."
