"""Figures in text as values with units: "$12k" and "12,000 dollars" are one, "12%" is another.

Amounts of money, percentages, dates, years, counts, fractions and multiples are read from digits
and from words. Not covered: figures in words above ninety-nine thousand, currencies besides those
of `_CURRENCIES`, units of measure besides those of `_UNITS` (which then count as plain words),
Roman numbers, and arithmetic: "doubled" says nothing about "from 2 to 4".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["money", "percent", "number", "times", "date", "year", "years"]

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: float(i) for i, word in enumerate(_ONES)}
_VALUES |= {word: 10.0 * i for i, word in enumerate(_TENS, start=2)}
_VALUES |= {"dozen": 12.0, "hundred": 100.0}
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9,
    "trillion": 1e12, "hundred": 1e2,
}  # fmt: skip
_CURRENCIES = {
    "$": "$", "usd": "$", "dollar": "$", "dollars": "$", "buck": "$", "bucks": "$",
    "€": "€", "eur": "€", "euro": "€", "euros": "€", "£": "£", "gbp": "£", "pound": "£",
    "pounds": "£", "¥": "¥", "yen": "¥", "cent": "c", "cents": "c",
}  # fmt: skip
_UNITS = {
    "second": "s", "sec": "s", "minute": "min", "min": "min", "hour": "h", "hr": "h", "day": "day",
    "week": "week", "month": "month", "year": "year", "yr": "year", "decade": "decade",
    "century": "century", "semester": "semester", "quarter": "quarter", "term": "term",
    "mm": "mm", "millimeter": "mm", "cm": "cm", "centimeter": "cm", "m": "m", "meter": "m",
    "metre": "m", "km": "km", "kilometer": "km", "inch": "in", "inche": "in", "foot": "ft",
    "feet": "ft", "mile": "mi", "mph": "mph", "km/h": "km/h", "kph": "km/h", "g": "g", "gram": "g",
    "mg": "mg", "kg": "kg", "kilogram": "kg", "kilo": "kg", "lb": "lb", "ton": "t", "tonne": "t",
    "ounce": "oz", "oz": "oz", "l": "l", "liter": "l", "litre": "l", "ml": "ml", "gallon": "gal",
    "nm": "nm", "lb-ft": "lb-ft", "ft-lb": "lb-ft", "pound-feet": "lb-ft", "foot-pound": "lb-ft",
    "v": "v", "volt": "v", "w": "w", "watt": "w", "kw": "kw", "ah": "ah", "amp": "a", "bar": "bar",
    "newton metre": "nm", "newton meter": "nm", "newton-metre": "nm", "psi": "psi", "hz": "hz",
    "degree": "degree", "°c": "°c", "°f": "°f", "point": "point",
}  # fmt: skip
_FRACTIONS = {
    "third": 100 / 3, "thirds": 100 / 3, "quarter": 25.0, "quarters": 25.0,
    "fourth": 25.0, "fourths": 25.0, "fifth": 20.0, "fifths": 20.0, "sixth": 100 / 6,
    "tenth": 10.0, "tenths": 10.0,
}  # fmt: skip
_MULTIPLES = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "thrice": 3.0, "triple": 3.0}
UNIT_REACH = 3  # words behind a figure among which its unit is sought
FRACTION_TOLERANCE = 1.0  # percentage points between "a third" and "33%"

_WORD_NUMBER = (
    rf"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES[1:10])}))?\b|(?:{'|'.join(_ONES)}|dozen)\b"
)
_MONTH = rf"(?P<month{{0}}>{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_DATE = re.compile(
    rf"\b{_MONTH.format(1)}\s+(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?(?![\d,]*\d)"
    rf"(?:(?:,\s*|\s+)(?P<year1>(?:19|20)\d\d)(?!\d))?"
    rf"|\b(?:the )?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?\s+{_MONTH.format(2)}"
    rf"(?:,?\s+(?P<year2>(?:19|20)\d\d)(?!\d))?"
    rf"|\b{_MONTH.format(3)}(?:,?\s+(?:of )?(?P<year3>(?:19|20)\d\d)(?!\d))?\b"
    r"(?!\s+(?:be|have|not)\b)"
    rf"|\b(?P<year4>(?:19|20)\d\d)-(?P<month4>\d\d)-(?P<day4>\d\d)\b"
    rf"|(?<![\d/])(?P<month5>\d{{1,2}})/(?P<day5>\d{{1,2}})(?:/(?P<year5>(?:19|20)?\d\d))?(?![\d/])",
    re.I,
)
_YEARS = re.compile(r"(?<![\w$.,])((?:19|20)\d\d)\s?[-/]\s?((?:19|20)?\d\d)(?![\w%]|,\d|-\d)")
_YEAR = re.compile(r"(?<![\w$€£.,-])((?:19|20)\d\d)s?(?![\w%]|,\d|\.\d)")
_FIGURE = re.compile(
    r"(?:(?P<sign>[$€£¥])\s?)?(?<![\w.])(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?P<ordinal>st|nd|rd|th)?(?:\b|(?=(?:k|m|mn|bn)\b))|(?<![\w-])(?P<words>{_WORD_NUMBER})",
    re.I,
)
_SCALE = re.compile(rf"[\s-]?({'|'.join(_SCALES)})\b", re.I)
_PERCENT = re.compile(r"\s?%|[\s-](?:percent|per cent|pct)\b(?!age)(?!\s?point)", re.I)
_POINTS = re.compile(r"[\s-]percentage points?\b", re.I)
_CURRENCY = re.compile(
    r"[\s-]?(?:us )?(dollars?|usd|euros?|eur|gbp|yen|cents?|bucks?|€|£)(?!\w)", re.I
)
_TIMES = re.compile(r"\s?(?:times|x|×|-?fold)(?!\w)", re.I)
_NEXT_WORD = re.compile(
    r"[\s-]?(newton[ -]met(?:er|re)s?|(?:lb|ft|pound|foot)-\w+|(?!(?:and|or|to|of|for|in|at|by)\b)"
    r"[a-zA-Z°][a-zA-Z°/]*)",
    re.I,
)
_UNIT_BEFORE = re.compile(r"\b(?:an? ([a-z]+)|(hour|week|month|year)ly) or $", re.I)
_JOINED = re.compile(r"\s*(?:to|,? ?or|,? ?and|-|through|up to)\s*", re.I)
_FRACTION = re.compile(
    rf"\b(?:(?P<top>{'|'.join(_ONES[1:10])}|\d)[\s-]|an? )?(?:(?P<part>{'|'.join(_FRACTIONS)})\b"
    r"(?=\s+(?:of|the|an?|as|that|this|its?|my|your|their|these|those|are|is)\b|[.,;]|$)"
    r"|(?P<half>half)\b(?![- ](?:time|way|hour|dozen|past)))",
    re.I,
)
_MULTIPLE = re.compile(rf"\b({'|'.join(_MULTIPLES)})\b", re.I)


@dataclass(frozen=True)
class Quantity:
    """A figure: its kind, its value and unit, and where it stands (characters).

    Of a date `value` is the day (0 where none is given), `month` 1 to 12 or 0, `year` or 0. Of a
    span of years such as "2027-28" `value` is the first year. `units` are the units of measure
    among the next words ("12 full-time semesters"), or the currency; `units_nearby` those of other
    figures, which a bare one may share ("45 points and at least 24"). `scale` is 1,000 where a
    "thousand" makes up the value. `approximate` values come from fractions in words.
    """

    kind: Kind
    value: float
    start: int
    end: int
    units: frozenset[str] = frozenset()
    units_nearby: frozenset[str] = frozenset()
    month: int = 0
    year: int = 0
    scale: float = 1.0
    approximate: bool = False

    @property
    def key(self) -> tuple[str, float, int, int]:
        """What is the same for the same figure, however it is written."""
        return self.kind, self.value, self.month, self.year

    @property
    def bare(self) -> bool:
        """Whether it is a number without a unit, which a neighbour's may serve."""
        return self.kind == "number" and not self.units

    @property
    def trivial(self) -> bool:
        """Whether it is a "one" that counts nothing: "the first one"."""
        return self.bare and self.value == 1

    def agrees(self, found: Quantity) -> bool:
        """Tell whether a figure of the evidence bears out this one, which a claim makes."""
        if self.kind == "year" and found.kind in ("date", "year"):
            return self.year == found.year
        if {self.kind, found.kind} == {"year", "number"}:  # 2,010 people and the year 2010
            return self.value == found.value and not self.units | found.units
        if self.kind == "date" and found.kind == "date":
            return (
                self.month == found.month
                and self.value in (0, found.value)
                and self.year in (0, found.year)
            )
        units = found.units or found.units_nearby
        if self.kind != found.kind or (self.units and not self.units & units):
            return False
        if self.approximate or found.approximate:
            return abs(self.value - found.value) <= FRACTION_TOLERANCE
        return self.value == found.value

    def rivals(self, found: Quantity) -> bool:
        """Tell whether a figure of the evidence is of the same sort, but another one."""
        times = ("date", "year")
        same_sort = self.kind == found.kind or (self.kind in times and found.kind in times)
        if self.kind == "year" and found.kind == "date":
            same_sort = bool(found.year)
        return same_sort and not self.agrees(found)


