"""The app as it is served, with its headers: `groundskeeper chat`, `streamlit run ui/served.py`.

Streamlit finds `app` by reading this file, so it has to be made here by that name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st

from ingest.errors import GroundskeeperError
from ingest.settings import load_settings
from ui.headers import security_headers

SCRIPT = Path(__file__).with_name("app.py")


@asynccontextmanager
async def opened(_: st.App) -> AsyncIterator[None]:
    """Before anybody comes, import what the pages need and begin to open index and models."""
    await asyncio.to_thread(_begin_to_open)
    yield


def _begin_to_open() -> None:
    from ui import services, shell  # noqa: F401  once Streamlit runs, whose caches they use

    with suppress(GroundskeeperError):  # each page says it
        services.shared_services()


app = st.App(SCRIPT, lifespan=opened, middleware=security_headers(load_settings().embedded_on))
