"""One change by whoever is signed in now, and what came of it, said on the next page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bot.review import Moderator
from ingest.errors import GroundskeeperError, ReportConflict
from ui import strings
from ui.rendering import failure_html, note_html
from ui.services import Services, signed_in

_SAID = "moderation-said"


def change(services: Services, act: Callable[[Moderator], object], *, saves: bool = True) -> bool:
    """Act as whoever is signed in now; True if it was done.

    Where nothing `saves`, only what went wrong is said.
    """
    who = signed_in(services)
    if who is None:
        return False
    try:
        act(who)
    except ReportConflict as conflict:
        st.session_state[_SAID] = (strings.CONFLICT.format(what=conflict.message), "")
    except GroundskeeperError as error:
        st.session_state[_SAID] = (error.message, error.hint)
    else:
        if saves:
            st.session_state[_SAID] = None
        return True
    return False


def say_what_happened() -> None:
    """Say once how the last change went."""
    if _SAID not in st.session_state:
        return
    failure = st.session_state.pop(_SAID)
    st.html(note_html(strings.DONE, "saved") if failure is None else failure_html(*failure))
