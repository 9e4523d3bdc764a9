"""`groundskeeper doctor`: is everything needed here, and healthy?"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable

import typer

from bot.chat_models import make_chat_model
from bot.cross_encoder import make_reranker
from bot.guard_model import make_guard_model
from bot.rules import pack_rules
from ingest.embeddings import make_embeddings
from ingest.errors import GroundskeeperError
from ingest.index import Index
from ingest.rules import rules_version
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.provider_check import check_provider

MIN_PYTHON = (3, 11)


def doctor(
    context: typer.Context,
    as_json: JsonOption = False,
) -> int:
    """Check Python, SQLite, settings, pack, models, index, and how moderators sign in."""
    app: AppContext = context.obj
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python", _python),
        ("SQLite full-text search", _fts5),
        ("Settings", lambda: f"domain {app.settings.domain}, model {app.settings.model}"),
        ("Domain pack", lambda: app.card.domain.name),
        ("Rules", lambda: _rules(app)),
        ("Embedding model", lambda: make_embeddings(app.settings).name),
        ("Reranker", lambda: _reranker(app)),
        ("Answering model", lambda: make_chat_model(app.settings).name),
        ("Guard model", lambda: _guard_model(app)),
        ("Index", lambda: _index(app)),
        ("Moderators sign in by", lambda: check_provider(app.settings)),
    ]
    results = [(name, *_try(check)) for name, check in checks]
    healthy = all(fine for _, fine, _ in results)
    if as_json:
        found = [{"check": name, "ok": fine, "detail": detail} for name, fine, detail in results]
        print_json({"healthy": healthy, "checks": found})
    else:
        for name, fine, detail in results:
            say(f"{'ok  ' if fine else 'FAIL'}  {name}: {detail}")
    return 0 if healthy else 1


def _try(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except GroundskeeperError as error:
        return False, str(error)


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MIN_PYTHON:
        raise GroundskeeperError(f"{version} is too old.", hint="Install Python 3.11 or newer.")
    return version


def _fts5() -> str:
    try:
        with sqlite3.connect(":memory:") as memory:
            memory.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
    except sqlite3.Error as error:
        raise GroundskeeperError(
            f"This Python's SQLite has no FTS5 ({error}).", hint="Use another build of Python."
        ) from None
    return sqlite3.sqlite_version


def _rules(app: AppContext) -> str:
    rules = pack_rules(app.settings.domain)
    return f"{len(rules)}, version {rules_version(rules)}"


def _guard_model(app: AppContext) -> str:
    model = make_guard_model(app.settings)
    return model.name if model else "none"


def _reranker(app: AppContext) -> str:
    make_reranker(app.settings)
    return app.settings.reranker


def _index(app: AppContext) -> str:
    index = Index(app.card, app.paths, make_embeddings(app.settings))
    try:
        with index.snapshot() as snapshot:
            counts = snapshot.counts()
            probe = index.embed([app.card.scope.in_scope[0]])[0]
            found = len(snapshot.dense_search(probe, 1))
        if counts["chunks"] and not found:
            raise GroundskeeperError(
                "Chroma has lost its vectors.", hint="Run `groundskeeper reindex`."
            )
        return (
            f"generation {snapshot.generation}, {counts['documents']:,} documents, "
            f"{counts['chunks']:,} passages"
        )
    finally:
        index.close()
