"""`groundskeeper moderators`: the accounts of those who work on reports, as their operator."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.review import Access, Account, Moderators, Role
from ingest.errors import UsageError
from ui.context import AppContext
from ui.output import JsonOption, note, print_json, say

app = typer.Typer(help="Look after the moderators' accounts.", no_args_is_help=True)

PASSWORD_MAX_BYTES = 16_384
OPERATOR = Moderators.operator()

Name = Annotated[str, typer.Argument(help="The moderator's name or address.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[
        Role | None,
        typer.Option(help="An administrator manages accounts too; the first account is one."),
    ] = None,
    password_stdin: FromStdin = False,
    as_json: JsonOption = False,
) -> None:
    """Make an account; the password is asked for and not shown."""
    with _moderators(context) as moderators:
        moderators.add(OPERATOR, name, _read_password(password_stdin), role)
        _done(as_json, "added", name)


@app.command("remove")
def remove(context: typer.Context, name: Name, as_json: JsonOption = False) -> None:
    """Remove an account; whoever is signed in with it is out at once."""
    with _moderators(context) as moderators:
        moderators.remove(OPERATOR, name)
        _done(as_json, "removed", name)
        _warn_without_administrator(moderators)


@app.command("list")
def list_moderators(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the accounts: what they may do, when they last signed in, whether they are locked."""
    with _moderators(context) as moderators:
        accounts = moderators.accounts(OPERATOR)
    if as_json:
        print_json({"moderators": [_as_json(account) for account in accounts]})
        return
    for account in accounts:
        say(_line(account))
    if not accounts:
        note("There are no moderators yet. Add one: groundskeeper moderators add NAME")


@app.command("role")
def role(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Argument(help="What the account may do from now on.")],
    as_json: JsonOption = False,
) -> None:
    """Make somebody a moderator or an administrator, from their next action on."""
    with _moderators(context) as moderators:
        moderators.set_role(OPERATOR, name, role)
        _done(as_json, "changed", name)
        _warn_without_administrator(moderators)


@app.command("unlock")
def unlock(context: typer.Context, name: Name, as_json: JsonOption = False) -> None:
    """Let somebody sign in again after too many failures."""
    with _moderators(context) as moderators:
        moderators.unlock(OPERATOR, name)
        _done(as_json, "unlocked", name)


@app.command("passwd")
def passwd(
    context: typer.Context,
    name: Name,
    password_stdin: FromStdin = False,
    as_json: JsonOption = False,
) -> None:
    """Change a password; every session of the account ends."""
    with _moderators(context) as moderators:
        moderators.set_password(OPERATOR, name, _read_password(password_stdin))
        _done(as_json, "changed", name)


@contextmanager
def _moderators(context: typer.Context) -> Iterator[Moderators]:
    state: AppContext = context.obj
    access = Access.from_settings(state.settings)
    with Moderators(state.paths.reports, access=lambda: access) as moderators:
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


def _line(account: Account) -> str:
    seen = _moment(account.signed_in_at) if account.signed_in_at else "never"
    parts = [account.name, account.role or "no longer let in", f"last sign-in {seen}"]
    if not account.local:
        parts.append("by identity provider")
    if account.locked_until is not None:
        parts.append(f"locked until {_moment(account.locked_until)}")
    return "  ".join(parts)


def _as_json(account: Account) -> dict[str, Any]:
    def moment(when: datetime | None) -> str | None:
        return when.isoformat() if when else None

    return {
        "name": account.name,
        "role": account.role,
        "local": account.local,
        "added_at": moment(account.added_at),
        "signed_in_at": moment(account.signed_in_at),
        "locked_until": moment(account.locked_until),
    }


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _warn_without_administrator(moderators: Moderators) -> None:
    accounts = moderators.accounts(OPERATOR)
    if accounts and not any(account.role == "administrator" for account in accounts):
        note("There is no administrator now. Make one: groundskeeper moderators role NAME ...")


def _done(as_json: bool, what: str, name: str) -> None:
    if as_json:
        print_json({what: name})
    else:
        say(f"{name}: {what}.")
