"""The hostile app with the headers of the app."""

from pathlib import Path

import streamlit as st

from ui.headers import security_headers

app = st.App(Path(__file__).with_name("hostile_app.py"), middleware=security_headers(["*"]))
