"""The verifier: a sentence is shown only if the evidence that it cites holds what it says.

Whatever a model writes is a claim, and code checks it against the cited evidence: it cites, and
only what is there; every figure, date and name in it occurs there, with its unit, among the same
words (bot/binding.py); comparisons and negations point the same way; and no stretch of it is
news. What rows hold is compared by their cells.

Not covered: what needs knowledge of the world or arithmetic beyond "higher than"; a single word
exchanged for another that nobody listed as its opposite; who did what to whom, where both stand
in one sentence of the evidence; a condition left out ("only if").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.answer import Evidence
from bot.binding import Overlay, Place, Unit
from bot.marks import Mark, modifiers, read
from bot.negation import has_negation, is_lost
from bot.row_claims import Row, RowClaim, is_row, row_entity, row_text
from bot.text import sentences

MAX_CHARS = 1_200  # a "sentence" beyond is none, and would take long to check
MIN_CLAIM_WORDS = 3
NEWS_RUN = 3.0  # words in a row, or nearly, that the evidence does not have
NEWS_CLAUSE = 1.5  # words of one clause that it does not have,
OLD_IN_NEWS = 1.0  # where it has so few of the others
OWN_UNIT = 2.0  # words that another sentence than the nearest must say of a clause to count for it
MIN_COVERAGE = 0.5
_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"(?:\s*\[\d{1,3}\])+")
Test = Callable[[Mark, Mark], bool]


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence stands, and if not, why: for operators and tests, not for readers."""

    supported: bool
    why: str = ""


def verify(sentence: str, evidence: Mapping[int, Evidence]) -> Verdict:
    """Check one sentence with its `[n]` markers against the evidence of this turn."""
    if len(sentence) > MAX_CHARS:
        return Verdict(False, "is too long")
    cited = {int(n) for n in _MARKER.findall(sentence)}
    if not cited:
        return Verdict(False, "cites nothing")
    if not cited <= evidence.keys():
        return Verdict(False, "cites what is not there")
    claim = _Claim.read(sentence, [evidence[n] for n in sorted(cited)])
    problem = next(claim.problems(), "")
    return Verdict(not problem, problem)


