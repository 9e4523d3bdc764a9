"""`groundskeeper eval`: question sets through the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.evaluation import (
    ScopeResult,
    off_topic_answered,
    read_questions,
    run_scope,
    turned_away,
)
from bot.pipeline import open_bot
from ui.context import AppContext
from ui.output import print_json, say
from ui.progress import progress_for_terminal

app = typer.Typer(help="Measure answers on question sets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `scope` a subcommand although it is the only one so far."""


@app.command("scope")
def scope(
    context: typer.Context,
    off_topic: Annotated[
        list[Path] | None, typer.Option(help="Questions that must not be answered.")
    ] = None,
    small_talk: Annotated[
        list[Path] | None, typer.Option(help="Greetings and thanks, to be answered kindly.")
    ] = None,
    in_scope: Annotated[
        list[Path] | None, typer.Option(help="Questions that must not be turned away.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Count off-topic questions answered, and small talk and fair questions turned away.

    Each file holds JSON lines with "text" or "question", or plain lines.
    """
    state: AppContext = context.obj
    sets = [
        *((path, off_topic_answered) for path in off_topic or []),
        *((path, turned_away) for path in [*(small_talk or []), *(in_scope or [])]),
    ]
    with open_bot(state.settings, state.card) as bot:
        for path, is_wrong in sets:
            questions = read_questions(path)
            progress = progress_for_terminal()
            progress.begin(path.name, len(questions))
            result = run_scope(bot, path.name, questions, is_wrong, progress.advance)
            progress.end()
            if as_json:
                print_json(result.to_json())
            else:
                _show(result, "answered" if is_wrong is off_topic_answered else "turned away")


def _show(result: ScopeResult, wrong: str) -> None:
    statuses = ", ".join(f"{count} {status}" for status, count in result.by_status.most_common())
    say(f"{result.name}: {len(result.wrong)} of {result.total} {wrong} ({result.wrong_rate:.1%})")
    say(f"  {statuses}")