def read_quantities(text: str) -> list[Quantity]:
    """Return the figures of a text, in order.

    Identifiers such as "A-1042" or "F-1" are no figures, and neither are ordinals but in dates.
    """
    found: list[Quantity] = []
    taken = bytearray(len(text))
    for reader in (_dates, _spans_of_years, _years, _fractions, _multiples, _figures):
        for quantity in reader(text):
            if not any(taken[quantity.start : quantity.end]):
                taken[quantity.start : quantity.end] = b"\1" * (quantity.end - quantity.start)
                found.append(quantity)
    found.sort(key=lambda quantity: quantity.start)
    return list(_with_shared_units(text, found))


def _dates(text: str) -> Iterator[Quantity]:
    for match in _DATE.finditer(text):
        part = {name.rstrip("12345"): said for name, said in match.groupdict().items() if said}
        month = _month(part["month"])
        day, year = int(part.get("day", 0)), int(part.get("year", 0))
        bare_may = part["month"].lower() in ("may", "march", "mar") and not day and not year
        if not 1 <= month <= 12 or day > 31 or (bare_may and not part["month"][:1].isupper()):
            continue
        if 0 < year < 100:
            year += 2000
        yield Quantity("date", float(day), *match.span(), month=month, year=year)


def _month(said: str) -> int:
    if said.isdigit():
        return int(said)
    return next(i for i, month in enumerate(MONTHS, start=1) if month.startswith(said[:3].lower()))


