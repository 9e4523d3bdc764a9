"""The app in a real browser: a small pack of real rows, the app on a free port, and Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.packs import Pack, end_vector_servers
from tools.screenshots import PHONE, running_app

ROOT = Path(__file__).parent.parent.parent
CORPUS = ROOT / "corpus" / "colleges"
GUIDES = ("how-admissions-work.md", "css-profile.md")
ROWS = ("name,", "University of California-Los Angeles,", "The University of Texas at Austin,")
OTHERS = 60
POLICY = "Content Security Policy"  # what Chromium says when it keeps something back


def _few_rows() -> str:
    header, *rows = (CORPUS / "institutions.csv").read_text(encoding="utf-8").splitlines()
    named = [row for row in rows if any(f",{name}" in row for name in ROWS)]
    return "\n".join([header, *named, *rows[:: len(rows) // OTHERS]]) + "\n"


@pytest.fixture(scope="session")
def few_colleges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """The college pack with a few of its rows and guides, indexed with the real encoder."""
    from ingest.embeddings import make_embeddings

    root = tmp_path_factory.mktemp("colleges")
    pack = Pack.make(
        root,
        {
            "domain.toml": (CORPUS / "domain.toml").read_text(encoding="utf-8"),
            "institutions.csv": _few_rows(),
            **{f"guides/{n}": (CORPUS / "guides" / n).read_text(encoding="utf-8") for n in GUIDES},
        },
    )
    pack.reindex(make_embeddings(pack.settings))
    yield pack
    end_vector_servers(root)


@pytest.fixture(scope="session")
def app_address(few_colleges: Pack) -> Iterator[str]:
    with running_app(few_colleges.settings) as address:
        yield address


@pytest.fixture(scope="session")
def hostile_pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return Pack.make(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def hostile_address(hostile_pack: Pack) -> Iterator[str]:
    """The app with a FakeBot whose every text is an attack."""
    with running_app(
        hostile_pack.settings, Path(__file__).with_name("hostile_served.py")
    ) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        expect.set_options(timeout=90_000)
        yield browser
        browser.close()


@pytest.fixture
def desktop(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(reduced_motion="reduce", viewport={"width": 1080, "height": 860})
    yield from _page_of(context)


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    yield from _page_of(context)


def _page_of(context: BrowserContext) -> Iterator[Page]:
    """A page whose test fails if anything on it was kept back by the app's own policy."""
    context.set_default_timeout(90_000)
    kept_back: list[str] = []
    context.on(
        "console",
        lambda said: kept_back.append(said.text) if POLICY in said.text else None,
    )
    yield context.new_page()
    context.close()
    assert kept_back == []
