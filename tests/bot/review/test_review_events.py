"""The chain of events: the database refuses changes, and verifying finds those made anyway."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.review import Case, Moderator, Moderators, ReviewQueue


@pytest.fixture
def history(
    queue: ReviewQueue, make_case: Callable[..., Case], birch: Moderator, path: Path
) -> Path:
    """The file of a queue in which every kind of event has happened."""
    first = queue.file(make_case("First?"), "wrong_fact", "a comment").reference
    second = queue.file(make_case("Second?"), "out_of_date", "another").reference
    queue.file(make_case("First?"), "wrong_fact", "me too")
    queue.assign(birch, first, 1, "birch")
    queue.set_severity(birch, first, 2, "high")
    queue.note(birch, first, "looking")
    queue.resolve(birch, first, 3, "corpus_fixed", "mended", "rivers.md")
    queue.move(birch, second, 1, "dismissed", "a duplicate")
    queue.purge(Moderators.operator(), timedelta(0))
    queue.file(make_case("Third?"), "other", "the third")
    assert queue.verify(Moderators.operator()) == []
    assert queue.chain_head(Moderators.operator()).events == 11
    queue.close()
    return path


def tamper(path: Path, *statements: str, triggers: bool = False) -> None:
    """Change the file as somebody would who has another program; the triggers are dropped."""
    connection = sqlite3.connect(path)
    try:
        if not triggers:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in found.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount, "nothing was tampered with"
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report_events SET actor = 'fir' WHERE number = 2",
        "DELETE FROM report_events WHERE number = 11",
        "DELETE FROM report_events",
        "INSERT OR REPLACE INTO report_events SELECT * FROM report_events WHERE number = 2",
        "REPLACE INTO report_events SELECT 3, reference, at, 'fir', kind, old, new, detail,"
        " version, seal, previous, hash FROM report_events WHERE number = 2",
        "INSERT INTO report_events SELECT 99, reference, at, 'fir', kind, old, new, detail,"
        " version, seal, previous, hash FROM report_events WHERE number = 2",
        "UPDATE event_texts SET text = 'nicer'",
    ],
)
def test_events_are_append_only(history: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="events are"):
        tamper(history, statement, triggers=True)
    with ReviewQueue(history) as queue:
        assert queue.verify(Moderators.operator()) == []


APPEND_A_COPY = (
    "INSERT INTO report_events SELECT 12, reference, at, actor, kind, old, new, detail,"
    " version, seal, previous, hash FROM report_events WHERE number = 11"
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
                "DELETE FROM event_texts WHERE number = 11",
                "DELETE FROM report_events WHERE number = 11",
            ],
            "does not end where it should",
        ),
        (["UPDATE chain_head SET events = 3"], "does not end where it should"),
        (["DELETE FROM chain_head"], "does not end where it should"),
        ([APPEND_A_COPY], "Event 12 .* does not follow"),
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
                " closed_at, purged_at FROM reports WHERE status = 'new'"
            ],
            "no event says",
        ),
    ],
)
def test_what_was_changed_behind_the_back_is_found(
    history: Path, statements: list[str], problem: str
) -> None:
    tamper(history, *statements)
    with ReviewQueue(history) as queue:
        problems = queue.verify(Moderators.operator())
    assert any(re.search(problem, found) for found in problems), problems


def test_a_chain_that_was_written_anew_differs_from_the_hash_that_was_kept(
    history: Path, make_case: Callable[..., Case]
) -> None:
    with ReviewQueue(history) as queue:
        kept = queue.chain_head(Moderators.operator()).hash
        queue.file(make_case("Fourth?"), "other")
        assert queue.verify(Moderators.operator(), kept_hash=f" {kept}\n") == []
    tamper(
        history,
        "DELETE FROM event_texts",
        "DELETE FROM report_events",
        "DELETE FROM filings",
        "DELETE FROM reports",
        "UPDATE chain_head SET events = 0, hash = ''",
    )
    with ReviewQueue(history) as queue:
        queue.file(make_case("First?"), "other")
        assert queue.verify(Moderators.operator()) == []
        assert "kept" in queue.verify(Moderators.operator(), kept_hash=kept)[0]
