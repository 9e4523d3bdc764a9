"""The history of evaluations: one JSON line for each run, and what has changed since the last.

Only the same questions are compared: a set whose hash has moved is another set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.json_lines import append_line

# How bad an outcome is; one that is not listed is fine, and worse than nothing said is a mistake.
SEVERITY = {"abstained": 1}
MISTAKE = 2


class SuiteRecord(BaseModel):
    """What a suite measured in one run.

    `set` is the hash of its `n` questions, `measures` shares or scores in [0, 1] by name, and
    `missed` the outcome of each question that did not end well, by its key.
    """

    model_config = ConfigDict(frozen=True)

    set: str
    n: int
    measures: dict[str, float]
    missed: dict[str, str]
    seconds: float = 0.0


class RunRecord(BaseModel):
    """One run: when (ISO 8601, UTC), on what (index, models, rules), and what came of it."""

    model_config = ConfigDict(frozen=True)

    at: str
    ran_on: dict[str, str]
    suites: dict[str, SuiteRecord]


@dataclass(frozen=True)
class Change:
    """What is different from an earlier run of the same suite.

    `measures` holds differences, and is empty like the rest where the set is another one.
    `worse` and `better` are the keys of questions.
    """

    since: str
    same_set: bool
    measures: Mapping[str, float]
    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()


def read_history(path: Path, warn: Callable[[str], None]) -> list[RunRecord]:
    """Return the runs, oldest first; `warn` is told of each line that is skipped as broken."""
    try:
        # Bytes that are no UTF-8 break one line, not the file.
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        warn(f"{path} cannot be read: {error}.")
        return []
    runs = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                runs.append(RunRecord.model_validate(json.loads(line)))
            except (ValueError, ValidationError):
                warn(f"{path}:{number}: is no record of a run; skipped.")
    return runs


def add_run(path: Path, run: RunRecord) -> None:
    """Append a run; raises UsageError if it cannot be written."""
    append_line(path, run.model_dump(mode="json"))


def last_run_of(history: Sequence[RunRecord], suite: str) -> RunRecord | None:
    """Return the newest run that a suite was part of."""
    return next((run for run in reversed(history) if suite in run.suites), None)


def compare(now: SuiteRecord, before: SuiteRecord, since: str) -> Change:
    """Return what is different now."""
    if now.set != before.set:
        return Change(since, same_set=False, measures={})
    return Change(
        since,
        same_set=True,
        measures={
            name: value - before.measures[name]
            for name, value in now.measures.items()
            if name in before.measures
        },
        worse=_risen(now.missed, before.missed),
        better=_risen(before.missed, now.missed),
    )


def _risen(missed: Mapping[str, str], than: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(key for key in missed if _severity(missed, key) > _severity(than, key))


def _severity(missed: Mapping[str, str], key: str) -> int:
    outcome = missed.get(key)
    return 0 if outcome is None else SEVERITY.get(outcome, MISTAKE)


def set_hash(lines: Iterable[str]) -> str:
    """Return what tells one set from another, whatever the order of its lines (sha256)."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
