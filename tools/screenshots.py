"""Take the pictures in docs/screenshots: the real app, the real bot, a real browser.

    python tools/screenshots.py [--data-dir .groundskeeper] [--dark] [NAME ...]

The index of corpus/colleges has to be built already (`groundskeeper reindex`); it is copied, and
reports and moderators are made in the copy. Needs Debian's chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.answer import Question
from bot.pipeline import Bot, open_bot
from bot.review import Moderators, ReviewQueue, freeze
from ingest.domain import load_card
from ingest.paths import domain_paths
from ingest.settings import Settings
from ui.theme import theme_options

ROOT = Path(__file__).resolve().parent.parent
SERVED = ROOT / "ui" / "served.py"
TARGET = ROOT / "docs" / "screenshots"
DESKTOP = {"width": 1080, "height": 860}
PHONE = {"width": 390, "height": 844}
# Few colours in each picture, so that none is large.
COLORS = 128

COMPARISON = "Compare in-state tuition at UCLA and UT Austin"
LIST = "Cheapest public four-year colleges in Texas"
EXPLANATION = "What is the difference between early action and early decision?"
MODERATOR, PASSWORD = "mod", "only for taking pictures"


@contextmanager
def running_app(
    settings: Settings, served: Path = SERVED, *, folder: Path = ROOT, port: int | None = None
) -> Iterator[str]:
    """Start the app in `folder`, on a free port; yield its address, and stop it at the end."""
    port = port or free_port()
    theme = theme_options(load_card(settings.domain).theme)
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(served)),
            *("--server.address", "127.0.0.1", "--server.port", str(port)),
            *("--server.headless", "true", "--browser.gatherUsageStats", "false", *theme),
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GROUNDSKEEPER_DOMAIN": str(settings.domain),
            "GROUNDSKEEPER_DATA_DIR": str(settings.data_dir),
        },
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=120)


def free_port() -> int:
    """Return a port on which nobody listens at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(address: str, seconds: float = 180) -> None:
    """Wait until a server answers. Raises OSError if it does not in time."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address, timeout=2):  # noqa: S310  our own server
                return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def ask(page: Page, question: str) -> None:
    """Type a question and wait until it is answered."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator(".gk-footer").last).to_be_visible(timeout=60_000)
    page.mouse.move(0, 0)


def take_chat(page: Page) -> None:
    """The page that a visitor comes to."""


def take_answer(page: Page) -> None:
    """An explanation with its sources."""
    ask(page, EXPLANATION)


def take_citation(page: Page) -> None:
    """A source beside its answer."""
    ask(page, EXPLANATION)
    page.locator(".gk-cite").first.click()
    expect(page.get_by_role("dialog").locator(".gk-marked")).to_be_visible()


def take_row(page: Page) -> None:
    """A row of a table beside the answer that has a figure of it."""
    ask(page, COMPARISON)
    page.locator(".gk-cite").last.click()
    expect(page.get_by_role("dialog").locator(".gk-meant")).to_be_visible()


def take_refusal(page: Page) -> None:
    """What is off topic, and what to ask instead."""
    ask(page, "tell me a joke")
    expect(page.locator("[class*=st-key-suggestion-] button").first).to_be_visible()


def take_compare_page(page: Page) -> None:
    """Entities that were picked by name."""
    _go(page, "compare")
    for typed, name in (("ucla", "Los Angeles"), ("ut austin", "Austin"), ("rice u", "Rice")):
        page.get_by_role("searchbox").press_sequentially(typed, delay=60)
        found = page.locator(".st-key-gk-suggestions-found").get_by_role("button", name=name)
        found.first.click()
        expect(page.locator(".st-key-gk-picked").get_by_role("button", name=name)).to_be_visible()
    expect(page.locator(".gk-chart").first).to_be_attached()


