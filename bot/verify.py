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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.answer import Evidence
from bot.binding import Overlay, Unit
from bot.marks import Mark, Reading, read
from bot.text import sentences

MAX_CHARS = 1_200  # a "sentence" beyond is none, and would take long to check
MIN_CLAIM_WORDS = 3
RIVAL = 1.25  # how much better a rival's place must suit to prove an exchange
MARGIN = 0.08
NEWS_RUN = 3.0  # words in a row, or nearly, that the evidence does not have
MIN_COVERAGE = 0.5
_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"(?:\s*\[\d{1,3}\])+")
Test = Callable[[Mark, Mark], bool]
_CELL = re.compile(r"^([^:]{1,80}): (.+)$")


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

    @classmethod
    def read(cls, sentence: str, cited: Sequence[Evidence]) -> _Claim:
        entities = tuple(
            sorted({name for piece in cited if (name := _entity(piece))}, key=len, reverse=True)
        )
        parts = _parts(sentence)
        text = " ".join(part for part, _ in parts)
        reading = read(text, entities)
        units = [unit for piece in cited for unit in _units(piece, entities)]
        return cls(Overlay(reading, units), tuple(_cites(reading, parts, entities)))

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with it, cheapest first."""
        if sum(bool(mark.weight or mark.figure) for mark in self.overlay.claim.marks) < 1:
            yield "says nothing"
        yield from self._strange_figures()
        yield from self._strange_names()
        yield from self._news()
        yield from self._exchanged()
        yield from self._turned_around()
        yield from self._negated()
        yield from self._compared_rows()

    def _slots(self) -> Iterator[tuple[Mark, frozenset[int]]]:
        yield from zip(self.overlay.claim.marks, self.cites, strict=True)

    def _strange_figures(self) -> Iterator[str]:
        for mark, cited in self._slots():
            if mark.figure and not mark.figure.trivial and not self.overlay.places(
                mark, partial(_bears_out, mark), cited
            ):
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
        marks = self.overlay.claim.marks
        known = self._covered()
        run = worst = covered = total = 0.0
        for i, mark in enumerate(marks):
            weight = 1.0 if mark.figure else mark.weight
            if mark.opening and i not in known:
                weight = 0.0
            total += weight
            covered += weight if i in known else 0.0
            run = max(0.0, run + (-weight if i in known else weight))
            worst = max(worst, run)
        if worst >= NEWS_RUN:
            yield "a part of it is not in the evidence"
        elif total and covered / total < MIN_COVERAGE:
            yield f"only {covered / total:.0%} of it is in the evidence"

    def _covered(self) -> set[int]:
        """Return the marks, by index, that the units nearest to each clause say."""
        marks = self.overlay.claim.marks
        clauses: dict[int, list[int]] = {}
        for i, mark in enumerate(marks):
            clauses.setdefault(mark.clause, []).append(i)
        known: set[int] = set()
        whole = [self.overlay.said_by(k) for k in range(len(self.overlay.units))]
        weight = [1.0 if m.figure else m.weight for m in marks]
        for indices in clauses.values():
            best = max(
                range(len(whole)),
                key=lambda k: (
                    sum(weight[i] for i in indices if i in whole[k]),
                    sum(weight[i] for i in whole[k]),
                ),
                default=None,
            )
            if best is None:
                continue
            near = {best - 1, best, best + 1} & set(range(len(whole)))
            context = self.overlay.units[best].context
            for i in indices:
                if any(i in whole[k] for k in near) or not marks[i].keys.isdisjoint(context):
                    known.add(i)
        return known

    def _exchanged(self) -> Iterator[str]:
        """Find a figure or name whose rival's place suits it better than its own."""
        for mark, cited in self._slots():
            if mark.figure:
                yield from self._rival(mark, cited, _bears_out, _rivals)
            elif mark.name:
                yield from self._rival(mark, cited, _same, _other_name)

    def _rival(self, mark: Mark, cited: frozenset[int], own: Test, rival: Test) -> Iterator[str]:
        """Find a place in the evidence that suits a mark better than its own ones."""
        rivals = self.overlay.places(mark, partial(rival, mark), cited)
        if not rivals:
            return
        places = self.overlay.places(mark, partial(own, mark), cited)
        best = max((place.fit for place in places), default=0.0)
        for place in rivals:
            better = place.touches and place.fit > RIVAL * best + MARGIN
            if better and not self.overlay.is_taken(mark, place, own):
                yield f"{mark.text!r} stands where the evidence has {place.mark.text!r}"

    def _turned_around(self) -> Iterator[str]:
        """Find a word of comparison where the evidence has its opposite."""
        for mark, cited in self._slots():
            for side in mark.sides:
                yield from self._rival(
                    replace(mark, sides=(side,)), cited, _same_side, _other_side
                )

    def _negated(self) -> Iterator[str]:
        return iter(())

    def _compared_rows(self) -> Iterator[str]:
        return iter(())


def _bears_out(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.agrees(found.figure))


def _rivals(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.rivals(found.figure))


def _same(mark: Mark, found: Mark) -> bool:
    return not mark.keys.isdisjoint(found.keys)


def _other_name(mark: Mark, found: Mark) -> bool:
    same_sort = mark.is_entity == found.is_entity
    return found.name and same_sort and mark.keys.isdisjoint(found.keys)


def _same_side(mark: Mark, found: Mark) -> bool:
    return not set(mark.sides).isdisjoint(found.sides)


def _other_side(mark: Mark, found: Mark) -> bool:
    opposite = {(about, -sign) for about, sign in mark.sides}
    return _same_side(replace(mark, sides=tuple(opposite)), found) and not _same_side(mark, found)


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
    reading: Reading, parts: Sequence[tuple[str, frozenset[int]]], entities: tuple[str, ...]
) -> Iterator[frozenset[int]]:
    """Yield for each mark the evidence that its part of the sentence cites."""
    for part, cited in parts:
        for _ in read(part, entities).marks:
            yield cited


def _entity(piece: Evidence) -> str:
    """Return the name of the entity that a row is about, or nothing."""
    if piece.facts:
        return piece.facts[0].entity
    return ""


def _units(piece: Evidence, entities: tuple[str, ...]) -> list[Unit]:
    context = read(f"{piece.title}\n{' '.join(piece.heading_path)}").keys
    if piece.kind == "record":
        texts = list(_cells(piece))
    else:
        texts = [piece.quote[a:b] for a, b in sentences(piece.quote)]
    return [Unit(piece.n, read(text, entities), context) for text in texts]


def _cells(piece: Evidence) -> Iterator[str]:
    """Yield each cell of a row in words: the entity, the label, the figure."""
    name = _entity(piece)
    for fact in piece.facts:
        time = f" ({fact.vintage})" if fact.vintage else ""
        yield f"{name}, {fact.label}: {fact.display} {fact.unit}{time}"
    known = {fact.label for fact in piece.facts}
    for cell in piece.quote.split(". ", 1)[-1].split("; "):
        label, _, said = cell.partition(": ")
        if said and label not in known:
            yield f"{name}, {label}: {said}"
