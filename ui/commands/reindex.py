"""`groundskeeper reindex`: bring the index in line with the corpus."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from ingest.embeddings import make_embeddings
from ingest.progress import ReindexReport
from ingest.reindex import Reindexer
from ui.context import AppContext
from ui.output import note, print_json
from ui.progress import progress_for_terminal

SHOWN_WARNINGS = 5


def reindex(
    context: typer.Context,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read and embed everything anew.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Index what changed in the corpus since the last time."""
    report = run_reindex(context.obj, rebuild=rebuild)
    if as_json:
        print_json(report.to_json())
    else:
        _summarise(report)
    return 1 if report.failed or report.warnings else 0


def run_reindex(app: AppContext, *, rebuild: bool = False) -> ReindexReport:
    """Reindex the chosen domain, telling the terminal how far it is."""
    folder, card, paths = app.settings.domain, app.card, app.paths
    embeddings = make_embeddings(app.settings)
    with closing(progress_for_terminal()) as progress:
        return Reindexer(folder, card, paths, embeddings, progress).run(rebuild=rebuild)


def _summarise(report: ReindexReport) -> None:
    note(
        f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed, "
        f"{report.unchanged} unchanged, {len(report.failed)} failed: {report.chunks:,} passages, "
        f"{report.embedded:,} embedded, generation {report.generation}, {report.seconds:.1f} s"
    )
    for name, reason in report.failed.items():
        note(f"  failed: {name}: {reason}")
    for name, warnings in report.warnings.items():
        for warning in warnings[:SHOWN_WARNINGS]:
            note(f"  warning: {name}: {warning}")
        if len(warnings) > SHOWN_WARNINGS:
            note(f"  warning: {name}: and {len(warnings) - SHOWN_WARNINGS} more")
