"""`groundskeeper domain`: look after domain packs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.rules import pack_rules
from ingest.domain import load_card
from ingest.records import check_tables, read_records
from ui.context import AppContext
from ui.output import note, say

app = typer.Typer(help="Look after domain packs.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `check` a subcommand although it is the only one so far."""


@app.command("check")
def check(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="The pack's folder.")] = None,
) -> int:
    """Say whether a pack is well-formed, with the line of each mistake."""
    state: AppContext = context.obj
    pack = folder or state.settings.domain
    card = load_card(pack)
    rules = pack_rules(pack)
    check_tables(pack, card)
    warned = False
    for table in card.tables:
        records, warnings = read_records(pack / table.file, table.file, table)
        for warning in warnings:
            note(f"{pack / table.file}: {warning}")
        warned |= bool(warnings)
        say(f"{table.file}: {len(records):,} {table.entity_plural}, {len(table.fields)} fields")
    scope = card.scope
    say(
        f"{card.domain.name}: {len(scope.in_scope)} questions in scope, "
        f"{len(scope.out_of_scope)} out of scope, {len(rules)} rules. The pack is well-formed."
    )
    return 1 if warned else 0
