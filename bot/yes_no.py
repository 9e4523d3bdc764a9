"""Yes-or-no questions about an entity, checked against its cells: "is Birch larger than Rowan?"

What is asked about becomes filters, as for many entities; the entity fits them or it does not.
No verdict is given where a cell is empty, where figures that could be meant disagree ("tuition"
may be two of them), of nearness and negations, nor between alternatives ("in Ohio or Iowa").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.conditions import Conditions, Filter
from bot.names import phrase
from bot.record_query import COMPARE
from ingest.domain import FieldCard, TableCard
from ingest.records import Cell

_YES_NO = re.compile(
    r"^\W*(?:(?:so|and|ok|okay|hi|hey|hello|please|but)\W+)*(?:is|was|does|do|did|has|have|are)\b",
    re.I,
)
_IS_IT = re.compile(r"\bis (?:the )?it\b", re.I)


def asks_yes_or_no(question: str) -> bool:
    """Whether a question opens as one that is answered by yes or no."""
    return bool(_YES_NO.match(question))


def read_checks(masked: str, conditions: Conditions, table: TableCard) -> tuple[Filter, ...]:
    """Return what a question about one entity checks; nothing where it asks for something else.

    `masked` is the question with "it" for the entity, and `conditions` were read from that.
    "Is it in Boston" asks where it is; "does it have a place in Boston" asks what no cell says.
    """
    asks_more = conditions.order or conditions.function or conditions.by or conditions.plural
    if not asks_yes_or_no(masked) or conditions.leftover or asks_more:
        return ()
    placed = any(f.field in table.label_fields for f in conditions.filters)
    return () if placed and not _IS_IT.search(masked) else conditions.filters


def verdict(
    filters: Sequence[Filter],
    values: Mapping[str, Cell],
    fields: Iterable[FieldCard],
    table: TableCard,
) -> bool | None:
    """Return whether an entity's cells fit all filters; None where they cannot say."""
    fields = list(fields)
    held: list[bool] = []
    for f in filters:
        own = {_holds(f, key, values, table) for key in _keys_meant(f, filters, fields, table)}
        if len(own) > 1 or None in own:
            return None
        held += [bool(one) for one in own]
    return all(held) if held else None


def _keys_meant(
    f: Filter, filters: Sequence[Filter], fields: Iterable[FieldCard], table: TableCard
) -> list[str]:
    """Return the filter's field, and those of its kind that the question may mean as well."""
    own = table.field(f.field)
    others = {other.field for other in filters}
    same = [
        field.key
        for field in fields
        if f.comparison and field.key not in others
        if (field.type, field.unit) == (own.type, own.unit)
    ]
    return [f.field, *same]


def _holds(f: Filter, key: str, values: Mapping[str, Cell], table: TableCard) -> bool | None:
    """Return whether a cell fits a filter; None where it is empty or the filter denies."""
    value = values[key]
    if value is None or f.excluded:
        return None
    if f.comparison is None:
        if len(f.values) > 1 and " or " in f.words:
            return None
        if value in f.values:
            return True if _is_as_said(f, values, table) else None
        return key in table.label_fields and _is_called(f, values, table)
    if f.number is None or not isinstance(value, int | float):
        return None
    return bool(COMPARE[f.comparison](value, f.number))


def _is_as_said(f: Filter, values: Mapping[str, Cell], table: TableCard) -> bool:
    """Whether other cells that speak of a filter's value have all words that were said for it.

    "Hauler 250" stands for the make Brunnel; a part for the "Brunnel Hauler 150" need not fit it.
    """
    said = set(phrase(f.words))
    texts = [field.key for field in table.fields if field.type == "text" and field.key != f.field]
    cells = [set(phrase(str(values[key]))) for key in texts if values.get(key) is not None]
    named = [set(phrase(value)) for value in f.values]
    return all(said <= cell for cell in cells if any(value <= cell for value in named))


def _is_called(f: Filter, values: Mapping[str, Cell], table: TableCard) -> bool:
    """Whether a place is called so by another of its fields: a town as well as a state."""
    said = phrase(f.words)
    own = [(table.field(key), str(values[key])) for key in table.label_fields]
    return any(
        said in {phrase(words) for words in (value, *field.values.get(value, ()))}
        for field, value in own
    )
