"""What a moderator typed into the forms of a report."""

from __future__ import annotations

import streamlit as st

# The fields that hold a moderator's own words.
_WRITTEN = ("answer_fine-detail", "texts", "must", "must-not", "note")


def typed_words(key: str) -> str:
    """Return what a moderator wrote into the forms, one after the other."""
    written = (st.session_state.get(f"{key}-{name}", "").strip() for name in _WRITTEN)
    return "\n".join(dict.fromkeys(text for text in written if text))


def lines(text: str) -> list[str]:
    """Return the lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]
