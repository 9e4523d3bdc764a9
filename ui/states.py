"""The screens for when nothing can be asked yet: what is the matter, and the one thing to do."""

from __future__ import annotations

from dataclasses import dataclass

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
)
from ingest.paths import domain_paths
from ui import strings
from ui.rendering import escape
from ui.services import Services

LOOK_AGAIN_SECONDS = 3


@dataclass(frozen=True)
class State:
    """Why nothing can be asked: a sign for the eye, a title, and who can do what about it."""

    sign: str
    title: str
    told: str


MISSING = State("📄", strings.NO_INDEX_TITLE, strings.NO_INDEX_TOLD)
INDEXING = State("⏳", strings.INDEXING_TITLE, strings.INDEXING_TOLD)
INDEX_TROUBLE = State("🧩", strings.INDEX_TROUBLE_TITLE, strings.OPERATOR_TOLD)
NO_MODEL = State("🔌", strings.NO_MODEL_TITLE, strings.OPERATOR_TOLD)
ABSENT_MODEL = State("💤", strings.ABSENT_MODEL_TITLE, strings.ABSENT_MODEL_TOLD)
STRANGE_MODEL = State("🔒", strings.STRANGE_MODEL_TITLE, strings.STRANGE_MODEL_TOLD)
TROUBLE = State("🛠️", strings.TROUBLE_TITLE, strings.OPERATOR_TOLD)
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
    """Draw the screen for an error; while the index is being made, it looks again by itself."""
    indexing = isinstance(error, IndexMissing) and services is not None and is_indexing(services)
    if indexing and services is not None:
        st.html(state_html(INDEXING))
        st.fragment(_go_on_when_indexed, run_every=LOOK_AGAIN_SECONDS)(services)
        return
    state = next((state for kind, state in STATES if isinstance(error, kind)), TROUBLE)
    st.html(state_html(state, error))
    with st.container(horizontal_alignment="center"):
        st.button(strings.TRY_AGAIN, type="primary", icon=":material/refresh:")


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


def _go_on_when_indexed(services: Services) -> None:
    if not is_indexing(services):
        st.rerun()


def state_html(state: State, error: GroundskeeperError | None = None) -> str:
    """Return the screen; what exactly is wrong stands below it in small print, for operators."""
    exact = ""
    if error is not None:
        hint = f"<br>{escape(error.hint)}" if error.hint else ""
        exact = f'<div class="gk-note gk-exact"><p>{escape(error.message)}{hint}</p></div>'
    role = "alert" if error is not None else "status"
    return (
        f'<div class="gk-welcome gk-state" role="{role}"><div class="gk-icon" aria-hidden="true">'
        f"{state.sign}</div><h1>{state.title}</h1><p>{state.told}</p></div>{exact}"
    )
