"""A scripted moderator who clears a queue in a browser, and counts each key and click.

For bench/bench_moderation.py and its small brother in tests/ui: real answers are reported, each
with the outcome that it is meant to get, and the moderator decides by keyboard and mouse in turn.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from bot.answer import Question
from bot.pipeline import open_bot
from bot.review import Case, Category, Moderators, Outcome, ReviewQueue, freeze
from ingest.domain import load_card
from ingest.paths import domain_paths
from ingest.settings import Settings

# Done with a frame in which nothing moves, but for what moves for ever.
_STAND_STILL = """async () => {
    const moves = (one) =>
        one.playState === "running" && one.effect?.getComputedTiming().endTime !== Infinity;
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    do await frame(); while (document.getAnimations().some(moves));
}"""
NAME, PASSWORD = "clearing", "only for clearing reports"
NUMBERS: dict[Outcome, str] = {
    "answer_fine": "1",
    "corpus_fixed": "2",
    "rule_added": "3",
    "regression_added": "4",
    "duplicate": "5",
    "not_actionable": "6",
}


@dataclass(frozen=True)
class Prepared:
    """A report to be filed: what is asked, what is said about the answer, how it shall end."""

    question: str
    category: Category
    comment: str
    outcome: Outcome


@dataclass(frozen=True)
class Cleared:
    """What it took to close one report: keys and clicks together, and seconds with the app's."""

    outcome: Outcome
    by: str
    presses: int
    seconds: float


PREPARED = (
    Prepared("What is the admission rate at UCLA?", "wrong_fact", "Too low!", "answer_fine"),
    Prepared("How many students does UCLA have?", "wrong_fact", "I count more", "answer_fine"),
    Prepared("What is the CSS Profile?", "wrong_source", "", "answer_fine"),
    Prepared("What is early decision?", "out_of_date", "is this so?", "answer_fine"),
    Prepared("What is early action?", "other", "", "answer_fine"),
    Prepared("What is rolling admission?", "out_of_date", "", "answer_fine"),
    Prepared("What does out-of-state tuition cost at UCLA?", "other", "bad", "not_actionable"),
    Prepared("Where is UCLA?", "other", "asdf", "not_actionable"),
    Prepared("Who needs the CSS Profile?", "other", "I hate forms", "not_actionable"),
    Prepared("What is a waitlist?", "other", "!!!", "not_actionable"),
    Prepared("What is in-state tuition at UCLA?", "out_of_date", "2019?", "corpus_fixed"),
    Prepared("How much does the CSS Profile cost?", "out_of_date", "Dearer now", "corpus_fixed"),
    Prepared("What is regular decision?", "wrong_fact", "Dates moved", "corpus_fixed"),
    Prepared("What is an application fee waiver?", "out_of_date", "", "corpus_fixed"),
    Prepared("What is restrictive early action?", "wrong_fact", "", "regression_added"),
    Prepared("Which documents does the CSS Profile ask for?", "other", "", "regression_added"),
    Prepared("Who should write my essay for me?", "off_topic_answered", "", "rule_added"),
)
# The same questions with another answer, from before the model was changed.
REPEATED = 3


def file_reports(settings: Settings, prepared: Sequence[Prepared] = PREPARED) -> dict[str, Outcome]:
    """Report what the bot answers, and for some what it answered before; return the outcomes."""
    paths = domain_paths(settings, load_card(settings.domain))
    with Moderators(paths.reports) as moderators:
        moderators.add(Moderators.operator(), NAME, PASSWORD)
    plan: dict[str, Outcome] = {}
    with open_bot(settings) as bot, ReviewQueue(paths.reports) as queue:
        for one in prepared:
            answer = bot.answer(Question(text=one.question))
            case = freeze(answer, rules_version=answer.rules_version)
            plan[_file(queue, case, one)] = one.outcome
        for one in prepared[:REPEATED]:
            answer = bot.answer(Question(text=one.question))
            case = freeze(answer).model_copy(update={"answer": f"{answer.text} Ask them."})
            plan[_file(queue, case, one)] = "duplicate"
    return plan


def _file(queue: ReviewQueue, case: Case, one: Prepared) -> str:
    return queue.file(case, one.category, one.comment).reference


class Clearing:
    """A moderator at a page; `plan` says which outcome each report shall get."""

    def __init__(self, page: Page, plan: Mapping[str, Outcome]) -> None:
        self.page = page
        self.plan = plan
        self._presses = 0

    def sign_in(self, address: str) -> None:
        """Come in by the front door, to the list of an app that is in use, its models loaded."""
        self.page.goto(address)
        expect(self.page.get_by_test_id("stChatInputTextArea")).to_be_visible()
        self.page.goto(f"{address}/sign-in")
        self.page.get_by_label("Name").fill(NAME)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Open R-").first).to_be_attached()

    def clear_all(self) -> list[Cleared]:
        """Open the first report, and decide one after the other until none is left."""
        self._wait_until_drawn()
        self._press("N")
        expect(self.page.locator(".gk-whole")).to_be_visible()
        self._wait_until_drawn()
        done: list[Cleared] = []
        while (reference := self.opened()) is not None:
            begun, self._presses = time.perf_counter(), 0
            by = "keyboard" if len(done) % 2 == 0 else "mouse"
            outcome = self.plan[reference]
            self._decide(outcome, by=by)
            self._wait_until_left(reference)
            done.append(Cleared(outcome, by, self._presses, time.perf_counter() - begun))
        return done

    def opened(self) -> str | None:
        """Return the report that is open, or None in the list."""
        expect(self.page.locator(".gk-whole, .st-key-gk-queue-head").first).to_be_visible()
        found = self.page.locator(".gk-whole .gk-facts span").first
        return found.inner_text() if found.count() else None

    def _wait_until_left(self, reference: str) -> None:
        decided = self.page.locator(".st-key-gk-decided", has_text=reference)
        expect(decided).to_be_visible()
        expect(self.page.locator(".gk-whole", has_text=reference)).to_have_count(0)
        self._wait_until_drawn()

    def _wait_until_drawn(self) -> None:
        """Wait as somebody does who reads: what is pressed while the page moves goes astray.

        Streamlit breaks off what a press does when the next one comes, and unfolds a form slowly.
        """
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        self.page.evaluate(_STAND_STILL)

    def _decide(self, outcome: Outcome, *, by: str) -> None:
        if by == "keyboard":
            self._press(NUMBERS[outcome])
        else:
            self._click(f"[class*='st-key-decide-{outcome}'] button")
        if outcome == "corpus_fixed":
            self._click_text("Resolve")
        elif outcome == "regression_added":
            self._click_text("Try the case")
            self._click_text("Add this case and resolve")
        elif outcome == "rule_added":
            self._fill("Words or examples one a line, or the pattern", "write my essay")
            self._click_text("Try the rule")
            self._click_text("Save this rule and resolve")

    def _press(self, key: str) -> None:
        self._presses += 1
        self.page.keyboard.press(key)

    def _click(self, what: str) -> None:
        self._presses += 1
        self.page.locator(what).first.click()

    def _click_text(self, name: str) -> None:
        self._presses += 1
        named = re.compile(rf"^(\w+ )?{re.escape(name)}$")
        button = self.page.get_by_role("button", name=named).last
        expect(button).to_be_visible()
        self._wait_until_drawn()
        button.click()

    def _fill(self, label: str, text: str) -> None:
        self._presses += 1
        self.page.get_by_label(label).fill(text)
