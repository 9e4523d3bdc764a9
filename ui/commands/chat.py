"""`groundskeeper chat`: open the web app, with an index that is up to date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingest.errors import IndexBusy
from ui.commands.reindex import run_reindex
from ui.context import AppContext
from ui.output import note
from ui.theme import theme_options

SERVED = Path(__file__).resolve().parent.parent / "served.py"


def chat(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Do not open a browser window.")
    ] = False,
) -> int:
    """Bring the index up to date and open the chat in a browser."""
    app: AppContext = context.obj
    settings = app.settings
    bring_up_to_date(app)
    port = settings.port if port is None else port
    note(f"{app.card.domain.name}: http://{settings.host}:{port} (Ctrl-C stops it)")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(SERVED)),
            *("--server.address", settings.host, "--server.port", str(port)),
            *("--server.headless", str(headless or not _has_display()).lower()),
            *("--browser.gatherUsageStats", "false", "--client.showErrorDetails", "none"),
            *("--server.fileWatcherType", "none", "--runner.postScriptGC", "false"),
            *theme_options(app.card.theme),
        ],
        env={**os.environ, "GROUNDSKEEPER_DOMAIN": str(settings.domain)},
    )
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait(timeout=10)
        note("Stopped.")
        return 0


def bring_up_to_date(app: AppContext) -> None:
    """Index what changed; a document that fails must not keep the others from being asked about."""
    try:
        report = run_reindex(app)
    except IndexBusy as busy:
        note(str(busy))
        return
    for name, reason in report.failed.items():
        note(f"  failed: {name}: {reason}")


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
