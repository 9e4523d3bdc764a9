"""One run of a pack's own sets, beside the last one: what `groundskeeper eval` reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.eval_history import Change, RunRecord, compare, last_run_of
from bot.pack_evaluation import Outcome, SuiteResult


@dataclass(frozen=True)
class PackReport:
    """What each suite gave (None where the pack has no set), and the runs before it.

    `at` is when the run began (ISO 8601, UTC), `ran_on` what its answers depend on.
    """

    pack: str
    at: str
    ran_on: Mapping[str, str]
    results: Mapping[str, SuiteResult | None]
    history: Sequence[RunRecord]
    seconds: float

    @property
    def measured(self) -> dict[str, SuiteResult]:
        """The suites that could be run."""
        return {
            name: result
            for name, result in self.results.items()
            if result is not None and not result.problem
        }

    @property
    def compared_with(self) -> list[RunRecord]:
        """The runs that suites are compared with, each its own last one; oldest first."""
        runs = {run.at: run for name in self.measured if (run := last_run_of(self.history, name))}
        return [runs[at] for at in sorted(runs)]

    def change(self, suite: str) -> Change | None:
        """Return what is different from the last run of a suite; None if this is its first."""
        before = last_run_of(self.history, suite)
        if before is None or suite not in self.measured:
            return None
        return compare(self.measured[suite].to_record(), before.suites[suite], before.at)

    def failed(self, *, on_change: bool = False) -> bool:
        """Whether there is a mistake where none may be, or a suite could not be run.

        `on_change`: also if any question ended worse than in the last run.
        """
        changes = [self.change(name) for name in self.measured] if on_change else []
        return (
            any(result is not None and result.problem for result in self.results.values())
            or any(result.failures for result in self.measured.values())
            or any(change is not None and change.worse for change in changes)
        )

    def to_record(self) -> RunRecord:
        """Return what the history keeps of this run."""
        suites = {name: result.to_record() for name, result in self.measured.items()}
        return RunRecord(at=self.at, ran_on=dict(self.ran_on), suites=suites)

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        return {
            "pack": self.pack,
            "at": self.at,
            "compared_with": [run.at for run in self.compared_with],
            "ran_on": dict(self.ran_on),
            "seconds": round(self.seconds, 1),
            "failed": self.failed(),
            "suites": {
                name: result and self._suite_json(result) for name, result in self.results.items()
            },
        }

    def _suite_json(self, result: SuiteResult) -> dict[str, Any]:
        change = self.change(result.name)
        differences = change.measures if change else {}
        return {
            "n": result.n,
            "set": result.set,
            "seconds": round(result.seconds, 1),
            "problem": result.problem,
            "since": change.since if change else None,
            "same_set": change.same_set if change else None,
            "measures": {
                measure.name: {
                    **measure.interval.to_json(),
                    "n": measure.n,
                    "better": measure.better,
                    "change": _rounded(differences.get(measure.name)),
                }
                for measure in result.findings.measures
            },
            "newly_worse": list(change.worse) if change else [],
            "newly_better": list(change.better) if change else [],
            "missed": [_outcome_json(outcome) for outcome in result.missed],
        }


def _outcome_json(outcome: Outcome) -> dict[str, str]:
    return {
        "id": outcome.key,
        "question": outcome.question,
        "group": outcome.group,
        "outcome": outcome.label,
        "said": outcome.said,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