def _spans_of_years(text: str) -> Iterator[Quantity]:
    for match in _YEARS.finditer(text):
        first, last = int(match[1]), int(match[2])
        if last % 100 == (first + 1) % 100:
            yield Quantity("years", float(first), *match.span(), year=first)


def _years(text: str) -> Iterator[Quantity]:
    for match in _YEAR.finditer(text):
        if not _units_after(text, match.end()) - {"term", "semester", "quarter"}:
            yield Quantity("year", float(match[1]), *match.span(), year=int(match[1]))


def _fractions(text: str) -> Iterator[Quantity]:
    for match in _FRACTION.finditer(text):
        top = match["top"]
        times = float(top) if top and top.isdigit() else _VALUES.get((top or "one").lower(), 1.0)
        value = times * (50.0 if match["half"] else _FRACTIONS[match["part"].lower()])
        if match["half"] or top or match[0][:1] in "aA":
            yield Quantity("percent", value, *match.span(), approximate=True)


def _multiples(text: str) -> Iterator[Quantity]:
    for match in _MULTIPLE.finditer(text):
        yield Quantity("times", _MULTIPLES[match[1].lower()], *match.span())


def _figures(text: str) -> Iterator[Quantity]:
    for match in _FIGURE.finditer(text):
        if match["ordinal"] or _is_identifier(text, match):
            continue
        scale, end = _scale(text, match)
        quantity = _with_unit(text, match, round(_value(match) * scale, 4), end)
        yield replace(quantity, scale=scale)


