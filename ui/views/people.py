"""People: the accounts, for administrators; for everybody who signs in, their own password.

What is drawn protects nothing: each change asks anew whether whoever makes it is an administrator.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import streamlit as st

from bot.review import Account, Moderator, Role
from ui import strings
from ui.rendering import literal
from ui.report_html import account_html
from ui.services import Services, sign_out, signed_in
from ui.views.moderation_changes import change, say_what_happened
from ui.views.sign_in import sign_in_page

_NEW_NAME, _NEW_PASSWORD, _NEW_ROLE = "people-name", "people-password", "people-role"
_OWN_OLD, _OWN_NEW = "own-password", "own-new-password"


def people_page(services: Services) -> None:
    """Draw what the visitor may manage; for anybody else, only the way in."""
    who = signed_in(services)
    if who is None:
        sign_in_page(services)
        return
    say_what_happened()
    if who.role == "administrator":
        _draw_accounts(services, who)
    _draw_own(services, who)


def _draw_accounts(services: Services, who: Moderator) -> None:
    accounts = services.moderators.accounts(who)
    st.header(strings.PEOPLE_TITLE, anchor=False)
    now = datetime.now(UTC)
    for account in accounts:
        with st.container(key=f"gk-person-{account.name}", border=True):
            st.html(account_html(account, now))
            with st.expander(strings.CHANGE_ACCOUNT.format(name=literal(account.name))):
                _draw_account(services, account)
    if services.access().local_accounts:
        _draw_new_account(services)


def _draw_account(services: Services, account: Account) -> None:
    """Draw what can be changed of an account; a provider's is the settings' to change."""
    accounts, name = services.moderators, account.name
    if account.locked_until is not None:
        _button(services, strings.UNLOCK, name, lambda who: accounts.unlock(who, name))
    if account.local:
        other: Role = "moderator" if account.role == "administrator" else "administrator"
        _button(
            services,
            strings.MAKE_ROLE[other],
            name,
            lambda who: accounts.set_role(who, name, other),
        )
        _draw_password(services, name)
    else:
        st.caption(strings.PROVIDED_ACCOUNT)
    sure = st.checkbox(strings.REMOVE_SURE.format(name=literal(name)), key=f"sure-{name}")
    _button(
        services,
        strings.REMOVE_ACCOUNT,
        name,
        lambda who: accounts.remove(who, name),
        disabled=not sure,
    )


def _draw_password(services: Services, name: str) -> None:
    key = f"password-{name}"

    def set_password(who: Moderator) -> None:
        services.moderators.set_password(who, name, _taken(key))

    with st.form(f"new-password-{name}", border=False):
        _password_input(strings.NEW_PASSWORD, key)
        st.form_submit_button(strings.SET_PASSWORD, on_click=_do, args=(services, set_password))


def _draw_new_account(services: Services) -> None:
    def add(who: Moderator) -> None:
        password = _taken(_NEW_PASSWORD)
        name, role = st.session_state[_NEW_NAME], st.session_state[_NEW_ROLE]
        services.moderators.add(who, name, password, role)
        st.session_state[_NEW_NAME] = ""

    st.subheader(strings.ADD_ACCOUNT, anchor=False)
    with st.form("new-account"):
        st.text_input(strings.NAME, key=_NEW_NAME, max_chars=64, autocomplete="off")
        _password_input(strings.FIRST_PASSWORD, _NEW_PASSWORD)
        st.radio(
            strings.ROLE,
            get_args(Role),
            format_func=strings.ROLE_MEANS.__getitem__,
            key=_NEW_ROLE,
        )
        st.form_submit_button(
            strings.ADD_ACCOUNT, type="primary", on_click=_do, args=(services, add)
        )


def _draw_own(services: Services, who: Moderator) -> None:
    """Draw who is signed in, the way out, and their password if they have one here."""
    st.header(strings.ACCOUNT_TITLE, anchor=False)
    with st.container(key="gk-own", horizontal=True, vertical_alignment="center"):
        st.text(strings.SIGNED_IN.format(name=who.name))
        st.button(strings.SIGN_OUT, icon=":material/logout:", on_click=sign_out, args=(services,))
    if who.local:
        _draw_own_password(services)


def _draw_own_password(services: Services) -> None:
    def change_own(who: Moderator) -> None:
        old, new = _taken(_OWN_OLD), _taken(_OWN_NEW)
        services.moderators.change_own_password(who, old, new)

    with st.form("own-password-form"):
        _password_input(strings.OLD_PASSWORD, _OWN_OLD, "current-password")
        _password_input(strings.NEW_PASSWORD, _OWN_NEW)
        st.form_submit_button(strings.SET_PASSWORD, on_click=_do, args=(services, change_own))


def _do(services: Services, act: Callable[[Moderator], None]) -> None:
    change(services, act)


def _password_input(label: str, key: str, kind: str = "new-password") -> None:
    st.text_input(label, key=key, type="password", max_chars=1_000, autocomplete=kind)


def _taken(key: str) -> str:
    """Return what was typed, and forget it here."""
    typed: str = st.session_state[key]
    st.session_state[key] = ""
    return typed


def _button(
    services: Services,
    label: str,
    name: str,
    act: Callable[[Moderator], None],
    *,
    disabled: bool = False,
) -> None:
    st.button(label, key=f"{label}-{name}", disabled=disabled, on_click=_do, args=(services, act))
