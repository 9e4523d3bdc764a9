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
from typer.models import CommandInfo, TyperInfo

from bot.privacy import Masker, log_privately
from ingest.errors import GroundskeeperError
from ui.context import AppContext
from ui.output import note

# What typer makes of a KeyboardInterrupt, and what shells expect.
INTERRUPTED = 130

# A command's module is imported when it is called: all of them together take seconds.
MODULES = {
    "chat": "chat",
    "reindex": "reindex",
    "status": "status",
    "ask": "ask",
    "search": "search",
    "domain": "domain",
    "models": "models",
    "reasons": "reasons",
    "reports": "reports",
    "moderators": "moderators",
    "eval": "evaluate",
    "redteam": "redteam",
    "doctor": "doctor",
}


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status."""
    log_privately(Masker())
    try:
        _app_for(arguments)(args=arguments, prog_name="groundskeeper", obj=AppContext())
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


def _app_for(arguments: list[str]) -> typer.Typer:
    """Return the application with the command that is called; with all, if it is not clear."""
    app = typer.Typer(
        name="groundskeeper",
        help="A chatbot that answers only from your corpus, and shows where each answer is from.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # keeps the name of a command that stands alone
    called = arguments[0] if arguments else ""
    for name in [called] if called in MODULES else MODULES:
        module = importlib.import_module(f"ui.commands.{MODULES[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    _offer_domain(app)
    return app


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
