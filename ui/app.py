"""The script of the web app, which `ui/served.py` serves."""

from ui.services import shared_services
from ui.shell import run

run(shared_services)
