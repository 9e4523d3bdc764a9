"""Ten things that a newcomer wants of the app, on a small phone: presses, seconds, scrolling.

    .venv/bin/python bench/bench_tasks.py [--data-dir .groundskeeper] [--shots DIR]

Writes docs/tasks.md. Real Chromium at 360 by 740 pixels, the real app over corpus/colleges, whose
index has to be built already (`groundskeeper reindex`); it is copied, so that no report of these
tasks is kept. Everything is addressed as a person or a screen reader does: by role and name.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from ingest.settings import Settings
from tools.screenshots import running_app
from ui import strings

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "tasks.md"
SCREEN = {"width": 360, "height": 740}
LONGEST_WAIT_MS = 60_000
# For how many frames nothing may move: before a press, and before it is judged where one has ended.
AT_REST_FRAMES, AT_END_FRAMES = 5, 60
REFERENCE = re.compile(r"R-[0-9A-Z]{6}")
# Is an element what one sees at its upper and its lower edge, or is an edge outside or covered?
IN_SIGHT = """e => {
    const box = e.getBoundingClientRect(), x = box.left + box.width / 2;
    const inside = Math.min(box.height / 2, 12);
    return [box.top + inside, box.bottom - inside].every(y => {
        const seen = document.elementFromPoint(x, y);
        return !!seen && (e.contains(seen) || seen.contains(e));
    });
}"""
AT_REST = """(e, frames) => new Promise(done => {
    const place = () => JSON.stringify(e.getBoundingClientRect());
    let before = place(), same = 0;
    const look = () => {
        const now = place();
        same = now === before ? same + 1 : 0;
        before = now;
        if (same >= frames) done(); else requestAnimationFrame(look);
    };
    look();
})"""


@dataclass
class Hand:
    """A person's hand on a page: it counts its presses and notes what it had to scroll to."""

    page: Page
    presses: int = 0
    scrolled_to: list[str] = field(default_factory=list)
    began: float = 0.0

    def press(self, control: Locator, name: str) -> None:
        """Press what is seen, or scroll to it first."""
        self.look_at(control, name)
        self._count()
        control.click()

    def press_beside(self) -> None:
        """Press where nothing is, to put away what covers the page."""
        self._count()
        self.page.touchscreen.tap(SCREEN["width"] / 2, SCREEN["height"] - 40)

    def type(self, box: Locator, text: str) -> None:
        """Type a text into a box that was just pressed, as one press."""
        self._count()
        box.fill(text)

    def enter(self, box: Locator) -> None:
        """Press the key that sends."""
        self._count()
        box.press("Enter")

    def look_at(self, thing: Locator, name: str, frames: int = AT_REST_FRAMES) -> None:
        """Wait until something is there and has come to rest; scroll to it if it is not seen."""
        expect(thing).to_be_visible(timeout=LONGEST_WAIT_MS)
        if not self.sees(thing, frames):
            self.scrolled_to.append(name)
            thing.scroll_into_view_if_needed()

    def sees(self, thing: Locator, frames: int = AT_REST_FRAMES) -> bool:
        """Is something in sight as a whole, and not covered?"""
        thing.evaluate(AT_REST, frames)
        seen: bool = thing.evaluate(IN_SIGHT)
        return seen

    def _count(self) -> None:
        self.began = self.began or time.perf_counter()
        self.presses += 1


@dataclass(frozen=True)
class Task:
    """What is wanted, how a newcomer goes about it, and what they would stumble over."""

    aim: str
    do: Callable[[Hand], Locator]
    stumbles: str
    before: Callable[[Page], None] | None = None


@dataclass(frozen=True)
class Done:
    """What one task took: presses, seconds, and what had to be scrolled to."""

    task: Task
    presses: int
    seconds: float
    scrolled_to: list[str]


def question_box(page: Page) -> Locator:
    """Return where questions are typed."""
    return page.get_by_role("textbox", name=strings.ASK)


def button(page: Page, name: str) -> Locator:
    """Return the newest button of this name."""
    return page.get_by_role("button", name=name, exact=True).last


def ask(hand: Hand, question: str) -> None:
    """Press the box, type a question, send it."""
    box = question_box(hand.page)
    hand.press(box, strings.ASK)
    hand.type(box, question)
    hand.enter(box)


def asking(question: str, answer: Callable[[Page], Locator]) -> Callable[[Hand], Locator]:
    """Return the task of asking something and seeing the answer."""

    def do(hand: Hand) -> Locator:
        ask(hand, question)
        return answer(hand.page)

    return do


