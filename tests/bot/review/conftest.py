"""A real queue and real accounts in one file, and a clock that tests can move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.answer import Answer, AnswerTable, Citation, Column
from bot.review import Case, Moderator, Moderators, ReviewQueue, freeze

PASSWORD = "correct horse battery"
SECOND = 10**9
HOUR = 3_600 * SECOND


class Clock:
    """Stands still until it is moved; in nanoseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def forward(self, *, hours: float = 0, seconds: float = 0) -> None:
        self.now += int(hours * HOUR + seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "domain" / "reports.sqlite3"


@pytest.fixture
def queue(path: Path, clock: Clock) -> Iterator[ReviewQueue]:
    with ReviewQueue(path, clock=clock) as queue:
        yield queue


@pytest.fixture
def moderators(path: Path, clock: Clock) -> Iterator[Moderators]:
    # Real argon2, at a price that tests can pay.
    cheap = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    with Moderators(path, clock=clock, hasher=cheap) as moderators:
        yield moderators


@pytest.fixture
def operator() -> Moderator:
    return Moderators.operator()


@pytest.fixture
def birch(moderators: Moderators) -> Moderator:
    """Somebody who is signed in."""
    moderators.add("birch", PASSWORD)
    return moderators.moderator(moderators.sign_in("birch", PASSWORD).token)


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """Make cases with every part that a case can have."""
    return _make_case


def _make_case(question: str = "How long is the river?", **changes: Any) -> Case:
    parts: dict[str, Any] = {
        "question": question,
        "status": "answered",
        "text": "It is 12 km long [1].",
        "citations": (Citation(n=1, document="rivers.md", page=3, quote="12 km long"),),
        "table": AnswerTable(
            columns=(Column(label="River"), Column(label="Length", unit="km", type="number")),
            rows=(("Birch", 12.5), ("Fir", None)),
            display=(("Birch", "12.5 km"), ("Fir", "not reported")),
            citations=(1, 1),
        ),
        "plan": {"kind": "lookup", "entities": ["Birch"]},
        "model": "test-model",
        "digest": "sha256:abc",
        "index_generation": 4,
        "flags": ("watch",),
    }
    rules_version = changes.pop("rules_version", "rules-1")
    answer = Answer(**{**parts, **changes})
    return freeze(answer, rules_version=rules_version, asked_before=["Where is it?"])
