"""What only the reader's browser can do: bring a question up, copy an answer, open its sources."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.types import ComponentRenderer

from ui import strings

_SCRIPT = Path(__file__).with_name("browser.js")
_COPY_BUTTON = (
    '<button type="button" class="gk-copy"><i aria-hidden="true"></i>'
    f'<span aria-live="polite">{strings.COPY}</span></button>'
)


def bring_to_top(key: str, *, editing: bool = False) -> None:
    """Scroll the exchange with this key to the top of the screen, once in a visit.

    While its question is being changed the cursor is put where it is typed, once too.
    """
    data = {"question": key, "focus": f"edit-{key}" if editing else ""}
    _component("groundskeeper_page")(data=data, key="gk-in-browser")


def show_passage(place: str, key: str) -> None:
    """Scroll to the passage that is marked, whenever `place` is another."""
    _component("groundskeeper_passage")(data={"passage": place}, key=f"gk-in-browser-{key}")


def on_source(by: str, pressed: Callable[[str], None]) -> None:
    """Call `pressed` with the id of each source that is pressed on the page `by`."""
    key = f"gk-in-browser-{by}"

    def hear() -> None:
        source = st.session_state[key].get("source")
        if isinstance(source, str):
            pressed(source)

    _component("groundskeeper_sources")(key=key, data={"sources": True}, on_source_change=hear)


def offer_copy(text: str, key: str) -> None:
    """Draw a button that copies text; no run of the script is needed for it."""
    data = {
        "text": text,
        "label": strings.COPY,
        "copied": strings.COPIED,
        "failed": strings.NOT_COPIED,
    }
    _component("groundskeeper_copy", _COPY_BUTTON)(data=data, key=f"gk-copy-{key}")


def _component(name: str, html: str = "<i></i>") -> ComponentRenderer:
    return _registered(get_bidi_component_manager(), name, html)


@lru_cache(maxsize=8)
def _registered(_with: object, name: str, html: str) -> ComponentRenderer:
    """Register a component when it is first drawn: before that there may be no Streamlit."""
    script = _SCRIPT.read_text(encoding="utf-8")
    return st.components.v2.component(name, html=html, js=script, isolate_styles=False)
