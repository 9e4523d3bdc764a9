"""Claims about rows of tables, checked cell by cell: whose figure, which field, which is more.

The names of entities and the labels of fields are found in the claim; every figure is then given
to one of each, the nearest, or in the order in which they are told ("A and B: 1 and 2"), and has
to be in that cell. Where no label is recognised, a figure of the entity's row must do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from bot.answer import Evidence
from bot.marks import Mark, Reading, read

_SIGNS = {("amount", "more"): 1, ("amount", "less"): -1, ("end", "most"): 1, ("end", "least"): -1}
LABEL_SLACK = 3  # words that may stand between those of a label
MAX_MATCHED = 6  # figures that are matched with as many names; beyond, each goes to the nearest


@dataclass(frozen=True)
class Cell:
    """A field of a row: the marks of its label, of its value, and of its time."""

    label: tuple[Mark, ...]
    value: tuple[Mark, ...]
    time: tuple[Mark, ...]

    @property
    def number(self) -> float | None:
        """Its value, if it is one figure."""
        figures = [mark.figure for mark in self.value if mark.figure]
        return figures[0].value if len(figures) == 1 else None


@dataclass(frozen=True)
class Row:
    """A row that is cited: the evidence's number, its entity and its cells."""

    n: int
    entity: str
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, piece: Evidence) -> Row:
        """Read the cells in hand, and the others from the row's text."""
        told = {f.label: (f"{f.display} {_unit(f)}", f.vintage) for f in piece.facts}
        for cell in piece.quote.split(". ", 1)[-1].split("; "):
            label, _, said = cell.partition(": ")
            if said:
                told.setdefault(label, (said, ""))
        cells = (
            Cell(_telling(label), _telling(value), _telling(time))
            for label, (value, time) in told.items()
        )
        return cls(piece.n, row_entity(piece), tuple(cells))


def is_row(piece: Evidence) -> bool:
    """Tell whether a piece of evidence is one row of a table."""
    return piece.kind == "record" and (bool(piece.facts) or piece.row is not None)


def row_entity(piece: Evidence) -> str:
    """Return the name of what a row is about; empty for other evidence."""
    if not is_row(piece):
        return ""
    if piece.facts:
        return piece.facts[0].entity
    return piece.quote.split(". ", 1)[0].split(" (", 1)[0]


def row_text(piece: Evidence) -> str:
    """Return all that a row says, the cells in hand with their units and times."""
    cells = (f"{f.label}: {f.display} {_unit(f)} ({f.vintage})" for f in piece.facts)
    return f"{row_entity(piece)}. {'; '.join(cells)}\n{piece.quote}"


def _unit(fact: object) -> str:
    unit = str(getattr(fact, "unit", ""))
    shown = str(getattr(fact, "display", ""))
    return "" if shown[:1] in "$€£" or shown.endswith("%") else unit


def _telling(text: str) -> tuple[Mark, ...]:
    return tuple(mark for mark in read(text).marks if mark.weight or mark.figure)


@dataclass(frozen=True)
class _Mention:
    """Where an entity or a label is named: from which mark to which, by index."""

    of: str
    first: int
    last: int


