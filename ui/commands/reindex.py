"""`groundskeeper reindex`: bring the index in line with the corpus."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from bot.examples import compared_texts
from ingest.domain import DomainCard, load_card
from ingest.embeddings import make_embeddings
from ingest.errors import GroundskeeperError
from ingest.paths import domain_paths
from ingest.progress import ReindexReport
from ingest.reading import reading_limits
from ingest.reindex import Reindexer
from ingest.settings import Settings
from ui.context import AppContext
from ui.output import note, print_json
from ui.progress import progress_for_terminal
from ui.rerunning import rerun_after_reindex
from ui.watching import State, current_state, states

SHOWN_WARNINGS = 5


def reindex(
    context: typer.Context,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read and embed everything anew.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until Ctrl-C, indexing what changes.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each run.")
    ] = False,
) -> int:
    """Index what changed in the corpus since the last time."""
    app: AppContext = context.obj
    before = current_state(app.settings.domain)
    report = run_reindex(app, rebuild=rebuild)
    _tell(report, as_json=as_json)
    rerun_after_reindex(app.settings, app.card)
    if watch:
        _watch(app, before, as_json=as_json)
    return 1 if report.failed or report.warnings else 0


def run_reindex(app: AppContext, *, rebuild: bool = False) -> ReindexReport:
    """Reindex the chosen domain, telling the terminal how far it is."""
    return _run(app.settings, app.card, rebuild=rebuild)


def _run(settings: Settings, card: DomainCard, *, rebuild: bool = False) -> ReindexReport:
    paths = domain_paths(settings, card)
    embeddings = make_embeddings(settings)
    with closing(progress_for_terminal()) as progress:
        reindexer = Reindexer(
            settings.domain,
            card,
            paths,
            embeddings,
            progress,
            compared_texts(card),
            reading_limits(settings),
            settings.embedding_cache_megabytes * 1_000_000,
        )
        return reindexer.run(rebuild=rebuild)


def _watch(app: AppContext, indexed: State, *, as_json: bool) -> None:
    """Reindex whenever the pack has changed since `indexed`, until Ctrl-C.

    What goes wrong is said once, and tried again with each look at the folder.
    """
    folder = app.settings.domain
    note(f"Watching {folder} (Ctrl-C stops it)")
    said = ""
    for state in states(folder):
        if state == indexed:
            continue
        try:
            card = load_card(folder)
            _tell(_run(app.settings, card), as_json=as_json)
            rerun_after_reindex(app.settings, card)
            indexed, said = state, ""
        except GroundskeeperError as error:
            if str(error) != said:
                note(str(error))
            said = str(error)


def _tell(report: ReindexReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_json())
    else:
        _summarise(report)


def _summarise(report: ReindexReport) -> None:
    reread = f"{len(report.reread):,} read anew, " if report.reread else ""
    texts = "text" if report.embedded == 1 else "texts"
    note(
        f"{len(report.added):,} added, {len(report.changed):,} changed, {reread}"
        f"{len(report.removed):,} removed, {report.unchanged:,} unchanged, "
        f"{len(report.failed):,} failed: {report.chunks:,} passages ({report.embedded:,} {texts} "
        f"embedded), generation {report.generation}, {report.seconds:.1f} s"
    )
    for name, reason in report.failed.items():
        note(f"  failed: {name}: {reason}")
    for name, warnings in report.warnings.items():
        for warning in warnings[:SHOWN_WARNINGS]:
            note(f"  warning: {name}: {warning}")
        if len(warnings) > SHOWN_WARNINGS:
            note(f"  warning: {name}: and {len(warnings) - SHOWN_WARNINGS} more")
