"""Signing in, for moderators: by name and password, through an identity provider, or either."""

from __future__ import annotations

import streamlit as st

from ingest.errors import GroundskeeperError
from ui import provider, strings
from ui.rendering import failure_html
from ui.services import Services, refusal, sign_in, signed_in

_NAME, _PASSWORD, _FAILURE = "sign-in-name", "sign-in-password", "sign-in-failure"


def sign_in_page(services: Services) -> None:
    """Draw the ways in; afterwards the menu has the moderation page."""
    who = signed_in(services)
    if who is not None:
        st.success(strings.SIGNED_IN.format(name=who.name))
        return
    st.header(strings.SIGN_IN_TITLE, anchor=False)
    st.write(strings.SIGN_IN_INTRO)
    access = services.access()
    if access.by_provider:
        _draw_provider(services)
    if access.local_accounts:
        _draw_form(services, alone=not access.by_provider)
    if failure := st.session_state.pop(_FAILURE, None):
        st.html(failure_html(*failure))


def _draw_provider(services: Services) -> None:
    if not provider.set_up():
        st.html(failure_html(strings.NO_PROVIDER, strings.NO_PROVIDER_HINT))
        return
    refused = refusal(services)
    if refused is not None:
        st.html(failure_html(refused.message, refused.hint))
    st.button(
        strings.SIGN_IN_PROVIDER if refused is None else strings.SIGN_IN_AGAIN,
        type="primary",
        icon=":material/key:",
        on_click=_ask_provider,
    )


def _draw_form(services: Services, *, alone: bool) -> None:
    if not alone:
        st.write(strings.OR_BY_NAME)
    with st.form("sign-in"):
        st.text_input(strings.NAME, key=_NAME, max_chars=64, autocomplete="username")
        st.text_input(
            strings.PASSWORD,
            key=_PASSWORD,
            type="password",
            max_chars=1_000,
            autocomplete="current-password",
        )
        st.form_submit_button(
            strings.SIGN_IN,
            type="primary" if alone else "secondary",
            on_click=_try_to_sign_in,
            args=(services,),
        )


def _ask_provider() -> None:
    try:
        provider.ask()
    except GroundskeeperError as error:
        st.session_state[_FAILURE] = (error.message, error.hint)


def _try_to_sign_in(services: Services) -> None:
    """Sign in with what was typed; the password is forgotten here whatever comes of it."""
    name, password = st.session_state[_NAME], st.session_state[_PASSWORD]
    st.session_state[_PASSWORD] = ""
    if not (name and password):
        st.session_state[_FAILURE] = (strings.FILL_IN_BOTH, "")
        return
    try:
        sign_in(services, name, password)
    except GroundskeeperError as error:
        st.session_state[_FAILURE] = (error.message, error.hint)
