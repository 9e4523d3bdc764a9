"""`groundskeeper search`: the retriever alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cross_encoder import make_reranker
from bot.retriever import Hit, HybridRetriever
from ingest.embeddings import make_embeddings
from ingest.index import Index
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

SHOWN_CHARS = 300


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What to look for.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many hits.")] = 10,
    as_json: JsonOption = False,
    batch: Annotated[
        Path | None, typer.Option(help='Many queries: lines of {"id", "question"}.')
    ] = None,
    document: DocumentOption = None,
    folder: FolderOption = "",
    type_: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
) -> None:
    """Show what the retriever finds for a query."""
    queries = read_batch(query, batch)
    wanted = Wanted(document, folder, type_, since, until)
    app: AppContext = context.obj
    index = Index(app.card, app.paths, make_embeddings(app.settings))
    try:
        retriever = HybridRetriever(index, reranker=make_reranker(app.settings))
        for one in queries:
            with index.snapshot() as snapshot:
                within = wanted.within(snapshot)
                hits = retriever.search(snapshot, one.text, k, within=within)
            found = {"query": one.text, "hits": [_hit_json(hit) for hit in hits]}
            if batch is not None:
                print_json({"id": one.id, **found})
            elif as_json:
                print_json(found)
            else:
                _show(hits)
    finally:
        index.close()


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "chunk_id": hit.chunk.chunk_id,
        "document": hit.chunk.document,
        "page": hit.chunk.page,
        "row": hit.chunk.row,
        "text": hit.chunk.text,
    }


def _show(hits: list[Hit]) -> None:
    if not hits:
        say("Nothing found.")
    for hit in hits:
        place = f"page {hit.chunk.page}" if hit.chunk.page else ""
        place = f"row {hit.chunk.row}" if hit.chunk.row else place
        path = " > ".join(hit.chunk.heading_path)
        say(f"{hit.rank:3}. {hit.score:.3f}  {hit.chunk.document} {place}  {path}")
        text = " ".join(hit.chunk.text.split())
        say(f"     {text[:SHOWN_CHARS]}{'…' if len(text) > SHOWN_CHARS else ''}")
