"""Below the insight: how questions end, how soon, and whether the index is as it should be."""

from __future__ import annotations

import streamlit as st

from bot.answer_times import AnswerTimes
from bot.open_topics import OpenTopics
from bot.reason_counts import ReasonCounts
from ingest.paths import domain_paths
from ui import strings
from ui.index_html import endings_html, index_html, open_topics_html, times_html
from ui.services import Services


def draw_endings(services: Services, days: int) -> None:
    """Draw how the questions of the last days ended, and what was left open; no text is kept."""
    settings, path = services.settings, domain_paths(services.settings, services.card).counts
    counts = ReasonCounts(path).read(days)
    topics = OpenTopics(path, services.card, settings.open_topics_days).read(days)
    shown = endings_html(counts) or f"<p>{strings.ENDINGS_NONE}</p>"
    shown += open_topics_html(topics) + times_html(AnswerTimes(path).read(days))
    st.html(f'<div class="gk-charts">{shown}</div>')


def draw_index(services: Services) -> None:
    """Draw the state of the index. Raises IndexUnavailable."""
    st.subheader(strings.INDEX_TITLE, anchor=False)
    st.html(index_html(services.open_library().status()))
