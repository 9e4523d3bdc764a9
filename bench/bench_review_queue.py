"""Does the review queue keep what it gave a receipt for, when processes die?

Many processes file reports while moderators claim and resolve them, and now and then one of them
is killed (-9) and another takes its place. Each writes down what it was promised after it was
promised it. Then every promise is looked for in the queue: with a SQLite file, and with Debian's
PostgreSQL, which flushes to disk as in earnest. Writes bench/review_queue.md.

    .venv/bin/python bench/bench_review_queue.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.notes import write_report  # noqa: E402
from bot.review import Case, Moderators, ReportQuery, ReviewQueue  # noqa: E402
from ingest.errors import ReviewError  # noqa: E402
from ingest.paths import DatabaseSchema, ReportsLocation  # noqa: E402
from tests.bot.review.postgres_cluster import find_programs, running_cluster  # noqa: E402

RESULT = ROOT / "bench" / "review_queue.md"
PASSWORD = "correct horse battery"  # noqa: S105
EVERYBODYS = 10  # of so many reports one is of a question that everybody asks
MOST_SECONDS = 3_600

# A clean process forks the others, so none of them inherits a connection or a thread.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["bot.review", "psycopg", "sqlalchemy.dialects.postgresql"])


@dataclass(frozen=True)
class Plan:
    """How many processes do what, where, and the folder where they write down what they did."""

    location: ReportsLocation
    notes: Path
    reports: int = 2_000
    writers: int = 50
    moderators: int = 5
    kills: int = 40
    seed: int = 7


@dataclass
class Outcome:
    """What was promised, what is there, and what it took."""

    receipts: int = 0
    lost: int = 0
    doubled: int = 0
    unpromised: int = 0
    resolved: int = 0
    resolutions_lost: int = 0
    problems: list[str] = field(default_factory=list)
    events: int = 0
    kills: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    filing_ms: list[float] = field(default_factory=list)
    verify_seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        broken = self.lost, self.doubled, self.resolutions_lost, len(self.problems)
        return not any(broken)


def measure(plan: Plan) -> Outcome:
    """Let all of them loose, kill some, and compare what they wrote down with the queue."""
    with Moderators(plan.location) as accounts:
        for number in range(plan.moderators):
            accounts.add(accounts.operator(), f"moderator-{number}", PASSWORD)
    started = time.perf_counter()
    kills = _work(plan)
    outcome = _compared(plan)
    outcome.kills, outcome.seconds = kills, time.perf_counter() - started - outcome.verify_seconds
    return outcome


def _work(plan: Plan) -> int:
    """Keep everybody at work until all is filed and resolved; return how many were killed."""
    chance = random.Random(plan.seed)
    jobs = [partial(file_reports, plan, number) for number in range(plan.writers)]
    jobs += [partial(resolve_reports, plan, number) for number in range(plan.moderators)]
    running = {number: _started(job) for number, job in enumerate(jobs)}
    due = sorted(chance.uniform(0.05, 0.9) for _ in range(plan.kills))  # as shares of the work
    end = time.monotonic() + MOST_SECONDS
    try:
        while running:
            assert time.monotonic() < end, "they do not come to an end"
            time.sleep(0.1)
            killed = _kill_when_due(plan, chance, due, list(running.values()))
            for number, process in list(running.items()):
                if process.exitcode is None:
                    continue
                del running[number]
                if process.exitcode != 0:
                    assert process is killed or process.exitcode == -9, "one failed: see above"
                    running[number] = _started(jobs[number])
    finally:
        for process in running.values():
            process.kill()
    return plan.kills - len(due)


def _started(job: partial[None]) -> BaseProcess:
    process = processes.Process(target=job)
    process.start()
    return process


def _kill_when_due(
    plan: Plan, chance: random.Random, due: list[float], running: list[BaseProcess]
) -> BaseProcess | None:
    done = len(_read(plan, "filed-*")) + len(_read(plan, "resolved-*"))
    if not due or done < due[0] * 2 * plan.reports:
        return None
    due.pop(0)
    victim = chance.choice(running)
    victim.kill()
    victim.join()
    return victim


def file_reports(plan: Plan, number: int) -> None:
    """File one writer's share, going on where a process before this one was killed."""
    mine = plan.notes / f"filed-{number}"
    done = len(_lines(mine))
    share = range(number, plan.reports, plan.writers)[done:]
    with _notes(mine) as note, ReviewQueue(plan.location) as queue:
        for turn in share:
            _end_with_the_parent()
            case = Case(question=_question(turn), answer="It is so [1].", status="answered")
            while True:
                began = time.perf_counter()
                try:
                    receipt = queue.file(case, "wrong_fact", f"report {turn}")
                    break
                except ReviewError as refused:
                    _note_refusal(plan, number, refused)
            took = (time.perf_counter() - began) * 1000
            note(f"{turn} {receipt.reference} {receipt.token} {took:.2f}")


