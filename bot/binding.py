"""Does a mark of a claim stand in the evidence among the same neighbours?

A figure that occurs in the evidence is not yet true: it may be another row's, or another field's.
So a claim's mark is laid over each of its places in the evidence, and the nearer to it the same
words stand on both sides, the better the place. Where another figure's (or name's) place suits
the claim better than its own, the claim has them exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.marks import Mark, Reading

REACH = 3.0  # words at which a neighbour counts half
FUNCTION_WORTH = 0.2  # what a function word counts as a neighbour
TOUCH = 2.5  # words within which a neighbour touches


@dataclass(frozen=True)
class Unit:
    """A sentence of the evidence, or a cell of a row in words; `n` is the evidence's number.

    `context` is what stands above it (title, headings), which is said with it.
    """

    n: int
    reading: Reading
    context: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A mark of a unit, and how well a mark of the claim fits there.

    `touches`: a neighbour on the same side is the same.
    """

    unit: Unit
    mark: Mark
    fit: float
    touches: bool


class Overlay:
    """A claim laid over the units of the evidence that it cites."""

    def __init__(self, claim: Reading, units: Sequence[Unit]) -> None:
        self.claim = claim
        self.units = units
        self._pairs = [_pairs(claim, unit.reading) for unit in units]

    def said_by(self, number: int) -> frozenset[int]:
        """Return the indices of the claim's marks that a unit says, by the unit's index."""
        return frozenset(i for i, _, _ in self._pairs[number])

    def places(
        self, slot: Mark, suits: Callable[[Mark], bool], cited: Collection[int]
    ) -> list[Place]:
        """Return the marks of the cited units that suit, with how well the slot fits there."""
        return [
            _place(slot, unit, found, pairs)
            for unit, pairs in zip(self.units, self._pairs, strict=True)
            if unit.n in cited
            for found in unit.reading.marks
            if suits(found)
        ]

    def is_taken(self, slot: Mark, rival: Place, bears_out: Callable[[Mark, Mark], bool]) -> bool:
        """Tell whether the rival's place belongs to another mark of the claim, which fits better."""
        pairs = self._pairs[self.units.index(rival.unit)]
        return any(
            other.place != slot.place
            and bears_out(other, rival.mark)
            and _place(other, rival.unit, rival.mark, pairs).fit >= rival.fit
            for other in self.claim.marks
        )


def _pairs(claim: Reading, source: Reading) -> list[tuple[int, Mark, Mark]]:
    """Return the marks of a claim, by index, with those of a source that mean the same."""
    return [
        (i, mark, found)
        for i, mark in enumerate(claim.marks)
        if not mark.keys.isdisjoint(source.keys)
        for found in source.marks
        if not mark.keys.isdisjoint(found.keys)
    ]


def _place(
    slot: Mark, unit: Unit, found: Mark, pairs: Iterable[tuple[int, Mark, Mark]]
) -> Place:
    """Add up the neighbours that stand on both sides, each by how near it is on both."""
    best: dict[int, float] = {}
    touches = False
    for i, mark, other in pairs:
        if mark is slot or other is found or (slot.name and mark.name):
            continue  # names beside a name: a list, whose order says nothing
        here, there = mark.place - slot.place, other.place - found.place
        worth = 1.0 if mark.weight or mark.figure else FUNCTION_WORTH
        best[i] = max(best.get(i, 0.0), worth * _nearness(here) * _nearness(there))
        same_side = (here < 0) == (there < 0)
        touches = touches or (same_side and max(abs(here), abs(there)) <= TOUCH and worth == 1.0)
    return Place(unit, found, sum(best.values()), touches)


def _nearness(distance: float) -> float:
    return 1.0 / (1.0 + (distance / REACH) ** 2)
