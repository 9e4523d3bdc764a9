"""Processes at once on one file: everything is saved once, and of two who claim, one wins."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.bench_review_queue import Plan, measure
from bot.review import Case, Moderators, ReportQuery, ReviewQueue
from ingest.paths import ReportsLocation
from tests.bot.review.places import LOCATION, told

PROCESSES = 3

# Each process says that it is ready, and starts when it is told to.
FILE = (
    LOCATION
    + """
import json
from bot.review import Case, ReviewQueue

number = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
made = []
for turn in range(6):
    # Opened anew each time, as by a command line.
    with ReviewQueue(location) as queue:
        for question in (f"Question {number}.{turn}?", "What everybody asks?"):
            case = Case(question=question, answer="So [1].", status="answered")
            receipt = queue.file(case, "wrong_fact", f"from {number}")
            made.append([receipt.reference, receipt.repeated])
print(json.dumps(made))
"""
)

CLAIM = (
    LOCATION
    + """
import json
from bot.review import Moderators, ReviewQueue
from ingest.errors import ReportConflict

name, references = sys.argv[2], sys.argv[3].split(",")
with Moderators(location) as moderators, ReviewQueue(location) as queue:
    who = moderators.moderator(moderators.sign_in(name, "correct horse battery").token)
    print("ready", flush=True)
    sys.stdin.readline()
    won = []
    for reference in references:
        try:
            won.append(queue.assign(who, reference, 1, name).reference)
        except ReportConflict as conflict:
            assert "took it" in conflict.message
    print(json.dumps(won))
"""
)


def _run_at_once(program: str, arguments: list[list[str]]) -> list[Any]:
    """Start one process for each list of arguments, let them go together, return their words."""
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for given in arguments
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=300)[0] for process in running]
        assert [process.returncode for process in running] == [0] * len(running)
        return [json.loads(words) for words in said]
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_processes_that_file_at_once_lose_nothing(location: ReportsLocation) -> None:
    if isinstance(location, Path):
        assert not location.exists(), "they also race to create it"
    made = _run_at_once(FILE, [[told(location), str(n)] for n in range(PROCESSES)])
    receipts = [tuple(receipt) for one in made for receipt in one]
    assert len(receipts) == 12 * PROCESSES
    operator = Moderators.operator()
    with ReviewQueue(location) as queue:
        reports = queue.reports(operator, limit=500)
        assert {report.reference for report in reports} == {reference for reference, _ in receipts}
        assert len(reports) == 6 * PROCESSES + 1
        assert reports[0].repeats == 6 * PROCESSES - 1
        assert sum(repeated for _, repeated in receipts) == reports[0].repeats
        assert queue.verify(Moderators.operator()) == []


def test_of_moderators_who_claim_a_report_one_wins(location: ReportsLocation) -> None:
    names = ["birch", "fir"]
    with Moderators(location) as moderators, ReviewQueue(location) as queue:
        for name in names:
            moderators.add(Moderators.operator(), name, "correct horse battery")
        references = [
            queue.file(
                Case(question=f"No {n}?", answer="So.", status="answered"), "wrong_fact"
            ).reference
            for n in range(12)
        ]
        won = _run_at_once(CLAIM, [[told(location), name, ",".join(references)] for name in names])
        assert Counter(won[0] + won[1]) == Counter(references)
        for name, theirs in zip(names, won, strict=True):
            for reference in theirs:
                report = queue.show(moderators.operator(), reference)
                assert (report.assignee, report.version) == (name, 2)
                assert [event.kind for event in report.events] == ["filed", "assigned"]
        assert queue.verify(Moderators.operator()) == []


def test_a_process_that_dies_half_way_leaves_nothing_half_done(location: ReportsLocation) -> None:
    program = (
        LOCATION
        + """
import os
import bot.review.filing as filing
from bot.review import Case, ReviewQueue

queue = ReviewQueue(location)
queue.file(Case(question="First?", answer="So.", status="answered"), "wrong_fact")
filing.append = lambda connection, entry: os.kill(os.getpid(), 9)
queue.file(Case(question="Second?", answer="So.", status="answered"), "wrong_fact")
"""
    )
    done = subprocess.run([sys.executable, "-c", program, told(location)], timeout=300)
    assert done.returncode == -9
    with ReviewQueue(location) as queue:
        assert [one.question for one in queue.reports(Moderators.operator())] == ["First?"]
        assert queue.verify(Moderators.operator()) == []
        again = queue.file(Case(question="Second?", answer="So.", status="answered"), "wrong_fact")
        assert not again.repeated


def test_what_was_promised_is_there_though_processes_die(
    location: ReportsLocation, tmp_path: Path
) -> None:
    """The small brother of bench/bench_review_queue.py."""
    notes = tmp_path / "notes"
    notes.mkdir()
    outcome = measure(Plan(location, notes, reports=60, writers=6, moderators=1, kills=1))
    assert (outcome.receipts, outcome.kills, outcome.problems) == (60, 1, [])
    assert (outcome.lost, outcome.doubled, outcome.resolutions_lost) == (0, 0, 0)
    assert 0 <= outcome.unpromised <= 1
    assert outcome.resolved >= 54, "each question once, and what everybody asks"


@pytest.mark.slow
def test_a_large_queue_stays_quick(path: Path) -> None:
    """100,000 reports in one file: a list, a search and a report are read at once."""
    operator = Moderators.operator()
    with ReviewQueue(path) as queue:
        first = queue.file(Case(question="First?", answer="So.", status="answered"), "wrong_fact")
        _multiply(path, 100_000)
        started = time.perf_counter()
        assert len(queue.reports(operator)) == 50
        assert queue.count(operator) == 100_001
        assert queue.count(operator, ReportQuery(text="number 177777")) == 1
        queue.show(operator, first.reference)
        queue.file(Case(question="Last?", answer="So.", status="answered"), "wrong_fact")
        assert time.perf_counter() - started < 60


def _multiply(path: Path, times: int) -> None:
    connection = sqlite3.connect(path)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(reports)")]
    changed = {
        "reference": "'R-' || value",
        "fingerprint": "value",
        "group_key": "value",
        "search_text": "'number ' || value",
    }
    chosen = ", ".join(changed.get(column, column) for column in columns)
    connection.execute(
        f"WITH RECURSIVE n(value) AS (SELECT 100000 UNION ALL SELECT value + 1 FROM n"  # noqa: S608
        f" WHERE value < {99_999 + times}) INSERT INTO reports SELECT {chosen} FROM reports, n"
    )
    connection.commit()
    connection.close()
