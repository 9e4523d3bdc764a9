"""What commands print: JSON on stdout and nothing else there, everything for people elsewhere."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer


def print_json(value: Any) -> None:
    """Print one JSON value on one line of stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Print a line for people on stdout, without terminal control characters from outside."""
    typer.echo("".join(c for c in text if c in "\n\t" or c.isprintable()))


def note(text: str) -> None:
    """Print a line on stderr: progress and remarks."""
    typer.echo(text, err=True)
