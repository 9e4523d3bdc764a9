"""`groundskeeper ask`: one question, or many from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.answer import Answer, AnswerTable
from bot.pipeline import open_bot
from ui.batch import read_batch
from ui.context import AppContext
from ui.filtering import (
    DocumentOption,
    FolderOption,
    SinceOption,
    TypeOption,
    UntilOption,
    Wanted,
)
from ui.output import JsonOption, print_json, say

SHOWN_QUOTE = 240


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")] = "",
    as_json: JsonOption = False,
    batch: Annotated[
        Path | None,
        typer.Option(help='Many questions: lines of {"id", "question"}; answers as JSON lines.'),
    ] = None,
    document: DocumentOption = None,
    folder: FolderOption = "",
    type_: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
) -> int:
    """Answer a question from the corpus, with its sources."""
    questions = read_batch(question, batch)
    wanted = Wanted(document, folder, type_, since, until)
    app: AppContext = context.obj
    failed = False
    with open_bot(app.settings, app.card, counted=True) as bot:
        with bot.index.snapshot() as snapshot:
            within = wanted.within(snapshot)
        for one in questions:
            answer = bot.answer(one.model_copy(update={"within": within}))
            failed |= answer.status == "failed"
            if as_json or batch is not None:
                print_json(answer.to_json())
            else:
                _show(answer)
    return 1 if failed else 0


def _show(answer: Answer) -> None:
    say(answer.text)
    if answer.table is not None:
        say()
        _show_table(answer.table)
    if answer.citations:
        say()
    for citation in answer.citations:
        place = f", page {citation.page}" if citation.page else ""
        place = f", row {citation.row}" if citation.row else place
        quote = " ".join(citation.quote.split())
        cut = f"{quote[:SHOWN_QUOTE]}…" if len(quote) > SHOWN_QUOTE else quote
        say(f"[{citation.n}] {citation.document}{place}: {cut}")


def _show_table(table: AnswerTable) -> None:
    rows = [[column.label for column in table.columns], *map(list, table.display)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