class RowClaim:
    """The part of a claim that rests on rows; `cites` says for each mark on which evidence."""

    def __init__(
        self, claim: Reading, cites: Sequence[frozenset[int]], rows: Sequence[Row]
    ) -> None:
        self._marks = claim.marks
        self._cites = cites
        self._rows = {row.n: row for row in rows}

    def problems(self) -> Iterator[str]:
        """Yield what the cells do not bear out."""
        yield from self._nobody()
        yield from self._wrong_cells()
        yield from self._wrong_order()

    # --- what is named ------------------------------------------------------------------------

    @cached_property
    def _entities(self) -> list[_Mention]:
        """The entities that are named, in order: in full, or by words that are only theirs."""
        whole = [_Mention(mark.text, i, i) for i, mark in enumerate(self._marks) if mark.is_entity]
        named = {mention.of for mention in whole}
        for row in self._rows.values():
            if row.entity not in named:
                whole += self._by_part(row)
        return sorted(whole, key=lambda mention: mention.first)

    def _by_part(self, row: Row) -> list[_Mention]:
        """Find a name of which every word is in the row's, and one in no other row's."""
        others = (read(r.entity).keys for r in self._rows.values() if r is not row)
        whole = read(row.entity).keys
        own = whole - frozenset().union(*others)
        return [
            _Mention(row.entity, first, last)
            for first, last in self._capital_runs
            if all(not m.keys.isdisjoint(whole) for m in self._marks[first : last + 1])
            and any(not m.keys.isdisjoint(own) for m in self._marks[first : last + 1])
        ]

    @cached_property
    def _capital_runs(self) -> list[tuple[int, int]]:
        """The stretches of words with capitals that no label takes: names of somebody."""
        of_labels = {i for m in self._labels for i in range(m.first, m.last + 1)}
        capitals = [
            i
            for i, mark in enumerate(self._marks)
            if mark.text[:1].isupper() and mark.weight and i not in of_labels
        ]
        runs: list[tuple[int, int]] = []
        for i in capitals:
            after = runs and i == runs[-1][1] + 1
            if after and self._marks[i].clause == self._marks[i - 1].clause:
                runs[-1] = (runs[-1][0], i)
            else:
                runs.append((i, i))
        return runs

    @cached_property
    def _labels(self) -> list[_Mention]:
        """The labels that are named, in order; the words of a longer one are not another's."""
        labels = {_key(c.label): c.label for row in self._rows.values() for c in row.cells}
        times = [cell.time for row in self._rows.values() for cell in row.cells if cell.time]
        taken = {i for time in times for said in _windows(self._marks, time, set()) for i in said}
        found: list[_Mention] = []
        for name, label in sorted(labels.items(), key=lambda item: -len(item[1])):
            for indices in _windows(self._marks, label, taken):
                taken |= indices
                found.append(_Mention(name, min(indices), max(indices)))
        return sorted(found, key=lambda mention: mention.first)

    @cached_property
    def _values(self) -> list[int]:
        """The figures that are told of somebody: not those of a label or of a time."""
        of_labels = {i for m in self._labels for i in range(m.first, m.last + 1)}
        times = [mark for row in self._rows.values() for c in row.cells for mark in c.time]
        return [
            i
            for i, mark in enumerate(self._marks)
            if mark.figure
            and self._rests_on_rows(i)
            and not (i in of_labels and self._is_of_label(mark))
            and not (mark.figure.kind in ("year", "years", "date") and _borne_out(mark, times))
            and not mark.figure.trivial
        ]

    def _is_of_label(self, mark: Mark) -> bool:
        return any(_borne_out(mark, c.label) for row in self._rows.values() for c in row.cells)

    def _rests_on_rows(self, i: int) -> bool:
        return bool(self._cites[i]) and self._cites[i] <= self._rows.keys()

    # --- what is wrong ------------------------------------------------------------------------

    def _nobody(self) -> Iterator[str]:
        """A figure of a row needs its name, or a pronoun for it."""
        if self._values and not self._entities and self._capital_runs:
            yield "names nobody whom it cites"

    def _wrong_cells(self) -> Iterator[str]:
        owners, labels = self._belong(self._entities), self._belong(self._labels)
        for i, owner, label in zip(self._values, owners, labels, strict=True):
            mark = self._marks[i]
            cited = [self._rows[n] for n in sorted(self._cites[i])]
            rows = [row for row in cited if row.entity == owner] if owner else cited
            cells = [cell for row in rows for cell in row.cells]
            if label and any(_key(cell.label) == label for cell in cells):
                cells = [cell for cell in cells if _key(cell.label) == label]
            if not any(_borne_out(mark, [*cell.value, *cell.time]) for cell in cells):
                whose = " or ".join(row.entity for row in rows) or "whoever is cited"
                yield f"{mark.text!r} is not what the row of {whose} has"

    def _belong(self, mentions: Sequence[_Mention]) -> list[str]:
        """Return for each figure what it belongs to, or nothing where nothing is mentioned.

        As many as there are figures: one each, in order where the two are told one after the
        other, else so that all are as near as can be. Otherwise the nearest.
        """
        values = self._values
        if not mentions or not values:
            return [""] * len(values)
        if len(mentions) != len(values) or len(values) > MAX_MATCHED:
            return [min(mentions, key=lambda m: self._distance(m, i)).of for i in values]
        if mentions[-1].last < values[0] or values[-1] < mentions[0].first:
            return [mention.of for mention in mentions]
        ways = permutations(mentions)
        best = min(ways, key=lambda way: sum(map(self._distance, way, values)))
        return [mention.of for mention in best]

    def _distance(self, mention: _Mention, i: int) -> float:
        ends = (self._marks[mention.first].place, self._marks[mention.last].place)
        return min(abs(self._marks[i].place - end) for end in ends)

    def _wrong_order(self) -> Iterator[str]:
        """Compare cells where the claim compares entities."""
        for i, mark in enumerate(self._marks):
            signs = [_SIGNS[side] for side in mark.sides if side in _SIGNS]
            if not signs or not self._rests_on_rows(i) or len(self._rows) < 2:
                continue
            subject = self._subject(i)
            label = min(self._labels, key=lambda m: self._distance(m, i), default=None)
            figures = self._figures(label.of, self._cites[i]) if label else {}
            mine = figures.pop(subject, None)
            if mine is None or not figures:
                continue
            if any(signs[0] * (mine - other) <= 0 for other in figures.values()):
                yield f"{mark.text!r} is not what the rows say of {subject}"

    def _subject(self, i: int) -> str:
        """Return who is said to have more or less: not the one behind "than"."""
        than = [k for k in range(i, len(self._marks)) if self._marks[k].text.lower() == "than"]
        behind = [m for m in self._entities if than and m.first > than[0]]
        others = [m for m in self._entities if m.of not in {b.of for b in behind[:1]}]
        near = others or self._entities
        return min(near, key=lambda m: self._distance(m, i)).of if near else ""

    def _figures(self, label: str, cited: frozenset[int]) -> dict[str, float]:
        return {
            row.entity: cell.number
            for row in self._rows.values()
            if row.n in cited
            for cell in row.cells
            if _key(cell.label) == label and cell.number is not None
        }