def resolve_reports(plan: Plan, number: int) -> None:
    """Claim and resolve, one report after the other, until there is none and none to come."""
    chance = random.Random(plan.seed + number)
    with (
        _notes(plan.notes / f"resolved-{number}") as note,
        Moderators(plan.location) as accounts,
        ReviewQueue(plan.location) as queue,
    ):
        who = None
        while True:
            _end_with_the_parent()
            try:
                if who is None:
                    token = accounts.sign_in(f"moderator-{number}", PASSWORD).token
                    who = accounts.moderator(token)
                # First what this moderator held when the process before this one was killed.
                found = queue.reports(who, ReportQuery(assignee="@me"), limit=1)
                found = found or queue.reports(who, ReportQuery(assignee="@nobody"), limit=20)
                if not found:
                    all_filed = len(_read(plan, "filed-*")) >= plan.reports
                    if all_filed and not queue.count(who):
                        return
                    time.sleep(0.05)
                    continue
                chosen = chance.choice(found)
                held = queue.claim(who, chosen.reference, chosen.version)
                queue.resolve(
                    who, held.reference, held.version, "answer_fine", "looked at", "It is so."
                )
            except ReviewError as refused:
                _note_refusal(plan, 1_000 + number, refused)
            else:
                note(held.reference)


def _compared(plan: Plan) -> Outcome:
    """Look for every promise in the queue, and for what nobody was promised."""
    outcome = Outcome()
    operator = Moderators.operator()
    receipts = [line.split() for line in _read(plan, "filed-*")]
    outcome.receipts = len(receipts)
    outcome.filing_ms = [float(took) for *_, took in receipts]
    outcome.refused = Counter(line.partition(" ")[0] for line in _read(plan, "refused-*"))
    with ReviewQueue(plan.location) as queue:
        began = time.perf_counter()
        outcome.problems = queue.verify(operator)
        outcome.verify_seconds = time.perf_counter() - began
        outcome.events = queue.chain_head(operator).events
        there = {report["reference"]: report for report in queue.export(operator)}
    asked = Counter(report["question"] for report in there.values())
    outcome.lost = sum(
        reference not in there or there[reference]["question"] != _question(int(turn))
        for turn, reference, *_ in receipts
    )
    outcome.doubled = sum(number - 1 for question, number in asked.items())
    counted = sum(1 + report["repeats"] for report in there.values())
    outcome.unpromised = counted - len(receipts)
    _compare_resolutions(plan, there, outcome)
    return outcome


def _compare_resolutions(plan: Plan, there: dict[str, dict[str, object]], outcome: Outcome) -> None:
    for notes in plan.notes.glob("resolved-*"):
        name = f"moderator-{notes.name.partition('-')[2]}"
        for reference in _lines(notes):
            events = there[reference]["events"]
            assert isinstance(events, list)
            by = [event["actor"] for event in events if event["kind"] == "resolved"]
            outcome.resolutions_lost += by != [name]
            outcome.resolved += 1


def _question(turn: int) -> str:
    return "What everybody asks?" if turn % EVERYBODYS == 0 else f"Question {turn}?"


@contextmanager
def _notes(path: Path) -> Iterator[Callable[[str], int]]:
    """Lend a function that appends a line, which outlives the process that wrote it."""
    descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    try:
        yield lambda line: os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        os._exit(1)


def _note_refusal(plan: Plan, number: int, refused: ReviewError) -> None:
    with (plan.notes / f"refused-{number}").open("a", encoding="utf-8") as file:
        file.write(f"{type(refused).__name__} {refused}\n")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _read(plan: Plan, pattern: str) -> list[str]:
    return [line for path in sorted(plan.notes.glob(pattern)) for line in _lines(path)]


