"""How figures, fields and names are worded in answers from records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.answer import AnswerTable, Column, Evidence, Fact
from bot.conditions import Filter
from bot.plan import Choice
from ingest.domain import FieldCard, TableCard
from ingest.record_text import display, place
from ingest.records import Cell, Record

LONG_CHOICE = 4
MAX_CODE = 3  # letters of a value that is no word by itself: "TX", "yes"
_COMPARED = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


def side_by_side(
    card: TableCard,
    fields: Sequence[FieldCard],
    records: Sequence[Record],
    evidence: Sequence[Evidence],
) -> AnswerTable | None:
    """Return the records as a table; None where it would be a single cell."""
    if len(records) * len(fields) < 2:
        return None
    names = distinct_names(records, card)
    return AnswerTable(
        columns=(
            Column(label=card.entity[:1].upper() + card.entity[1:]),
            *(column(field) for field in fields),
        ),
        rows=tuple(
            (name, *(record.values[field.key] for field in fields))
            for name, record in zip(names, records, strict=True)
        ),
        display=tuple(
            (name, *(display(record.values[field.key], field) for field in fields))
            for name, record in zip(names, records, strict=True)
        ),
        citations=tuple(e.n for e in evidence),
    )


def column(field: FieldCard) -> Column:
    """Return the head of a table's column."""
    return Column(
        label=field.label,
        unit=field.unit,
        type=field.type,
        better=field.better,
        source=field.source,
        vintage=field.vintage,
    )


def distinct_names(records: Sequence[Record], card: TableCard) -> list[str]:
    """Return the names, with the place behind those that are not unique."""
    names = [record.name for record in records]
    return [
        f"{record.name} ({place(record, card)})" if names.count(record.name) > 1 else record.name
        for record in records
    ]


def vintage(field: FieldCard) -> str:
    """Return the time of a figure in brackets, with a space in front, where one is known."""
    return f" ({field.vintage})" if field.numeric and field.vintage else ""


def phrase_of(field: FieldCard, fact: Fact) -> str:
    """Write a figure with its name and time: "admission rate 9% (fall 2020 entering class)"."""
    known = "" if fact.value is None else vintage(field)
    return f"{lower_label(field)} {figure(fact.value, field)}{known}"


def conditions(filters: Sequence[Filter], card: TableCard) -> str:
    """Write what records had to fit: "public; Texas or Oklahoma; tuition below $12,000"."""
    ends = {(f.field, f.number): f for f in filters if f.comparison}
    said: dict[str, None] = {}
    for f in filters:
        span = next((s for s in card.spans if f.field in (s.from_field, s.to_field)), None)
        if span and {(span.from_field, f.number), (span.to_field, f.number)} <= ends.keys():
            said[f"{span.label} {display(f.number, card.field(f.field))}"] = None
        else:
            said[_condition(f, card)] = None
    return "; ".join(said)


def _condition(f: Filter, card: TableCard) -> str:
    field = card.field(f.field)
    if f.comparison:
        whose = f"{f.than.name}’s " if f.than else ""
        return f"{lower_label(field)} {_COMPARED[f.comparison]} {whose}{figure(f.number, field)}"
    few = len(f.values) <= LONG_CHOICE
    shown = " or ".join(spoken(value, field) for value in f.values) if few else _group(f, field)
    return f"not {shown.removeprefix('not ')}" if f.excluded else shown


def _group(f: Filter, field: FieldCard) -> str:
    """Return the card's name for many values together, else the words that were said."""
    return next(
        (name for name, values in field.groups.items() if set(values) == {*f.values}), ""
    ) or (f.words)


def spoken(value: str, field: FieldCard) -> str:
    """Return the word for a value: the card's first where the value is a code, yes or no."""
    words = field.values.get(value, [])
    coded = len(value) <= MAX_CODE
    return words[0] if words and coded else value


def figure(value: Cell, field: FieldCard) -> str:
    """Write a value with its unit, where neither the figure nor the label shows it by itself."""
    shown = display(value, field)
    if value is None or not field.unit or field.type not in ("number", "count"):
        return shown
    said = field.unit.lower() in field.label.lower().split()
    return shown if said else f"{shown} {field.unit}"


def difference(high: float, low: float, field: FieldCard) -> str:
    """Write by how much one figure is higher: "$2,069 (18%) higher"."""
    gap = figure(high - low, field)
    if field.type == "percent":
        gap = f"{gap.rstrip('%')} percentage point{'' if gap == '1%' else 's'}"
    if field.type not in ("money", "count") or low <= 0:
        return f"{gap} higher"
    if high < 2 * low:
        return f"{gap} ({100 * (high / low - 1):.0f}%) higher"
    much = "much" if field.type == "money" else "many"
    return f"{gap} higher ({high / low:.1f} times as {much})"


def lower_label(field: FieldCard) -> str:
    """Return a label as it stands inside a sentence; acronyms keep their capitals."""
    first = field.label.split(" ", 1)[0]
    keeps = len(first) > 1 and first.upper() == first
    return field.label if keeps else field.label[:1].lower() + field.label[1:]


def choices_of(choices: Sequence[Choice]) -> str:
    """List entities that could be meant, with what tells them apart."""
    return "; ".join(f"{c.name} ({c.label})" if c.label else c.name for c in choices)


def quoted(words: Iterable[str]) -> str:
    """List words of the question in quotation marks."""
    return ", ".join(f"“{w}”" for w in words)
