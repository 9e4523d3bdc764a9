"""`groundskeeper status`: what is indexed, what failed, what is stale."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import typer

from bot.rules import pack_rules
from ingest.embeddings import make_embeddings
from ingest.errors import DomainCardError
from ingest.index import Index
from ingest.rules import rules_version
from ingest.status import IndexStatus, index_status
from ingest.suspicions import SUSPICIOUS
from ui.context import AppContext
from ui.output import JsonOption, print_json, say

SHOWN = 5


def status(
    context: typer.Context,
    as_json: JsonOption = False,
) -> int:
    """Show what is indexed, what failed and why, and what is stale."""
    app: AppContext = context.obj
    index = Index(app.card, app.paths, make_embeddings(app.settings))
    with closing(index):
        found = index_status(index, app.settings.domain)
    rules = describe_rules(app.settings.domain)
    if as_json:
        print_json(found.to_json() | {"rules": rules})
    else:
        _show(found)
        _show_rules(rules)
    return 0 if found.healthy and not rules["mistakes"] else 1


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


def _show(found: IndexStatus) -> None:
    say(f"{found.name}: generation {found.generation}, {found.updated_at}")
    say(f"{_holds(found.documents, found.chunks)}, {found.embedding}")
    for media_type, count in found.types.items():
        say(f"  {media_type}: {_holds(count.documents, count.chunks)}, {_size(count.bytes)}")
    parts = (f"{what.replace('_', ' ')} {_size(size)}" for what, size in found.sizes.items())
    say(f"On disk: {', '.join(parts)}")
    if found.changed:
        named = ", ".join(found.changed[:SHOWN]) + (", …" if len(found.changed) > SHOWN else "")
        say(f"{len(found.changed):,} changed since; `groundskeeper reindex` reads them: {named}")
    for what, reasons in (("failed", found.failed), ("stale", found.stale)):
        for name, reason in reasons.items():
            say(f"  {what}: {name}: {reason}")
    for name, suspicions in found.suspicious.items():
        for said in suspicions:
            say(f"  suspicious: {name}: {said.removeprefix(SUSPICIOUS)}")
    if found.suspicious:
        say("  (Such passages are neither shown to a model nor quoted as an answer.)")
    for name, warnings in found.warnings.items():
        say(f"  {_counted(len(warnings), 'warning')}: {name}: {warnings[0]}")


def _show_rules(rules: dict[str, Any]) -> None:
    if not rules["mistakes"]:
        say(f"{_counted(rules['count'], 'rule')}, version {rules['version']}")
    for mistake in rules["mistakes"]:
        say(f"  broken rules, the last good ones stay in force: {mistake}")


def _holds(documents: int, passages: int) -> str:
    return f"{_counted(documents, 'document')}, {_counted(passages, 'passage')}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(size: int) -> str:
    if size < 1_000:
        return _counted(size, "byte")
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} KB"