def _key(label: Sequence[Mark]) -> str:
    return " ".join(mark.text.lower() for mark in label)


def _borne_out(mark: Mark, told: Sequence[Mark]) -> bool:
    figure = mark.figure
    return figure is not None and any(t.figure and figure.agrees(t.figure) for t in told)


def _windows(marks: Sequence[Mark], label: Sequence[Mark], taken: set[int]) -> Iterator[set[int]]:
    """Yield the marks, by index, of each stretch that has all words of a label, shortest first."""
    stretches = [_stretch(marks, label, taken, first) for first in range(len(marks))]
    used: set[int] = set()
    for found in sorted(filter(None, stretches), key=lambda s: max(s) - min(s)):
        if used.isdisjoint(found):
            used |= found
            yield found


def _stretch(marks: Sequence[Mark], label: Sequence[Mark], taken: set[int], first: int) -> set[int]:
    """Return the marks from the first one on that are a label's words; nothing if not all are."""
    left, found = list(label), set[int]()
    for i in range(first, min(first + 2 * len(label) + 2 * LABEL_SLACK, len(marks))):
        part = next((p for p in left if i not in taken and marks[i].means(p)), None)
        if part is None and i == first:
            break
        if part is not None:
            left.remove(part)
            found.add(i)
        if not left:
            return found
    return set()
