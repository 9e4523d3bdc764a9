"""The app as a person meets it: a real browser, the real bot, the real review queue."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from bot.review import Moderators, ReviewQueue, freeze
from tests.packs import Pack
from tests.ui.barriers import barriers
from tests.ui.fake_bot import answered
from tests.ui.hostile_texts import HOSTILE
from ui.rendering import WORD_JOINER
from ui.theme import contrast

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"
COMPARISON = "Compare in-state tuition at UCLA and UT Austin"
SMALLEST_TARGET = 40


def visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(question_box(page)).to_be_visible()


def question_box(page: Page) -> Locator:
    return page.get_by_test_id("stChatInputTextArea")


def ask(page: Page, question: str) -> None:
    answers = page.locator(".gk-footer").count()
    question_box(page).fill(question)
    question_box(page).press("Enter")
    expect(page.locator(".gk-footer")).to_have_count(answers + 1)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def go_to(page: Page, name: str) -> None:
    """Follow a link of the menu, of which a phone shows only the beginning."""
    link = page.get_by_role("link", name=name)
    if not link.is_visible():
        press(page, "More")
    link.click()


def unfold(page: Page, title: str) -> None:
    """Open an expander and wait until it has stopped moving, as a hand would."""
    page.locator(".stExpander summary", has_text=title).click()
    page.wait_for_function("() => document.getAnimations().every(a => a.playState !== 'running')")


def unfold_all(page: Page) -> None:
    page.eval_on_selector_all(".gk-more", "all => all.forEach(fold => { fold.open = true; })")


def test_from_a_question_to_a_resolved_report(
    desktop: Page, app_address: str, few_colleges: Pack
) -> None:
    page = desktop
    visit(page, app_address)

    ask(page, COMPARISON)
    table = page.locator(".gk-table")
    expect(table).to_contain_text("$13,747")
    expect(table).to_contain_text("$11,678")
    with page.expect_download() as download:
        press(page, "Download as CSV")
    assert "13747" in download.value.path().read_text(encoding="utf-8-sig")

    press(page, "Report a problem")
    page.get_by_role("textbox", name="Tell us more").fill("Is this for this year?")
    press(page, "Out of date")
    receipt = page.locator(".gk-saved")
    expect(receipt).to_contain_text(re.compile(r"saved as R-[0-9A-Z]{6}"))
    reference = re.search(r"R-[0-9A-Z]{6}", receipt.inner_text())[0]

    with Moderators(few_colleges.paths.reports) as moderators:
        moderators.add(Moderators.operator(), "journey", PASSWORD)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("journey")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    page.get_by_role("button", name=f"Open {reference}").click()
    expect(page.locator(".gk-whole")).to_contain_text("Is this for this year?")
    expect(page.locator(".gk-table")).to_contain_text("$13,747")
    expect(page.locator(".gk-history")).to_be_visible()
    assert barriers(page) == []
    unfold(page, "Resolve")
    page.get_by_text("The answer was right").click()
    page.get_by_label("Or in your own words").fill("We compared it with its source.")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator(".gk-saved")).to_contain_text(reference)
    for name, there in (("Insight", ".gk-over-time"), ("People", ".gk-badges")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(there).first).to_be_visible()
        assert barriers(page) == []
    press(page, "Sign out")

    page.get_by_role("link", name="My report").click()
    page.get_by_label("Reference").fill(reference.lower())
    press(page, "Look up")
    expect(page.locator(".gk-status").first).to_contain_text("Resolved")
    expect(page.locator(".gk-status").first).to_contain_text("it was right")
    expect(page.locator(".gk-status").first).to_contain_text("We compared it with its source.")


def test_a_reload_starts_anew_even_in_the_middle_of_an_answer(
    desktop: Page, app_address: str
) -> None:
    visit(desktop, app_address)
    question_box(desktop).fill("How do I apply early?")
    question_box(desktop).press("Enter")
    expect(desktop.locator(".gk-question")).to_be_visible()
    desktop.reload()
    expect(desktop.locator(".gk-welcome")).to_be_visible()
    ask(desktop, COMPARISON)
    expect(desktop.locator(".gk-table")).to_contain_text("$13,747")


def test_two_questions_at_once_are_both_answered(desktop: Page, app_address: str) -> None:
    visit(desktop, app_address)
    for question in ("How do I apply early?", COMPARISON):
        question_box(desktop).fill(question)
        question_box(desktop).press("Enter")
        expect(desktop.locator(".gk-question").last).to_have_text(question)
    expect(desktop.locator(".gk-footer")).to_have_count(2)


def test_the_moderation_page_shows_nothing_without_signing_in(
    desktop: Page, app_address: str
) -> None:
    desktop.goto(f"{app_address}/moderation")
    expect(desktop.get_by_label("Password", exact=True)).to_be_visible()
    expect(desktop.locator(".gk-summary, .gk-figures, .gk-history")).to_have_count(0)
    expect(desktop.get_by_role("link", name="Moderation")).to_have_count(0)


def test_reporting_an_answer_leaves_the_next_one_alone(
    desktop: Page, hostile_address: str, hostile_pack: Pack
) -> None:
    """The bot goes on with "held" only once a report is saved, and says how often it was asked."""
    page = desktop
    visit(page, hostile_address)
    ask(page, "first")
    being_written = ask_to_be_held(page)
    press(page, "Report a problem")
    expect(being_written).to_be_visible()
    press(page, "Something else")
    expect(page.locator(".gk-saved")).to_be_visible()
    expect(page.locator(".gk-footer")).to_have_count(2)
    said = page.locator(".gk-answer", has_text="Begun.")
    expect(said).to_have_text("Begun.Ended, asked 1 times.")

    being_written = ask_to_be_held(page)
    press(page, "Report a problem")
    comment = page.get_by_role("textbox", name="Tell us more")
    comment.fill("What I write stays.")
    expect(being_written).to_be_visible()
    with ReviewQueue(hostile_pack.paths.reports) as queue:
        queue.file(freeze(answered("another")), "other")
    expect(page.locator(".gk-footer")).to_have_count(3)
    expect(said.last).to_have_text("Begun.Ended, asked 2 times.")
    expect(comment).to_have_value("What I write stays.")
    expect(page.locator(".gk-question")).to_have_count(3)


def ask_to_be_held(page: Page) -> Locator:
    question_box(page).fill("held")
    question_box(page).press("Enter")
    being_written = page.locator(".gk-writing", has_text="Begun.")
    expect(being_written).to_be_visible()
    return being_written


# --- on a phone -------------------------------------------------------------------------------


def sideways_overflow(page: Page) -> list[str]:
    """Return what reaches over the right edge, but for what may be scrolled or is hidden."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.stApp *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1
                      && e.getClientRects().length && !e.closest('.gk-scroll, .st-key-gk-nav')
                      && e.parentElement.getBoundingClientRect().width > 1)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    return found


