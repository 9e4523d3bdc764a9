"""`groundskeeper status`: what is indexed, what failed, what is stale."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.rules import pack_rules
from ingest.embeddings import make_embeddings
from ingest.errors import DomainCardError
from ingest.index import DocumentInfo, Index
from ingest.rules import rules_version
from ingest.suspicions import SUSPICIOUS
from ui.context import AppContext
from ui.output import print_json, say


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Show what is indexed, what failed and why, and what is stale."""
    app: AppContext = context.obj
    index = Index(app.card, app.paths, make_embeddings(app.settings))
    try:
        found = describe(index) | {"rules": describe_rules(app.settings.domain)}
    finally:
        index.close()
    if as_json:
        print_json(found)
    else:
        _show(found)
    return 1 if found["failed"] or found["stale"] or found["rules"]["mistakes"] else 0


def describe(index: Index) -> dict[str, Any]:
    """Return the state of an index as one JSON-ready object."""
    with index.snapshot() as snapshot:
        documents = snapshot.documents()
        counts = snapshot.counts()
        when = datetime.fromtimestamp(snapshot.updated_at_ns / 1e9, tz=UTC)
        return {
            "domain": index.card.domain.id,
            "name": index.card.domain.name,
            "generation": snapshot.generation,
            "updated_at": when.isoformat(timespec="seconds"),
            "embedding": index.embeddings.name,
            "embedding_digest": snapshot.embedding_digest,
            **counts,
            "failed": {d.name: d.reason for d in documents if d.status == "failed"},
            "stale": {d.name: d.reason for d in documents if d.stale},
            "suspicious": {d.name: said for d in documents if (said := _said(d, suspicious=True))},
            "warnings": {d.name: said for d in documents if (said := _said(d, suspicious=False))},
            "indexed": [d.name for d in documents if d.status == "indexed"],
        }


def describe_rules(folder: Path) -> dict[str, Any]:
    """Return the version and number of a pack's rules, or the mistakes that keep them out.

    While there are mistakes, what is running goes on with the last good rules, and nothing new
    starts.
    """
    try:
        rules = pack_rules(folder)
    except DomainCardError as error:
        return {"version": "", "count": 0, "mistakes": error.mistakes}
    return {"version": rules_version(rules), "count": len(rules), "mistakes": []}


def _said(document: DocumentInfo, *, suspicious: bool) -> list[str]:
    """Return a document's warnings of passages that give orders to a model, or all others."""
    return [said for said in document.warnings if said.startswith(SUSPICIOUS) == suspicious]


def _show(found: dict[str, Any]) -> None:
    say(f"{found['name']}: generation {found['generation']}, {found['updated_at']}")
    say(f"{found['documents']:,} documents, {found['chunks']:,} passages, {found['embedding']}")
    rules = found["rules"]
    if not rules["mistakes"]:
        say(f"{rules['count']} rules, version {rules['version']}")
    for mistake in rules["mistakes"]:
        say(f"  broken rules, the last good ones stay in force: {mistake}")
    for kind in ("failed", "stale"):
        for name, reason in found[kind].items():
            say(f"  {kind}: {name}: {reason}")
    for name, suspicions in found["suspicious"].items():
        for said in suspicions:
            say(f"  suspicious: {name}: {said.removeprefix(SUSPICIOUS)}")
    if found["suspicious"]:
        say("  (Such passages are neither shown to a model nor quoted as an answer.)")
    for name, warnings in found["warnings"].items():
        say(f"  {len(warnings)} warnings: {name}: {warnings[0]}")
