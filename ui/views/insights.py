"""Insight for moderators: what came, what was closed, what is left, what it is about."""

from __future__ import annotations

import streamlit as st

from ui import strings
from ui.queue_charts import breakdown_html, key_figures_html, over_time_html, waiting_html
from ui.services import Services, signed_in
from ui.views.index_health import draw_endings, draw_index
from ui.views.insight_downloads import draw_downloads
from ui.views.sign_in import sign_in_page

_DAYS = "insight-days"


def insights_page(services: Services) -> None:
    """Draw the figures; for anybody else, only the way in."""
    who = signed_in(services)
    if who is None:
        sign_in_page(services)
        return
    st.header(strings.INSIGHT_TITLE, anchor=False)
    days = st.segmented_control(
        strings.INSIGHT_PERIOD,
        list(strings.INSIGHT_PERIODS),
        default=next(iter(strings.INSIGHT_PERIODS)),
        format_func=strings.INSIGHT_PERIODS.__getitem__,
        required=True,
        key=_DAYS,
        label_visibility="collapsed",
    )
    seen = services.reports.insight(who, days)
    st.html(key_figures_html(seen))
    st.html(over_time_html(seen))
    about = [
        waiting_html(seen.by_age),
        breakdown_html(strings.INSIGHT_BY_DOCUMENT, seen.by_document),
        breakdown_html(strings.INSIGHT_BY_MODEL, seen.by_model),
    ]
    if any(about):
        st.html(f'<div class="gk-charts">{"".join(about)}</div>')
    else:
        st.info(strings.INSIGHT_NOTHING)
    draw_endings(services, days)
    draw_downloads(services, who, days)
    draw_index(services)
