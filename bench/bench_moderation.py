"""How much work it is to clear a queue, and how fast it lists and searches 100,000 reports.

A scripted moderator clears 20 prepared reports of mixed kinds in Chromium, by keyboard and mouse in
turn: real answers of the real bot over a part of the college pack, in the real app. Counted are key
presses and clicks; what is typed into a field counts as one more, and so does leaving it. A person
reads besides, which no script can measure.

    .venv/bin/python bench/bench_moderation.py [--reports N]     writes bench/moderation.md
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import expect, sync_playwright

from bench.notes import write_report
from bot.review import BUILT_IN, Moderators, ReportQuery, ReviewQueue
from bot.review.schema import asked, report_documents, reports
from bot.review.searching import searchable
from bot.review.store import ReportStore
from ingest.domain import load_card
from ingest.embeddings import make_embeddings
from ingest.paths import domain_paths
from ingest.reindex import Reindexer
from ingest.settings import Settings
from tools.clearing import Cleared, Clearing, file_reports
from tools.screenshots import running_app

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "bench" / "moderation.md"
CORPUS = ROOT / "corpus" / "colleges"
GUIDES = ("how-admissions-work.md", "css-profile.md")
ROWS = 120
VOCABULARY = 20_000
SEED = 20_261_121
WAIT_MS = 120_000
WIDE = {"width": 1200, "height": 900}


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = make_pack(Path(folder))
        cleared = clear(settings)
        timed = list(latencies(Path(folder) / "many.sqlite3", given.reports))
    write_report(REPORT, written(cleared, timed, given.reports))


# --- clearing ---------------------------------------------------------------------------------


def make_pack(root: Path) -> Settings:
    """Index a part of the college pack under `root`."""
    pack = root / "pack"
    (pack / "guides").mkdir(parents=True)
    shutil.copy(CORPUS / "domain.toml", pack)
    for guide in GUIDES:
        shutil.copy(CORPUS / "guides" / guide, pack / "guides")
    header, *rows = (CORPUS / "institutions.csv").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if "University of California-Los Angeles" in row]
    few = "\n".join([header, *kept, *rows[:: len(rows) // ROWS]])
    (pack / "institutions.csv").write_text(few + "\n", encoding="utf-8")
    settings = Settings(domain=pack, data_dir=root / "data", models_file=ROOT / "models.toml")
    card = load_card(pack)
    Reindexer(pack, card, domain_paths(settings, card), make_embeddings(settings)).run()
    return settings


def clear(settings: Settings) -> list[Cleared]:
    """File 20 reports and clear them in a browser."""
    plan = file_reports(settings)
    with running_app(settings) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_context(viewport=WIDE, reduced_motion="reduce").new_page()
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        clearing = Clearing(page, plan)
        clearing.sign_in(address)
        cleared = clearing.clear_all()
        browser.close()
    return cleared


# --- at size ----------------------------------------------------------------------------------


def latencies(path: Path, size: int) -> Iterator[tuple[str, float, float]]:
    """Yield what was done with a queue of `size` open reports, and its median times (ms).

    First the processor's, which is what it takes on a machine that is idle, then the clock's.
    """
    _fill(path, size)
    yield from _measured(path)


def _measured(path: Path) -> Iterator[tuple[str, float, float]]:
    who = Moderators.operator()
    with ReviewQueue(path) as queue:
        steps: dict[str, Callable[[], object]] = {
            "first 500 by priority": lambda: queue.reports(who, limit=500),
            "the same, counted": lambda: queue.count(who),
            "the oldest first": lambda: queue.reports(who, BUILT_IN["oldest"], limit=500),
            "unassigned": lambda: queue.reports(who, BUILT_IN["unassigned"], limit=500),
            "one document's": lambda: queue.reports(who, ReportQuery(document="d7.md")),
            "search, a rare word": lambda: queue.reports(who, ReportQuery(text="w19001")),
            "search, two words and a beginning": lambda: queue.reports(
                who, ReportQuery(text="w40 w300 w9")
            ),
            "reports by state": lambda: queue.by_status(who),
            "insight, 30 days": lambda: queue.insight(who, 30),
        }
        for name, step in steps.items():
            step()
            took = [_timed(step) for _ in range(7)]
            worked, waited = zip(*took, strict=True)
            yield name, statistics.median(worked), statistics.median(waited)


def _timed(step: Callable[[], object]) -> tuple[float, float]:
    """Return milliseconds of the processor and of the clock."""
    worked, begun = time.process_time(), time.perf_counter()
    step()
    return 1000 * (time.process_time() - worked), 1000 * (time.perf_counter() - begun)


def _fill(path: Path, size: int) -> None:
    """Fill a queue with reports of 170 words each, past the code that files them one by one."""
    chance = random.Random(SEED)
    law = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
    words = [f"w{rank}" for rank in range(VOCABULARY)]
    day = datetime.now(tz=UTC).date().isoformat()
    now = time.time_ns()
    store = ReportStore(path)
    for begin in range(0, size, 2_000):
        numbers = range(begin, min(begin + 2_000, size))
        rows = [
            _row(n, chance, chance.choices(words, cum_weights=law, k=170), now) for n in numbers
        ]
        cited = [{"reference": row["reference"], "document": row["document"]} for row in rows]
        often = [
            {"group_key": row["group_key"], "day": day, "times": chance.randrange(1, 500)}
            for row in rows[::3]
        ]
        with store.writing() as connection:
            connection.execute(sa.insert(reports), rows)
            connection.execute(sa.insert(report_documents), cited)
            connection.execute(sa.insert(asked), often)
    store.close()


def _row(n: int, chance: random.Random, words: list[str], now: int) -> dict[str, Any]:
    text = " ".join(words)
    return {
        "reference": f"R-{n:06d}",
        "fingerprint": f"f{n:063d}",
        "group_key": f"g{n:063d}",
        "status": chance.choice(("new", "triaged", "in_progress")),
        "severity": chance.choice(("low", "normal", "normal", "high", "urgent")),
        "category": "wrong_fact",
        "outcome_detail": "",
        "question": text[:80],
        "comment": "",
        "search_text": searchable(text),
        "model": "m",
        "model_digest": "",
        "document": f"d{n % 200}.md",
        "index_generation": 1,
        "rules_version": "",
        "repeats": chance.choice((0, 0, 0, 1, 2)),
        "version": 1,
        "filed_at": now - n * 10**9,
        "changed_at": now,
    }


# --- the report -------------------------------------------------------------------------------


def written(
    cleared: Sequence[Cleared], timed: Sequence[tuple[str, float, float]], size: int
) -> str:
    """Return the report as Markdown."""
    lines = [
        "# Clearing the review queue",
        "",
        f"Measured on {date.today():%d %B %Y} by `bench/bench_moderation.py`, on a machine that "
        "others worked on as well.",
        "",
        f"## {len(cleared)} reports, by keyboard and mouse in turn",
        "",
        "Presses are keys and clicks until the next report is open; words typed into one field "
        "are one. Seconds are the app's and the script's, with the model's where a case is tried; "
        "a person reads besides.",
        "",
        "| outcome | reports | presses each | seconds each (median) |",
        "|---|--:|--:|--:|",
    ]
    for outcome in dict.fromkeys(one.outcome for one in cleared):
        of_it = [one for one in cleared if one.outcome == outcome]
        presses = sorted({one.presses for one in of_it})
        seconds = statistics.median(one.seconds for one in of_it)
        told = " or ".join(map(str, presses))
        lines.append(f"| {outcome} | {len(of_it)} | {told} | {seconds:.1f} |")
    total, most = sum(one.presses for one in cleared), max(one.presses for one in cleared)
    mean = total / len(cleared)
    lines += [
        "",
        f"In all {total} presses, {mean:.1f} for each report, at most {most}, and one to begin.",
        "",
        f"## A queue of {size:,} open reports",
        "",
        "SQLite, 170 words each; medians of seven runs, after one to warm up, in milliseconds: of "
        "the processor, which is what it takes where nobody else works, and of the clock.",
        "",
        "| what | processor | clock |",
        "|---|--:|--:|",
        *(f"| {name} | {worked:,.0f} | {waited:,.0f} |" for name, worked, waited in timed),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
