"""What can be taken away from the insight: its figures, and for administrators all reports.

Each file is made when its button is pressed, and whoever presses it is checked at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from bot.review import Moderator
from bot.review.export import as_csv, as_json_lines, figures_csv, figures_json
from ui import strings
from ui.services import Services


def draw_downloads(services: Services, who: Moderator, days: int) -> None:
    """Draw the buttons that the visitor's role has."""
    st.subheader(strings.TAKE_AWAY, anchor=False)
    with st.container(key="gk-take-away", horizontal=True):
        _draw(strings.FIGURES_CSV, "figures.csv", partial(figures_table, services, who, days))
        _draw(strings.FIGURES_JSON, "figures.json", partial(figures, services, who, days))
        if who.role == "administrator":
            _draw(strings.REPORTS_CSV, "reports.csv", partial(reports_table, services, who))
            _draw(strings.REPORTS_JSONL, "reports.jsonl", partial(reports_lines, services, who))
    if who.role == "administrator":
        st.caption(strings.REPORTS_HOLD)


def figures_table(services: Services, who: Moderator, days: int) -> bytes:
    """Return the figures over time for a spreadsheet. Raises NotSignedIn."""
    return "".join(figures_csv(services.reports.insight(who, days))).encode()


def figures(services: Services, who: Moderator, days: int) -> bytes:
    """Return all figures as one JSON object. Raises NotSignedIn."""
    queue = services.reports
    return figures_json(queue.stats(who), queue.insight(who, days)).encode()


def reports_table(services: Services, who: Moderator) -> bytes:
    """Return every report for a spreadsheet, to an administrator. Raises NotSignedIn."""
    return "".join(as_csv(services.reports.export(who))).encode()


def reports_lines(services: Services, who: Moderator) -> bytes:
    """Return every report as JSON lines, to an administrator. Raises NotSignedIn."""
    return "".join(as_json_lines(services.reports.export(who))).encode()


def _draw(label: str, name: str, make: Callable[[], bytes]) -> None:
    kind = "text/csv" if name.endswith(".csv") else "application/json"
    st.download_button(
        label, make, file_name=name, mime=kind, icon=":material/download:", on_click="ignore"
    )
