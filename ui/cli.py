"""The command `groundskeeper`.

Every command lives in its own module under `ui/commands`. Errors that a person can act on
become one sentence on stderr; whatever else happens is our own bug and keeps its traceback.
Exit status: 0 done, 1 done with failures that are listed, 2 wrong usage or cannot run.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click
import typer

from ingest.errors import GroundskeeperError
from ui.commands import (
    ask,
    chat,
    doctor,
    domain,
    evaluate,
    models,
    moderators,
    reindex,
    reports,
    search,
    status,
)
from ui.context import AppContext

app = typer.Typer(
    name="groundskeeper",
    help="A chatbot that answers only from your corpus, and shows where each answer comes from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("chat")(chat.chat)
app.command("reindex")(reindex.reindex)
app.command("status")(status.status)
app.command("ask")(ask.ask)
app.command("search")(search.search)
app.command("doctor")(doctor.doctor)
app.add_typer(domain.app, name="domain")
app.add_typer(models.app, name="models")
app.add_typer(reports.app, name="reports")
app.add_typer(moderators.app, name="moderators")
app.add_typer(evaluate.app, name="eval")


def command() -> click.Command:
    """Return the whole command tree, each leaf with the option `--domain`."""
    root = typer.main.get_command(app)
    _add_domain_option(root)
    return root


def _add_domain_option(node: click.Command) -> None:
    if isinstance(node, click.Group):
        for child in node.commands.values():
            _add_domain_option(child)
        return
    node.params.append(
        click.Option(
            ["--domain"],
            type=click.Path(path_type=Path),
            expose_value=False,
            is_eager=True,
            callback=_choose_domain,
            help="The domain pack's folder; default from settings.",
        )
    )


def _choose_domain(context: click.Context, _: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        context.find_root().obj.choose_domain(folder)


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    try:
        result = command().main(
            args=arguments, prog_name="groundskeeper", standalone_mode=False, obj=AppContext()
        )
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        typer.echo("Stopped. Nothing is half done; run the same command again.", err=True)
        return 2
    except GroundskeeperError as error:
        typer.echo(str(error), err=True)
        return 2


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
