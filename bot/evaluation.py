"""Question sets through the whole pipeline, and what came of them.

What counts is what a person would have seen: a question turned away by any stage is turned away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.answer import Answer, Answerer, Question
from ingest.errors import UsageError


@dataclass
class ScopeResult:
    """How a set of questions of one kind ended: counts by status, and the ones that went wrong."""

    name: str
    total: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def wrong_rate(self) -> float:
        """The share of questions that ended the wrong way, in [0, 1]."""
        return len(self.wrong) / self.total if self.total else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        return {
            "name": self.name,
            "total": self.total,
            "by_status": dict(self.by_status),
            "by_reason": dict(self.by_reason),
            "wrong": len(self.wrong),
            "wrong_rate": round(self.wrong_rate, 4),
            "wrong_questions": self.wrong,
        }


def off_topic_answered(answer: Answer) -> bool:
    """Tell whether an off-topic question was answered, which is wrong."""
    return answer.status == "answered"


def turned_away(answer: Answer) -> bool:
    """Tell whether a fair question or small talk was refused or blocked, which is wrong."""
    return answer.status in ("refused", "blocked", "failed")


def run_scope(
    bot: Answerer,
    name: str,
    questions: Iterable[str],
    is_wrong: Callable[[Answer], bool],
    told: Callable[[], None] = lambda: None,
) -> ScopeResult:
    """Ask every question on its own and count the outcomes; `told` is called after each."""
    result = ScopeResult(name)
    for text in questions:
        answer = bot.answer(Question(text=text))
        result.total += 1
        result.by_status[answer.status] += 1
        if answer.reason:
            result.by_reason[answer.reason] += 1
        if is_wrong(answer):
            result.wrong.append(text)
        told()
    return result


def read_questions(path: Path) -> Sequence[str]:
    """Read questions from JSON lines (key "text" or "question") or plain lines.

    Raises UsageError when the file cannot be read or a line has neither key.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    if path.suffix != ".jsonl":
        return lines
    return [_question_of(path, n, line) for n, line in enumerate(lines, start=1)]


def _question_of(path: Path, number: int, line: str) -> str:
    try:
        entry = json.loads(line)
        return str(entry["text"] if "text" in entry else entry["question"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(f'{path}:{number}: has neither "text" nor "question".') from None