def take_browse(page: Page) -> None:
    """The corpus by document."""
    _go(page, "browse")
    expect(page.locator(".gk-document").first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_visible()


def take_about(page: Page) -> None:
    """What everybody may know of the bot."""
    _go(page, "about")
    expect(page.locator(".gk-source-list")).to_be_attached()


def take_compare(page: Page) -> None:
    """A comparison as a table."""
    ask(page, COMPARISON)
    _show(page, ".gk-question")


def take_list(page: Page) -> None:
    """A long list, in order."""
    ask(page, LIST)
    _show(page, ".gk-question")


def take_chart(page: Page) -> None:
    """The bars of a list."""
    ask(page, LIST)
    _show(page, ".gk-chart")


def take_how(page: Page) -> None:
    """How an answer came about."""
    ask(page, LIST)
    page.locator(".gk-more summary", has_text="How was this answered?").click()
    _show(page, ".gk-steps")


def _show(page: Page, what: str) -> None:
    """Bring something to the top, after the page has gone to its end by itself."""
    page.wait_for_timeout(1_500)
    page.locator(what).first.evaluate("e => e.scrollIntoView({block: 'start'})")


def take_report(page: Page) -> None:
    """The form below an answer."""
    ask(page, COMPARISON)
    page.get_by_role("button", name="Report a problem").click()
    expect(page.get_by_role("button", name="Wrong fact")).to_be_visible()
    _show(page, ".gk-footer")


def take_sign_in(page: Page) -> None:
    """The way in for moderators."""
    _go(page, "sign-in")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def take_moderation(page: Page) -> None:
    """The queue, worst first."""
    _sign_in(page)


def take_case(page: Page) -> None:
    """One report, as a moderator opens it."""
    _sign_in(page)
    page.get_by_role("button", name="Open R-").first.click()
    expect(page.get_by_role("button", name="Next report")).to_be_visible()


def _sign_in(page: Page) -> None:
    take_sign_in(page)
    page.get_by_label("Name").fill(MODERATOR)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Open R-").first).to_be_attached(timeout=20_000)


def _go(page: Page, path: str) -> None:
    page.goto(f"{page.url.rstrip('/')}/{path}")


SHOTS: dict[str, tuple[Callable[[Page], None], dict[str, int]]] = {
    "chat": (take_chat, DESKTOP),
    "chat-phone": (take_chat, PHONE),
    "answer-phone": (take_answer, PHONE),
    "citation": (take_citation, DESKTOP),
    "citation-phone": (take_citation, PHONE),
    "row": (take_row, DESKTOP),
    "compare": (take_compare, DESKTOP),
    "compare-phone": (take_compare, PHONE),
    "list": (take_list, DESKTOP),
    "list-phone": (take_list, PHONE),
    "chart-phone": (take_chart, PHONE),
    "how": (take_how, DESKTOP),
    "refusal-phone": (take_refusal, PHONE),
    "report-phone": (take_report, PHONE),
    "compare-page": (take_compare_page, DESKTOP),
    "compare-page-phone": (take_compare_page, PHONE),
    "browse": (take_browse, DESKTOP),
    "browse-phone": (take_browse, PHONE),
    "about-phone": (take_about, PHONE),
    "moderation": (take_moderation, DESKTOP),
    "moderation-phone": (take_moderation, PHONE),
    "case": (take_case, DESKTOP),
    "sign-in": (take_sign_in, DESKTOP),
}


def fill_queue(settings: Settings, bot: Bot) -> None:
    """File reports of real answers, and make the moderator who looks at them."""
    path = domain_paths(settings, bot.card).reports
    Moderators(path).add(Moderators.operator(), MODERATOR, PASSWORD)
    queue, operator = ReviewQueue(path), Moderators.operator()
    for question, category, comment, severity in (
        (
            COMPARISON,
            "wrong_fact",
            "UT Austin's own page shows another figure.",
            "high",
        ),
        (EXPLANATION, "other", "Does early action ever bind you?", "normal"),
        ("Is Spelman an HBCU?", "other", "Thank you, this helped!", "low"),
        ("Who won the match last night?", "wrongly_refused", "", "normal"),
        (
            "What is the admission rate at Georgia Tech?",
            "out_of_date",
            "Is this still right?",
            "normal",
        ),
    ):
        receipt = queue.file(freeze(bot.answer(Question(text=question))), category, comment)
        report = queue.show(operator, receipt.reference)
        if severity != report.severity:
            queue.set_severity(operator, receipt.reference, report.version, severity)


def take(browser: Browser, address: str, name: str, *, dark: bool) -> Path:
    """Take one picture in a fresh visit."""
    drive, size = SHOTS[name]
    phone = size is PHONE
    context = browser.new_context(
        viewport=size,
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible(timeout=60_000)
        drive(page)
        page.wait_for_timeout(600)  # transitions end
        path = TARGET / f"{name}{'-dark' if dark else ''}.png"
        page.screenshot(path=path)
        _shrink(path)
        return path
    finally:
        context.close()


def _shrink(path: Path) -> None:
    """Keep a picture's few colours in a palette."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".groundskeeper")
    parser.add_argument("--dark", action="store_true", help="as a dark page, to look at only")
    chosen = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        # Nobody's reports are copied, and none is in a picture.
        shutil.copytree(chosen.data_dir, data, ignore=shutil.ignore_patterns("reports.*"))
        settings = Settings(domain=ROOT / "corpus" / "colleges", data_dir=data)
        with open_bot(settings) as bot:
            fill_queue(settings, bot)
        with running_app(settings) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name in chosen.names or SHOTS:
                path = take(browser, address, name, dark=chosen.dark)
                print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")
            browser.close()


if __name__ == "__main__":
    main()