def main() -> int:
    """Measure in both places and write it down; 1 if a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, number in (("reports", 2_000), ("writers", 50), ("moderators", 5), ("kills", 40)):
        asked.add_argument(f"--{name}", type=int, default=number)
    asked.add_argument("--no-write", action="store_true", help="only print")
    given = vars(asked.parse_args())
    write = not given.pop("no_write")
    load = os.getloadavg()[0]
    outcomes = {}
    for place, location, folder in _places():
        outcomes[place] = measure(Plan(location, folder, **given))
        shown = replace(outcomes[place], filing_ms=quantiles(outcomes[place].filing_ms, n=20))
        print(f"{place}: {shown}", file=sys.stderr, flush=True)
    report = _report(outcomes, given, load)
    print(report)
    if write:
        write_report(RESULT, report)
    return 0 if all(outcome.sound for outcome in outcomes.values()) else 1


def _places() -> Iterator[tuple[str, ReportsLocation, Path]]:
    with tempfile.TemporaryDirectory() as name:
        yield "SQLite", Path(name) / "domain" / "reports.sqlite3", Path(name)
    programs = find_programs()
    assert programs is not None, "PostgreSQL is not installed"
    with running_cluster(programs, chosen=()) as url, tempfile.TemporaryDirectory() as name:
        yield "PostgreSQL", DatabaseSchema(url, "groundskeeper_bench"), Path(name)


def _report(outcomes: dict[str, Outcome], plan: dict[str, int], load: float) -> str:
    rows = {
        "receipts given": lambda o: f"{o.receipts:,}",
        "of them lost": lambda o: f"{o.lost:,}",
        "reports that are there twice": lambda o: f"{o.doubled:,}",
        "saved, and the writer killed before it could say so": lambda o: f"{o.unpromised:,}",
        "resolutions said to be saved": lambda o: f"{o.resolved:,}",
        "of them lost, or somebody else's": lambda o: f"{o.resolutions_lost:,}",
        "processes killed with -9": lambda o: f"{o.kills:,}",
        "events, all chained": lambda o: f"{o.events:,}",
        "problems that `verify` finds": lambda o: f"{len(o.problems):,}",
        "refused: another moderator was faster": lambda o: f"{_overtaken(o):,}",
        "refused: waited too long, told so, tried again": lambda o: f"{o.refused['ReviewError']:,}",
        "seconds from start to end": lambda o: f"{o.seconds:.1f}",
        "reports filed and resolved a second": lambda o: f"{o.receipts / o.seconds:.0f}",
        "ms to file, half of them": lambda o: f"{median(o.filing_ms):.0f}",
        "ms to file, 95 of 100": lambda o: f"{quantiles(o.filing_ms, n=20)[-1]:.0f}",
        "ms to file, the longest": lambda o: f"{max(o.filing_ms):,.0f}",
        "seconds to verify": lambda o: f"{o.verify_seconds:.2f}",
    }
    lines = [
        "# The review queue, with processes that die",
        "",
        f"Written by `bench/bench_review_queue.py` on {date.today()}; one run in each place, on",
        f"one machine (2 shared cores). {plan['writers']} processes file {plan['reports']:,} "
        f"reports, one in {EVERYBODYS} of the same question, while",
        f"{plan['moderators']} moderators claim and resolve; at {plan['kills']} moments one of them"
        " all is killed with -9 and replaced.",
        "Both flush each commit to disk. What a process was promised it wrote down afterwards.",
        f"The load average was {load:.0f} before it began. Above 2 others worked, and seconds",
        "can only be compared from column to column.",
        "",
        f"| | {' | '.join(outcomes)} |",
        f"| --- | {' | '.join('---:' for _ in outcomes)} |",
        *(
            f"| {name} | {' | '.join(value(outcome) for outcome in outcomes.values())} |"
            for name, value in rows.items()
        ),
        "",
        _ratio(outcomes),
    ]
    return "\n".join(lines) + "\n"


def _overtaken(outcome: Outcome) -> int:
    return sum(number for name, number in outcome.refused.items() if name != "ReviewError")


def _ratio(outcomes: dict[str, Outcome]) -> str:
    file, server = outcomes["SQLite"], outcomes["PostgreSQL"]
    speed = file.seconds / server.seconds
    waits = median(server.filing_ms) / median(file.filing_ms)
    return (
        f"PostgreSQL did the whole in {1 / speed:.2f} of SQLite's time; filing took {waits:.2f} "
        "times as long for half of them."
    )


if __name__ == "__main__":
    sys.exit(main())
