"""Twenty visitors at once: whether any sees another's words, how long they wait, what it costs.

Real sessions of the real app over Streamlit's own WebSocket protocol, as many browser tabs. Each
visitor asks questions that only this visitor asks (the figures of entities of their own, follow-ups
that only their conversation gives a meaning, explanations from the guides), thinks for 10 to 15
seconds after an answer, and leaves after seven questions, when another comes. All text that a
visitor is sent is searched for what the others asked, and each figure compared with the table.

    .venv/bin/python bench/bench_sessions.py [--minutes 5] [--data-dir .groundskeeper]

The index of corpus/colleges has to be built already (`groundskeeper reindex`); it is copied.
Writes bench/sessions.md.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import math
import os
import random
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from playwright.sync_api import BrowserContext, expect, sync_playwright
from streamlit_client import Received, Visit, visiting

from ingest.settings import Settings
from tools.screenshots import running_app
from ui import strings

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus" / "colleges"
EXPLANATIONS = CORPUS / "questions" / "retrieval" / "guides.jsonl"
REPORT = ROOT / "bench" / "sessions.md"
VISITORS = 20
QUESTIONS_OF_A_VISIT = 7
THINKING_SECONDS = (10.0, 15.0)
ANSWER_SECONDS = 60.0
SAMPLE_SECONDS = 5.0
LOADS = 10
MEGABYTE = 1_000_000

FIRST_EVIDENCE_SECONDS = 1.0
INTERACTIVE_SECONDS = 2.0

READING = re.compile(f"{strings.READING.format(n='[0-9]+')}|{strings.READING_ONE}")
TUITION = "How much is in-state tuition at {name}, please?"
GRADUATION = "And what is its 6-year graduation rate?"
SIDE_BY_SIDE = "Put in-state tuition of {} and {} side by side, please"


# --- what is asked ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A question of one visitor, and what its answer must say."""

    text: str
    says: tuple[str, ...] = ()

    def shows_in(self, text: str) -> bool:
        """Whether this question, or the answer to it, is what a text is about."""
        answered = bool(self.says) and all(word in text for word in self.says)
        return answered or (self.text != GRADUATION and self.text in text)


def shares(visitors: int) -> list[list[Asked]]:
    """Return the questions of each visitor, no two of whom share one."""
    rows, explained = iter(entities()), iter(explanations())
    return [_questions(list(islice(rows, 2)), list(islice(explained, 2))) for _ in range(visitors)]


def _questions(rows: Sequence[dict[str, str]], explained: Sequence[str]) -> list[Asked]:
    first, second = (
        [
            Asked(TUITION.format(**row), (row["name"], dollars(row))),
            Asked(GRADUATION, (row["name"], f"{row['graduation_rate_6_year']}%")),
        ]
        for row in rows
    )
    names = [row["name"] for row in rows]
    both = Asked(SIDE_BY_SIDE.format(*names), (*names, *map(dollars, rows)))
    told, told_later = map(Asked, explained)
    return [*first, told, both, *second, told_later]


