"""Questions about records with known truth, through planner and facts, and what came of them.

What is shown as the answer counts: exactly what was expected is right, nothing shown as the
answer is an abstention, and anything else shown is wrong. No model takes part.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.facts import Facts
from bot.json_lines import numbered_lines
from bot.planning import Planning
from ingest.errors import UsageError
from ingest.index import Index

Outcome = Literal["right", "abstained", "wrong"]
Ask = Callable[[str, dict[str, Any] | None], Facts | None]

MAX_ROUNDING = 0.001
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedCells(_Strict):
    """These rows of the file (the header is row 1) with these cells, by column.

    `ordered`: in this order. `exact`: with no other column. `total`: how many fit in all.
    `says`: what the sentences must hold.
    """

    rows: tuple[int, ...]
    cells: dict[str, tuple[float | str | None, ...]]
    ordered: bool = False
    exact: bool = True
    total: int | None = None
    says: tuple[str, ...] = ()


class ExpectedNumber(_Strict):
    """One number over all rows that fit; `over`: how many of them have a figure."""

    value: float
    over: int | None = None


class ExpectedGroups(_Strict):
    """These groups in this order, each with its rows and then its figures, by field."""

    groups: dict[str, tuple[float | None, ...]]


class FactCase(_Strict):
    """A question, the ones before it, and what is true."""

    id: str
    question: str
    operation: str
    history: tuple[str, ...] = ()
    expect: ExpectedCells | ExpectedNumber | ExpectedGroups | Literal["abstain", "not planned"]


@dataclass
class OperationResult:
    """How the questions of one operation ended; the ones that did not end right are listed."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    missed: list[dict[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many questions there were."""
        return self.outcomes.total()

    def add(self, case: FactCase, outcome: Outcome, text: str) -> None:
        """Count one question."""
        self.outcomes[outcome] += 1
        if outcome != "right":
            self.missed.append(
                {"id": case.id, "question": case.question, "outcome": outcome, "text": text}
            )

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        return {
            "n": self.total,
            "right": self.outcomes["right"],
            "abstained": self.outcomes["abstained"],
            "wrong": self.outcomes["wrong"],
            "missed": self.missed,
        }


def run_cases(
    cases: Iterable[FactCase], ask: Ask, told: Callable[[], None] = lambda: None
) -> dict[str, OperationResult]:
    """Ask every question after those before it; results by operation."""
    results: dict[str, OperationResult] = defaultdict(OperationResult)
    for case in cases:
        results[case.operation].add(case, *run_case(case, ask))
        told()
    return dict(results)


def run_case(case: FactCase, ask: Ask) -> tuple[Outcome, str]:
    """Ask one question after those before it; returns how it ended and what was said."""
    previous: dict[str, Any] | None = None
    for earlier in case.history:
        facts = ask(earlier, previous)
        previous = facts.plan_json if facts else None
    facts = ask(case.question, previous)
    return judge(case, facts), " ".join(facts.sentences) if facts else ""


@contextmanager
def asking(index: Index) -> Iterator[Ask]:
    """Give what asks the records of one generation of an index; raises IndexUnavailable."""
    planning = Planning(index.card)
    with index.snapshot() as snapshot:
        planner = planning.planner(snapshot)

        def ask(question: str, previous: dict[str, Any] | None) -> Facts | None:
            plan = planner.plan(question, previous)
            return None if plan is None else planning.run(plan, snapshot)

        yield ask


def judge(case: FactCase, facts: Facts | None) -> Outcome:
    """Tell how a question ended."""
    expect = case.expect
    shown = facts is not None and facts.found
    if isinstance(expect, str):
        if shown:
            return "wrong"
        return "right" if expect == "abstain" or facts is None else "abstained"
    if facts is None or not shown:
        return "abstained"
    if isinstance(expect, ExpectedGroups):
        fits = _groups_fit(expect, facts)
    elif isinstance(expect, ExpectedCells):
        fits = _cells_fit(expect, facts)
    else:
        fits = _number_fits(expect, facts)
    return "right" if fits else "wrong"


def _cells_fit(expect: ExpectedCells, facts: Facts) -> bool:
    text = " ".join(facts.sentences)
    shown = {e.row: {f.column: f.value for f in e.facts} for e in facts.evidence}
    if expect.ordered and tuple(shown) != expect.rows:
        return False
    if set(shown) != set(expect.rows) or not all(words in text for words in expect.says):
        return False
    if expect.total is not None and not re.search(rf"(?<![\d,]){expect.total:,} ", text):
        return False
    return all(
        set(expect.cells) <= set(cells) and (not expect.exact or set(cells) == set(expect.cells))
        for cells in shown.values()
    ) and all(
        shown[row][column] == value
        for column, values in expect.cells.items()
        for row, value in zip(expect.rows, values, strict=True)
    )


def _groups_fit(expect: ExpectedGroups, facts: Facts) -> bool:
    shown = {str(row[0]): row[1:] for row in facts.table.rows} if facts.table else {}
    return list(shown) == list(expect.groups) and all(
        _near(cell, figure)
        for name, figures in expect.groups.items()
        for cell, figure in zip(shown[name], figures, strict=True)
    )


def _near(cell: object, figure: float | None) -> bool:
    """Whether a cell is a figure, or both are none; as calculated, so with a little room."""
    if figure is None or not isinstance(cell, int | float):
        return cell is figure
    return abs(cell - figure) < MAX_ROUNDING


def _number_fits(expect: ExpectedNumber, facts: Facts) -> bool:
    """Whether the first sentence says the number, rounded as it is shown."""
    text = facts.sentences[0]
    if expect.over is not None:
        if not re.search(rf"over {expect.over:,} ", text):
            return False
        text = text.rpartition(" is ")[2]
    said = _NUMBER.search(text)
    if said is None:
        return False
    decimals = len(said[0].partition(".")[2])
    return abs(float(said[0].replace(",", "")) - expect.value) <= 0.5001 * 10.0**-decimals


def fact_sets(folder: Path) -> list[Path]:
    """Return the question sets of a folder that are of this kind; others may lie beside them."""
    return [path for path in sorted(folder.glob("*.jsonl")) if _is_fact_set(path)]


def _is_fact_set(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            entry = json.loads(file.readline())
    except (OSError, ValueError):
        return False
    return isinstance(entry, dict) and {"operation", "expect"} <= entry.keys()


def read_cases(paths: Sequence[Path]) -> list[FactCase]:
    """Read questions from files of one JSON object a line.

    Raises UsageError where a file cannot be read or a line is no such question.
    """
    return [case for path in paths for case in _read_file(path)]


def _read_file(path: Path) -> Iterable[FactCase]:
    for number, line in numbered_lines(path):
        try:
            yield FactCase.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            raise UsageError(
                f"{path}:{number}: is no question with its truth.",
                hint="Each line needs id, question, operation and expect.",
            ) from None
