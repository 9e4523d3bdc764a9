"""The app as it is served, with its headers: `groundskeeper chat`, `streamlit run ui/served.py`.

Streamlit finds `app` by reading this file, so it has to be made here by that name.
"""

from pathlib import Path

import streamlit as st

from ingest.settings import load_settings
from ui.headers import security_headers

SCRIPT = Path(__file__).with_name("app.py")

app = st.App(SCRIPT, middleware=security_headers(load_settings().embedded_on))
