"""Whom an identity provider lets in, for how long, and how the settings take it back."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.review import (
    Access,
    CurrentAccess,
    Identity,
    Moderator,
    Moderators,
    ReviewQueue,
    read_identity,
)
from ingest.errors import NotSignedIn, ReviewError, SettingsError
from ingest.paths import ReportsLocation
from ingest.settings import SETTINGS_FILE, load_settings

PASSWORD = "correct horse battery"
OPERATOR = Moderators.operator()
ADDRESS = "ada@example.org"
CLAIMS = {
    "iss": "https://id.example.org",
    "sub": "7",
    "aud": "app",
    "nonce": "n-1",
    "iat": 1_800_000_000,
    "exp": 1_800_003_600,
    "email": "Ada@Example.org",
    "email_verified": True,
    "groups": ["readers", "stewards"],
}


class Rules:
    """The settings of the moment, which a test may change at any time."""

    def __init__(self) -> None:
        self.now = Access(moderators=frozenset({ADDRESS}))

    def __call__(self) -> Access:
        return self.now


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
def people(location: ReportsLocation, clock: Any, rules: Rules) -> Iterator[Moderators]:
    cheap = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    with Moderators(location, clock=clock, access=rules, hasher=cheap) as people:
        yield people


@pytest.fixture
def reports(location: ReportsLocation, clock: Any, rules: Rules) -> Iterator[ReviewQueue]:
    with ReviewQueue(location, clock=clock, access=rules) as reports:
        yield reports


def identity(**changes: Any) -> Identity:
    return read_identity({**CLAIMS, **changes}, "groups")


def enter(people: Moderators, **changes: Any) -> Moderator:
    return people.moderator(people.sign_in_by_provider(identity(**changes)).token)


# --- what a provider says -----------------------------------------------------------------------


def test_an_id_token_names_somebody() -> None:
    found = read_identity(CLAIMS, "groups")
    assert (found.address, found.groups) == (ADDRESS, ("readers", "stewards"))
    assert read_identity(CLAIMS).groups == ()
    assert read_identity({**CLAIMS, "groups": "stewards"}, "groups").groups == ("stewards",)
    assert read_identity({**CLAIMS, "groups": [1, None, "a"]}, "groups").groups == ("a",)


@pytest.mark.parametrize("claim", ["iss", "sub", "nonce", "iat", "email"])
@pytest.mark.parametrize("value", [None, "", 0.5, True, ["x"]])
def test_what_lacks_a_claim_is_no_sign_in(claim: str, value: object) -> None:
    with pytest.raises(NotSignedIn, match="not a sign-in"):
        identity(**{claim: value})


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_has_to_be_verified(verified: object) -> None:
    with pytest.raises(NotSignedIn, match="not verified"):
        identity(email_verified=verified)


@pytest.mark.parametrize(
    "address",
    ["ada@example.org.evil", "ſada@example.org", "ada@e\u212aample.org", "ａda@example.org", "ada"],
)
def test_an_address_that_looks_like_it_is_another(people: Moderators, address: str) -> None:
    with pytest.raises(NotSignedIn, match="may not work on reports"):
        enter(people, email=address)


def test_case_of_an_address_does_not_matter() -> None:
    settings = load_settings(oidc_moderators=["ADA@example.ORG "])
    assert Access.from_settings(settings).role_of(identity().address, ()) == "moderator"


def test_groups_count_only_with_a_claim() -> None:
    groups = {"moderator_groups": frozenset({"readers"}), "administrator_groups": frozenset({"s"})}
    with_claim = Access(group_claim="groups", **groups)  # type: ignore[arg-type]
    assert with_claim.role_of("x@y", ["readers"]) == "moderator"
    assert with_claim.role_of("x@y", ["readers", "s"]) == "administrator"
    assert with_claim.role_of("x@y", ["Readers"]) is None
    assert dataclasses.replace(with_claim, group_claim="").role_of("x@y", ["readers"]) is None


# --- sessions -----------------------------------------------------------------------------------


def test_a_sign_in_is_one_session_in_every_tab(people: Moderators, reports: ReviewQueue) -> None:
    first, second = enter(people), enter(people)
    assert first == second and first.name == ADDRESS
    reports.count(first)
    [account] = people.accounts(OPERATOR)
    assert (account.name, account.local, account.role) == (ADDRESS, False, "moderator")
    assert account.signed_in_at is not None


def test_who_is_not_on_a_list_gets_no_account(people: Moderators) -> None:
    with pytest.raises(NotSignedIn, match=r"bob@example\.org may not work"):
        enter(people, email="bob@example.org", sub="8")
    assert people.accounts(OPERATOR) == []


def test_signing_out_ends_it_in_every_tab_and_its_cookie_opens_no_other(
    people: Moderators, reports: ReviewQueue, clock: Any
) -> None:
    here, there = (people.sign_in_by_provider(identity()) for _ in range(2))
    who = people.moderator(there.token)
    people.sign_out(here.token)
    for replay in (lambda: people.moderator(there.token), lambda: enter(people)):
        with pytest.raises(NotSignedIn):
            replay()
    with pytest.raises(NotSignedIn):
        reports.count(who)
    for hours in (0.05, 0.5, 0.4, 0.1, 24):
        clock.forward(hours=hours)
        # Other sign-ins sweep out what has ended; the cookie is as old as it is.
        enter(people, nonce=f"n-{clock.now}", iat=clock.now // 10**9)
        with pytest.raises(NotSignedIn):
            enter(people)


def test_a_cookie_opens_a_session_only_while_it_is_fresh(people: Moderators, clock: Any) -> None:
    with pytest.raises(NotSignedIn):
        enter(people, iat=CLAIMS["iat"] + 61)
    enter(people, iat=CLAIMS["iat"] + 60)
    clock.forward(seconds=300)
    with pytest.raises(NotSignedIn):
        enter(people)


def test_the_session_lasts_from_when_the_provider_was_asked(people: Moderators, clock: Any) -> None:
    token = people.sign_in_by_provider(identity()).token
    for _ in range(3):
        clock.forward(seconds=1_199)
        people.moderator(token)
    clock.forward(seconds=3)
    with pytest.raises(NotSignedIn):
        people.moderator(token)


def test_two_tabs_may_arrive_at_once(
    location: ReportsLocation, rules: Rules, people: Moderators, clock: Any
) -> None:
    names: list[str] = []
    start = threading.Barrier(4)

    def arrive() -> None:
        with Moderators(location, clock=clock, access=rules) as mine:
            start.wait()
            names.append(enter(mine).name)

    threads = [threading.Thread(target=arrive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == [ADDRESS] * 4
    assert len(people.accounts(OPERATOR)) == 1


# --- what the settings take back ----------------------------------------------------------------


def test_who_is_taken_off_the_list_is_out_at_the_next_call(
    people: Moderators, reports: ReviewQueue, rules: Rules
) -> None:
    who = enter(people)
    reports.count(who)
    rules.now = Access()
    for refused in (lambda: reports.count(who), lambda: enter(people)):
        with pytest.raises(NotSignedIn):
            refused()
    assert people.accounts(OPERATOR)[0].role is None


def test_a_queue_that_knows_no_provider_lets_nobody_of_it_in(
    people: Moderators, queue: ReviewQueue
) -> None:
    with pytest.raises(NotSignedIn):
        queue.count(enter(people))


def test_roles_follow_the_settings_too(
    people: Moderators, reports: ReviewQueue, rules: Rules
) -> None:
    who = enter(people)
    with pytest.raises(NotSignedIn, match="administrator"):
        list(reports.export(who))
    rules.now = Access(group_claim="groups", administrator_groups=frozenset({"stewards"}))
    assert list(reports.export(who)) == []
    rules.now = Access(group_claim="groups", moderator_groups=frozenset({"readers"}))
    with pytest.raises(NotSignedIn, match="administrator"):
        list(reports.export(who))


def test_groups_are_those_of_the_last_sign_in(people: Moderators, rules: Rules, clock: Any) -> None:
    rules.now = Access(group_claim="groups", moderator_groups=frozenset({"stewards"}))
    enter(people)
    clock.forward(seconds=10)
    with pytest.raises(NotSignedIn, match="may not work"):
        enter(people, nonce="n-2", groups=["readers"])


def test_local_accounts_can_be_switched_off(
    people: Moderators, reports: ReviewQueue, rules: Rules
) -> None:
    people.add(OPERATOR, "birch", PASSWORD)
    who = people.moderator(people.sign_in("birch", PASSWORD).token)
    rules.now = Access(local_accounts=False)
    with pytest.raises(NotSignedIn):
        reports.count(who)
    with pytest.raises(NotSignedIn, match="through your organisation"):
        people.sign_in("birch", PASSWORD)


# --- accounts -----------------------------------------------------------------------------------


def test_a_local_account_is_not_opened_by_a_provider(people: Moderators) -> None:
    people.add(OPERATOR, ADDRESS, PASSWORD)
    with pytest.raises(NotSignedIn, match="local account"):
        enter(people)
    people.sign_in(ADDRESS, PASSWORD)
    people.remove(OPERATOR, ADDRESS)
    enter(people)


def test_no_password_opens_a_providers_account(people: Moderators) -> None:
    enter(people)
    for password in ("", PASSWORD):
        with pytest.raises(NotSignedIn, match="name or the password"):
            people.sign_in(ADDRESS, password)
    for act in (
        lambda: people.set_password(OPERATOR, ADDRESS, PASSWORD),
        lambda: people.set_role(OPERATOR, ADDRESS, "administrator"),
    ):
        with pytest.raises(ReviewError, match="identity provider"):
            act()


def test_an_address_that_now_is_somebody_elses(people: Moderators, reports: ReviewQueue) -> None:
    before = enter(people)
    after = enter(people, sub="8", nonce="n-2")
    reports.count(after)
    with pytest.raises(NotSignedIn):
        reports.count(before)


@pytest.mark.parametrize("address", ["operator", "a b@example.org", "ada@exämple.org\u0308"])
def test_an_address_has_to_make_a_name(people: Moderators, rules: Rules, address: str) -> None:
    rules.now = Access(moderators=frozenset({address}))
    with pytest.raises(NotSignedIn, match=r"cannot be|reserved"):
        enter(people, email=address)


def test_the_last_local_administrator_may_go_where_a_provider_has_some(
    people: Moderators, rules: Rules
) -> None:
    rules.now = Access(administrators=frozenset({ADDRESS}))
    people.add(OPERATOR, "birch", PASSWORD)
    people.remove(enter(people), "birch")
    assert [account.name for account in people.accounts(OPERATOR)] == [ADDRESS]


# --- settings -----------------------------------------------------------------------------------


def test_the_settings_file_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    access = CurrentAccess(load_settings())
    assert access() == Access() and not access().by_provider
    Path(SETTINGS_FILE).write_text(
        f'session_idle_minutes = 5\noidc_administrators = ["{ADDRESS}"]\n'
        'oidc_group_claim = "groups"\noidc_moderator_groups = ["readers"]\n',
        encoding="utf-8",
    )
    assert access().role_of(ADDRESS, ()) == "administrator"
    assert access().role_of("x@y", ["readers"]) == "moderator"
    assert access().by_provider and access().idle_ns == 5 * 60 * 10**9
    Path(SETTINGS_FILE).write_text("oidc_moderators = 7\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SettingsError, match="oidc_moderators"):
            access()
    Path(SETTINGS_FILE).unlink()
    assert access() == Access()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"oidc_moderator_groups": ["a"]}, "oidc_group_claim"),
        ({"oidc_group_claim": "groups"}, "oidc_moderator_groups"),
        ({"local_accounts": False}, "nobody could sign in"),
    ],
)
def test_settings_that_would_let_nobody_in(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings(**settings)
