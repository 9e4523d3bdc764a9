"""Records in words: how a value, a place and a whole row read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ingest.documents import Chunk
from ingest.record_rows import Cell, Record

if TYPE_CHECKING:
    from ingest.domain import FieldCard, TableCard


def display(value: Cell, field: FieldCard) -> str:
    """Write a value as a person reads it: "$13,747", "86%", "46,678", "not reported"."""
    if value is None:
        return "not reported"
    if not field.numeric or isinstance(value, str):
        return str(value)
    if field.type == "year":
        return str(int(value))
    if field.type == "money":
        sign = "-" if value < 0 else ""
        return f"{sign}${abs(value):,.0f}" if value == int(value) else f"{sign}${abs(value):,.2f}"
    places = 2 if field.type == "number" else 1
    number = f"{value:,.{places}f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{number}%" if field.type == "percent" else number


def place(record: Record, card: TableCard) -> str:
    """Return what tells apart entities of one name, such as "Los Angeles, CA"."""
    values = (record.values[key] for key in card.label_fields)
    return ", ".join(str(value) for value in values if value is not None)


def record_chunk(record: Record, card: TableCard) -> Chunk:
    """Return a record as a passage: its text has every figure, its header says what it is."""
    where = place(record, card)
    name = f"{record.name} ({where})" if where else record.name
    facts = (
        f"{field.label}: {display(record.values[field.key], field)}"
        for field in card.fields
        if record.values[field.key] is not None and field.key not in card.label_fields
    )
    words = [
        *(f"also {alias}" for alias in record.aliases),
        *(_category_words(record.values[f.key], f) for f in card.fields if f.type == "category"),
    ]
    header = ", ".join(word for word in [f"{card.entity} {name}", *words] if word)
    text = f"{name}. {'; '.join(facts)}."
    return Chunk(
        chunk_id=hashlib.sha256(f"{record.record_id}\n{header}\n{text}".encode()).hexdigest()[:32],
        document=record.document,
        ordinal=record.row,
        text=text,
        header=header,
        start=0,
        end=0,
        row=record.row,
        heading_path=(name,),
        kind="record",
    )


def _category_words(value: Cell, field: FieldCard) -> str:
    other = field.values.get(str(value), [])
    return " ".join([str(value), *other[:1]]) if value is not None else ""
