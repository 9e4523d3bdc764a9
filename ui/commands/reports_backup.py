"""`groundskeeper reports backup` and `restore`: a checked copy of the reports, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.review.backup import Copied, back_up, restore
from ui.context import AppContext
from ui.output import JsonOption, note, print_json, say

app = typer.Typer()


@app.command("backup")
def backup_reports(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The copy to make.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace an older copy.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Copy the reports to a file, while the app goes on, and check the copy."""
    state: AppContext = context.obj
    copied = back_up(state.paths.reports, file, replace=yes)
    return _tell(f"Copied to {file}", copied, as_json)


@app.command("restore")
def restore_reports(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A copy that `backup` made.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace the reports that are there; they are kept.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Put a copy of the reports in their place; everybody has to sign in again."""
    state: AppContext = context.obj
    copied = restore(state.paths.reports, file, replace=yes)
    if copied.kept is not None:
        note(f"What was there is kept as {copied.kept}")
    return _tell(f"Restored from {file}", copied, as_json)


def _tell(done: str, copied: Copied, as_json: bool) -> int:
    """Print what was done; 1 if the history in it was changed behind the queue's back."""
    if as_json:
        kept = str(copied.kept) if copied.kept else None
        print_json(
            {
                "reports": copied.reports,
                "events": copied.events,
                "problems": copied.problems,
                "kept": kept,
            }
        )
    else:
        for problem in copied.problems:
            say(problem)
        say(f"{done}: {copied.reports:,} reports, {copied.events:,} events.")
    return 1 if copied.problems else 0
