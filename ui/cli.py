"""The command `groundskeeper`.

Every command lives in its own module under `ui/commands`. Errors that a person can act on
become one sentence on stderr; whatever else happens is our own bug and keeps its traceback.
Exit status: 0 done, 1 done with failures that are listed, 2 wrong usage or cannot run, 130
stopped by Ctrl-C.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group
from typer.models import CommandInfo, TyperInfo

from bot.privacy import Masker, log_privately
from ingest.errors import GroundskeeperError
from ui.context import AppContext
from ui.output import note

# What typer makes of a KeyboardInterrupt, and what shells expect.
INTERRUPTED = 130

# Told without importing the commands, which together take seconds; a test holds that each says
# the same of itself.
COMMANDS = {
    "chat": "Bring the index up to date and open the chat in a browser.",
    "reindex": "Index what changed in the corpus since the last time.",
    "status": "Show what is indexed, what failed and why, and what is stale.",
    "ask": "Answer a question from the corpus, with its sources.",
    "search": "Show what the retriever finds for a query.",
    "reasons": "Show how many questions were answered, why the others were not, and what they were "
    "about.",
    "redteam": "Try attacks, off-topic and fair questions, and show every answer that slipped "
    "through.",
    "doctor": "Check Python, SQLite, settings, pack, models, index, and how moderators sign in.",
    "domain": "Look after domain packs.",
    "models": "See, verify and trust models.",
    "reports": "Work on what people reported.",
    "moderators": "Look after the moderators' accounts.",
    "eval": "Measure the pack's own question sets, all of them or those of one suite.",
}


class LazyGroup(TyperGroup):
    """All commands by name and purpose; the module of one is imported when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name, the command itself and its arguments; raises for an unknown name."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name else None, rest


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status."""
    log_privately(Masker())
    try:
        _app()(args=arguments, prog_name="groundskeeper", obj=AppContext())
    except KeyboardInterrupt:
        return _stopped()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 2
        return _stopped() if status == INTERRUPTED else status
    except GroundskeeperError as error:
        note(str(error))
        return 2
    return 0


def _stopped() -> int:
    note("Stopped. Nothing is half done; run the same command again.")
    return INTERRUPTED


def _app() -> typer.Typer:
    app = typer.Typer(
        name="groundskeeper",
        cls=LazyGroup,
        help="A chatbot that answers only from your corpus, and shows where each answer is from.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, purpose in COMMANDS.items():
        app.command(name, help=purpose)(_only_listed)
    app.callback()(_only_listed)
    _offer_domain(app)
    return app


def _only_listed() -> None:
    """Stand for a command in the list of all."""


def load_command(name: str) -> Any:
    """Import the module of a command of `COMMANDS` and return the command, as Typer runs it."""
    module = importlib.import_module(f"ui.commands.{'evaluate' if name == 'eval' else name}")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(_only_listed)  # keeps the name of a command that stands alone
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name)(getattr(module, name))
    _offer_domain(app)
    return get_group(app).commands[name]


def _choose_domain(context: typer.Context, folder: Path | None) -> Path | None:
    if folder is not None:
        context.find_root().obj.choose_domain(folder)
    return folder


DomainOption = Annotated[
    Path | None,
    typer.Option(
        "--domain",
        help="The domain pack's folder; the default comes from the settings.",
        callback=_choose_domain,
        is_eager=True,
    ),
]


def _offer_domain(commands: typer.Typer) -> None:
    """Give every command the option `--domain`, and let its number become the exit status."""
    infos: list[CommandInfo | TyperInfo] = [*commands.registered_commands]
    if commands.registered_callback is not None:
        infos.append(commands.registered_callback)
    for info in infos:
        offered = info.callback and "domain" in inspect.signature(info.callback).parameters
        if info.callback is not None and not offered:
            info.callback = _with_domain(info.callback)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _offer_domain(group.typer_instance)


def _with_domain(function: Callable[..., Any]) -> Callable[..., None]:
    @functools.wraps(function)
    def command(*args: Any, domain: Path | None = None, **kwargs: Any) -> None:
        status = function(*args, **kwargs)
        if status:
            raise typer.Exit(status)

    option = inspect.Parameter(
        "domain", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=DomainOption
    )
    signature = inspect.signature(function, eval_str=True)
    parameters = [*signature.parameters.values(), option]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {**function.__annotations__, "domain": DomainOption}
    return command


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
