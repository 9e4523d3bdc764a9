"""Nobody but moderators gets anything from any function, however new: they are found, not listed.

Every public method of the queue and of the accounts, and every public function of bot.review that
is given `who`, is called by people who may not: nobody, strangers, forgeries, whoever's session
has ended, and moderators where an administrator is needed. Nothing is told and nothing changes.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import bot.review
from bot.regressions import RegressionCase
from bot.review import Case, Correction, Moderator, Moderators, ReportQuery, ReviewQueue
from bot.review.schema import metadata
from ingest.errors import NotSignedIn
from ingest.paths import ReportsLocation
from ingest.rules import RuleCard
from tests.bot.review.places import rows

PASSWORD = "correct horse battery"
OPERATOR = Moderators.operator()

# What everybody may call: to file and look up, to sign in and out. `preview` shows to whoever
# reports what they are about to send.
FOR_ALL = {
    ReviewQueue: {"close", "file", "preview", "look_up"},
    Moderators: {"close", "operator", "sign_in", "sign_in_by_provider", "moderator", "sign_out"},
}
FOR_ADMINISTRATORS = {
    *("ReviewQueue.export", "ReviewQueue.purge", "ReviewQueue.purge_report"),
    *("Moderators.add", "Moderators.remove", "Moderators.set_role", "Moderators.set_password"),
    *("Moderators.unlock", "Moderators.accounts"),
}


class Untouched:
    """Stands where a function has an index or a model: it has to ask who calls before it looks."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was used before anybody asked who calls")


@dataclass(frozen=True)
class Call:
    """A function with what to give it; `who` is still to be said."""

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Any]

    def __call__(self, who: object) -> object:
        found = self.function(who=who, **self.arguments)
        return list(found) if isinstance(found, Iterator) else found


def _methods(thing: ReviewQueue | Moderators) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, method in inspect.getmembers(thing, callable):
        if not name.startswith("_") and name not in FOR_ALL[type(thing)]:
            yield f"{type(thing).__name__}.{name}", method


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in pkgutil.iter_modules(bot.review.__path__):
        if module.ispkg:
            continue
        found = importlib.import_module(f"bot.review.{module.name}")
        for name, function in inspect.getmembers(found, inspect.isfunction):
            own = function.__module__ == found.__name__ and not name.startswith("_")
            parameters = inspect.signature(function).parameters
            # The requirement itself is asked inside a transaction; all others begin one.
            if own and "who" in parameters and "connection" not in parameters:
                yield f"{module.name}.{name}", function


@pytest.fixture
def calls(
    queue: ReviewQueue,
    moderators: Moderators,
    make_case: Callable[..., Case],
    tmp_path: Path,
) -> list[Call]:
    """Every call with arguments that would do, were they an administrator's."""
    moderators.add(OPERATOR, "ash", PASSWORD, "administrator")
    moderators.add(OPERATOR, "fir", PASSWORD, "moderator")
    case = make_case()
    reference = queue.file(case, "wrong_fact", "a comment").reference
    report = queue.show(OPERATOR, reference)
    pack = tmp_path / "pack"
    pack.mkdir()
    known: dict[str, Any] = {
        "act": None,
        "assignee": "fir",
        "baseline": "",
        "bench": Untouched(),
        "case": RegressionCase(id="c", question="Why?", must=("12",)),
        "correction": Correction(reference=reference, document="rivers.md", known="", case=case),
        "detail": "It is right.",
        "document": "rivers.md",
        "index": Untouched(),
        "name": "fir",
        "new": "another long password",
        "note": "a note",
        "now": case,
        "older_than": timedelta(0),
        "outcome": "not_actionable",
        "pack": pack,
        "password": PASSWORD,
        "query": ReportQuery(),
        "queue": queue,
        "reference": reference,
        "report": report,
        "role": "moderator",
        "rule": RuleCard(id="r", words=("river",), applies_to=("question",), action="flag"),
        "severity": "high",
        "sha256": "ab",
        "status": "dismissed",
        "take_out": lambda *_: None,
        "text": "a note",
        "told": "told",
        "version": report.version,
        "within": timedelta(days=1),
        "limit": 10,
    }
    found = [*_methods(queue), *_methods(moderators), *_functions()]
    return [Call(name, function, _arguments(name, function, known)) for name, function in found]