def entities() -> list[dict[str, str]]:
    """Return the rows with both figures whose names are said in one way only, largest first."""
    with (CORPUS / "institutions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plain = re.compile(r"[A-Z][a-z]+( (of|[A-Z][a-z]+))+")
    words = Counter(row["name"] for row in rows)
    fit = [
        row
        for row in rows
        if row["tuition_in_state"] and row["graduation_rate_6_year"]
        if plain.fullmatch(row["name"]) and words[row["name"]] == 1
    ]
    return sorted(fit, key=lambda row: -int(row["enrollment_total"] or 0))


def dollars(row: dict[str, str]) -> str:
    """Return a row's tuition as the app writes it."""
    return f"${int(row['tuition_in_state']):,}"


def explanations() -> list[str]:
    """Return questions that the guides answer."""
    lines = EXPLANATIONS.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


# --- asking -----------------------------------------------------------------------------------


@dataclass
class Heard:
    """What became of one question: seconds to the first evidence and to the whole answer."""

    asked: Asked
    evidence: float | None = None
    answer: float | None = None
    text: str = ""
    status: str = "answered"

    @property
    def wrong(self) -> str:
        """What is wrong with it, empty for nothing."""
        if self.answer is None:
            return "no answer"
        if self.status in ("failed", "blocked"):
            return self.status
        return ", ".join(f"not said: {word}" for word in self.asked.says if word not in self.text)


@dataclass
class Tally:
    """All that was seen by all visitors; `foreign` are words of others on somebody's screen."""

    heard: list[Heard] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    visits: int = 0
    messages: int = 0
    characters: int = 0


class Visitor:
    """One of those who ask at the same time, visit after visit."""

    def __init__(self, share: Sequence[Asked], others: Sequence[Asked], tally: Tally) -> None:
        self._questions = share
        self._others = others
        self._tally = tally
        self._random = random.Random(share[0].text)

    async def go_on(self, address: str, until: float) -> None:
        """Visit until the time is over; each visit begins a moment after the one before."""
        await asyncio.sleep(self._random.uniform(0, THINKING_SECONDS[1]))
        while time.monotonic() < until:
            async with visiting(address) as visit:
                self._tally.visits += 1
                await self._ask_in(visit, until)

    async def _ask_in(self, visit: Visit, until: float) -> None:
        screen = Screen(visit, self._others, self._tally)
        watching = asyncio.create_task(screen.watch())
        try:
            await asyncio.wait_for(screen.ready.wait(), ANSWER_SECONDS)
            for asked in self._questions:
                self._tally.heard.append(await screen.ask(asked))
                await asyncio.sleep(self._random.uniform(*THINKING_SECONDS))
                if time.monotonic() > until:
                    return
        finally:
            watching.cancel()


class Screen:
    """What is drawn on one page, as far as it tells how a question goes."""

    def __init__(self, visit: Visit, others: Sequence[Asked], tally: Tally) -> None:
        self.ready = asyncio.Event()
        self._visit = visit
        self._others = others
        self._tally = tally
        self._asked = 0  # questions so far
        self._drawn = 0  # of them, in this run of the script
        self._heard = Heard(Asked(""))
        self._since = 0.0
        self._over = asyncio.Event()

    async def ask(self, asked: Asked) -> Heard:
        """Ask, and wait until all of the answer is drawn."""
        self._heard, self._over = Heard(asked), asyncio.Event()
        self._asked += 1
        self._since = time.monotonic()
        await self._visit.type(asked.text)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), ANSWER_SECONDS)
        return self._heard

    async def watch(self) -> None:
        """Read whatever comes, and search it for what others asked."""
        async for message in self._visit.received():
            self._tally.messages += 1
            self._tally.characters += len(message.text)
            self._tally.foreign += [a.text for a in self._others if a.shows_in(message.text)]
            if message.failed or strings.BROKEN in message.text:
                self._tally.failures.append(message.text[:200])
            if self._visit.can_type:
                self.ready.set()
            self._follow(message)

    def _follow(self, message: Received) -> None:
        if message.began:
            self._drawn = 0
        if 'class="gk-question"' in message.markup:
            self._drawn += 1
        elif self._drawn == self._asked and self._asked:
            self._hear(message)

    def _hear(self, message: Received) -> None:
        """Take note of an element below the last question."""
        seconds, heard = time.monotonic() - self._since, self._heard
        said = 'class="gk-answer' in message.markup or 'class="gk-note' in message.markup
        if heard.evidence is None and (said or READING.search(message.text)):
            heard.evidence = seconds
        if said and heard.answer is None:
            heard.text = message.text
            note = re.search(r'class="gk-note gk-(\w+)"', message.markup)
            heard.status = note[1] if note else "answered"
        if 'class="gk-footer"' in message.markup and heard.answer is None:
            heard.answer = seconds
            self._over.set()


async def ask_all(address: str, seconds: float) -> Tally:
    """Have all visitors ask for so long, and return what they saw."""
    tally, all_shares, until = Tally(), shares(VISITORS), time.monotonic() + seconds
    visitors = [
        Visitor(mine, [a for other in all_shares if other is not mine for a in other], tally)
        for mine in all_shares
    ]
    await asyncio.gather(*(visitor.go_on(address, until) for visitor in visitors))
    return tally


# --- what it costs ----------------------------------------------------------------------------


