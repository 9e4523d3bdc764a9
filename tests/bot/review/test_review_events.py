"""The chain of events: the database refuses changes, and verifying finds those made anyway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.review import Case, Moderators, ReviewQueue
from bot.review.events import find_problems
from ingest.paths import DatabaseSchema, ReportsLocation
from tests.bot.review.conftest import PASSWORD
from tests.bot.review.places import change, empty, other_program


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def history(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    make_case: Callable[..., Case],
) -> ReportsLocation:
    """The place of a queue in which every kind of event has happened; left as it is."""
    location: ReportsLocation = tmp_path_factory.mktemp("history") / "reports.sqlite3"
    if request.param == "postgresql":
        location = DatabaseSchema(request.getfixturevalue("server"), "groundskeeper_history")
    operator = Moderators.operator()
    with Moderators(location) as moderators, ReviewQueue(location) as queue:
        moderators.add(operator, "birch", PASSWORD)
        birch = moderators.moderator(moderators.sign_in("birch", PASSWORD).token)
        first = queue.file(make_case("First?"), "wrong_fact", "a comment").reference
        second = queue.file(make_case("Second?"), "out_of_date", "another").reference
        queue.file(make_case("First?"), "wrong_fact", "me too")
        queue.assign(birch, first, 1, "birch")
        queue.set_severity(birch, first, 2, "high")
        queue.note(birch, first, "looking")
        queue.resolve(birch, first, 3, "corpus_fixed", "mended", "rivers.md")
        queue.move(birch, second, 1, "dismissed", "a duplicate")
        queue.purge(operator, timedelta(0))
        queue.file(make_case("Third?"), "other", "the third")
        assert queue.verify(operator) == []
        assert queue.chain_head(operator).events == 12
    return location


@contextmanager
def tampered(
    history: ReportsLocation, *statements: str, triggers: bool = False
) -> Iterator[sa.Connection]:
    """A database that somebody changed who has another program; afterwards it is as before."""
    with other_program(history, triggers=triggers) as connection:
        try:
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount, "nothing was changed"
            yield connection
        finally:
            connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report_events SET actor = 'fir' WHERE number = 2",
        "DELETE FROM report_events WHERE number = 12",
        "DELETE FROM report_events",
        "INSERT INTO report_events SELECT 3, reference, at, 'fir', kind, old, new, detail,"
        " version, seal, previous, hash FROM report_events WHERE number = 2"
        " ON CONFLICT (number) DO UPDATE SET actor = 'fir'",
        "INSERT INTO report_events SELECT 99, reference, at, 'fir', kind, old, new, detail,"
        " version, seal, previous, hash FROM report_events WHERE number = 2",
        "UPDATE event_texts SET text = 'nicer'",
    ],
)
def test_events_are_append_only(history: ReportsLocation, statement: str) -> None:
    refused = pytest.raises(sa.exc.IntegrityError, match="events are")
    with refused, tampered(history, statement, triggers=True):
        pass


@pytest.mark.parametrize("number", [2, 3])
def test_a_file_lets_no_event_be_replaced(
    path: Path, queue: ReviewQueue, make_case: Callable[..., Case], number: int
) -> None:
    for question in ("First?", "Second?"):
        queue.file(make_case(question), "wrong_fact")
    copy = (
        f"REPLACE INTO report_events SELECT {number - 1}, reference, at, 'fir', kind, old,"  # noqa: S608
        " new, detail, version, seal, previous, hash FROM report_events WHERE number = 1"
    )
    with pytest.raises(sa.exc.IntegrityError, match="events are only appended"):
        change(path, copy)


def test_a_server_lets_events_not_be_emptied(new_schema: DatabaseSchema) -> None:
    with ReviewQueue(new_schema) as queue:
        assert queue.verify(Moderators.operator()) == []
    with pytest.raises(sa.exc.IntegrityError, match="events are never deleted"):
        change(new_schema, "TRUNCATE report_events CASCADE")


APPEND_A_COPY = (
    "INSERT INTO report_events SELECT 13, reference, at, actor, kind, old, new, detail,"
    " version, seal, previous, hash FROM report_events WHERE number = 12"
)


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (["UPDATE report_events SET actor = 'fir' WHERE number = 4"], "Event 4 .* was changed"),
        (["UPDATE report_events SET at = at - 1 WHERE number = 1"], "Event 1 .* was changed"),
        (["UPDATE report_events SET new = 'x' WHERE number = 2"], "Event 2 .* was changed"),
        (["UPDATE report_events SET detail = 'x' WHERE kind = 'resolved'"], "was changed"),
        (["UPDATE report_events SET version = 9 WHERE number = 5"], "Event 5 .* was changed"),
        (["UPDATE report_events SET previous = 'x' WHERE number = 3"], "does not follow"),
        (["UPDATE report_events SET hash = 'x' WHERE number = 3"], "Event 4 .* does not follow"),
        (["DELETE FROM report_events WHERE number = 4"], "event 4 is missing"),
        (["DELETE FROM report_events WHERE number = 1"], "event 1 is missing"),
        (
            [
                "DELETE FROM event_texts WHERE number = 12",
                "DELETE FROM report_events WHERE number = 12",
            ],
            "does not end where it should",
        ),
        (["UPDATE chain_head SET events = 3"], "does not end where it should"),
        (["DELETE FROM chain_head"], "does not end where it should"),
        ([APPEND_A_COPY], "Event 13 .* does not follow"),
        (["UPDATE event_texts SET text = 'nicer'"], "text was changed"),
        (["UPDATE event_texts SET snapshot = replace(snapshot, '12', '13')"], "text was changed"),
        (["UPDATE event_texts SET snapshot = '{'"], "text was changed"),
        (["UPDATE event_texts SET salt = ''"], "text was changed"),
        (["DELETE FROM event_texts"], "text is gone"),
        (["UPDATE reports SET status = 'triaged' WHERE status = 'new'"], "its status is not"),
        (["UPDATE reports SET severity = 'low' WHERE severity = 'high'"], "its severity is not"),
        (["UPDATE reports SET assignee = NULL WHERE assignee = 'birch'"], "its assignee is not"),
        (["UPDATE reports SET outcome = 'answer_fine' WHERE outcome > ''"], "its outcome is not"),
        (["UPDATE reports SET repeats = 7 WHERE repeats = 0"], "its repeats is not"),
        (["UPDATE reports SET version = version + 1"], "its version is not"),
        (["UPDATE reports SET category = 'other'"], "its category is not"),
        (["UPDATE reports SET purged_at = NULL WHERE purged_at > 0"], "its purged is not"),
        (["UPDATE reports SET question = 'x' WHERE status = 'new'"], "its question is not"),
        (["UPDATE reports SET comment = 'x' WHERE status = 'new'"], "its comment is not"),
        (["UPDATE reports SET filed_at = filed_at - 1"], "its filed_at is not"),
        (["UPDATE reports SET outcome_detail = 'x'"], "its outcome_detail is not"),
        (
            [
                "INSERT INTO reports SELECT 'R-000000', 'x', group_key, status, severity, category,"
                " assignee, outcome, outcome_detail, question, comment, search_text, model_digest,"
                " index_generation, rules_version, repeats, version, filed_at, changed_at,"
                " closed_at, purged_at, claim_until, model, document FROM reports"
                " WHERE status = 'new'"
            ],
            "no event says",
        ),
    ],
)
def test_what_was_changed_behind_the_back_is_found(
    history: ReportsLocation, statements: list[str], problem: str
) -> None:
    with tampered(history, *statements) as connection:
        problems = find_problems(connection)
    assert any(re.search(problem, found) for found in problems), problems


def test_a_chain_that_was_written_anew_differs_from_the_hash_that_was_kept(
    queue: ReviewQueue, location: ReportsLocation, make_case: Callable[..., Case]
) -> None:
    operator = Moderators.operator()
    queue.file(make_case("First?"), "other", "a comment")
    kept = queue.chain_head(operator).hash
    queue.file(make_case("Second?"), "other")
    assert queue.verify(operator, kept_hash=f" {kept}\n") == []
    queue.close()
    empty(location)
    queue.file(make_case("First?"), "other", "a nicer comment")
    assert queue.verify(operator) == []
    assert "kept" in queue.verify(operator, kept_hash=kept)[0]
