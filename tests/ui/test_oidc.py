"""Signing in through an identity provider: a real one, the real app and a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.review import Case, Moderators, ReviewQueue
from ingest.settings import load_settings
from tests.ui.oidc_provider import Provider, SetUpApp, running_app_with, running_provider
from ui import strings
from ui.provider_check import check_provider

pytestmark = pytest.mark.browser

ADA, BOB = "ada@example.org", "bob@example.org"
SECRET = "Why is the wren so loud?"
WAY_IN = {"local_accounts": False, "oidc_moderators": [ADA]}
REFUSED = re.compile(r"may not work on reports")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        provider.knows("ada", email=ADA, email_verified=True)
        provider.knows("bob", email=BOB, email_verified=True, groups=["stewards"])
        provider.knows("eve", email=ADA, email_verified=False)
        yield provider


@pytest.fixture(scope="module")
def app(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetUpApp]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    with running_app_with(provider, folder, **WAY_IN) as app:
        with ReviewQueue(app.pack.paths.reports) as queue:
            queue.file(Case(question=SECRET, answer="It is.", status="answered"), "wrong_fact")
        yield app


@pytest.fixture
def browser(chromium: Browser, app: SetUpApp) -> Iterator[BrowserContext]:
    app.set(**WAY_IN)
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


def sign_in(app: SetUpApp, page: Page, subject: str) -> None:
    page.goto(f"{app.address}/sign-in")
    page.get_by_role("button", name=re.compile("Sign in (through|there)")).click()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


def sees_reports(page: Page) -> None:
    expect(page.get_by_role("heading", name=strings.QUEUE_TITLE)).to_be_visible()
    expect(page.get_by_text(SECRET).first).to_be_visible()


def sees_only_the_way_in(page: Page) -> None:
    expect(page.get_by_role("button", name=re.compile("Sign in (through|there)"))).to_be_visible()
    expect(page.get_by_text(SECRET)).to_have_count(0)


def test_in_and_out_in_every_tab_and_never_again_by_the_cookie(
    app: SetUpApp, browser: BrowserContext, chromium: Browser
) -> None:
    page = browser.new_page()
    page.goto(f"{app.address}/moderation")
    sees_only_the_way_in(page)
    expect(page.get_by_label(strings.PASSWORD)).to_have_count(0)
    sign_in(app, page, "ada")
    sees_reports(page)
    with Moderators(app.pack.paths.reports) as moderators:
        assert [one.name for one in moderators.accounts(moderators.operator())] == [ADA]
    # A tab of its own needs no second sign-in, and neither does a page that is loaded anew.
    other = browser.new_page()
    other.goto(f"{app.address}/moderation")
    sees_reports(other)
    page.reload()
    sees_reports(page)

    stolen = browser.cookies()
    assert any(cookie["name"] == "_streamlit_user" for cookie in stolen)
    page.get_by_role("button", name=strings.SIGN_OUT).click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name=strings.SIGN_IN)).to_be_visible()
    assert not any(cookie["name"] == "_streamlit_user" for cookie in browser.cookies())
    other.get_by_role("button", name=strings.START).click()
    sees_only_the_way_in(other)

    thief = chromium.new_context(reduced_motion="reduce")
    thief.add_cookies(stolen)  # type: ignore[arg-type]
    replayed = thief.new_page()
    replayed.goto(f"{app.address}/moderation")
    sees_only_the_way_in(replayed)
    expect(replayed.get_by_role("link", name=strings.MODERATION_PAGE)).to_have_count(0)
    thief.close()


def test_the_doctor_finds_the_provider(
    app: SetUpApp, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(app.folder)
    assert check_provider(load_settings()) == provider.issuer


@pytest.mark.slow
@pytest.mark.parametrize(("subject", "told"), [("bob", REFUSED), ("eve", "has not verified")])
def test_who_may_not_is_told_so(
    app: SetUpApp, browser: BrowserContext, subject: str, told: str | re.Pattern[str]
) -> None:
    page = browser.new_page()
    sign_in(app, page, subject)
    expect(page.get_by_text(told)).to_be_visible()
    sees_only_the_way_in(page)
    page.goto(f"{app.address}/moderation")
    sees_only_the_way_in(page)


@pytest.mark.slow
def test_who_denies_it_there_is_nobody_here(app: SetUpApp, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(f"{app.address}/sign-in")
    page.get_by_role("button", name=strings.SIGN_IN_PROVIDER).click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("link", name=strings.SIGN_IN)).to_be_visible()


@pytest.mark.slow
def test_a_group_gives_a_role_and_the_settings_take_it_back(
    app: SetUpApp, browser: BrowserContext
) -> None:
    groups = {"oidc_group_claim": "groups", "oidc_administrator_groups": ["stewards"]}
    app.set(**WAY_IN, **groups)
    page = browser.new_page()
    sign_in(app, page, "bob")
    sees_reports(page)
    page.get_by_role("link", name=strings.PEOPLE_PAGE).click()
    expect(page.get_by_text(BOB).first).to_be_visible()
    app.set(**WAY_IN)
    page.get_by_role("link", name=strings.MODERATION_PAGE).click()
    expect(page.get_by_text(REFUSED)).to_have_count(0)
    sees_only_the_way_in(page)