def asked(question: str) -> Callable[[Page], None]:
    """Return what brings a page to where a question has been answered."""

    def before(page: Page) -> None:
        ask(Hand(page), question)
        expect(button(page, strings.REPORT)).to_be_visible(timeout=LONGEST_WAIT_MS)
        # The newest button that an answer has: the page is whole, nothing moves any more.
        expect(button(page, strings.EDIT)).to_be_visible(timeout=LONGEST_WAIT_MS)

    return before


def cell(text: str) -> Callable[[Page], Locator]:
    """Return how to find a figure in a table."""
    return lambda page: page.get_by_role("cell", name=text, exact=True).last


def said(words: str) -> Callable[[Page], Locator]:
    """Return how to find a paragraph by words in it."""
    return lambda page: page.get_by_role("paragraph").filter(has_text=words).last


def open_source(hand: Hand) -> Locator:
    """Press the number behind a figure and see the row that it is from."""
    hand.press(hand.page.get_by_role("link", name="Source 2").first, "the number 2")
    opened = hand.page.get_by_role("group").or_(hand.page.get_by_role("dialog"))
    return opened.filter(has_text="institutions.csv").get_by_text("$13,747").last


def report(hand: Hand) -> Locator:
    """Say in a few words that a figure is wrong."""
    hand.press(button(hand.page, strings.REPORT), f"“{strings.REPORT}”")
    comment = hand.page.get_by_role("textbox", name=strings.COMMENT)
    hand.press(comment, f"“{strings.COMMENT}”")
    hand.type(comment, "The college's own page shows another figure.")
    hand.press(button(hand.page, "Wrong fact"), "“Wrong fact”")
    return hand.page.get_by_text(REFERENCE).first


def reported(page: Page) -> None:
    """File a report, keep its reference as on paper, and come back to a new page."""
    asked(COMPARISON)(page)
    reference = REFERENCE.search(report(Hand(page)).inner_text(timeout=LONGEST_WAIT_MS))
    assert reference is not None
    page.reload()
    expect(question_box(page)).to_be_visible(timeout=LONGEST_WAIT_MS)
    page.evaluate("kept => { window.name = kept; }", reference[0])


def look_up(hand: Hand) -> Locator:
    """Find the page for it, type the reference, read the state."""
    page = hand.page
    link = page.get_by_role("link", name=strings.LOOKUP_PAGE)
    if not link.is_visible():
        hand.press(button(page, strings.MORE_PAGES), f"“{strings.MORE_PAGES}”")
    hand.press(link, f"“{strings.LOOKUP_PAGE}”")
    box = page.get_by_role("textbox", name=strings.REFERENCE)
    expect(box).to_be_visible(timeout=LONGEST_WAIT_MS)
    if not hand.sees(box):  # The menu stays open above the page that it led to.
        hand.press_beside()
    hand.press(box, f"“{strings.REFERENCE}”")
    hand.type(box, page.evaluate("window.name"))
    hand.press(button(page, strings.LOOK_UP), f"“{strings.LOOK_UP}”")
    return page.get_by_text(re.compile("Reported on")).last


COMPARISON = "compare the tuition of Rice and UCLA"

