"""Signing in through an identity provider, by Streamlit's `st.login` (docs/moderators.md).

Streamlit keeps what the provider said in a signed cookie that outlives a sign-out, so the cookie
alone opens nothing: bot/review/accounts.py makes one session of each sign-in, and ends it.
"""

from __future__ import annotations

import logging
import time

import streamlit as st
from streamlit.errors import Error as StreamlitError

from bot.review import Access, Identity, read_identity
from ingest.errors import UsageError
from ui import strings

log = logging.getLogger(__name__)

_SEEN = "provider-seen"
_JUST_NOW_SECONDS = 60


def set_up() -> bool:
    """Whether the operator has named a provider in Streamlit's secrets."""
    return "is_logged_in" in st.user.to_dict()


def ask() -> None:
    """Send the visitor there. Raises UsageError where Streamlit's secrets are not whole."""
    try:
        st.login()
    except StreamlitError as error:
        log.warning("Nobody can be sent to the identity provider: %s", error)
        raise UsageError(strings.NO_PROVIDER, hint=strings.NO_PROVIDER_HINT) from None


def vouched_for(access: Access) -> Identity | None:
    """Return whom the provider vouches for in this browser, None for nobody.

    Raises NotSignedIn where what it said is not enough.
    """
    claims = st.user.to_dict()
    if not access.by_provider or claims.get("is_logged_in") is not True:
        return None
    return read_identity(claims, access.group_claim)


def just_arrived() -> bool:
    """Whether this is the first page after the provider sent the visitor back."""
    first = not st.session_state.get(_SEEN)
    st.session_state[_SEEN] = True
    claims = st.user.to_dict()
    issued = claims.get("iat")
    recent = isinstance(issued, int) and abs(time.time() - issued) < _JUST_NOW_SECONDS
    return first and claims.get("is_logged_in") is True and recent


def leave() -> None:
    """Forget the provider's word in this browser, and sign out there too if it offers that."""
    if st.user.to_dict().get("is_logged_in") is True:
        st.logout()
