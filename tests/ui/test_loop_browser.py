"""From a wrong answer to a better bot: reported, triaged, corrected, tested, told, in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.review import CATEGORY_LABELS, Moderators
from ingest.embeddings import make_embeddings
from tests.packs import FILES, TABLE, Pack, end_vector_servers
from tools.screenshots import running_app
from ui import strings
from ui.cli import run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "a long enough password"
WRONG = "birds.csv", TABLE.replace("flycatchers,18,", "flycatchers,180,")
ASKED = "What is the weight of a robin?"
ASKED_AGAIN = "weight of the robin"


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """A pack whose table has a slip of the pen."""
    root = tmp_path_factory.mktemp("loop")
    pack = Pack.make(root, {**FILES, **dict([WRONG])})
    pack.reindex(make_embeddings(pack.settings))
    with Moderators(pack.paths.reports) as moderators:
        moderators.add(Moderators.operator(), "birch", PASSWORD)
    yield pack
    end_vector_servers(root)


@pytest.fixture(scope="module")
def address(birds: Pack) -> Iterator[str]:
    with running_app(birds.settings) as address:
        yield address


@pytest.fixture
def visitor(chromium: Browser, address: str) -> Iterator[Page]:
    yield from _visit(chromium, address)


@pytest.fixture
def moderator(chromium: Browser, address: str) -> Iterator[Page]:
    yield from _visit(chromium, address)


def _visit(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def ask(page: Page, question: str, says: str) -> None:
    """Ask, and wait for an answer that says so."""
    answers = page.locator(".gk-footer").count()
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator(".gk-footer")).to_have_count(answers + 1)
    expect(page.locator(".gk-answer").last).to_contain_text(re.compile(rf"\b{says}"))


def report(page: Page) -> str:
    """Report the newest answer in two presses; return the reference."""
    saved = page.locator(".gk-saved")
    before = saved.count()
    page.get_by_role("button", name=strings.REPORT).last.click()
    press(page, CATEGORY_LABELS["wrong_fact"])
    expect(saved).to_have_count(before + 1)
    return re.findall(r"R-[0-9A-Z]{6}", saved.last.inner_text())[-1]


def sign_in(page: Page) -> None:
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("birch")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").last.click()
    expect(page.get_by_role("link", name="Moderation")).to_be_visible()


def open_report(page: Page, reference: str) -> None:
    page.get_by_role("link", name="Moderation").click()
    page.get_by_role("button", name=strings.OPEN_REPORT.format(reference=reference)).click()
    expect(page.locator(".gk-whole")).to_contain_text(reference)


def add_test_case(page: Page, reference: str) -> None:
    """Triage a report, and close it with a case that does not pass today."""
    open_report(page, reference)
    press(page, strings.ASSIGN_TO_ME)
    expect(page.get_by_role("button", name=strings.RELEASE)).to_be_visible()
    press(page, strings.OUTCOME_ACTIONS["regression_added"])
    page.get_by_label(strings.CASE_MUST).fill("18 g")
    press(page, strings.TRY_CASE)
    expect(page.get_by_text("It does not pass today")).to_be_visible()
    press(page, strings.SAVE_CASE)
    expect(page.get_by_text(f"Saved. {reference}")).to_be_visible()


def correct_document(page: Page, reference: str) -> None:
    """Close a report with a correction of the document that its answer cites."""
    open_report(page, reference)
    press(page, strings.OUTCOME_ACTIONS["corpus_fixed"])
    document = page.get_by_role("combobox", name=strings.WHICH_DOCUMENT)
    expect(document).to_have_value("birds.csv")
    page.get_by_role("button", name=strings.RESOLVE, exact=True).click()
    expect(page.get_by_text(f"Saved. {reference}")).to_be_visible()


def test_a_wrong_answer_makes_a_better_bot(
    visitor: Page,
    moderator: Page,
    birds: Pack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(birds.settings.data_dir))

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run([*arguments, "--domain", str(birds.folder)])
        return status, *capsys.readouterr()

    ask(visitor, ASKED, "180 g")
    tested = report(visitor)
    ask(visitor, ASKED_AGAIN, "180 g")
    corrected = report(visitor)

    sign_in(moderator)
    add_test_case(moderator, tested)
    status, out, _ = command("eval", "regressions", "--json")
    assert status == 1 and tested.lower() in out, "the bot is still wrong"
    correct_document(moderator, corrected)

    birds.edit("birds.csv", "flycatchers,180,", "flycatchers,18,")
    status, _, told = command("reindex")
    assert status == 0 and f"{corrected} was run again, for birds.csv has changed" in told
    ask(visitor, ASKED, "18 g")
    status, out, _ = command("eval", "regressions", "--json")
    assert status == 0, out
    assert json.loads(command("reports", "verify", "--json")[1])["ok"]

    visitor.get_by_role("link", name="My report").click()
    for reference, says in (
        (tested, "one of our tests"),
        (corrected, "the answer is another one now"),
    ):
        status_card = visitor.locator(".gk-status", has_text=reference)
        expect(status_card).to_contain_text("Resolved")
        expect(status_card).to_contain_text(says)
