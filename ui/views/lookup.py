"""My report: what has become of it, for whoever has its reference or the receipt's link."""

from __future__ import annotations

import streamlit as st

from ingest.errors import GroundskeeperError
from ui import strings
from ui.rendering import failure_html
from ui.report_html import status_html
from ui.services import Services, visitor_address
from ui.views.reporting import RECEIPTS

REFERENCE = "reference"
REFERENCE_MAX_CHARS = 80


def lookup_page(services: Services) -> None:
    """Draw the status of the report asked for, and of those that were sent in this visit."""
    st.header(strings.LOOKUP_TITLE, anchor=False)
    st.write(strings.LOOKUP_INTRO)
    with st.form("lookup"):
        typed = st.text_input(
            strings.REFERENCE, max_chars=REFERENCE_MAX_CHARS, placeholder="R-7K3M9Q"
        )
        asked = st.form_submit_button(strings.LOOK_UP, type="primary", icon=":material/search:")
    linked = st.query_params.get(REFERENCE, "")[:REFERENCE_MAX_CHARS]
    if asked and not typed.strip():
        st.info(strings.NO_REFERENCE)
    elif asked or linked:
        address = visitor_address(services.address_header)
        st.html(_found(services, typed if asked else linked, address))
    mine = st.session_state.get(RECEIPTS, [])
    if mine:
        st.subheader(strings.REPORTED_HERE, anchor=False)
        for own in dict.fromkeys(mine):
            st.html(_found(services, own))


def _found(services: Services, reference: str, address: str = "") -> str:
    try:
        return status_html(services.reports.look_up(reference, address=address))
    except GroundskeeperError as error:
        return failure_html(error.message, error.hint)
