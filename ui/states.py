"""The screens for when nothing can be asked: what is the matter, and the one thing to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import streamlit as st
from filelock import FileLock, Timeout

from ingest.errors import (
    GroundskeeperError,
    IndexMissing,
    IndexUnavailable,
    ModelError,
    ModelIntegrityError,
    ModelTimeout,
    ModelUnavailable,
    StillOpening,
)
from ingest.paths import domain_paths
from ingest.scan import find_files
from ingest.staging import count_documents
from ui import strings
from ui.rendering import escape
from ui.services import Services

LOOK_AGAIN_SECONDS = 1.5
_COMMAND = re.compile("`([^`]+)`")  # what a hint says to type
# Streamlit's own dialog for a lost connection, told from ours, which hold elements.
_OFFLINE_DIALOG = (
    'body:has(.stApp[data-test-connection-state="PINGING_SERVER"])'
    ' .stDialog:not(:has([data-testid="stVerticalBlock"])) [role="dialog"]'
)


@dataclass(frozen=True)
class State:
    """Why nothing can be asked: a sign for the eye, a title, and who can do what about it."""

    sign: str
    title: str
    told: str


MISSING = State("📄", strings.NO_INDEX_TITLE, strings.NO_INDEX_TOLD)
INDEXING = State("⏳", strings.INDEXING_TITLE, strings.INDEXING_TOLD)
LOADING = State("⏳", strings.LOADING_TITLE, strings.LOADING_TOLD)
INDEX_TROUBLE = State("🧩", strings.INDEX_TROUBLE_TITLE, strings.OPERATOR_TOLD)
NO_MODEL = State("🔌", strings.NO_MODEL_TITLE, strings.OPERATOR_TOLD)
ABSENT_MODEL = State("💤", strings.ABSENT_MODEL_TITLE, strings.ABSENT_MODEL_TOLD)
STRANGE_MODEL = State("🔒", strings.STRANGE_MODEL_TITLE, strings.STRANGE_MODEL_TOLD)
TROUBLE = State("🛠️", strings.TROUBLE_TITLE, strings.OPERATOR_TOLD)
BUG = State("🛠️", strings.TROUBLE_TITLE, strings.BROKEN)
# The first kind of error that fits.
STATES: tuple[tuple[type[GroundskeeperError], State], ...] = (
    (IndexMissing, MISSING),
    (IndexUnavailable, INDEX_TROUBLE),
    (ModelIntegrityError, STRANGE_MODEL),
    (ModelUnavailable, ABSENT_MODEL),
    (ModelTimeout, ABSENT_MODEL),
    (ModelError, NO_MODEL),
)


def draw_state(error: GroundskeeperError, services: Services | None = None) -> None:
    """Draw the screen for an error; what passes by itself is looked at again until it has."""
    if services is not None and (passing := _passing(error, services)):
        draw = partial(_draw_until_over, passing, services)
        st.fragment(draw, run_every=LOOK_AGAIN_SECONDS)()
        return
    state = next((state for kind, state in STATES if isinstance(error, kind)), TROUBLE)
    st.html(state_html(state, error))
    _offer_to_try_again()


def draw_bug() -> None:
    """Draw the screen for a mistake of our own, of which only the log knows more."""
    st.html(state_html(BUG))
    _offer_to_try_again()


def _offer_to_try_again() -> None:
    with st.container(horizontal_alignment="center"):
        st.button(strings.TRY_AGAIN, key="try-again", type="primary", icon=":material/refresh:")


def _passing(error: GroundskeeperError, services: Services) -> State | None:
    """Return the state that ends by itself, if this is one."""
    if isinstance(error, StillOpening):
        return LOADING
    return INDEXING if isinstance(error, IndexMissing) and is_indexing(services) else None


def _draw_until_over(state: State, services: Services) -> None:
    over = _is_open(services) if state is LOADING else not is_indexing(services)
    if over:
        st.rerun()
    st.html(state_html(state))
    if state is INDEXING:
        _draw_progress(services)


def _is_open(services: Services) -> bool:
    """Whether the bot is there, or why it is not is known by now: either way the page goes on."""
    try:
        services.open_bot()
    except StillOpening:
        return False
    except GroundskeeperError:
        pass
    return True


def _draw_progress(services: Services) -> None:
    """Show how many documents have been read; that they are in memory too takes a little longer."""
    files = sum(1 for _ in find_files(services.settings.domain))
    done = min(count_documents(domain_paths(services.settings, services.card).staging), files)
    if done:
        told = strings.INDEXING_SO_FAR.format(done=done, all=files)
        with st.container(key="gk-indexing"):
            st.progress(done / files, told)


def is_indexing(services: Services) -> bool:
    """Whether a reindex is at work at this moment, in whatever process."""
    path = domain_paths(services.settings, services.card).reindex_lock
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def offline_css() -> str:
    """Return the style element that says in our words that the connection is lost.

    Streamlit's own dialog speaks of its server. It goes on trying, and takes the dialog away.
    """
    title, told = f'"{strings.OFFLINE_TITLE}"', f'"{strings.OFFLINE_TOLD}"'
    return (
        f"<style>{_OFFLINE_DIALOG} :is(h2,h2+div){{font-size:0}}"
        f"{_OFFLINE_DIALOG} h2+div>*{{display:none}}"
        f"{_OFFLINE_DIALOG} h2::after{{content:{title};font-size:1.5rem}}"
        f"{_OFFLINE_DIALOG} h2+div::after{{content:{told};font-size:1rem}}</style>"
    )


def state_html(state: State, error: GroundskeeperError | None = None) -> str:
    """Return the screen; what exactly is wrong stands below it in small print, for operators."""
    exact = ""
    if error is not None:
        told = _COMMAND.sub(r"<code>\1</code>", escape(error.hint))
        hint = f"<br>{told}" if told else ""
        exact = (
            f'<div class="gk-note gk-exact"><p><small>{strings.FOR_OPERATOR}</small><br>'
            f"{escape(error.message)}{hint}</p></div>"
        )
    role = "status" if state in (INDEXING, LOADING) else "alert"
    return (
        f'<div class="gk-welcome gk-state" role="{role}"><div class="gk-icon" aria-hidden="true">'
        f"{state.sign}</div><h1>{state.title}</h1><p>{state.told}</p></div>{exact}"
    )