def _arguments(name: str, function: Callable[..., Any], known: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    assert "who" in parameters, f"{name} asks nobody who they are: may everybody call it?"
    needed = {
        parameter.name: parameter
        for parameter in parameters.values()
        if parameter.name != "who" and parameter.default is parameter.empty
    }
    assert not needed.keys() - known.keys(), f"say here what to give {name}: {needed.keys()}"
    return {parameter: known[parameter] for parameter in needed}


def _strangers(moderators: Moderators, birch: Moderator) -> Iterator[object]:
    """Whoever is nobody's moderator, each a way to seem one."""
    yield from (None, "birch", "operator", object(), birch.session)
    session = moderators.sign_in("birch", PASSWORD)
    ended = moderators.moderator(session.token)
    moderators.sign_out(session.token)
    yield ended
    for changes in (
        {"name": "ash"},
        {"name": "operator"},
        {"name": "reporter"},
        {"session": "0" * 64},
        {"session": ""},
        {"session": "' OR 1=1 --"},
        {"name": "ash", "session": "", "role": "administrator"},
    ):
        forged = copy.copy(birch)
        for field, value in changes.items():
            object.__setattr__(forged, field, value)
        yield forged

    class Lookalike:
        name, session, role = birch.name, birch.session, "administrator"

    yield Lookalike()


def _everything(location: ReportsLocation, folder: Path) -> object:
    """All that could change: every row but when a session was last seen, and the pack's files."""
    kept = {}
    for table in metadata.sorted_tables:
        columns = ", ".join(column.name for column in table.columns if column.name != "seen_at")
        kept[table.name] = sorted(map(str, rows(location, f"SELECT {columns} FROM {table.name}")))  # noqa: S608
    return kept, sorted(folder.rglob("*"))


def test_who_is_no_moderator_gets_nothing_from_anything(
    calls: list[Call],
    moderators: Moderators,
    birch: Moderator,
    location: ReportsLocation,
    tmp_path: Path,
) -> None:
    strangers = list(_strangers(moderators, birch))
    before = _everything(location, tmp_path / "pack")
    for call in calls:
        for who in strangers:
            with pytest.raises(NotSignedIn):
                call(who)
                pytest.fail(f"{call.name} let in {who!r}")
    assert _everything(location, tmp_path / "pack") == before


def test_a_moderator_is_no_administrator(
    calls: list[Call], birch: Moderator, location: ReportsLocation, tmp_path: Path
) -> None:
    pretending = copy.copy(birch)
    object.__setattr__(pretending, "role", "administrator")
    before = _everything(location, tmp_path / "pack")
    administrative = [call for call in calls if call.name in FOR_ADMINISTRATORS]
    assert {call.name for call in administrative} == FOR_ADMINISTRATORS
    for call in administrative:
        for who in (birch, pretending):
            with pytest.raises(NotSignedIn, match="Only an administrator"):
                call(who)
                pytest.fail(f"{call.name} let in a moderator")
    assert _everything(location, tmp_path / "pack") == before


def test_a_moderator_is_let_in_everywhere_else(calls: list[Call], birch: Moderator) -> None:
    for call in calls:
        if call.name in FOR_ADMINISTRATORS:
            continue
        try:
            call(birch)
        except NotSignedIn as refused:
            # Somebody else's password is not the one of the account that asks.
            assert call.name == "Moderators.change_own_password", (call.name, refused)
        except Exception as later:  # what was let in may still fail on what it was given
            assert not isinstance(later, sa.exc.SQLAlchemyError), (call.name, later)


def test_what_everybody_may_call_is_there() -> None:
    for kind, names in FOR_ALL.items():
        assert names <= {name for name in dir(kind) if not name.startswith("_")}