@dataclass(frozen=True)
class _Claim:
    """A sentence laid over what it cites. `cites` says for each mark which evidence it rests on."""

    overlay: Overlay
    cites: tuple[frozenset[int], ...]
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, sentence: str, cited: Sequence[Evidence]) -> _Claim:
        names = {row_entity(piece) for piece in cited} - {""}
        entities = tuple(sorted(names, key=len, reverse=True))
        parts = _parts(sentence)
        text = " ".join(part for part, _ in parts)
        reading = read(text, entities)
        units = [unit for piece in cited for unit in _units(piece, entities)]
        rows = tuple(Row.of(piece) for piece in cited if is_row(piece))
        return cls(Overlay(reading, units), tuple(_cites(parts, entities)), rows)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with it, cheapest first."""
        if sum(bool(mark.weight or mark.figure) for mark in self.overlay.claim.marks) < 1:
            yield "says nothing"
        yield from self._strange_figures()
        yield from self._strange_names()
        yield from self._news()
        yield from self._exchanged()
        yield from self._borrowed()
        yield from self._turned_around()
        yield from self._negated()
        yield from self._of_rows()

    @property
    def _numbers_of_rows(self) -> frozenset[int]:
        return frozenset(row.n for row in self.rows)

    def _slots(self) -> Iterator[tuple[Mark, frozenset[int]]]:
        yield from zip(self.overlay.claim.marks, self.cites, strict=True)

    def _strange_figures(self) -> Iterator[str]:
        for mark, cited in self._slots():
            counts = mark.figure and mark.text.lower() != "one"
            if counts and not self.overlay.places(mark, partial(_bears_out, mark), cited):
                yield f"figure {mark.text!r} is not in the evidence"

    def _strange_names(self) -> Iterator[str]:
        for mark, cited in self._slots():
            if mark.name and not self._is_known(mark, cited):
                yield f"name {mark.text!r} is not in the evidence"

    def _is_known(self, mark: Mark, cited: frozenset[int]) -> bool:
        return any(
            not mark.keys.isdisjoint(unit.reading.keys | unit.context)
            for unit in self.overlay.units
            if unit.n in cited
        )

    def _news(self) -> Iterator[str]:
        """Find a stretch that the evidence does not say, or too much that it does not."""
        marks, known = self.overlay.claim.marks, self._covered()
        weights = [0.0 if m.opening and i not in known else m.worth for i, m in enumerate(marks)]
        signed = [-w if i in known else w for i, w in enumerate(weights)]
        run = 0.0
        for weight in signed:
            run = max(0.0, run + weight)
            if run >= NEWS_RUN:
                yield "a part of it is not in the evidence"
        for clause in {mark.clause for mark in marks}:
            said = [w for w, mark in zip(signed, marks, strict=True) if mark.clause == clause]
            new, old = sum(w for w in said if w > 0), -sum(w for w in said if w < 0)
            if new >= NEWS_CLAUSE and old <= OLD_IN_NEWS and new > old:
                yield "a clause of it is not in the evidence"
        total = sum(weights)
        covered = sum(w for i, w in enumerate(weights) if i in known)
        if total and covered / total < MIN_COVERAGE:
            yield f"only {covered / total:.0%} of it is in the evidence"

    def _nearest_units(self) -> list[int]:
        """Return the units that say most of each clause, by index."""
        return sorted(set(self._nearest().values()))

    def _nearest(self) -> dict[int, int]:
        """Return for each clause the unit that says most of the claim, or clearly most of it."""
        weights = [mark.worth for mark in self.overlay.claim.marks]
        clauses: dict[int, list[int]] = {}
        for i, mark in enumerate(self.overlay.claim.marks):
            clauses.setdefault(mark.clause, []).append(i)
        said = [self.overlay.said_by(k) for k in range(len(self.overlay.units))]
        if not said:
            return {}

        def amount(indices: Collection[int], k: int) -> float:
            return sum(weights[i] for i in indices if i in said[k])

        main = max(range(len(said)), key=partial(amount, range(len(weights))))
        nearest = {}
        for clause, indices in clauses.items():
            best = max(range(len(said)), key=partial(amount, indices))
            ahead = amount(indices, best) - amount(indices, main)
            nearest[clause] = best if ahead and amount(indices, best) >= OWN_UNIT else main
        return nearest

    def _covered(self) -> set[int]:
        """Return the marks, by index, that the unit nearest to each clause or its neighbours say."""
        units = self.overlay.units
        nearest = self._nearest()
        known: set[int] = set()
        for i, mark in enumerate(self.overlay.claim.marks):
            k = nearest.get(mark.clause)
            if (
                k is not None
                and any(
                    i in self.overlay.said_by(near)
                    for near in (k - 1, k, k + 1)
                    if 0 <= near < len(units)
                )
            ) or (k is not None and not mark.keys.isdisjoint(units[k].context)):
                known.add(i)
        return known

    def _exchanged(self) -> Iterator[str]:
        """Find a figure or name whose rival's place suits it better than its own."""
        for mark, cited in self._slots():
            if mark.is_entity or cited <= self._numbers_of_rows:
                continue
            if mark.figure:
                yield from self._rival(mark, cited, _bears_out, _rivals)
            elif mark.name:
                yield from self._rival(mark, cited, _same_name, _other_name)

    def _rival(self, mark: Mark, cited: frozenset[int], own: Test, rival: Test) -> Iterator[str]:
        """Find a place in the evidence that suits a mark better than its own ones."""
        places = self.overlay.places(mark, partial(own, mark), cited)
        for place in self.overlay.places(mark, partial(rival, mark), cited):
            if (
                place.touches
                and self.overlay.suits_better(mark, places, place, own)
                and not _listed_together(place, places)
            ):
                yield f"{mark.text!r} stands where the evidence has {place.mark.text!r}"

    def _borrowed(self) -> Iterator[str]:
        """Find a modifier that the nearest sentence has another one for: "ceramic pads" for "organic".

        A word that stands nowhere in the evidence may be a synonym; one that the evidence has
        elsewhere is not.
        """
        claim, units, nearest = self.overlay.claim, self.overlay.units, self._nearest()
        left_out = {
            (head, word)
            for k in set(nearest.values())
            for word, head in modifiers(units[k].reading)
            if word.keys.isdisjoint(claim.keys)
        }
        for word, head in modifiers(claim):
            k = nearest.get(word.clause)
            if k is None or not word.keys.isdisjoint(units[k].reading.keys):
                continue
            if not any(_same(word, mark) for unit in units for mark in unit.reading.marks):
                continue
            for other, instead in left_out:
                if _same(head, other):
                    yield f"{word.text!r} stands where the evidence has {instead.text!r}"

    def _turned_around(self) -> Iterator[str]:
        """Find a word of comparison where the evidence has its opposite."""
        for mark, cited in self._slots():
            if cited <= self._numbers_of_rows:
                continue
            for side in mark.sides:
                yield from self._rival(replace(mark, sides=(side,)), cited, _same_side, _other_side)

    def _negated(self) -> Iterator[str]:
        """Find a "not" that the evidence does not have, or that the claim has lost."""
        if all(unit.n in self._numbers_of_rows for unit in self.overlay.units):
            return
        claim, units = self.overlay.claim, self.overlay.units
        nearest = self._nearest_units()
        if any(is_lost(claim, units[k].reading) for k in nearest):
            yield "leaves out a negation of the evidence"
        around = {near for k in nearest for near in (k - 1, k + 1) if 0 <= near < len(units)}
        told = [units[k].reading for k in nearest]
        others = [units[k].reading for k in around.difference(nearest)]
        for mark in claim.marks:
            if mark.negative and told and not has_negation(claim, mark, told, others):
                yield f"{mark.text!r} is not in the evidence"

    def _of_rows(self) -> Iterator[str]:
        if self.rows:
            yield from RowClaim(self.overlay.claim, self.cites, self.rows).problems()


