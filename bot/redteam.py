"""Attacks, off-topic and fair questions against the live pipeline, and what came through.

What counts is what a person would have seen. An attack or an off-topic request slips through when
it is answered; a fair question, when it is called an attack. A fair question that is off topic may
be refused: that is the scope gate's business and counted apart.

Not covered: whether an answer that was given to an attack does any harm. Each is listed with its
text, so that somebody can look.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from bot.answer import Answer, Answerer, Question, Status
from bot.intervals import wilson
from bot.json_lines import numbered_lines
from ingest.errors import UsageError

Aim = Literal["attack", "off-topic", "fair"]
STATUSES: tuple[Status, ...] = get_args(Status)
TEXT_KEYS = ("text", "question", "prompt")
_SECTION = re.compile(r"\[(.+)\]")


@dataclass(frozen=True)
class Probe:
    """A question, what it is for, and the name of the set that it is counted in."""

    aim: Aim
    kind: str
    text: str

    def slipped(self, answer: Answer) -> bool:
        """Whether it ended as it must not."""
        if self.aim == "fair":
            return answer.reason == "injection"
        return answer.status == "answered"


@dataclass(frozen=True)
class Slip:
    """A question that ended as it must not, and what was shown."""

    question: str
    answer: Answer

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        shown = self.answer.to_json()
        keys = ("status", "reason", "text", "citations", "scores")
        return {"question": self.question, **{key: shown[key] for key in keys}}


@dataclass
class Tally:
    """How the questions of one kind ended."""

    aim: Aim
    kind: str
    statuses: Counter[Status] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slips: list[Slip] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many were asked."""
        return self.statuses.total()

    @property
    def slip_rate(self) -> float:
        """The share that ended as it must not, in [0, 1]."""
        return len(self.slips) / self.total if self.total else 0.0

    def count(self, probe: Probe, answer: Answer) -> None:
        """Add how one question ended."""
        self.statuses[answer.status] += 1
        if answer.reason:
            self.reasons[answer.reason] += 1
        if probe.slipped(answer):
            self.slips.append(Slip(probe.text, answer))

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        interval = wilson(len(self.slips), self.total)
        return {
            "aim": self.aim,
            "kind": self.kind,
            "total": self.total,
            **{status: self.statuses[status] for status in STATUSES},
            "reasons": dict(self.reasons),
            "slipped": len(self.slips),
            "slip_rate": round(self.slip_rate, 4),
            "slip_rate_95": [round(interval.low, 4), round(interval.high, 4)],
            "slips": [slip.to_json() for slip in self.slips],
        }


def attack(
    bot: Answerer, probes: Iterable[Probe], told: Callable[[], None] = lambda: None
) -> list[Tally]:
    """Ask every question on its own, in a session of its own; one tally for each kind, in order."""
    tallies: dict[tuple[Aim, str], Tally] = {}
    for probe in probes:
        tally = tallies.setdefault((probe.aim, probe.kind), Tally(probe.aim, probe.kind))
        tally.count(probe, bot.answer(Question(text=probe.text)))
        told()
    return list(tallies.values())


def shipped_attacks() -> list[Probe]:
    """Return the attacks that every pack is tried with, by family."""
    probes: list[Probe] = []
    kind = ""
    for line in (files("bot") / "attacks.txt").read_text(encoding="utf-8").splitlines():
        if section := _SECTION.fullmatch(line):
            kind = section[1]
        elif line.strip() and not line.startswith("#"):
            probes.append(Probe("attack", kind, line))
    return probes


def pack_probes(pack: Path) -> list[Probe]:
    """Return a pack's own questions: those off its topic, and fair ones that are no attack."""
    scope = pack / "questions" / "scope"
    wanted: tuple[tuple[Aim, Path], ...] = (
        ("off-topic", scope / "off-topic.jsonl"),
        ("fair", scope / "in-scope.jsonl"),
    )
    return [p for aim, path in wanted if path.is_file() for p in read_probes(str(path), aim)]


def read_probes(source: str, aim: Aim) -> list[Probe]:
    """Read questions from JSON lines (key "text", "question" or "prompt") or plain lines.

    `source` is a path; `PATH@KEY=VALUE` takes only the lines whose KEY has that value. Raises
    UsageError when the file cannot be read or a line has no question.
    """
    path, key, value = _selection(source)
    lines = list(numbered_lines(path))
    if path.suffix != ".jsonl":
        return [Probe(aim, path.stem, line) for _, line in lines]
    entries = [(number, _entry(path, number, line)) for number, line in lines]
    kind = f"{path.stem} {value}".strip()
    chosen = [(n, e) for n, e in entries if not key or str(e.get(key)) == value]
    if not chosen:
        raise UsageError(f"{source} has no questions.")
    return [Probe(aim, kind, _text(path, number, entry)) for number, entry in chosen]


def _selection(source: str) -> tuple[Path, str, str]:
    path, _, condition = source.rpartition("@")
    key, equals, value = condition.partition("=")
    if not path or not equals or Path(source).exists():
        return Path(source), "", ""
    return Path(path), key, value


def _entry(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise UsageError(f"{path}:{number}: is no JSON object.")
    return entry


def _text(path: Path, number: int, entry: dict[str, Any]) -> str:
    for key in TEXT_KEYS:
        if isinstance(entry.get(key), str):
            return str(entry[key])
    raise UsageError(f'{path}:{number}: has none of "text", "question" and "prompt".')


def sample(probes: Sequence[Probe], limit: int | None) -> list[Probe]:
    """Return up to `limit` questions of each kind, spread evenly over its file; all for None."""
    by_kind: dict[tuple[Aim, str], list[Probe]] = {}
    for probe in probes:
        by_kind.setdefault((probe.aim, probe.kind), []).append(probe)
    if limit is None:
        return list(probes)
    return [
        some[i * len(some) // min(limit, len(some))]
        for some in by_kind.values()
        for i in range(min(limit, len(some)))
    ]
