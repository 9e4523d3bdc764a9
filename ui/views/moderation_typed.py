"""What a moderator typed into the forms of a report, which stays while another form is open.

The fields stand in no `st.form`: that tells what is typed only when it is sent, and forgets it
when another form takes its place.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.in_hand import in_hand

# The fields that hold a moderator's own words.
_WRITTEN = ("answer_fine-detail", "texts", "must", "must-not", "note")


def typed_words(key: str) -> str:
    """Return what a moderator wrote into the forms, one after the other."""
    written = (in_hand(f"{key}-{name}", "").strip() for name in _WRITTEN)
    return "\n".join(dict.fromkeys(text for text in written if text))


def keep_typed(key: str) -> None:
    """Keep what the fields hold by now; call it before any of them is drawn, or is not.

    Streamlit forgets a field that a run of the script does not draw.
    """
    kept = st.session_state.setdefault(_kept(key), {})
    kept |= {name: st.session_state[name] for name in kept if name in st.session_state}


def field(key: str, name: str, default: Any = "") -> str:
    """Return the key to draw a field with, which then holds what it held last, or the default."""
    own = f"{key}-{name}"
    kept = st.session_state.setdefault(_kept(key), {}).setdefault(own, default)
    if own not in st.session_state:
        st.session_state[own] = kept
    return own


def _kept(key: str) -> str:
    return f"{key}-kept"


def lines(text: str) -> list[str]:
    """Return the lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]
