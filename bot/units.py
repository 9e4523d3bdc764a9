"""Units of measure that people use for one another: "10 pounds" of a weight kept in kilograms.

Factors are exact by definition (NIST Handbook 44, appendix C) or rounded to six digits. Not
covered: temperatures, currencies, and units that nobody wrote down here.
"""

from __future__ import annotations

import re

# Each group measures one thing; the factor says how many of the group's first unit it is.
_GROUPS: tuple[tuple[tuple[float, str], ...], ...] = (
    (
        (1, "kg kilo kilos kilogram kilograms"),
        (0.001, "g gram grams"),
        (0.45359237, "lb lbs pound pounds"),
        (0.028349523125, "oz ounce ounces"),
    ),
    (
        (1, "nm newton-metre newton-metres newton-meter newton-meters"),
        (1.355818, "lb-ft ft-lb ft-lbs lbs-ft lbft pound-foot pound-feet foot-pound foot-pounds"),
        (0.112985, "in-lb in-lbs lb-in inch-pound inch-pounds"),
    ),
    (
        (1, "month months"),
        (12, "year years"),
    ),
    (
        (1, "mm millimetre millimetres millimeter millimeters"),
        (10, "cm centimetre centimetres centimeter centimeters"),
        (25.4, "inch inches"),
    ),
    (
        (1, "km kilometre kilometres kilometer kilometers"),
        (1.609344, "mile miles"),
    ),
    (
        (1, "l litre litres liter liters"),
        (0.001, "ml millilitre millilitres milliliter milliliters"),
        (3.785411784, "gallon gallons"),
        (0.946352946, "quart quarts"),
    ),
)
_FACTORS = {
    name: (number, factor)
    for number, group in enumerate(_GROUPS)
    for factor, names in group
    for name in names.split()
}
UNIT_WORDS = "|".join(
    re.escape(name).replace(r"\-", "[- ]?") for name in sorted(_FACTORS, key=len, reverse=True)
)


def canonical(unit: str) -> str:
    """Return a unit as the factors know it ("lb ft" is "lb-ft"); empty for an unknown one."""
    name = unit.strip().lower()
    for spelt in (name, name.replace(" ", "-"), name.replace("-", "").replace(" ", "")):
        if spelt in _FACTORS:
            return spelt
    return ""


def convertible(unit: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    one, two = _FACTORS.get(canonical(unit)), _FACTORS.get(canonical(other))
    return one is not None and two is not None and one[0] == two[0]


def convert(value: float, unit: str, to: str) -> float:
    """Return a value in another unit of the same thing; raises KeyError for others."""
    return value * _FACTORS[canonical(unit)][1] / _FACTORS[canonical(to)][1]
