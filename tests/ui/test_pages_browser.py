"""The pages that look into the corpus in a real browser, all on the one server of its tests."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ui import strings

pytestmark = pytest.mark.browser

QUESTION = "What is the difference between early action and early decision?"
GUIDE = "guides/how-admissions-work.md"


def visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".gk-brand")).to_be_visible()


def drawer(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_source_opens_beside_its_answer_and_closes_by_key(
    desktop: Page, app_address: str
) -> None:
    page = desktop
    visit(page, app_address)
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".gk-footer")).to_have_count(1)
    answer = page.locator(".gk-answer").first.inner_text()

    page.get_by_role("button", name=strings.READ_SOURCES).click()
    expect(drawer(page).locator(".gk-marked")).to_be_visible()
    first = drawer(page).locator(".gk-source-head").inner_text()
    drawer(page).get_by_role("button", name=strings.NEXT_PASSAGE).click()
    expect(drawer(page).locator(".gk-source-head")).not_to_have_text(first)
    with page.expect_download() as download:
        drawer(page).get_by_role("button", name=strings.DOWNLOAD_DOCUMENT).click()
    assert download.value.suggested_filename.endswith(".md")
    with page.context.expect_page() as opened:
        drawer(page).get_by_role("link", name=strings.OWN_PAGE).click()
    expect(opened.value.locator(".gk-marked")).to_be_visible()
    opened.value.close()

    page.keyboard.press("Escape")
    expect(drawer(page)).to_have_count(0)
    assert page.locator(".gk-answer").first.inner_text() == answer


def test_a_comparison_is_typed_picked_and_opened_again(desktop: Page, app_address: str) -> None:
    page = desktop
    visit(page, f"{app_address}/compare")
    for typed, name in (("ucla", "Los Angeles"), ("austin", "Austin")):
        page.get_by_placeholder(strings.FIND_ENTITY_HELP).press_sequentially(typed, delay=30)
        found = page.locator(".st-key-gk-suggestions-found").get_by_role("button", name=name)
        found.first.click()
        expect(page.locator(".st-key-gk-picked").get_by_role("button", name=name)).to_be_visible()
    expect(page.locator(".gk-table").first).to_contain_text("Austin")
    expect(page).to_have_url(re.compile(r"of=institutions.*of=institutions"))

    again = page.context.new_page()
    visit(again, page.url)
    expect(again.locator(".gk-table").first).to_contain_text("Los Angeles")
    assert (
        again.locator(".gk-table").first.inner_text()
        == page.locator(".gk-table").first.inner_text()
    )


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("browse", ".gk-document"),
        ("about", ".gk-source-list"),
        (f"source?document={GUIDE}&at=900", ".gk-marked"),
        ("source?document=institutions.csv&row=3", ".gk-row"),
        ("compare", ".stMultiSelect"),
    ],
)
def test_every_page_fits_a_phone_and_names_what_can_be_pressed(
    phone: Page, app_address: str, path: str, there: str
) -> None:
    phone.set_viewport_size({"width": 360, "height": 740})
    visit(phone, f"{app_address}/{path}")
    expect(phone.locator(there).first).to_be_visible()
    assert phone.evaluate(OVERFLOWING) == []
    assert phone.evaluate(NAMELESS) == []


# What reaches over the right edge, but for what may be scrolled.
OVERFLOWING = """() => [...document.querySelectorAll('.stApp *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.getClientRects().length
              && !e.closest('.gk-scroll, .st-key-gk-nav')
              && e.parentElement.getBoundingClientRect().width > 1)
    .map(e => e.outerHTML.slice(0, 120))"""
# What can be pressed or filled in, and has no name for a screen reader.
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input:not([type=hidden])')]
    .filter(e => e.getClientRects().length && !e.innerText.trim()
              && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby')
              && !e.labels?.length && !e.closest('label'))
    .map(e => e.outerHTML.slice(0, 200))"""


def test_rows_are_turned_and_sorted_in_the_browser(desktop: Page, app_address: str) -> None:
    page = desktop
    visit(page, f"{app_address}/browse")
    page.get_by_text("Colleges", exact=True).click()
    expect(page.locator(".gk-rows tbody tr")).to_have_count(25)
    first = page.locator(".gk-rows tbody tr").first.inner_text()
    page.get_by_role("button", name=strings.NEXT_PAGE).click()
    expect(page.locator(".gk-rows tbody tr").first).not_to_have_text(first)
    expect(page.locator(".gk-found")).to_contain_text("26 to 50")