def small_targets(page: Page) -> list[str]:
    """Return what is hard to hit.

    Of a field the whole box counts, of a marker an area around it that cannot be seen.
    """
    found: list[str] = page.evaluate(
        """least => {
            const boxes = '.stChatInput, .stSelectbox, .stTextInput, .stTextArea, label';
            // A dialog has a button to dismiss it that only a screen reader meets.
            const unseen = '[data-testid=stSkipToContent], .stDialog [aria-label=Dismiss]';
            const ours = `:not(.gk-cite, ${unseen})`;
            return [...document.querySelectorAll(`:is(button, a, summary, input, textarea)${ours}`)]
                .filter(e => e.getClientRects().length && getComputedStyle(e).opacity !== '0')
                .map(e => e.closest(boxes) ?? e)
                .filter(e => e.getBoundingClientRect().height < least)
                .map(e => e.getBoundingClientRect().height + ' ' + e.outerHTML.slice(0, 300));
        }""",
        SMALLEST_TARGET,
    )
    return found


def fits(page: Page) -> None:
    assert sideways_overflow(page) == []
    assert small_targets(page) == []


def test_every_page_fits_a_phone(phone: Page, app_address: str) -> None:
    visit(phone, app_address)
    fits(phone)
    ask(phone, COMPARISON)
    phone.locator(".gk-cite").last.click()
    expect(phone.get_by_role("dialog").locator(".gk-row")).to_contain_text("$11,678")
    fits(phone)
    phone.keyboard.press("Escape")
    press(phone, "Report a problem")
    expect(phone.get_by_role("button", name="Wrong fact")).to_be_visible()
    unfold_all(phone)
    fits(phone)
    go_to(phone, "My report")
    expect(phone.get_by_label("Reference")).to_be_visible()
    fits(phone)
    go_to(phone, "Sign in")
    expect(phone.get_by_label("Password", exact=True)).to_be_visible()
    fits(phone)


def test_moderation_fits_a_phone(phone: Page, app_address: str, few_colleges: Pack) -> None:
    visit(phone, app_address)
    ask(phone, "What is the admission rate at UCLA?")
    press(phone, "Report a problem")
    press(phone, "Wrong fact")
    expect(phone.locator(".gk-saved")).to_be_visible()
    with Moderators(few_colleges.paths.reports) as moderators:
        moderators.add(Moderators.operator(), "phone", PASSWORD)
    go_to(phone, "Sign in")
    phone.get_by_label("Name").fill("phone")
    phone.get_by_label("Password", exact=True).fill(PASSWORD)
    press(phone, "Sign in")
    expect(phone.get_by_role("heading", name="Reports")).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="Open R-").first.click()
    expect(phone.locator(".gk-history")).to_be_visible()
    fits(phone)


LIST = "Cheapest public colleges"