class Cost:
    """What the app's processes take (Linux): resident megabytes every five seconds, and work.

    `worked` is the time on processors, in seconds, from entering to leaving.
    """

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self.worked = 0.0
        self._processes = processes_below(os.getpid())
        self._over = threading.Event()
        self._began = time.monotonic()

    def __enter__(self) -> Cost:
        self.worked = -sum(map(processor_seconds, self._processes))
        threading.Thread(target=self._sample, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.worked += sum(map(processor_seconds, self._processes))

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            used = sum(map(resident_megabytes, self._processes))
            self.samples.append((time.monotonic() - self._began, used))

    def slope(self) -> float:
        """Return the growth in megabytes a minute over the second half, by least squares."""
        later = self.samples[len(self.samples) // 2 :]
        if len(later) < 3:
            return float("nan")
        seconds, used = zip(*later, strict=True)
        return statistics.linear_regression(seconds, used).slope * 60


def processes_below(parent: int) -> list[int]:
    """Return the ids of a process's children, and of theirs."""
    found = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *processes_below(child)]
    return found


def resident_megabytes(process: int) -> float:
    """Return what a process holds in memory; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def processor_seconds(process: int) -> float:
    """Return how long a process has had a processor; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    user, system = fields[11:13]  # proc(5), counted from the field after the name
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Loads:
    """Seconds from going to the address until one can type, for new visitors and for known ones."""

    new: list[float]
    again: list[float]


def page_loads(address: str) -> Loads:
    """Open the chat in Chromium, time after time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        known = browser.new_context()
        load_seconds(known, address)
        again = [load_seconds(known, address) for _ in range(LOADS)]
        new = [load_seconds(browser.new_context(), address) for _ in range(LOADS)]
        browser.close()
    return Loads(new, again)


def load_seconds(context: BrowserContext, address: str) -> float:
    """Return how long it takes until a question can be typed."""
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled(timeout=60_000)
    took = time.perf_counter() - began
    page.close()
    return took


# --- the report -------------------------------------------------------------------------------


def written(tally: Tally, cost: Cost, loads: Loads, minutes: float) -> str:
    """Return the report, as Markdown."""
    command = f"bench/bench_sessions.py --minutes {minutes:g}"
    sections = [
        f"# {VISITORS} visitors at once",
        f"Measured on {datetime.now(UTC):%-d %B %Y} by `{command}`,"
        f" on {os.cpu_count()} cores, which the visitors themselves need too; the load of the"
        f" machine was {os.getloadavg()[0]:.1f} at the end.",
        *_what_was_asked(tally, minutes),
        *_whose_words(tally),
        *_how_long(tally, loads),
        *_cost(tally, cost),
    ]
    return "\n\n".join(sections) + "\n"


def _what_was_asked(tally: Tally, minutes: float) -> Iterator[str]:
    thinking = "{:g} to {:g} seconds".format(*THINKING_SECONDS)
    statuses = Counter(heard.status for heard in tally.heard).most_common()
    yield (
        f"{VISITORS} sessions over Streamlit's WebSocket for {minutes:g} minutes, each like a"
        f" person: {thinking} of thought after each answer, {QUESTIONS_OF_A_VISIT} questions a"
        f" visit, then another visitor comes. {len(tally.heard):,} questions in {tally.visits}"
        f" visits: {', '.join(f'{n} {status}' for status, n in statuses)}."
    )


def _whose_words(tally: Tally) -> Iterator[str]:
    wrong = [f"{heard.asked.text}: {heard.wrong}" for heard in tally.heard if heard.wrong]
    troubles = Counter([*tally.failures, *wrong])
    yield "## Whose words"
    yield (
        f"Each visitor's questions were nobody else's. In {tally.messages:,} messages with"
        f" {tally.characters / 1e6:,.0f} million characters, words of another visitor or an answer"
        f" to another: **{len(tally.foreign)}**. Errors, answers that did not come, figures that"
        f" are not those of the table, or of another conversation: **{sum(troubles.values())}**."
    )
    if troubles:
        yield "\n".join(f"- {n} times: {what}" for what, n in troubles.most_common(20))


def _how_long(tally: Tally, loads: Loads) -> Iterator[str]:
    evidence = [heard.evidence for heard in tally.heard if heard.evidence is not None]
    answers = [heard.answer for heard in tally.heard if heard.answer is not None]
    yield "## How long"
    yield "Seconds; of the page until one can type, in Chromium, while nobody else asks."
    yield "\n".join(
        (
            "| | median | p95 | most | wanted |",
            "|---|--:|--:|--:|--:|",
            row("to the first evidence", evidence, f"p95 under {FIRST_EVIDENCE_SECONDS:g}"),
            row("to the whole answer", answers),
            row("page, a new visitor", loads.new),
            row("page, a browser that was here", loads.again, f"under {INTERACTIVE_SECONDS:g}"),
        )
    )
    yield (
        "The first evidence is the line that says how many sources are being read, or the answer"
        " where that is there at once, as with figures from tables."
    )


def _cost(tally: Tally, cost: Cost) -> Iterator[str]:
    by_minute = {int(seconds // 60): used for seconds, used in cost.samples}
    used = ", ".join(f"{megabytes:,.0f}" for megabytes in by_minute.values())
    yield "## What it takes"
    yield (
        f"{cost.worked / max(1, len(tally.heard)):.2f} seconds of one processor for each question,"
        " drawing included."
    )
    yield (
        f"Resident memory of the app's processes at the end of each minute, in megabytes: {used}."
        f" Growth over the second half: {cost.slope():+.1f} a minute. Streamlit keeps what a"
        " visitor leaves for two minutes, in case they come back."
    )


def row(what: str, seconds: Sequence[float], wanted: str = "") -> str:
    """Return a line of the table of times."""
    ordered = sorted(seconds) or [float("nan")]
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    middle = statistics.median(ordered)
    return f"| {what} | {middle:.2f} | {p95:.2f} | {ordered[-1]:.2f} | {wanted} |"


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".groundskeeper")
    parser.add_argument("--report", type=Path, default=REPORT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(given.data_dir, data, ignore=shutil.ignore_patterns("reports.*"))
        settings = Settings(domain=CORPUS, data_dir=data, models_file=ROOT / "models.toml")
        with running_app(settings) as address:
            loads = page_loads(address)
            with Cost() as cost:
                tally = asyncio.run(ask_all(address, given.minutes * 60))
    given.report.write_text(written(tally, cost, loads, given.minutes), encoding="utf-8")
    print(given.report.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
