"""Facts from records: what planning a question and running its plan take, beside pandas.

Synthetic rows with names of several words, in SQLite on disk, at 5,000 and 500,000 rows. The same
questions are answered by a data frame, with the conditions written by hand (pandas cannot read a
question), and by a loop over Python dictionaries. All side by side in one run; prints the
median and 99th percentile in milliseconds, and how many times as long ours takes.

    .venv/bin/python bench/bench_facts.py [rows ...]
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from bot.facts import FactFinder
from bot.planning import make_planner
from ingest.domain import DomainCard, load_card
from ingest.records import record_table

PACK = Path(__file__).parent.parent / "corpus" / "colleges"
SEED = 7
ROUNDS = 60
SYLLABLES = re.findall("..", "arbelcodanelfegaholithjokelulumarnorostpequirosesetoulvawesyazebr")
STATES = ("TX", "OK", "CA", "NY", "VT", "OH", "GA", "FL", "MI", "PA")

Frame = pd.DataFrame
Rows = list[dict[str, Any]]


def make_rows(n: int, card: DomainCard) -> Rows:
    """Make n rows; every tenth figure is not reported."""
    chance = random.Random(SEED)
    keys = [field.key for field in card.tables[0].fields]

    def some(value: float) -> float | None:
        return None if chance.random() < 0.1 else value

    rows = []
    for i in range(n):
        word = "".join(chance.choices(SYLLABLES, k=3)).capitalize()
        place = "".join(chance.choices(SYLLABLES, k=2)).capitalize()
        values: dict[str, Any] = dict.fromkeys(keys)
        values |= {
            "city": place,
            "state": chance.choice(STATES),
            "control": chance.choice(["public", "private nonprofit"]),
            "level": chance.choice(["four-year", "two-year"]),
            "enrollment_total": some(chance.randrange(100, 60_000)),
            "tuition_in_state": some(chance.randrange(1_000, 70_000)),
            "graduation_rate_6_year": some(chance.randrange(5, 99)),
            "admission_rate": some(chance.randrange(3, 99)),
        }
        name = f"{word} {chance.choice(['College', 'University', 'Institute'])} of {place}"
        rows.append({
            "record_id": f"institutions:{i}", "document": "institutions.csv", "row": i + 2,
            "name": name, "aliases": "", **{f"f_{key}": v for key, v in values.items()},
        })  # fmt: skip
    return rows


def questions(rows: Rows) -> list[tuple[str, Callable[[Frame], Any], Callable[[Rows], Any]]]:
    """Return questions with the same answer by pandas and by a loop."""
    one, other = rows[len(rows) // 3]["name"], rows[len(rows) // 2]["name"]

    def fits(row: dict[str, Any]) -> bool:
        return (
            row["f_control"] == "public"
            and row["f_state"] in ("TX", "OK")
            and (row["f_tuition_in_state"] or 1e9) < 12_000
            and (row["f_graduation_rate_6_year"] or 0) > 60
        )

    def mean(found: list[float]) -> float:
        return sum(found) / len(found) if found else 0.0

    return [
        (
            f"What is the acceptance rate at {one}?",
            lambda f: f.loc[f["name"] == one, "f_admission_rate"].tolist(),
            lambda rs: [r["f_admission_rate"] for r in rs if r["name"] == one],
        ),
        (
            f"Compare the acceptance rate of {one} and {other}",
            lambda f: f.loc[f["name"].isin([one, other]), "f_admission_rate"].tolist(),
            lambda rs: [r["f_admission_rate"] for r in rs if r["name"] in (one, other)],
        ),
        (
            "public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, "
            "cheapest first",
            lambda f: f[
                (f["f_control"] == "public")
                & f["f_state"].isin(["TX", "OK"])
                & (f["f_tuition_in_state"] < 12_000)
                & (f["f_graduation_rate_6_year"] > 60)
            ].nsmallest(10, "f_tuition_in_state"),
            lambda rs: sorted(filter(fits, rs), key=lambda r: r["f_tuition_in_state"])[:10],
        ),
        (
            "average in-state tuition of public four-year colleges in Ohio",
            lambda f: f.loc[
                (f["f_control"] == "public")
                & (f["f_level"] == "four-year")
                & (f["f_state"] == "OH"),
                "f_tuition_in_state",
            ].mean(),
            lambda rs: mean(
                [
                    r["f_tuition_in_state"]
                    for r in rs
                    if r["f_control"] == "public"
                    and r["f_level"] == "four-year"
                    and r["f_state"] == "OH"
                    and r["f_tuition_in_state"] is not None
                ]
            ),
        ),
    ]


def timed(work: Callable[[], Any], rounds: int) -> list[float]:
    """Return how many milliseconds each of several calls took, sorted; one call before them."""
    work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)


def show(label: str, taken: list[float], beside: float = 0.0) -> None:
    """Print a line: median, 99th percentile, and how many times the other's median it is."""
    p50, p99 = taken[len(taken) // 2], taken[min(len(taken) - 1, int(len(taken) * 0.99))]
    times = f"  {p50 / beside:8.2f}x" if beside else ""
    print(f"  {label:24} p50 {p50:9.2f} ms  p99 {p99:9.2f} ms{times}")


def measure(n: int, folder: Path) -> None:
    """Measure at n rows."""
    card = load_card(PACK)
    rows = make_rows(n, card)
    engine = sa.create_engine(f"sqlite:///{folder / f'{n}.db'}")
    metadata = sa.MetaData()
    table = record_table(card.tables[0], metadata)
    rounds = ROUNDS if n < 100_000 else max(5, ROUNDS // 10)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(table.insert(), rows)
    with engine.connect() as connection:
        started = time.perf_counter()
        planner = make_planner(card, connection)
        print(f"{n:,} rows; making the planner {time.perf_counter() - started:.1f} s")
        finder, frame = FactFinder(card), pd.DataFrame(rows)
        for question, by_pandas, by_loop in questions(rows):
            plan = planner.plan(question)
            assert plan is not None and not plan.unknown and not plan.ignored, question
            print(f" {question}")
            planning = timed(lambda q=question: planner.plan(q), rounds)
            running = timed(lambda p=plan: finder.run(p, connection), rounds)
            pandas = timed(lambda f=by_pandas: f(frame), rounds)
            loop = timed(lambda f=by_loop: f(rows), rounds)
            both = [a + b for a, b in zip(planning, running, strict=True)]
            show("planning", planning)
            show("running (SQL, sentences)", running)
            show("ours, both", both, pandas[len(pandas) // 2])
            show("pandas, by hand", pandas)
            show("Python loop, by hand", loop)
    engine.dispose()


def main() -> None:
    """Measure at the sizes given."""
    sizes = [int(size) for size in sys.argv[1:]] or [5_000, 500_000]
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            measure(n, Path(folder))


if __name__ == "__main__":
    main()
