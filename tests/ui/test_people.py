"""Accounts in the app, and the ways in, driven without a browser over a real queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from streamlit.testing.v1 import AppTest

from bot.review import Access, Identity, Moderators, ReviewQueue
from ingest.domain import load_card
from ingest.errors import NotSignedIn, SettingsError
from tests.packs import Pack
from ui import strings
from ui.services import Services

PASSWORD, OTHER = "correct horse battery", "another long password"
OPERATOR = Moderators.operator()
ADDRESS = "ada@example.org"


class Rules:
    """The settings of the moment, which a test may change, or break, at any time."""

    def __init__(self) -> None:
        self.now: Access | SettingsError = Access()

    def __call__(self) -> Access:
        if isinstance(self.now, SettingsError):
            raise self.now
        return self.now


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
def services(tmp_path: Path, rules: Rules) -> Iterator[Services]:
    path = tmp_path / "reports.sqlite3"
    cheap = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    card = load_card(Pack.make(tmp_path).folder)
    with (
        Moderators(path, hasher=cheap, access=rules) as moderators,
        ReviewQueue(path, access=rules) as queue,
    ):
        moderators.add(OPERATOR, "ash", PASSWORD, "administrator")
        moderators.add(OPERATOR, "birch", PASSWORD, "moderator")
        yield Services(card, queue, moderators, _unused, _unused, access=rules)


def _unused() -> Any:
    raise AssertionError("these pages need no bot")


@pytest.fixture
def page(services: Services) -> Callable[[str], AppTest]:
    """Open the page as somebody who has signed in, or as nobody."""

    def page(name: str = "") -> AppTest:
        def script(services: object) -> None:
            from ui.views.people import people_page

            people_page(services)  # type: ignore[arg-type]

        test = AppTest.from_function(script, default_timeout=120, kwargs={"services": services})
        if name:
            token = services.moderators.sign_in(name, PASSWORD).token
            test.session_state["moderator_token"] = token
        return test.run()

    return page


def html(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def headers(test: AppTest) -> list[str]:
    return [header.value for header in test.header]


def press(test: AppTest, label: str, nth: int = 0) -> None:
    [button for button in test.button if button.label == label][nth].click().run()


def roles(services: Services) -> dict[str, str | None]:
    return {one.name: one.role for one in services.moderators.accounts(OPERATOR)}


def test_an_administrator_adds_somebody(services: Services, page: Callable[..., AppTest]) -> None:
    test = page("ash")
    test.text_input("people-name").input("fir")
    test.text_input("people-password").input(PASSWORD)
    test.radio("people-role").set_value("administrator")
    press(test, strings.ADD_ACCOUNT)
    assert strings.DONE in html(test) and "fir" in html(test)
    assert roles(services) == {"ash": "administrator", "birch": "moderator", "fir": "administrator"}
    services.moderators.sign_in("fir", PASSWORD)
    assert test.text_input("people-name").value == ""
    assert test.text_input("people-password").value == ""


def test_what_cannot_be_added_is_said_and_the_password_forgotten(
    services: Services, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    test.text_input("people-name").input("a b")
    test.text_input("people-password").input(PASSWORD)
    press(test, strings.ADD_ACCOUNT)
    assert "cannot be a moderator's name" in html(test).replace("&#x27;", "'")
    assert test.text_input("people-name").value == "a b"
    assert test.text_input("people-password").value == ""


def test_an_administrator_changes_role_password_and_lock(
    services: Services, page: Callable[..., AppTest]
) -> None:
    token = services.moderators.sign_in("birch", PASSWORD).token
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            services.moderators.sign_in("birch", OTHER)
    test = page("ash")
    assert "Locked until" in html(test)
    press(test, strings.UNLOCK)
    assert "Locked until" not in html(test)
    press(test, strings.MAKE_ROLE["administrator"])
    assert services.moderators.moderator(token).role == "administrator"
    test.text_input("password-birch").input(OTHER)
    press(test, strings.SET_PASSWORD, 1)
    with pytest.raises(NotSignedIn):
        services.moderators.moderator(token)
    services.moderators.sign_in("birch", OTHER)


def test_somebody_is_removed_only_when_one_is_sure(
    services: Services, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    assert all(button.disabled for button in test.button if button.label == strings.REMOVE_ACCOUNT)
    test.checkbox("sure-birch").check().run()
    press(test, strings.REMOVE_ACCOUNT, 1)
    assert roles(services) == {"ash": "administrator"}
    assert "birch" not in html(test)
    test.checkbox("sure-ash").check().run()
    press(test, strings.REMOVE_ACCOUNT)
    assert "last administrator" in html(test)
    assert roles(services) == {"ash": "administrator"}


def test_a_moderator_sees_only_what_is_their_own(page: Callable[..., AppTest]) -> None:
    test = page("birch")
    assert headers(test) == [strings.ACCOUNT_TITLE]
    assert "ash" not in html(test)
    test.text_input("own-password").input(PASSWORD)
    test.text_input("own-new-password").input(OTHER)
    press(test, strings.SET_PASSWORD)
    assert strings.DONE in html(test)
    assert headers(test) == [strings.ACCOUNT_TITLE], "still signed in here"
    assert [one.value for one in test.text_input] == ["", ""]


def test_an_administrator_who_no_longer_is_one_changes_nothing(
    services: Services, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    services.moderators.set_role(OPERATOR, "ash", "moderator")
    press(test, strings.MAKE_ROLE["administrator"])
    assert "Only an administrator" in html(test)
    assert roles(services) == {"ash": "moderator", "birch": "moderator"}
    assert headers(test) == [strings.ACCOUNT_TITLE]


def test_who_was_removed_changes_nothing_and_sees_nothing(
    services: Services, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    services.moderators.remove(OPERATOR, "ash")
    press(test, strings.MAKE_ROLE["administrator"])
    assert roles(services) == {"birch": "moderator"}
    assert headers(test) == [strings.SIGN_IN_TITLE] and "birch" not in html(test)


def test_signing_out_is_on_the_page(services: Services, page: Callable[..., AppTest]) -> None:
    test = page("birch")
    token = test.session_state["moderator_token"]
    press(test, strings.SIGN_OUT)
    assert headers(test) == [strings.SIGN_IN_TITLE]
    with pytest.raises(NotSignedIn):
        services.moderators.moderator(token)


def test_a_providers_account_has_no_password_here(
    services: Services, rules: Rules, page: Callable[..., AppTest]
) -> None:
    rules.now = Access(moderators=frozenset({ADDRESS}))
    services.moderators.sign_in_by_provider(
        Identity("https://id.example.org", "7", ADDRESS, (), "n-1", int(time.time()))
    )
    test = page("ash")
    assert strings.BY_PROVIDER in html(test)
    assert strings.PROVIDED_ACCOUNT in [caption.value for caption in test.caption]
    assert not [one for one in test.text_input if one.key == f"password-{ADDRESS}"]
    rules.now = Access()
    assert strings.NO_ROLE in html(test.run())


# --- the ways in --------------------------------------------------------------------------------


def test_one_address_may_not_try_many_names_on_the_page(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.services.visitor_address", lambda header: "203.0.113.7")
    test = page()
    for number in range(21):
        test.text_input("sign-in-name").input(f"name{number}")
        test.text_input("sign-in-password").input(OTHER)
        press(test, strings.SIGN_IN)
        expected = "from your network" if number == 20 else "name or the password is wrong"
        assert expected in html(test), number


def test_a_provider_that_is_half_set_up_is_said(
    rules: Rules, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.now = Access(moderators=frozenset({ADDRESS}))
    monkeypatch.setattr("ui.provider.set_up", lambda: True)
    test = page()
    press(test, strings.SIGN_IN_PROVIDER)
    assert strings.NO_PROVIDER in html(test)


def test_without_local_accounts_there_is_no_form(
    rules: Rules, page: Callable[..., AppTest]
) -> None:
    rules.now = Access(local_accounts=False, moderators=frozenset({ADDRESS}))
    test = page()
    assert not test.text_input
    assert strings.NO_PROVIDER in html(test), "Streamlit's secrets name none here"


def test_local_accounts_that_are_switched_off_are_out_at_once(
    rules: Rules, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    rules.now = Access(local_accounts=False, moderators=frozenset({ADDRESS}))
    assert headers(test.run()) == [strings.SIGN_IN_TITLE]


def test_while_the_settings_are_broken_nobody_moderates(
    rules: Rules, services: Services, page: Callable[..., AppTest]
) -> None:
    test = page("ash")
    rules.now = SettingsError("Setting 'oidc_moderators' has the value 7.")

    def script(services: object) -> None:
        import streamlit as st

        from ui.services import signed_in

        st.text(str(signed_in(services)))  # type: ignore[arg-type]

    broken = AppTest.from_function(script, kwargs={"services": services})
    broken.session_state["moderator_token"] = test.session_state["moderator_token"]
    assert broken.run().text[0].value == "None"
    rules.now = Access()
    assert "ash" in broken.run().text[0].value