def order_seen(page: Page) -> list[str]:
    """Return the names of a table from top to bottom, as they are seen."""
    names: list[str] = page.eval_on_selector_all(
        ".gk-sortable tbody tr",
        """rows => rows
            .map(row => [row.getBoundingClientRect().top, row.firstChild.textContent])
            .sort((a, b) => a[0] - b[0]).map(row => row[1].replace(/\\d+$/, ''))""",
    )
    return names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_on_a_phone_is_sorted_charted_explained_and_goes_on(
    phone: Page, app_address: str, scheme: Literal["light", "dark"]
) -> None:
    phone.emulate_media(color_scheme=scheme)
    visit(phone, app_address)
    ask(phone, LIST)
    given = order_seen(phone)
    assert len(given) == 10
    assert len(phone.locator(".gk-chart li").all()) == 10
    assert contrast_of_bars(phone) >= 3  # WCAG 2.2, success criterion 1.4.11

    phone.locator(".gk-more summary", has_text="How was this answered?").tap()
    name, figure = phone.locator(".gk-sortable thead th").all()
    name.tap()
    assert order_seen(phone) == sorted(given, key=str.casefold)
    name.tap()
    assert order_seen(phone) == sorted(given, key=str.casefold, reverse=True)
    figure.tap()
    assert order_seen(phone) == given
    expect(phone.locator(".gk-steps")).to_be_visible()
    fits(phone)

    press(phone, "Show the next 10")
    expect(phone.locator(".gk-footer")).to_have_count(2)
    expect(phone.locator(".gk-sortable").last).not_to_contain_text(given[0])
    # Nothing that a reader has unfolded or sorted is lost when more comes.
    expect(phone.locator(".gk-steps").first).to_be_visible()
    expect(phone.locator(".gk-sortable").first.locator(":checked")).to_have_count(1)
    fits(phone)


def contrast_of_bars(page: Page) -> float:
    """Return the contrast of a bar with the page below it."""
    colors: list[list[int]] = page.evaluate(
        """() => ['.gk-track i', '.stApp'].map(what => {
            const one = document.createElement('canvas').getContext('2d');
            one.fillStyle = getComputedStyle(document.querySelector(what)).backgroundColor;
            one.fillRect(0, 0, 1, 1);
            return [...one.getImageData(0, 0, 1, 1).data].slice(0, 3);
        })"""
    )
    bar, below = ("#" + "".join(f"{c:02x}" for c in color) for color in colors)
    return contrast(bar, below)


# --- attacks ----------------------------------------------------------------------------------


def test_no_text_becomes_more_than_text(desktop: Page, hostile_address: str) -> None:
    page = desktop
    elsewhere: list[str] = []
    # Streamlit loads a component's script from a blob of the page's own.
    own = hostile_address, hostile_address.replace("http", "ws"), f"blob:{hostile_address}"

    def note(request: Request) -> None:
        if not request.url.startswith(own):
            elsewhere.append(request.url)

    page.on("request", note)
    page.on("dialog", lambda dialog: elsewhere.append(dialog.message))
    visit(page, hostile_address)
    buttons = page.locator("[class*='st-key-gk-suggestions'] button")
    expect(buttons).to_have_count(len(HOSTILE))
    shown = [button.inner_text().replace(WORD_JOINER, "") for button in buttons.all()]
    assert shown == HOSTILE
    assert_nothing_foreign(page)

    for question in (HOSTILE[0], "refuse"):
        ask(page, question)
        unfold_all(page)
        assert_nothing_foreign(page)
    answer = page.locator(".gk-answer").first.inner_text()
    for text in HOSTILE:
        assert text in answer

    press(page, "Report a problem")
    page.get_by_role("textbox", name="Tell us more").fill("\n".join(HOSTILE))
    expect(page.locator(".gk-sent")).to_be_visible()
    unfold_all(page)
    assert_nothing_foreign(page)
    press(page, "Something else")
    expect(page.locator(".gk-saved")).to_be_visible()
    assert_nothing_foreign(page)
    for forged in HOSTILE[:2]:
        page.goto(f"{hostile_address}/my-report?reference={quote(forged)}")
        expect(page.get_by_role("alert")).to_be_visible()
        assert_nothing_foreign(page)
    assert elsewhere == []
    assert "taken" not in page.title()


def assert_nothing_foreign(page: Page) -> None:
    """There is no element, link or style that our own code and Streamlit did not make."""
    made_by_others = "img, iframe, object, embed, video, form[action], script, .katex"
    made_by_others += ", strong, em, del, pre, blockquote, .stHtml style"
    expect(page.locator(f".stMain :is({made_by_others})")).to_have_count(0)
    links: list[str] = page.eval_on_selector_all(
        ".stMain a", "all => all.map(a => a.getAttribute('href'))"
    )
    assert [link for link in links if re.match(r"[a-z]+:|//", link or "")] == []
