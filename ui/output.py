"""What commands print: JSON on stdout and nothing else there, everything for people elsewhere."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def print_json(value: Any) -> None:
    """Print one JSON value on one line of stdout; what a terminal would obey is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Print a line for people on stdout, without terminal control characters from outside."""
    typer.echo(_without_controls(text))


def note(text: str) -> None:
    """Print a line on stderr: progress and remarks, likewise without control characters."""
    typer.echo(_without_controls(text), err=True)


def _without_controls(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or c.isprintable())
