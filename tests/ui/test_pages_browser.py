"""The pages that look into the corpus in a real browser, all on the one server of its tests."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

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

    number = page.locator(".gk-answer .gk-cite").first
    number.focus()
    page.keyboard.press("Enter")
    expect(drawer(page).locator(".gk-marked mark").first).to_be_in_viewport()
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
    expect(number).to_be_focused()
    assert page.locator(".gk-answer").first.inner_text() == answer
    page.locator("a.gk-source").first.click()
    expect(drawer(page).locator(".gk-source-head")).to_have_text(first, use_inner_text=True)


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


def test_a_script_that_came_into_a_page_does_not_run(chromium: Browser, app_address: str) -> None:
    page = chromium.new_page()
    visit(page, app_address)
    kept_back = page.evaluate(INJECTED)
    assert kept_back == ["connect-src", "script-src-attr", "script-src-elem", "script-src-elem"]
    assert not page.evaluate("window.ran")
    page.close()


# An event handler, an inline script, a script and a request of another host.
INJECTED = """() => new Promise(done => {
    const seen = [];
    document.addEventListener('securitypolicyviolation', violation => {
        seen.push(violation.effectiveDirective);
        if (seen.length === 4) done(seen.sort());
    });
    const place = document.createElement('div');
    place.innerHTML = '<img src="data:," onerror="window.ran = true">';
    const inline = document.createElement('script');
    inline.textContent = 'window.ran = true';
    const foreign = document.createElement('script');
    foreign.src = 'https://elsewhere.example/script.js';
    document.body.append(place, inline, foreign);
    fetch('https://elsewhere.example/').catch(() => {});
})"""


def test_another_site_frames_the_chat_alone(
    chromium: Browser, app_address: str, tmp_path: Path
) -> None:
    frames = f'<iframe src="{app_address}/?embed=true"></iframe><iframe src="{app_address}/">'
    (tmp_path / "index.html").write_text(frames, encoding="utf-8")
    page = chromium.new_page()
    with serving(tmp_path) as elsewhere:
        page.goto(elsewhere)
        chat = page.frame_locator("iframe").first
        expect(chat.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    # What is kept out of a frame has an error page of the browser in its place.
    assert [frame.url.partition(":")[0] for frame in page.frames[1:]] == ["http", "chrome-error"]
    page.close()


def test_a_lost_connection_is_said_in_our_words_and_ends_by_itself(
    chromium: Browser, app_address: str
) -> None:
    page = chromium.new_page()
    kept: list[WebSocketRoute] = []

    def connect(route: WebSocketRoute) -> None:
        route.connect_to_server()
        kept.append(route)

    page.route_web_socket(re.compile("_stcore/stream"), connect)
    visit(page, app_address)
    page.route(re.compile("_stcore/(health|host-config)"), lambda route: route.abort())
    kept.pop().close()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    shown = "e => getComputedStyle(e.querySelector(%r), '::after').content"
    assert dialog.evaluate(shown % "h2") == f'"{strings.OFFLINE_TITLE}"'
    assert dialog.evaluate(shown % "h2 + div") == f'"{strings.OFFLINE_TOLD}"'
    assert "Streamlit" not in dialog.inner_text()

    page.unroute_all()
    expect(dialog).to_have_count(0)
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    page.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Another site, which serves the files of a folder."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
