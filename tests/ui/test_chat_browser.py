"""The chat as a visitor meets it: a real browser, a phone's size too, and the real bot."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.ui.test_browser import (
    COMPARISON,
    LIST,
    ask,
    fits,
    go_to,
    press,
    question_box,
    small_targets,
    unfold_all,
    visit,
)
from ui import strings

pytestmark = pytest.mark.browser

EXPLANATION = "What is the difference between early action and early decision?"
SMALL = {"width": 360, "height": 740}
# Below the bar, and no more than a hand's breadth below it.
TOP = 110


def scrolled(page: Page) -> float:
    place: float = page.evaluate("document.querySelector('.stMain').scrollTop")
    return place


def top_of(page: Page, what: str) -> float:
    box = page.locator(what).last.bounding_box()
    assert box is not None
    return box["y"]


def test_a_question_stands_on_top_and_its_answer_begins_below_it(
    phone: Page, app_address: str
) -> None:
    """From the moment it is sent, and nothing moves until the answer is whole."""
    phone.set_viewport_size(SMALL)
    visit(phone, app_address)
    for number, question in enumerate((LIST, EXPLANATION), start=1):
        question_box(phone).fill(question)
        question_box(phone).press("Enter")
        expect(phone.locator(".gk-question")).to_have_count(number)
        expect(phone.locator(".gk-progress, .gk-answer").last).to_be_in_viewport()
        phone.wait_for_function(
            "top => [...document.querySelectorAll('.gk-question')].at(-1)"
            ".getBoundingClientRect().top < top",
            arg=TOP,
        )
        before = (scrolled(phone), top_of(phone, ".gk-question"))
        expect(phone.locator(".gk-footer")).to_have_count(number)
        expect(phone.get_by_role("button", name=strings.EDIT)).to_have_count(1)
        assert (scrolled(phone), top_of(phone, ".gk-question")) == pytest.approx(before, abs=1)
        first = phone.locator(".gk-answer").last.locator("p").first
        assert top_of(phone, ".gk-question") < first.bounding_box()["y"] < SMALL["height"] / 2
    expect(phone.get_by_role("log")).to_contain_text(EXPLANATION)
    assert scrolled(phone) > SMALL["height"], "the second question was brought up"
    fits(phone)
    unfold_all(phone)
    fits(phone)


def test_the_menu_of_a_phone_has_every_page(phone: Page, app_address: str) -> None:
    phone.set_viewport_size(SMALL)
    visit(phone, app_address)
    press(phone, strings.MORE_PAGES)
    for name in (strings.COMPARE_PAGE, strings.ABOUT_PAGE, strings.SIGN_IN_PAGE):
        expect(phone.get_by_role("link", name=name, exact=True)).to_be_visible()
    assert small_targets(phone) == []
    phone.keyboard.press("Escape")
    ask(phone, COMPARISON)
    go_to(phone, strings.LOOKUP_PAGE)
    expect(phone.get_by_label(strings.REFERENCE)).to_be_visible()
    phone.get_by_role("link", name=strings.CHAT_PAGE).click()
    expect(phone.locator(".gk-question")).to_have_text(COMPARISON)
    expect(phone.locator(".gk-table")).to_contain_text("$13,747")


def test_an_answer_is_copied_kept_and_put_otherwise(desktop: Page, app_address: str) -> None:
    page = desktop
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, app_address)
    ask(page, COMPARISON)
    press(page, strings.COPY)
    expect(page.get_by_role("button", name=strings.COPIED)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "$13,747" in copied and "[1]" in copied and "institutions.csv" in copied

    with page.expect_download() as download:
        press(page, strings.EXPORT)
    kept = Path(download.value.path()).read_text(encoding="utf-8")
    assert kept.startswith(f"## {COMPARISON}")
    assert re.search(r"^\| .*\$13,747", kept, re.MULTILINE)

    press(page, strings.EDIT)
    expect(question_box(page)).to_have_value(COMPARISON)
    expect(page.get_by_text(strings.EDITING)).to_be_visible()
    question_box(page).fill(f"{COMPARISON} and admission rate")
    question_box(page).press("Enter")
    expect(page.locator(".gk-table")).to_contain_text("%")
    expect(page.locator(".gk-question")).to_have_count(1)

    follow_up = page.locator("[class*='st-key-suggestion-'] button").first
    asked = follow_up.inner_text()
    follow_up.click()
    expect(page.locator(".gk-footer")).to_have_count(2)
    expect(page.locator(".gk-question").last).to_have_text(asked.replace("\u2060", ""))
    expect(page.locator(".gk-abstained, .gk-refused")).to_have_count(0)


def test_a_stopped_answer_stays_stopped_and_can_be_asked_again(
    desktop: Page, hostile_address: str
) -> None:
    page = desktop
    visit(page, hostile_address)
    question_box(page).fill("held")
    question_box(page).press("Enter")
    expect(page.locator(".gk-writing", has_text="Begun.")).to_be_visible()
    press(page, strings.STOP)
    expect(page.get_by_text(strings.STOPPED)).to_be_visible()
    expect(page.locator(".gk-answer")).to_have_text("Begun.")
    expect(page.get_by_role("button", name=strings.STOP)).to_have_count(0)
    press(page, strings.ASK_AGAIN)
    expect(page.get_by_role("button", name=strings.STOP, exact=True)).to_be_visible()
    expect(page.locator(".gk-question")).to_have_count(1)


def test_a_frame_has_the_chat_alone_with_the_question_of_its_address(
    desktop: Page, app_address: str
) -> None:
    visit(desktop, f"{app_address}/?embed=true&q={quote(COMPARISON)}")
    expect(question_box(desktop)).to_have_value(COMPARISON)
    expect(desktop.locator(".stPageLink")).to_have_count(0)
    expect(desktop.locator(".gk-question")).to_have_count(0)
    question_box(desktop).press("Enter")
    expect(desktop.locator(".gk-table")).to_contain_text("$13,747")
    expect(question_box(desktop)).to_have_value("")


PAGES = {
    "browse": ".gk-document",
    "compare": ".stMultiSelect",
    "about": ".gk-source-list",
    "my-report?reference=R-ZZZZZZ": "[role=alert]",
    f"?q={quote(COMPARISON)}": ".gk-welcome",
}


def test_no_page_has_a_serious_barrier(desktop: Page, app_address: str) -> None:
    """axe-core's rules for WCAG 2.2 A and AA on every page, light and dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found: list[tuple[str, str, list[str]]] = []

    def look(where: str) -> None:
        backgrounds = set()
        for scheme, rules in RULES.items():
            desktop.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            desktop.wait_for_timeout(100)  # colours of buttons change by a transition
            backgrounds.add(desktop.locator(".stApp").evaluate(BACKGROUND))
            for one in axe.run(desktop, options=rules).response["violations"]:
                if one["impact"] in ("serious", "critical"):
                    nodes = [node["html"][:200] for node in one["nodes"]]
                    found.append((f"{where} {scheme}", one["id"], nodes))
        assert len(backgrounds) == 2

    for path, there in PAGES.items():
        desktop.goto(f"{app_address}/{path}")
        expect(desktop.locator(there).first).to_be_visible()
        look(path)
    question_box(desktop).press("Enter")
    expect(desktop.locator(".gk-footer")).to_have_count(1)
    press(desktop, strings.REPORT)
    expect(desktop.locator(".gk-sent")).to_be_visible()
    look("an answer and the form below it")
    desktop.locator(".gk-cite").last.click()
    expect(desktop.get_by_role("dialog").locator(".gk-row")).to_be_visible()
    look("a source beside it")
    assert found == []


# Of a dark page only the contrasts are not those of a light one.
RULES = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
BACKGROUND = "e => getComputedStyle(e).backgroundColor"
