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


def change(
    services: Services,
    act: Callable[[Moderator], object],
    *,
    saves: bool = True,
    keep: tuple[str, str] = ("", ""),
) -> bool:
    """Act as whoever is signed in now; True if it was done.

    Where nothing `saves`, only what went wrong is said. `keep` is a report and what was typed for
    it, which is kept where the report's form may be gone, because another moderator was faster.
    """
    who = signed_in(services)
    if who is None:
        return False
    try:
        act(who)
    except ReportConflict as conflict:
        reference, typed = keep
        st.session_state[_typed_key(reference)] = typed
        st.session_state[_SAID] = (strings.CONFLICT.format(what=conflict.message), "")
    except GroundskeeperError as error:
        st.session_state[_SAID] = (error.message, error.hint)
    else:
        if saves:
            st.session_state[_SAID] = None
        return True
    return False


def typed_in_vain(reference: str) -> str:
    """Return, once, what was typed for a report that another moderator had just changed."""
    return str(st.session_state.pop(_typed_key(reference), ""))


def say_what_happened() -> None:
    """Say once how the last change went."""
    if _SAID not in st.session_state:
        return
    failure = st.session_state.pop(_SAID)
    st.html(note_html(strings.DONE, "saved") if failure is None else failure_html(*failure))


def _typed_key(reference: str) -> str:
    return f"typed-in-vain-{reference}"
