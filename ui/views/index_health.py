"""Below the insight: how questions end, and whether the index is as it should be."""

from __future__ import annotations

import streamlit as st

from bot.reason_counts import ReasonCounts
from ingest.paths import domain_paths
from ui import strings
from ui.index_html import endings_html, index_html
from ui.services import Services


def draw_endings(services: Services, days: int) -> None:
    """Draw how the questions of the last days ended; no text of any is kept."""
    counts = ReasonCounts(domain_paths(services.settings, services.card).counts).read(days)
    st.html(endings_html(counts) or f"<p>{strings.ENDINGS_NONE}</p>")


def draw_index(services: Services) -> None:
    """Draw the state of the index. Raises IndexUnavailable."""
    st.subheader(strings.INDEX_TITLE, anchor=False)
    st.html(index_html(services.open_library().status()))