TASKS = (
    Task(
        "Find a public college in Ohio under $11k",
        asking("find a public college in Ohio under $11k", cell("$4,569")),
        "“Best known” puts four community colleges on top, though many who say “college” mean "
        "four years; that $11k was taken as in-state tuition is in brackets, "
        "which a hurried reader skips.",
    ),
    Task(
        "What is the FAFSA deadline?",
        asking("what is the FAFSA deadline?", said("June 30, 2027")),
        "The federal date, which is what most people mean, is the last sentence of a long "
        "quotation, and nothing in it stands out.",
    ),
    Task(
        "Tell me a joke",
        asking("tell me a joke", said("not a college data question")),
        "Nothing to stumble over: it says what it is for and offers two questions.",
    ),
    Task(
        "Compare two colleges' tuition",
        asking(COMPARISON, said("$44,524")),
        "The paragraph says all that the table says, and the bars say it again; whoever names no "
        "two colleges is asked which ones.",
    ),
    Task(
        "Which UC is the cheapest?",
        asking("which UC is the cheapest?", said("University of California-Los Angeles $13,747")),
        "Only the winner is shown, so the others have to be asked for; nothing says that "
        "in-state tuition is a California resident's price.",
    ),
    Task(
        "What is work study?",
        asking("what is work study?", said("part-time job paid partly by the federal government")),
        "The quotation goes on for some sentences after the one that says it.",
    ),
    Task(
        "And for Ohio State? (after another college's tuition)",
        asking("and for Ohio State?", cell("$12,859")),
        "Nothing tells beforehand that a follow-up is understood; afterwards the two colleges "
        "do not stand side by side.",
        before=asked("what is the tuition at Purdue?"),
    ),
    Task(
        "See where this figure is from",
        open_source,
        "That the small number behind a figure can be pressed has to be guessed; the rows below "
        "“Sources” look more like something to press.",
        before=asked(COMPARISON),
    ),
    Task(
        "Report a wrong number",
        report,
        "“Report a problem” stands below the sources; a press on what is wrong sends at once, so "
        "a comment has to be written first, which only a line below the buttons says.",
        before=asked(COMPARISON),
    ),
    Task(
        "Look up what became of my report",
        look_up,
        "“My report” is under “More”; what comes next is said, but not which question it was.",
        before=reported,
    ),
)


def carry_out(task: Task, page: Page) -> Done:
    """Do one task on a page that has just been opened. Raises AssertionError if it fails."""
    if task.before is not None:
        task.before(page)
    hand = Hand(page)
    aim = task.do(hand)
    expect(aim).to_be_visible(timeout=LONGEST_WAIT_MS)
    seconds = time.perf_counter() - hand.began
    hand.look_at(aim, "the answer", AT_END_FRAMES)
    return Done(task, hand.presses, seconds, hand.scrolled_to)


def visit(browser: Browser, address: str) -> Page:
    """Open the app as somebody who has not been there before."""
    page = browser.new_context(
        viewport=SCREEN,  # type: ignore[arg-type]  a ViewportSize
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    ).new_page()
    page.goto(address)
    expect(question_box(page)).to_be_visible(timeout=LONGEST_WAIT_MS)
    return page


def carry_out_all(settings: Settings, shots: Path | None) -> list[Done]:
    """Do every task in a visit of its own, with the models already loaded."""
    done = []
    with running_app(settings) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        asked(TASKS[1].aim)(visit(browser, address))
        for number, task in enumerate(TASKS, start=1):
            page = visit(browser, address)
            try:
                done.append(carry_out(task, page))
            finally:
                if shots is not None:
                    page.screenshot(path=shots / f"{number:02}.png")
                page.context.close()
            print(f"{number:2} {done[-1].presses} {done[-1].seconds:.1f} {done[-1].scrolled_to}")
        browser.close()
    return done


def as_markdown(done: list[Done]) -> str:
    """Return the page: what was measured, and what a newcomer would stumble over."""
    rows = "\n".join(
        f"| {number} | {one.task.aim} | {one.presses} | {one.seconds:.1f} | "
        f"{'no: ' + ', '.join(one.scrolled_to) if one.scrolled_to else 'yes'} | "
        f"{one.task.stumbles} |"
        for number, one in enumerate(done, start=1)
    )
    return f"""\
# Ten tasks of a newcomer

Written by `bench/bench_tasks.py` on {date.today()}: real Chromium at {SCREEN["width"]} by \
{SCREEN["height"]} pixels, the real app
over corpus/colleges with the models that come with it, on 2 cores that other work shared. Each task
begins on a page that has just been opened, with the models loaded. Presses are taps and keys,
where typing one text counts as one: to ask is three, the box, the text, Enter. Seconds run from
the first press until the answer is on the page; the time in which a person reads and types is not
in them. "Without scrolling" is "no" with what had to be scrolled to.

| | what is wanted | presses | seconds | without scrolling | what a newcomer would stumble over |
| --- | --- | --- | --- | --- | --- |
{rows}
"""


def main() -> None:
    """Carry out the tasks and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".groundskeeper")
    parser.add_argument("--shots", type=Path, help="a folder for a picture of each end")
    chosen = parser.parse_args()
    if chosen.shots is not None:
        chosen.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(chosen.data_dir, data, ignore=shutil.ignore_patterns("reports.*"))
        settings = Settings(domain=ROOT / "corpus" / "colleges", data_dir=data)
        done = carry_out_all(settings, chosen.shots)
    REPORT.write_text(as_markdown(done), encoding="utf-8")
    print(f"wrote {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
