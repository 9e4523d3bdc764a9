"""Pages of PDFs as pictures, each drawn once in a process of its own and kept for a while."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from ingest.loaders.limits import USUAL_LIMITS, Limits

log = logging.getLogger(__name__)

SECONDS = 15.0
PICTURES_KEPT = 64
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class PagePicture:
    """A page as PNG; `marked` tells whether the passage was found on it."""

    png: bytes
    marked: bool


def draw_page(
    path: Path, number: int, passage: str, *, within: str = "", limits: Limits = USUAL_LIMITS
) -> PagePicture | None:
    """Return page `number` (from 1) with the passage marked; None where it cannot be drawn.

    `within` names the PDF in the archive at `path`, as a document is named after its archive;
    empty where `path` is the PDF itself.
    """
    stat = path.stat()
    version = (stat.st_size, stat.st_mtime_ns)
    return _drawn(str(path), version, within, number, passage, _limits=limits)


@st.cache_data(max_entries=PICTURES_KEPT, show_spinner=False)
def _drawn(
    path: str,
    version: tuple[int, int],  # tells a file from what it was before
    within: str,
    number: int,
    passage: str,
    _limits: Limits,
) -> PagePicture | None:
    """Ask a process of its own, which may fail or hang over a broken file."""
    limits = asdict(_limits)
    job = {"path": path, "within": within, "number": number, "passage": passage, "limits": limits}
    search = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ui.pdf_page_worker"],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": search},
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace")
        log.warning("A page of a PDF could not be drawn: %s", said[-300:])
        return None
    return PagePicture(done.stdout[1:], done.stdout[:1] == b"1")
