"""`groundskeeper moderators`: the accounts of those who work on reports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bot.review import Moderators
from ingest.errors import UsageError
from ui.context import AppContext
from ui.output import note, print_json, say

app = typer.Typer(help="Look after the moderators' accounts.", no_args_is_help=True)

PASSWORD_MAX_BYTES = 16_384

Name = Annotated[str, typer.Argument(help="The moderator's name or address.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
]


@app.command("add")
def add(
    context: typer.Context, name: Name, password_stdin: FromStdin = False, as_json: Json = False
) -> None:
    """Make an account; the password is asked for and not shown."""
    with _moderators(context) as moderators:
        moderators.add(name, _read_password(password_stdin))
        _done(as_json, "added", name)


@app.command("remove")
def remove(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Remove an account; whoever is signed in with it is out at once."""
    with _moderators(context) as moderators:
        moderators.remove(name)
        _done(as_json, "removed", name)


@app.command("list")
def list_moderators(context: typer.Context, as_json: Json = False) -> None:
    """List the accounts."""
    with _moderators(context) as moderators:
        names = moderators.names()
    if as_json:
        print_json({"moderators": names})
        return
    for name in names:
        say(name)
    if not names:
        note("There are no moderators yet. Add one: groundskeeper moderators add NAME")


@app.command("passwd")
def passwd(
    context: typer.Context, name: Name, password_stdin: FromStdin = False, as_json: Json = False
) -> None:
    """Change a password; every session of the account ends."""
    with _moderators(context) as moderators:
        moderators.set_password(name, _read_password(password_stdin))
        _done(as_json, "changed", name)


@contextmanager
def _moderators(context: typer.Context) -> Iterator[Moderators]:
    state: AppContext = context.obj
    minutes = state.settings.session_minutes
    with Moderators(state.paths.reports, session_minutes=minutes) as moderators:
        yield moderators


def _read_password(from_stdin: bool) -> str:
    """Return a password, never from the command line, where other users could read it."""
    if from_stdin:
        line = sys.stdin.buffer.readline(PASSWORD_MAX_BYTES)
        try:
            return line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise UsageError("The password on stdin is not UTF-8 text.") from None
    if not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask for the password.", hint="Use --password-stdin."
        )
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _done(as_json: bool, what: str, name: str) -> None:
    if as_json:
        print_json({what: name})
    else:
        say(f"{name}: {what}.")
