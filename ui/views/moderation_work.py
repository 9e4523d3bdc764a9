"""What a moderator's page waits for: it can be used meanwhile, and the result waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui import strings
from ui.background import Result, Tell, Work
from ui.rendering import escape, failure_html, progress_html

LOOK_AGAIN_SECONDS = 0.5
# What is over by then is drawn at once.
AT_ONCE_SECONDS = 0.3


def begin(key: str, do: Callable[[Tell], Any]) -> None:
    """Begin a work in place of the last one of this key."""
    forget(key)
    st.session_state[key] = work = Work(do)
    work.wait(AT_ONCE_SECONDS)


def forget(key: str) -> None:
    """Let go of a work and its result."""
    work: Work[Any] | None = st.session_state.pop(key, None)
    if work is not None:
        work.abandon()


def found(key: str, told: str, kind: type[Result]) -> Result | None:
    """Return what came of a work; until then say how far it is, and offer to stop it."""
    work: Work[Any] | None = st.session_state.get(key)
    if work is None:
        return None
    if not work.over:
        _follow(work, told)
        st.button(
            strings.STOP,
            icon=":material/stop_circle:",
            key=f"stop-{key}",
            on_click=forget,
            args=(key,),
        )
    elif work.failure is not None:
        st.html(failure_html(work.failure.message, work.failure.hint))
    return work.result if isinstance(work.result, kind) else None


def _follow(work: Work[Any], told: str) -> None:
    """Look again and again, in a fragment: the rest of the page stays as it is."""

    @st.fragment(run_every=LOOK_AGAIN_SECONDS)
    def look() -> None:
        if work.over:
            st.rerun()
        done, of = work.progress
        far = strings.SO_FAR.format(done=done, of=of) if of else ""
        st.html(progress_html(escape(f"{told} {far}".strip()), ()))

    look()
