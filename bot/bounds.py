"""Comparisons with numbers as they stand in a question: "under $12k", "between 10 and 20%"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from bot.units import UNIT_WORDS, convert, convertible
from ingest.domain import FieldCard

Comparison = Literal["<", "<=", ">", ">="]

_NUMBER = (
    r"\$?\s?\d[\d,]*(?:\.\d+)?\s?(?:%|percent\b|pct\b|k\b|thousand\b|million\b|m\b"
    rf"|dollars\b|bucks\b|usd\b|(?:{UNIT_WORDS})\b)?"
)
_MEASURE = re.compile(rf"\d\s?({UNIT_WORDS})\s*$", re.I)
_BOUNDS: tuple[tuple[Comparison, str], ...] = (
    ("<=", r"at most|up to|no more than|not more than|not over|max(?:imum)?(?: of)?|<=|≤|within"),
    (">=", r"at least|no less than|not less than|not under|min(?:imum)?(?: of)?|>=|≥"),
    ("<", r"under|below|(?:less|fewer|lower|cheaper|smaller) than|<"),
    (">", r"over|above|exceeding|(?:more|greater|higher|larger|bigger|better) than|>"),
)
_BOUND = re.compile(
    "|".join(
        rf"(?<![\w<>])(?P<w{i}>{words})\s?(?:about |around |roughly )?(?P<n{i}>{_NUMBER})(?!\w)"
        for i, (_, words) in enumerate(_BOUNDS)
    ),
    re.I,
)
_OR_MORE = re.compile(
    rf"(?P<n>{_NUMBER})(?:\s?\+|\s(?:or|and)\s(?:(?P<less>less|fewer|under|below|lower|cheaper)"
    r"|more|over|above|higher|better|up)\b(?!\s*(?:than\b|\$?\d)))",
    re.I,
)
_RANGE = re.compile(
    rf"(?:\bbetween\s+(?P<a>{_NUMBER})\s*(?:and|to|-|–)\s*(?P<b>{_NUMBER})"
    rf"|(?:\bfrom\s+)?(?P<c>{_NUMBER})\s*(?:-|–|\bto\b)\s*(?P<d>{_NUMBER}))(?!\w)",
    re.I,
)
_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_SHARES = {"(?:a )?half": "50%", "a quarter": "25%", "three quarters": "75%", "a third": "33.3%"}
_STAND_IN = "bound"


class Bound(NamedTuple):
    """A comparison with a number, as it stands in the question."""

    limits: tuple[tuple[Comparison, float], ...]
    unit: str  # "$", "%", "k", a unit of measure or nothing
    text: str

    def fits(self, field: FieldCard) -> bool:
        """Whether a field's figures can be compared with it."""
        if not field.numeric:
            return False
        if self.unit == "%":
            return field.type == "percent"
        if self.unit == "$":
            return field.type == "money"
        if self.measured:
            return convertible(self.unit, field.unit)
        return not (field.type == "percent" and (self.unit or self.limits[-1][1] > 100))

    @property
    def measured(self) -> bool:
        """Whether it is said in a unit of measure."""
        return self.unit not in ("$", "%", "k", "")

    @property
    def ceiling(self) -> bool:
        """Whether it only says how much something may be at most."""
        return all(comparison in ("<", "<=") for comparison, _ in self.limits)

    def number_for(self, number: float, field: FieldCard) -> float:
        """Return one of its numbers in a field's own unit."""
        return convert(number, self.unit, field.unit) if self.measured else number


def take_bounds(question: str) -> tuple[list[Bound], str]:
    """Return the comparisons with numbers, and the question with a word in place of each."""
    bounds: list[Bound] = []

    def keep(limits: Iterable[tuple[Comparison, str]], text: str) -> str:
        given = list(limits)
        unit = next((u for _, n in reversed(given) if (u := _unit(n))), "")
        bounds.append(Bound(tuple((c, _value(n)) for c, n in given), unit, text.strip()))
        return f" {_STAND_IN}{len(bounds) - 1} "

    def ranged(m: re.Match[str]) -> str:
        low, high = m["a"] or m["c"], m["b"] or m["d"]
        if low.strip()[-1].isdigit():
            low += re.sub(r"[^a-z]", "", high.lower())  # "between 10 and 20 thousand"
        return keep(((">=", low), ("<=", high)), m[0])

    def open_ended(m: re.Match[str]) -> str:
        return keep((("<=" if m["less"] else ">=", m["n"]),), m[0])

    def compared(m: re.Match[str]) -> str:
        i = next(i for i in range(len(_BOUNDS)) if m[f"n{i}"])
        return keep(((_BOUNDS[i][0], m[f"n{i}"]),), m[0])

    for words, share in _SHARES.items():
        question = re.sub(rf"(?<=than |east |over |nder ){words}\b", share, question, flags=re.I)
    rest = _RANGE.sub(ranged, question)
    rest = _OR_MORE.sub(open_ended, rest)
    return bounds, _BOUND.sub(compared, rest)


def bound_at(word: str) -> int | None:
    """Return the number of the bound that a word stands in for."""
    number = word.removeprefix(_STAND_IN)
    return int(number) if number != word and number.isdigit() else None


def _unit(number: str) -> str:
    text = number.strip().lower()
    if text.startswith("$") or text.endswith(("dollars", "bucks", "usd")):
        return "$"
    if text.endswith(("%", "percent", "pct")):
        return "%"
    if measure := _MEASURE.search(text):
        return measure[1]
    return "k" if text[-1].isalpha() else ""


def _value(number: str) -> float:
    """Read a number with its scale: "12k" is 12,000."""
    bare = re.sub(r"[$,\s]", "", _MEASURE.sub(lambda m: m[0][0], number.lower()))
    digits = bare.rstrip("abcdefghijklmnopqrstuvwxyz%")
    return float(digits) * _SCALE.get(bare[len(digits) :], 1.0)
