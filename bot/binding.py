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
RIVAL = 1.2  # how much better a rival's place must suit to prove an exchange
EXCHANGE = 1.1  # and where two rivals are both in the claim, both together
MARGIN = 0.08
TOUCH = 4.0  # words within which a neighbour touches


@dataclass(frozen=True)
class Unit:
    """A sentence of the evidence, or a row; `n` is the evidence's number.

    `context` is what stands above it (title, headings), which is said with it. `span` is where it
    stands in the evidence's quote (characters).
    """

    n: int
    reading: Reading
    context: frozenset[str]
    span: tuple[int, int] = (0, 0)


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

    def suits_better(
        self,
        slot: Mark,
        own: Sequence[Place],
        rival: Place,
        bears_out: Callable[[Mark, Mark], bool],
    ) -> bool:
        """Tell whether a rival's place suits a mark better than its own ones.

        Where the claim says the rival too, only both together tell: whether the two would fit
        better crosswise.
        """
        straight, crossed, ratio = _best(own), rival.fit, RIVAL
        pairs = self._pairs_of(rival.unit)
        others = [m for m in self.claim.marks if m.place != slot.place and bears_out(m, rival.mark)]
        if others:
            there = [(_place(m, rival.unit, rival.mark, pairs).fit, m) for m in others]
            fit, other = max(there, key=lambda pair: pair[0])
            ratio = EXCHANGE
            straight += fit
            crossed += _best(
                _place(other, place.unit, place.mark, self._pairs_of(place.unit)) for place in own
            )
        return crossed > ratio * straight + MARGIN

    def _pairs_of(self, unit: Unit) -> list[tuple[int, Mark, Mark]]:
        return next(p for u, p in zip(self.units, self._pairs, strict=True) if u is unit)


def _best(places: Iterable[Place]) -> float:
    return max((place.fit for place in places), default=0.0)


def _pairs(claim: Reading, source: Reading) -> list[tuple[int, Mark, Mark]]:
    """Return the marks of a claim, by index, with those of a source that mean the same."""
    return [
        (i, mark, found)
        for i, mark in enumerate(claim.marks)
        if mark.figure or not mark.keys.isdisjoint(source.keys)
        for found in source.marks
        if mark.means(found)
    ]


def _place(slot: Mark, unit: Unit, found: Mark, pairs: Iterable[tuple[int, Mark, Mark]]) -> Place:
    """Add up the neighbours that stand on both sides, each by how near it is on both."""
    best: dict[int, float] = {}
    touches = False
    for i, mark, other in pairs:
        if mark is slot or other is found or _is_peer(mark, slot):
            continue
        here, there = mark.place - slot.place, other.place - found.place
        worth = 1.0 if mark.worth else FUNCTION_WORTH
        best[i] = max(best.get(i, 0.0), worth * _nearness(here) * _nearness(there))
        same_side = (here < 0) == (there < 0)
        touches = touches or (same_side and max(abs(here), abs(there)) <= TOUCH and worth == 1.0)
    return Place(unit, found, sum(best.values()), touches)


def _is_peer(mark: Mark, slot: Mark) -> bool:
    """Whether two marks are of one sort: neighbours in a list, and each other's rivals."""
    if mark.figure and slot.figure:
        return mark.figure.kind == slot.figure.kind
    return mark.name and slot.name


def _nearness(distance: float) -> float:
    return 1.0 / (1.0 + (distance / REACH) ** 2)