def _scale(text: str, figure: re.Match[str]) -> tuple[float, int]:
    """Return by what a word behind a figure multiplies it, and where that word ends."""
    scale = _SCALE.match(text, figure.end())
    if not scale or (scale[1] == "m" and not figure["sign"]):  # 5 m are metres
        return 1.0, figure.end()
    return _SCALES[scale[1].lower()], scale.end()


def _value(match: re.Match[str]) -> float:
    if match["number"]:
        return float(match["number"].replace(",", ""))
    tens, _, ones = match["words"].lower().replace("-", " ").partition(" ")
    return _VALUES[tens] + _VALUES.get(ones, 0.0)


def _is_identifier(text: str, match: re.Match[str]) -> bool:
    """Whether digits belong to a name such as "A-1042", "I-20" or "2+2"."""
    before, after = text[max(0, match.start() - 2) : match.start()], text[match.end() :][:2]
    return (
        bool(re.search(r"[A-Za-z]-$|[A-Za-z+]$", before))
        or bool(re.match(r"\+\d|-[A-Z]", after))
        or (match["sign"] is None and bool(re.match(r"[A-Z]", after)))
    )


def _with_unit(text: str, match: re.Match[str], value: float, end: int) -> Quantity:
    start = match.start()
    if match["sign"]:
        currency = frozenset({_CURRENCIES[match["sign"]]})
        return Quantity("money", value, start, end, currency)
    if percent := _PERCENT.match(text, end):
        return Quantity("percent", value, start, percent.end())
    if points := _POINTS.match(text, end):
        return Quantity("number", value, start, points.end(), frozenset({"percentage point"}))
    if named := _CURRENCY.match(text, end):
        currency = frozenset({_CURRENCIES[named[1].lower()]})
        return Quantity("money", value, start, named.end(), currency)
    if times := _TIMES.match(text, end):
        return Quantity("times", value, start, times.end())
    units = _units_after(text, end)
    if not units and (before := _UNIT_BEFORE.search(text, 0, start)):  # "an hour or two"
        units = frozenset({_unit(before[1] or before[2])} - {""})
    return Quantity("number", value, start, end, units)


def _units_after(text: str, end: int) -> frozenset[str]:
    """Return the units among the next words: "30 semester credits" may count either."""
    found = set()
    for _ in range(UNIT_REACH):
        if not (word := _NEXT_WORD.match(text, end)):
            break
        found.add(_unit(word[1]))
        end = word.end()
    return frozenset(found - {""})


def _unit(word: str) -> str:
    said = word.lower()
    return next((_UNITS[w] for w in (said, said.removesuffix("s")) if w in _UNITS), "")


def _with_shared_units(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Give the figures of "8 to 10 Nm" or "10, 15 or 20 years" the unit of the last one."""
    shared: list[Quantity] = []
    in_list = False
    for quantity in reversed(found):
        later = shared[-1] if shared else None
        between = text[quantity.end : later.start] if later else ""
        in_list = bool(_JOINED.fullmatch(between)) or (in_list and between == ", ")
        if later and in_list and quantity.bare:
            scale = later.scale if quantity.scale == 1 and quantity.value < later.scale else 1.0
            quantity = replace(
                quantity,
                kind=later.kind,
                value=quantity.value * scale,
                units=later.units,
                month=later.month,
            )
        shared.append(quantity)
    known = frozenset(unit for quantity in found for unit in quantity.units)
    marked = [replace(q, units_nearby=known) if q.bare and known else q for q in shared[::-1]]
    return _with_shared_months(text, marked)


def _with_shared_months(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Read the second figure of "September 1 to 30" as a day of the same month."""
    earlier: Quantity | None = None
    for quantity in found:
        if (
            earlier is not None
            and earlier.kind == "date"
            and earlier.value
            and quantity.bare
            and quantity.value <= 31
            and _JOINED.fullmatch(text[earlier.end : quantity.start])
        ):
            quantity = replace(quantity, kind="date", month=earlier.month)
        earlier = quantity
        yield quantity
