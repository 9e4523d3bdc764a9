"""What a callback reads of its session without being ended there.

Streamlit ends a callback at its next look into `st.session_state` when another press has come
meanwhile, and does not call it again. So what must be done whole, or not at all, looks there only
before it does anything, by `in_hand`, and notes what came of it in an object that it has in hand.
"""

from __future__ import annotations

from typing import Any

import streamlit as st


def in_hand(name: str, default: Any = None) -> Any:
    """Return what the session holds under a name, without a moment in which Streamlit may stop us.

    `to_dict` copies the session's names, which is public and, unlike a look at one, no such moment.
    """
    return st.session_state.to_dict().get(name, default)
