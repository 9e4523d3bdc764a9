"""A model's sentence as a claim: what it cites part by part, and what of it the evidence says."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from bot.answer import Evidence
from bot.binding import Overlay, Place, Unit
from bot.marks import Mark, Reading, joined, read
from bot.row_claims import Row, is_row, row_entity, row_text
from bot.text import sentences

OWN_UNIT = 2.0  # words that another sentence than the nearest must say of a clause to count for it
_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"(?:\s*\[\d{1,3}\])+")
_TELLS = r" (?:explains|says|states|notes|tells|puts it)(?: us)?(?: that)?,?(?= )"
_YES_OR_NO = re.compile(r"^\W*(?:yes|no)\s*[,.:;!—–-]\s+", re.I)
Test = Callable[[Mark, Mark], bool]


def cited_numbers(sentence: str) -> set[int]:
    """Return the numbers that a sentence cites."""
    return {int(n) for n in _MARKER.findall(sentence)}


@dataclass(frozen=True)
class Claim:
    """A sentence laid over what it cites. `cites` says for each mark which evidence it rests on."""

    overlay: Overlay
    cites: tuple[frozenset[int], ...]
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, sentence: str, cited: Sequence[Evidence]) -> Claim:
        """Read a sentence with its markers, and the evidence that they name."""
        names = {row_entity(piece) for piece in cited} - {""}
        entities = tuple(sorted(names, key=len, reverse=True))
        sentence = _without_source(_YES_OR_NO.sub("", sentence), cited)
        parts = [(read(text, entities), numbers) for text, numbers in _parts(sentence)]
        cites = tuple(numbers for reading, numbers in parts for _ in reading.marks)
        units = [unit for piece in cited for unit in _units(piece, entities)]
        rows = tuple(Row.of(piece) for piece in cited if is_row(piece))
        return cls(Overlay(joined([reading for reading, _ in parts]), units), cites, rows)

    @property
    def reading(self) -> Reading:
        """The sentence without its markers."""
        return self.overlay.claim

    @property
    def units(self) -> Sequence[Unit]:
        """The sentences and rows that it cites."""
        return self.overlay.units

    def slots(self) -> Iterator[tuple[Mark, frozenset[int]]]:
        """Yield its marks with what each rests on."""
        yield from zip(self.reading.marks, self.cites, strict=True)

    def prose_slots(self) -> Iterator[tuple[Mark, frozenset[int]]]:
        """Yield the marks that do not rest on rows alone, whose cells tell more."""
        rows = {row.n for row in self.rows}
        return ((mark, cited) for mark, cited in self.slots() if not cited <= rows)

    def places(self, mark: Mark, test: Test, cited: Collection[int]) -> list[Place]:
        """Return the marks of the evidence that pass a test with this one."""
        return self.overlay.places(mark, partial(test, mark), cited)

    @cached_property
    def nearest(self) -> dict[int, int]:
        """For each clause the unit, by index, that says most of the claim, or more of it."""
        if not self.units:
            return {}
        clauses: dict[int, list[int]] = {}
        for i, mark in enumerate(self.reading.marks):
            clauses.setdefault(mark.clause, []).append(i)
        main = self._main
        nearest = {}
        for clause, indices in clauses.items():
            best = max(range(len(self.units)), key=partial(self._said, indices))
            ahead = self._said(indices, best) > self._said(indices, main)
            nearest[clause] = best if ahead and self._said(indices, best) >= OWN_UNIT else main
        return nearest

    @cached_property
    def covered(self) -> frozenset[int]:
        """The marks, by index, that the unit nearest to each clause says, or what stands by it."""
        return frozenset(
            i
            for i, mark in enumerate(self.reading.marks)
            if (k := self.nearest.get(mark.clause)) is not None
            and (
                not mark.keys.isdisjoint(self.units[k].context)
                or any(i in self.overlay.said_by(near) for near in self.around(k))
            )
        )

    def around(self, k: int) -> list[int]:
        """Return a unit, by index, and its neighbours: of a sentence those beside, of rows all."""
        rows = {row.n for row in self.rows}
        if self.units[k].n in rows:
            return [i for i, unit in enumerate(self.units) if unit.n in rows]
        near = (near for near in (k - 1, k, k + 1) if 0 <= near < len(self.units))
        return [near for near in near if self.units[near].n == self.units[k].n]

    @property
    def main(self) -> int | None:
        """The unit, by index, that says most of the whole claim."""
        return self._main if self.units else None

    def nearest_unit(self, share: float) -> Unit | None:
        """Return the unit that says most of the claim, if it says this share of it."""
        everything = range(len(self.reading.marks))
        total = sum(mark.worth for mark in self.reading.marks)
        if not self.units or not total or self._said(everything, self._main) < share * total:
            return None
        return self.units[self._main]

    @cached_property
    def _main(self) -> int:
        everything = range(len(self.reading.marks))
        return max(range(len(self.units)), key=partial(self._said, everything))

    def _said(self, indices: Collection[int], k: int) -> float:
        """Return how much of these marks a unit says."""
        said = self.overlay.said_by(k)
        return sum(self.reading.marks[i].worth for i in indices if i in said)


def _parts(sentence: str) -> list[tuple[str, frozenset[int]]]:
    """Cut a sentence behind its markers; what follows the last ones rests on them too."""
    parts: list[tuple[str, frozenset[int]]] = []
    start = 0
    for match in _MARKERS.finditer(sentence):
        cited = frozenset(int(n) for n in _MARKER.findall(match[0]))
        parts.append((sentence[start : match.start()], cited))
        start = match.end()
    rest = sentence[start:]
    return [*parts, (rest, parts[-1][1])] if rest.strip() else parts


def _without_source(sentence: str, cited: Sequence[Evidence]) -> str:
    """Leave out by which title a sentence introduces what it says: "The guide to X explains"."""
    titles = {name for piece in cited for name in (piece.title, *piece.heading_path) if name}
    for title in titles:
        said = rf"[“\"]?{re.escape(title)}[”\"]?"
        opening = rf"\baccording to {said},?|(?:\bas )?{said}{_TELLS}"
        sentence = re.sub(opening, "", sentence, flags=re.I)
    return sentence


def _units(piece: Evidence, entities: tuple[str, ...]) -> list[Unit]:
    context = read(f"{piece.title}\n{' '.join(piece.heading_path)}").keys
    if is_row(piece):
        return [Unit(piece.n, read(row_text(piece), entities), context)]
    return [
        Unit(piece.n, read(piece.quote[a:b], entities), context, (a, b))
        for a, b in sentences(piece.quote)
    ]
