"""The web app's entry: `groundskeeper chat`, or `streamlit run ui/app.py`."""

from ui.services import shared_services
from ui.shell import run

run(shared_services)
