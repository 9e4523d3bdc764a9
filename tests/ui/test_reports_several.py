"""One decision for several reports from the command line, as in the app's list."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.review import Case, Category, Moderators, ReviewQueue
from ingest.domain import load_card
from ingest.paths import domain_paths
from ingest.settings import load_settings
from ui.cli import run

PACK = Path(__file__).resolve().parents[2] / "corpus" / "auto-parts"
OPERATOR = Moderators.operator()

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReviewQueue:
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(tmp_path / "data"))
    return ReviewQueue(domain_paths(load_settings(domain=PACK), load_card(PACK)).reports)


@pytest.fixture
def filed(queue: ReviewQueue) -> list[str]:
    """Three reports; the last one alone is of another category."""
    categories: tuple[Category, ...] = ("wrong_fact", "wrong_fact", "other")
    with queue:
        return [
            queue.file(Case(question=f"{n}?", answer="So.", status="answered"), category).reference
            for n, category in enumerate(categories)
        ]


@pytest.fixture
def reports(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        status = run(["reports", *arguments, "--domain", str(PACK)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def states(queue: ReviewQueue, filed: list[str]) -> list[str]:
    with queue:
        return [queue.show(OPERATOR, reference).status for reference in filed]


def test_those_that_were_named_are_resolved_and_what_one_refuses_stops_no_other(
    reports: Run, queue: ReviewQueue, filed: list[str]
) -> None:
    assert reports("resolve", filed[1], "not_actionable")[0] == 0
    done = reports("resolve", *filed, "answer_fine", "--detail", "It is so.", "--yes")
    assert done[0] == 1 and done[1].startswith("Done for 2.\nNot done: " + filed[1])
    with queue:
        assert queue.look_up(filed[0]).told == "It is so."
        assert queue.show(OPERATOR, filed[1]).outcome == "not_actionable"
        assert queue.verify(OPERATOR) == []


def test_a_filter_finds_what_the_page_finds_and_is_tried_first(
    reports: Run, queue: ReviewQueue, filed: list[str]
) -> None:
    duplicates = ("resolve", "--where", "category=wrong_fact", "duplicate", "--detail", filed[2])
    status, out, _ = reports(*duplicates, "--dry-run", "--json")
    assert status == 0 and json.loads(out)["total"] == 2
    assert states(queue, filed) == ["new", "new", "new"]
    status, out, _ = reports(*duplicates, "--yes", "--json")
    assert (status, json.loads(out)) == (0, {"done": filed[:2], "refused": [], "left": 0})
    assert states(queue, filed) == ["resolved", "resolved", "new"]


def test_several_are_given_to_a_moderator_and_taken_back(
    reports: Run, queue: ReviewQueue, filed: list[str]
) -> None:
    with queue, Moderators(domain_paths(load_settings(domain=PACK), load_card(PACK)).reports) as m:
        m.add(OPERATOR, "birch", "correct horse battery")
    assert reports("assign", *filed[:2], "Birch", "--yes")[1] == "Done for 2.\n"
    assert reports("assign", "--where", "unassigned", "birch", "--yes")[1] == "Done for 1.\n"
    assert reports("assign", "--where", "assignee=birch", "--nobody", "--yes")[1] == (
        "Done for 3.\n"
    )
    with queue:
        assert {queue.show(OPERATOR, reference).assignee for reference in filed} == {None}


NOT_CLEAR = (
    (("resolve", "not_actionable"), "Name the reports, or say --where."),
    (("resolve", "--where", "category=wrong", "not_actionable"), "is no filter"),
    (("resolve", "--where", "colour=red", "not_actionable"), "is no filter"),
    (("resolve", "--where", "everything", "not_actionable"), "is no filter"),
    (("resolve", "--where", "open", "rule_added", "--words", "x"), "one report at a time"),
    (("assign", "R-7K3M9Q"), "Name the moderator, or say --nobody."),
    (("resolve", "--where", "open", "not_actionable"), "Aborted"),
)


def test_what_is_not_clear_changes_nothing(
    reports: Run, queue: ReviewQueue, filed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, says in NOT_CLEAR:
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        status, out, err = reports(*arguments)
        assert status != 0 and says in err and not out.strip(), arguments
    assert states(queue, filed) == ["new", "new", "new"]