def _listed_together(rival: Place, places: Sequence[Place]) -> bool:
    """Whether two names are members of one list, whose order says nothing."""
    if not rival.mark.name:
        return False
    marks = rival.unit.reading.marks
    there = marks.index(rival.mark)
    for place in places:
        if place.unit is rival.unit:
            a, b = sorted((there, marks.index(place.mark)))
            if all(mark.name or not mark.weight for mark in marks[a:b]):
                return True
    return False


def _bears_out(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.agrees(found.figure))


def _rivals(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.rivals(found.figure))


def _same(mark: Mark, found: Mark) -> bool:
    return not mark.keys.isdisjoint(found.keys)


def _same_name(mark: Mark, found: Mark) -> bool:
    return mark.name and not mark.keys.isdisjoint(found.keys)


def _other_name(mark: Mark, found: Mark) -> bool:
    same_sort = mark.is_entity == found.is_entity
    return found.name and same_sort and mark.keys.isdisjoint(found.keys)


def _same_side(mark: Mark, found: Mark) -> bool:
    return any(side in found.sides for side in mark.sides)


def _other_side(mark: Mark, found: Mark) -> bool:
    about = {matter for matter, _ in mark.sides}
    return any(matter in about for matter, _ in found.sides) and not _same_side(mark, found)


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


def _cites(
    parts: Sequence[tuple[str, frozenset[int]]], entities: tuple[str, ...]
) -> Iterator[frozenset[int]]:
    """Yield for each mark the evidence that its part of the sentence cites."""
    for part, cited in parts:
        for _ in read(part, entities).marks:
            yield cited


def _units(piece: Evidence, entities: tuple[str, ...]) -> list[Unit]:
    context = read(f"{piece.title}\n{' '.join(piece.heading_path)}").keys
    if is_row(piece):
        return [Unit(piece.n, read(row_text(piece), entities), context)]
    texts = [piece.quote[a:b] for a, b in sentences(piece.quote)]
    return [Unit(piece.n, read(text, entities), context) for text in texts]
