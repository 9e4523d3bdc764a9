"""A real queue and real accounts in each place they can be in, and a clock that tests can move.

Every test that asks for `location`, or for what is made of it, runs twice: with a SQLite file and
with a schema of a real PostgreSQL server. One that asks for `path` is about the file and runs once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.answer import Answer, AnswerTable, Citation, Column
from bot.review import Case, Moderator, Moderators, ReviewQueue, freeze
from ingest.paths import DatabaseSchema, ReportsLocation
from tests.bot.review.places import empty
from tests.bot.review.postgres_cluster import find_programs, running_cluster

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what does not ask for the file in both places."""
    if "location" in metafunc.fixturenames:
        places = ["sqlite"] if "path" in metafunc.fixturenames else ["sqlite", "postgresql"]
        metafunc.parametrize("location", places, indirect=True)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this process's own."""
    programs = find_programs()
    if programs is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    assert programs is not None, "CI has PostgreSQL"
    with running_cluster(programs) as url:
        yield url


@pytest.fixture
def location(request: pytest.FixtureRequest, tmp_path: Path) -> ReportsLocation:
    """Where the reports are: nowhere yet (SQLite), or in a schema that is empty."""
    if request.param == "sqlite":
        return tmp_path / "domain" / "reports.sqlite3"
    schema = DatabaseSchema(request.getfixturevalue("server"), "groundskeeper_tests")
    empty(schema)
    return schema


@pytest.fixture
def path(location: ReportsLocation) -> Path:
    """The same place for tests that are about the file."""
    assert isinstance(location, Path)
    return location


_numbers = count()


@pytest.fixture
def new_schema(server: str) -> DatabaseSchema:
    """A schema that nobody has made yet."""
    return DatabaseSchema(server, f"groundskeeper_new-{next(_numbers)}")


@pytest.fixture
def queue(location: ReportsLocation, clock: Clock) -> Iterator[ReviewQueue]:
    with ReviewQueue(location, clock=clock) as queue:
        yield queue


@pytest.fixture
def moderators(location: ReportsLocation, clock: Clock) -> Iterator[Moderators]:
    # Real argon2, at a price that tests can pay.
    cheap = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    with Moderators(location, clock=clock, hasher=cheap) as moderators:
        yield moderators


@pytest.fixture
def operator() -> Moderator:
    return Moderators.operator()


@pytest.fixture
def birch(moderators: Moderators) -> Moderator:
    """Somebody who is signed in."""
    moderators.add(Moderators.operator(), "birch", PASSWORD, "moderator")
    return moderators.moderator(moderators.sign_in("birch", PASSWORD).token)


@pytest.fixture(scope="session")
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
